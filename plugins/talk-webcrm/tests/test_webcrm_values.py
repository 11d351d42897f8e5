"""The lenses and shapes of the connector obey the lens laws."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talk_webcrm import shapes
from talk_webcrm.values import archived, country, currency, employed, level, vat_code

from talk_sdk.lenses import UNSAID, day

CODES = {"25": Decimal(25), "MIDDEL": Decimal(15), "M2": Decimal(15), "FRI": Decimal(0)}
LEVELS = {"1": "draft", "2": "open", "3": "open", "9": "cancelled"}


@given(st.dates(date(1970, 1, 1), date(2100, 1, 1)), st.sampled_from(
    ["Europe/Copenhagen", "America/New_York", "Pacific/Apia", "UTC"]))  # fmt: skip
def test_day_is_written_as_a_moment_that_reads_as_that_day(when, zone) -> None:
    lens = day(zone)
    assert lens.get(lens.put(when)) == when


@pytest.mark.parametrize(
    "moment", ["2026-05-01T00:00:00+02:00", "2026-04-30T22:00:00+00:00", "2026-05-01T21:59:59Z"]
)
def test_day_is_the_companys_own_whatever_the_offset(moment) -> None:
    assert day("Europe/Copenhagen").get(moment) == date(2026, 5, 1)


def test_time_that_is_none_does_not_read_as_a_day() -> None:
    with pytest.raises(ValueError, match="soon"):
        day("UTC").get("soon")


@given(st.sampled_from(["NOK", "EUR", "DKK"]))
def test_currency_reads_as_it_was_written_with_names_and_without(code) -> None:
    for lens in (currency({}), currency({"Norske kroner": "NOK", "kr": "NOK", "€": "eur"})):
        assert lens.get(lens.put(code)) == code
    both = currency({"kr": "NOK"}, symbol=True)
    name, symbol = both.put(code)
    assert symbol is UNSAID
    assert both.get((name, None)) == both.get((None, name)) == code


def test_first_name_of_a_currency_is_written_and_any_is_read_in_any_case() -> None:
    lens = currency({"Norske kroner": "NOK", "kr": "NOK"})
    assert lens.put("NOK") == "Norske kroner"
    assert (lens.get("KR"), lens.get(" nok "), lens.get(" ")) == ("NOK", "NOK", None)


@given(st.sampled_from(["NO", "DK", "GB", "JP", "US"]), st.sampled_from(["nb", "da", "en"]))
def test_country_reads_from_its_code_or_from_its_name(code, language) -> None:
    lens = country(language)
    there, name = lens.put(code)
    assert lens.get((there, name)) == lens.get((None, name)) == lens.get((there, "")) == code
    assert lens.get(("", "")) is None


@given(st.decimals(0, 100, places=2))
def test_vat_code_that_is_a_number_is_its_percentage(percent) -> None:
    lens = vat_code({})
    assert lens.get(lens.put(percent)) == percent
    assert lens.get("12,5 %") == Decimal("12.5")


@pytest.mark.parametrize("percent", sorted(set(CODES.values())))
def test_vat_code_by_the_settings_writes_the_first_of_several(percent) -> None:
    lens = vat_code(CODES)
    assert lens.get(lens.put(percent)) == percent
    assert lens.put(Decimal(15)) == "MIDDEL"
    with pytest.raises(ValueError, match="vat_codes"):
        lens.put(Decimal(12))
    with pytest.raises(ValueError, match="vat_codes"):
        lens.get("HØY")


@pytest.mark.parametrize("status", ["draft", "open", "cancelled"])
def test_level_writes_the_first_step_that_means_a_status(status) -> None:
    lens = level(LEVELS)
    assert lens.get(lens.put(status)) == status
    assert (lens.put("open"), lens.get(3)) == (2, "open")


@pytest.mark.parametrize(("call", "value"), [("put", "closed"), ("get", 4)])
def test_level_that_means_nothing_is_a_sentence(call, value) -> None:
    with pytest.raises(ValueError, match="`levels`"):
        getattr(level(LEVELS), call)(value)


def test_any_status_but_the_archived_one_is_active() -> None:
    lens = archived("Arkivert", "Kunde")
    assert [lens.get(word) for word in ("Emne", "ARKIVERT", "Kunde")] == [True, False, True]
    assert (lens.put(True), lens.put(False)) == ("Kunde", "Arkivert")
    with pytest.raises(ValueError, match="active_status"):
        archived("Arkivert", None).put(True)


@pytest.mark.parametrize("value", [True, False])
def test_a_person_who_resigned_is_not_active(value) -> None:
    lens = employed()
    assert lens.get(lens.put(value)) is value
    assert lens.get("Guest") is True


# --- shapes ---------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)


@given(st.tuples(TEXTS, TEXTS), st.tuples(TEXTS, TEXTS))
def test_two_lines_of_an_address_are_one_text_and_read_as_two(billing, delivery) -> None:
    names = ("OrganisationAddress", "OrganisationDeliveryAddress")
    body: dict[str, Any] = {}
    for name, lines in zip(names, (billing, delivery), strict=True):
        body |= {f"{name}Line1": lines[0], f"{name}Line2": lines[1]}
    sent = shapes.organisation_out(body, {})
    assert set(sent) == set(names)
    read = shapes.organisation_in(sent, None)
    assert {name: read[name] for name in body} == body


@given(st.dictionaries(st.sampled_from(
    ["OrganisationName", "OrganisationHistory", "OrganisationCreatedAt", "OrganisationCustom1",
     "OrganisationTelephoneSearch", "RowNumber", "o_lastUpdatedById", "OrganisationXDate1"]),
    st.sampled_from([None, "", "x", "0001-01-01T01:00:00+01:00", "(censored)", 3])))  # fmt: skip
def test_what_is_sent_back_is_neither_read_only_nor_unset(record) -> None:
    sent = shapes.sendable(record)
    assert set(sent) <= {"OrganisationName", "OrganisationCustom1", "OrganisationXDate1"}
    assert not {None, "(censored)", "0001-01-01T01:00:00+01:00"} & set(sent.values())


def test_nothing_is_written_as_the_fields_own_nothing() -> None:
    body = {"OpportunityDiscount": None, "OpportunityOrderDate": None, "OpportunityNote": None,
            "OpportunityLevel": None, "OpportunityCustom3": None}  # fmt: skip
    assert shapes.unset("Opportunities", body) == {
        "OpportunityDiscount": 0, "OpportunityOrderDate": shapes.NEVER, "OpportunityNote": "",
        "OpportunityLevel": 0, "OpportunityCustom3": "",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["--Velg--", "[]"])
def test_choice_of_nothing_is_nothing_in_a_custom_field_only(text) -> None:
    record = {"OrganisationCustom3": text, "OrganisationMemo": text}
    assert shapes.cleaned(record) == {"OrganisationCustom3": None, "OrganisationMemo": text}
