"""The lens laws, for every lens and for every pair of every installed connector.

What is written reads as it was declared to render, and rendering twice changes no more; what
was read and is written back reads as before.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import phonenumbers
import pytest
from babel import Locale
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from talk_sdk import lenses
from talk_sdk.errors import MappingError
from talk_sdk.mapping import Compiled, Mapping, Pair, compile_mapping
from talk_sdk.models import WireModel

LAWS = settings(
    deadline=None,
    derandomize=True,  # each property has to be reached, in every run
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def test_the_connectors_are_installed(installed) -> None:
    assert {"customwebshop", "customerp", "wave", "webcrm", "membercare", "squarespace"} <= {
        each.name for each in installed
    }


def test_every_entity_has_a_table_and_its_counters_are_its_concepts(connector) -> None:
    entities = connector.entities()
    whole = {t.compiled.entity: t.compiled for t in connector.tables() if t.whole}
    assert set(whole) == set(entities)
    for name, mapping in whole.items():
        assert entities[name].adjust <= mapping.concept.counters & mapping.writable


def test_every_path_of_a_table_is_in_the_model(table, drawing) -> None:
    for row in table.compiled.rows:
        for path in row.pair.wires:
            assert drawing.annotation(table.model, path)


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for path, value in flat.items():
        *parents, last = path.split(".")
        place = raw
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = value
    return raw


def _rendered(mapping: Compiled, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What can be written of some values, and how it will read; refused values are left out."""
    kept: dict[str, Any] = {}
    reads: dict[str, Any] = {}
    for row in mapping.rows:
        if row.property in values:
            try:
                reads[row.property] = mapping.render(row.property, values[row.property], reads)
            except MappingError:
                continue
            kept[row.property] = values[row.property]
    return kept, reads


def test_what_is_written_reads_as_declared(table, drawing) -> None:
    mapping = table.compiled
    reached: Counter[str] = Counter()
    drawn = {
        row.property: st.one_of(st.none(), *[drawing.values(row.pair, row.type)] * 3)
        for row in mapping.rows
    }

    @LAWS
    @given(st.fixed_dictionaries(drawn))
    def law(values: dict[str, Any]) -> None:
        kept, reads = _rendered(mapping, values)
        body = mapping.outbound(kept, reads)
        assert mapping.inbound(body) == reads
        again, same = _rendered(mapping, reads)
        assert again == reads
        assert same == reads
        reached.update(name for name, value in reads.items() if value is not None)

    law()
    assert set(reached) == set(mapping.by_property)


def test_what_was_read_and_is_written_back_reads_as_before(table, drawing) -> None:
    mapping = table.compiled
    reached: Counter[str] = Counter()
    drawn: dict[str, Any] = {}
    for row in mapping.rows:
        drawn |= drawing.wires(row.pair, row.type, table.model)

    @LAWS
    @given(st.fixed_dictionaries(drawn))
    def law(flat: dict[str, Any]) -> None:
        before = mapping.inbound(_nested(flat))
        kept, reads = _rendered(mapping, before)
        # What is only read, as who bought without an account, cannot be written.
        assert {name for name in before if name not in kept} <= set(mapping.concept.refs)
        assert reads == kept
        after = mapping.inbound(mapping.outbound(kept, kept))
        assert after == kept
        reached.update(name for name, value in before.items() if value is not None)

    law()
    assert set(reached) == set(mapping.by_property)


def test_enum_words_of_a_table_are_words_of_the_concept(table, drawing) -> None:
    for row in table.compiled.rows:
        if row.lens.name == "enum":
            for word in drawing.said_by(row.lens).values():
                assert row.type.canonical(word) == word


# --- each lens by itself --------------------------------------------------------------------------


class Thing(WireModel):
    """A record with a value."""

    x: Any = None
    y: Any = None
    c: str | None = None


def _table(
    lens: lenses.Lens, prop: str, concept: str = "customer", *, wires: Any = "x"
) -> Compiled:
    pairs = [Pair(wires, prop, lens)]
    pairs += [Pair("c", name) for name in lens.reads]
    return compile_mapping(Mapping(Thing, concept, *pairs))


LENSES = {
    "decimal_text": [
        (_lens, "unit_price", "product") for _lens in map(lenses.decimal_text, range(5))
    ],
    "decimal_number": [
        *((_lens, "stock", "product") for _lens in map(lenses.decimal_number, range(5))),
        (lenses.decimal_number(2, zero=False), "unit_price", "product"),
    ],
    "scaled": [
        (lenses.scaled(factor, places), "weight", "product")
        for factor, places in ((100, 0), (100, 2), (1000, 0), (1000, 3))
    ],
    "inverse_flag": [(lenses.inverse_flag(), "active", "product")],
    "truncate": [(lenses.truncate(length), "name", "customer") for length in (1, 2, 50, 255)],
    "country_name": [
        (lenses.country_name(language), "billing_address.country", "customer")
        for language in ("nb", "nn", "sv", "da", "fi", "de", "fr", "en", "is", "ja", "zh-Hant")
    ],
    "organisation_number": [(lenses.organisation_number(), "organisation_number", "customer")],
    "phone": [
        (lenses.phone(region), prop, "customer")
        for region in ("NO", "SE", "US", "DE")
        for prop in ("phone", "fax")
    ],
    "one_of": [(lenses.one_of(frozenset(("NOK", "EUR", "JPY"))), "currency", "customer")],
    "day": [(lenses.day(zone), "date", "order") for zone in ("UTC", "Europe/Oslo")],
    "subdivision": [(lenses.subdivision(), "billing_address.subdivision", "customer")],
    "ref": [
        (lenses.ref("Customer"), "customer", "order"),
        (lenses.ref("Customer", number=True), "customer", "order"),
    ],
}
CASES = [case for cases in LENSES.values() for case in cases]
EACH = [pytest.param(*case, id=f"{case[0].name}-{case[1]}") for case in CASES]


def test_every_lens_is_among_those_that_are_tested() -> None:
    factories = set(lenses.__all__) - {"IDENTITY", "UNSAID", "Lens", "enum", "named"}
    assert factories == set(LENSES)


@pytest.mark.parametrize(("lens", "prop", "concept"), EACH)
def test_lens_renders_once_and_for_all(lens, prop, concept, drawing) -> None:
    mapping = _table(lens, prop, concept)
    row = mapping.by_property[prop]
    siblings = dict.fromkeys(lens.reads, "NO")

    @LAWS
    @given(drawing.values(row.pair, row.type))
    def law(value: Any) -> None:
        reads = mapping.render(prop, value, siblings)
        assert mapping.inbound(mapping.outbound({prop: value, **siblings}, siblings))[prop] == reads
        assert mapping.render(prop, reads, siblings) == reads

    law()


@pytest.mark.parametrize(("lens", "prop", "concept"), EACH)
def test_lens_writes_back_what_it_read(lens, prop, concept, drawing) -> None:
    mapping = _table(lens, prop, concept)
    row = mapping.by_property[prop]
    siblings = dict.fromkeys(lens.reads, "NO")
    number = int if "number" in lens.name or lens is lenses.ref("Customer", number=True) else str

    @LAWS
    @given(drawing._said(lens, row.type, number))
    def law(wire: Any) -> None:
        value = mapping.inbound({"x": wire, **dict.fromkeys("c", "NO")})[prop]
        assume(value is not None)
        body = mapping.outbound({prop: value, **siblings}, siblings)
        assert mapping.inbound(body)[prop] == value

    law()


@pytest.mark.parametrize("language", ["nb", "nn", "sv", "da", "fi", "de", "fr", "en", "is", "ja"])
def test_every_country_has_a_name_of_its_own(language, drawing) -> None:
    lens = lenses.country_name(language)
    for code in drawing.COUNTRIES:
        assert lens.get(lens.put(code)) == code
        assert lens.get(lens.put(code).upper()) == code
        assert lens.get(code) == code
    assert lens.put("NO") == Locale.parse(language).territories["NO"]


@pytest.mark.parametrize(
    "name", ["country_name(nb)", "scaled(100, 2)", "ref(Customer)", "phone(NO)"]
)
def test_lens_of_talk_toml_is_called_as_it_is_written(name) -> None:
    assert lenses.named(name).name == name


@pytest.mark.parametrize(
    "text", ["", "nothing", "truncate", "truncate(1, 2)", "scaled(", "phone()"]
)
def test_text_that_is_no_lens_is_refused(text) -> None:
    with pytest.raises(ValueError, match="lens"):
        lenses.named(text)


def test_enum_writes_the_first_of_several_and_refuses_what_it_cannot_say() -> None:
    lens = lenses.enum({1: "open", 2: "open", 3: "closed"})
    assert (lens.get(2), lens.put("open")) == ("open", 1)
    with pytest.raises(ValueError, match="cannot be said here"):
        lens.put("draft")
    with pytest.raises(ValueError, match="4 is none of 1, 2, 3"):
        lens.get(4)


def test_enum_says_by_another_word_what_the_system_cannot_tell_apart() -> None:
    lens = lenses.enum({"SAVED": "open", "DRAFT": "draft"}, also={"closed": "SAVED"})
    mapping = _table(lens, "status", "order")
    assert mapping.outbound({"status": "closed"}, {}) == {"x": "SAVED"}
    assert mapping.says("status", "closed", "open", {})
    assert not mapping.says("status", "draft", "open", {})
    with pytest.raises(MappingError, match="cannot be said here"):
        mapping.says("status", "cancelled", "open", {})


def test_code_that_the_system_does_not_know_cannot_be_written() -> None:
    mapping = _table(lenses.one_of(frozenset(("NOK",))), "currency")
    with pytest.raises(MappingError, match="EUR is none that the system knows"):
        mapping.outbound({"currency": "EUR"}, {})


@pytest.mark.parametrize(
    ("value", "country", "wire"),
    [
        ("NO-50", "NO", "NO-50"),
        ("no-50", "NO", "NO-50"),
        ("NO-01", "NO", "NO-01"),  # no longer in ISO 3166-2, but the system may still have it
        ("Trøndelag", "NO", "NO-50"),
        ("north carolina", "US", "US-NC"),
        ("NO-50", "SE", None),
        ("NO-50", None, None),
        ("Viken eller noe", "NO", None),
    ],
)
def test_subdivision_is_written_as_a_code_of_its_country_or_not_at_all(
    value, country, wire
) -> None:
    name = "billing_address.subdivision"
    mapping = _table(lenses.subdivision(), name)
    siblings = {"billing_address.country": country}
    assert mapping.outbound({name: value}, siblings) == {"x": wire}
    assert mapping.says(name, value, wire, siblings)


def test_reference_of_the_second_path_is_read_and_never_written() -> None:
    lens = lenses.ref("Customer", otherwise="Guest")
    mapping = _table(lens, "customer", "order", wires=("x", "y"))
    assert mapping.inbound({"x": "17", "y": "a@x.no"}) == {"customer": "Customer:17"}
    assert mapping.inbound({"x": None, "y": "a@x.no"}) == {"customer": "Guest:a@x.no"}
    assert mapping.inbound({"x": None, "y": None}) == {"customer": None}
    assert mapping.inbound({}) == {}
    assert mapping.outbound({"customer": "Customer:17"}, {}) == {"x": "17"}
    assert mapping.outbound({"customer": None}, {}) == {"x": None}
    with pytest.raises(MappingError, match="is no Customer"):
        mapping.outbound({"customer": "Guest:a@x.no"}, {})


def test_phone_is_read_with_the_country_of_its_record() -> None:
    mapping = _table(lenses.phone("NO"), "phone")
    assert mapping.inbound({"x": "08 123 456 78", "c": "SE"})["phone"] == "+46812345678"
    for country in (None, "NO", "JP"):
        assert mapping.inbound({"x": "22 33 44 55", "c": country})["phone"] == "+4722334455"
    assert mapping.inbound({"x": "ring Kari", "c": "NO"})["phone"] == "ring Kari"


_CODES = st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
_TRUNKS = st.sampled_from(("", "0", "1", "8", "06", "15", "044"))
_NUMBERS = st.integers(1, 10**11).map(str)


@given(
    text=st.builds("+{}{}{}".format, _CODES | st.integers(1, 999), _TRUNKS, _NUMBERS),
    region=st.sampled_from(("NO", "US", "AR", "IT")),
)
@settings(max_examples=500, deadline=None)
def test_phone_with_its_countrys_code_reads_as_if_it_was_parsed(text, region) -> None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        number = phonenumbers.PhoneNumber()
    parsed = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    expected = parsed if phonenumbers.is_valid_number(number) else text
    mapping = _table(lenses.phone(region), "phone")
    assert mapping.inbound({"x": text, "c": None})["phone"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+46070123 45 67", "+46701234567"),
        ("+460701234567", "+46701234567"),
        ("+390612345678", "+390612345678"),
    ],
)
def test_prefix_of_calls_within_the_country_is_no_part_of_a_phone_number(text, expected) -> None:
    mapping = _table(lenses.phone("NO"), "phone")
    assert mapping.inbound({"x": text, "c": None})["phone"] == expected


@pytest.mark.parametrize("blank", ["", " ", "\n\t"])
def test_blank_text_is_empty_whatever_the_lens(blank) -> None:
    for lens, prop, concept in CASES:
        assert _table(lens, prop, concept).inbound({"x": blank})[prop] is None


def test_placeholder_reads_as_empty_and_is_written_for_it() -> None:
    mapping = compile_mapping(Mapping(Thing, "customer", Pair("x", "name", placeholder="?")))
    assert mapping.inbound({"x": "?"}) == {"name": None}
    assert mapping.outbound({"name": None}, {}) == {"x": "?"}
    assert mapping.render("name", "?", {}) is None


def test_nought_is_nothing_where_a_system_says_nought_for_nothing() -> None:
    lens = lenses.decimal_number(2, zero=False)
    assert (lens.get(0), lens.put(Decimal("0.001")), lens.get(3)) == (None, None, Decimal(3))
    assert lenses.decimal_number(2).get(0) == 0


def test_numbers_lose_no_digit() -> None:
    mapping = _table(lenses.scaled(100, 2), "unit_price", "product")
    assert mapping.inbound({"x": Decimal("123456789012345678.91")}) == {
        "unit_price": "1234567890123456.7891"
    }
