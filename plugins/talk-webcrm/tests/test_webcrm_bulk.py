"""Updates go to webCRM many in one request, and what becomes of each is its own affair."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import talk_webcrm as hooks
from talk_webcrm.bulk import told
from talk_webcrm.settings import CrmSettings
from werkzeug.serving import make_server

from talk_sdk.errors import UnavailableError
from talk_sdk.http import Answer, Http
from talk_sdk.operations import Operation
from talk_sdk.testing.faults import Fault

SWITCHES: dict[str, dict[str, Any]] = {
    f"{'merges' if merges else 'replaces'}, {'tells' if tells else 'is silent'}": {
        "patch_merges": merges, "patch_tells": tells, "put_merges": merges,
    }
    for merges in (False, True) for tells in (True, False)
}  # fmt: skip
BOTH = pytest.mark.parametrize("switches", SWITCHES.values(), ids=SWITCHES)
REGISTERED = {"products": "registered", "product_organisation": 1}


def _organisations(crm: Any, count: int) -> list[int]:
    return [int(crm.control.create("organisations", {
        "OrganisationName": f"N{n}", "OrganisationCity": "Oslo", "OrganisationIndustry": "Bygg",
    })) for n in range(count)]  # fmt: skip


def _persons(crm: Any, count: int) -> list[int]:
    """Persons of one organisation; the first is its main one."""
    (owner,) = _organisations(crm, 1)
    return [int(crm.control.create("persons", {
        "PersonOrganisationId": owner, "PersonLastName": f"P{n}", "PersonComment": "Kjent",
    })) for n in range(count)]  # fmt: skip


def _products(crm: Any, count: int) -> list[int]:
    (owner,) = _organisations(crm, 1)
    return [int(crm.control.create("products", {
        "ProductOrganisationId": owner, "ProductCustom1": f"S-{n}", "ProductComment": "Kjent",
    })) for n in range(count)]  # fmt: skip


KINDS: dict[str, tuple[Callable[[Any, int], list[int]], str, str, str]] = {
    "Organisations": (_organisations, "organisations", "OrganisationCity", "OrganisationIndustry"),
    "Persons": (_persons, "persons", "PersonTitle", "PersonComment"),
    "Products": (_products, "products", "ProductVatCode", "ProductComment"),
}
EACH = pytest.mark.parametrize("entity", KINDS)


def _kinds(outcomes: list[Any]) -> list[str]:
    return [outcome.kind for outcome in outcomes]


# --- how many requests ----------------------------------------------------------------------------


@BOTH
@EACH
def test_twenty_records_take_a_read_each_and_three_requests_together(
    open_crm, entity, switches
) -> None:
    crm = open_crm(switches=switches, **REGISTERED)
    make, collection, field, unmodelled = KINDS[entity]
    ids = make(crm, 20)
    before = {row[unmodelled] for row in crm.control.dump(collection)}
    crm.control.reset_counters()
    outcomes = crm.change(entity, {id_: {field: f"x{id_}"} for id_ in ids})
    assert [outcome.record[field] for outcome in outcomes] == [f"x{id_}" for id_ in ids]
    assert crm.effects(collection) == {"update": 20}
    assert (crm.requests(), crm.requests("PATCH"), crm.requests("PUT")) == (23, 1, 0)
    rows = crm.control.dump(collection)
    assert {row[field] for row in rows} == {f"x{id_}" for id_ in ids}
    assert {row[unmodelled] for row in rows} == before


def test_record_that_says_it_already_is_not_written(crm) -> None:
    first, second = _organisations(crm, 2)
    crm.control.reset_counters()
    outcomes = crm.change("Organisations", {first: {"OrganisationCity": "Oslo"},
                                            second: {"OrganisationCity": "Bodø"}})  # fmt: skip
    assert [outcome.record["OrganisationCity"] for outcome in outcomes] == ["Oslo", "Bodø"]
    assert crm.effects("organisations") == {"update": 1}


def test_where_lists_are_behind_records_are_changed_one_at_a_time(open_crm) -> None:
    declared = {e.name: e.batch for e in hooks.talk_entities(open_crm().settings)}
    behind = {e.name: e.batch for e in hooks.talk_entities(open_crm(lag_s=20).settings)}
    assert declared == {"Organisations": 20, "Persons": 20, "Products": 1, "Opportunities": 1}
    assert set(behind.values()) == {1}


def test_answer_is_not_taken_from_a_list_that_is_behind(crm) -> None:
    ids = _organisations(crm, 3)
    crm.clock.advance(60)
    crm.control.switch("lag", 20)
    outcomes = crm.change("Organisations", {id_: {"OrganisationCity": "Bodø"} for id_ in ids})
    assert [outcome.record["OrganisationCity"] for outcome in outcomes] == ["Bodø"] * 3


def test_answer_has_what_webcrm_has_made_of_the_values(open_crm) -> None:
    crm = open_crm(switches={"overlong_refused": False, "patch_tells": False}, held=False)
    ids = _organisations(crm, 2)
    outcomes = crm.change("Organisations", {id_: {"OrganisationCity": "B" * 60} for id_ in ids})
    assert [outcome.record["OrganisationCity"] for outcome in outcomes] == ["B" * 50] * 2


# --- each has an outcome of its own ---------------------------------------------------------------


@BOTH
@EACH
def test_record_that_webcrm_refuses_does_not_hold_up_its_neighbours(
    open_crm, entity, switches
) -> None:
    crm = open_crm(switches=switches, held=False, **REGISTERED)
    make, collection, field, _ = KINDS[entity]
    good, bad, other = make(crm, 3)
    wrong: dict[str, dict[str, Any]] = {
        "Organisations": {"OrganisationTelephone": "1" * 51},
        "Persons": {"PersonLastName": None},
        "Products": {"ProductPrice": "dear"},
    }
    bodies = {good: {field: "x"}, bad: wrong[entity], other: {field: "y"}}
    outcomes = crm.change(entity, bodies)
    assert _kinds(outcomes) == ["stored", "refused", "stored"]
    (name,) = wrong[entity]
    assert name in outcomes[1].reason
    assert f"/{bad} was refused" in outcomes[1].reason
    assert [row[field] for row in crm.control.dump(collection)][::2] == ["x", "y"]


def test_record_that_somebody_deletes_meanwhile_is_gone_and_the_others_are_changed(
    open_crm,
) -> None:
    crm = open_crm(**REGISTERED)
    first, second, third = _products(crm, 3)

    def faster(call) -> None:
        if call.method == "PATCH":
            crm.control.store.faults.on_request = None
            crm.control.delete("products", str(second))

    crm.control.store.faults.on_request = faster
    bodies = {id_: {"ProductVatCode": "25"} for id_ in (first, second, third, 99)}
    assert _kinds(crm.change("Products", bodies)) == ["stored", "gone", "stored", "gone"]


def test_batch_that_is_refused_as_a_whole_is_sent_record_by_record(crm) -> None:
    ids = _organisations(crm, 3)
    crm.faults(Fault(kind="server_error", status=400, method="PATCH", nth=(1, 3)))
    outcomes = crm.change("Organisations", {id_: {"OrganisationCity": "Bodø"} for id_ in ids})
    assert _kinds(outcomes) == ["stored", "refused", "stored"]
    cities = [row["OrganisationCity"] for row in crm.control.dump("organisations")]
    assert cities == ["Bodø", "Oslo", "Bodø"]


@pytest.mark.parametrize(
    ("kind", "outcome", "effects"),
    [("drop_after", "unknown", 3), ("timeout", "unknown", 3), ("malformed", "unknown", 3),
     ("server_error", "unknown", 0), ("drop_before", "unknown", 0), ("rate_limit", "unsent", 0)],
)  # fmt: skip
def test_lost_answer_leaves_each_record_in_doubt(crm, kind, outcome, effects) -> None:
    ids = _organisations(crm, 3)
    crm.control.reset_counters()
    crm.faults(Fault(kind=kind, method="PATCH", seconds=60))
    outcomes = crm.change("Organisations", {id_: {"OrganisationCity": "Bodø"} for id_ in ids})
    assert _kinds(outcomes) == [outcome] * 3
    assert crm.effects("organisations").get("update", 0) == effects


@pytest.mark.parametrize("answer", ['["1"]', '["2", "1"]', '["1", "2", "3"]', "{}", "[[]", "null"])
def test_answer_that_is_no_text_for_each_record_in_their_order_is_none(answer) -> None:
    with pytest.raises(UnavailableError):
        told(Answer(200, {}, answer.encode(), "crm", "http://crm/Persons"), [1, 2])


def test_record_that_cannot_be_read_is_left_and_the_others_are_changed(crm) -> None:
    ids = _organisations(crm, 3)
    crm.faults(Fault(kind="server_error", path=f"/Organisations/{ids[1]}$"))
    outcomes = crm.change("Organisations", {id_: {"OrganisationCity": "Bodø"} for id_ in ids})
    assert _kinds(outcomes) == ["stored", "unknown", "stored"]


def test_silence_about_a_record_that_is_as_before_is_no_success(open_crm) -> None:
    crm = open_crm(switches={"patch_tells": False})
    (id_,) = _organisations(crm, 1)
    body = {"OrganisationCountryData": {"CodeISO": "XX"}}  # of which webCRM makes none
    assert _kinds(crm.change("Organisations", {id_: body})) == ["unknown"]


def test_creates_stop_where_webcrm_takes_nothing_more_and_what_was_made_is_known(crm) -> None:
    crm.faults(Fault(kind="rate_limit", method="POST", nth=(2, 3, 4, 5), seconds=1))
    operations = [
        Operation("crm", "Organisations", "create", f"x:{n}", None, (), "", marker=f"ws:{n}",
                  body={"OrganisationName": f"N{n}"})
        for n in range(3)
    ]  # fmt: skip
    outcomes = hooks.talk_write(crm.session, operations)
    assert _kinds(list(outcomes)) == ["stored", "unsent", "unsent"]
    assert len(crm.control.dump("organisations")) == 1


# --- a customer is two records --------------------------------------------------------------------


def _customers(crm: Any, count: int) -> list[int]:
    owners = _organisations(crm, count)
    for owner in owners:
        crm.control.create("persons", {"PersonOrganisationId": owner, "PersonLastName": "Lund",
                                       "PersonComment": "Kjent"})  # fmt: skip
    return owners


@BOTH
def test_customers_are_changed_in_one_request_for_each_of_their_two_records(
    open_crm, switches
) -> None:
    crm = open_crm(switches=switches)
    own, both, person, new = _customers(crm, 3) + _organisations(crm, 1)
    crm.control.reset_counters()
    part = {"PersonFirstName": "Åse"}
    outcomes = crm.change("Organisations", {
        own: {"OrganisationCity": "Bodø"},
        both: {"OrganisationCity": "Bodø", "MainPerson": part},
        person: {"MainPerson": part}, new: {"MainPerson": part},
    })  # fmt: skip
    assert _kinds(outcomes) == ["stored"] * 4
    assert "MainPerson" not in outcomes[0].record  # nobody has looked at it
    for outcome in outcomes[1:]:
        assert outcome.record["MainPerson"]["PersonFirstName"] == "Åse"
    assert outcomes[1].record["OrganisationCity"] == "Bodø"
    assert outcomes[2].record["OrganisationCity"] == "Oslo"
    assert (crm.requests("PATCH"), crm.requests("POST")) == (2, 1)
    assert crm.effects("organisations") == {"update": 2}
    assert crm.effects("persons") == {"update": 2, "create": 1}
    assert [row["PersonComment"] for row in crm.control.dump("persons")] == ["Kjent"] * 3 + [""]


def test_edit_of_a_main_person_while_others_are_looked_up_is_kept(crm) -> None:
    there, *new = _customers(crm, 1) + _organisations(crm, 2)

    def type_in(call) -> None:
        if call.path == f"/Organisations/{new[1]}/Persons":
            crm.control.store.faults.on_request = None
            crm.control.edit("persons", "1", {"PersonComment": "nettopp"})

    crm.control.store.faults.on_request = type_in
    part = {"MainPerson": {"PersonFirstName": "Åse"}}
    assert _kinds(crm.change("Organisations", dict.fromkeys([there, *new], part))) == ["stored"] * 3
    assert crm.control.dump("persons")[0]["PersonComment"] == "nettopp"


@pytest.mark.parametrize("kind", ["drop_after", "server_error", "rate_limit", "expired_token"])
def test_customer_of_whom_one_half_was_written_is_in_doubt_and_others_are_not(crm, kind) -> None:
    own, both = _customers(crm, 2)
    crm.faults(Fault(kind=kind, method="PATCH", path="/Persons$", seconds=1))
    outcomes = crm.change("Organisations", {
        own: {"OrganisationCity": "Bodø"},
        both: {"OrganisationCity": "Bodø", "MainPerson": {"PersonFirstName": "Åse"}},
    })  # fmt: skip
    assert _kinds(outcomes) == ["stored", "unknown"]


def test_main_person_that_somebody_deletes_meanwhile_does_not_bury_its_organisation(crm) -> None:
    first, second = _customers(crm, 2)

    def faster(call) -> None:
        if call.method == "PATCH":
            crm.control.store.faults.on_request = None
            crm.control.delete("persons", "1")

    crm.control.store.faults.on_request = faster
    part = {"MainPerson": {"PersonFirstName": "Åse"}}
    assert _kinds(crm.change("Organisations", {first: part, second: part})) == ["unknown", "stored"]


def test_person_who_is_refused_is_the_customers_refusal(crm) -> None:
    first, second = _customers(crm, 2)
    outcomes = crm.change("Organisations", {
        first: {"OrganisationCity": "Bodø", "MainPerson": {"PersonLastName": None}},
        second: {"OrganisationCity": "Bodø", "MainPerson": {"PersonLastName": "Moen"}},
    })  # fmt: skip
    assert _kinds(outcomes) == ["refused", "stored"]
    assert "PersonLastName" in outcomes[0].reason


# --- who is faster --------------------------------------------------------------------------------


@contextmanager
def _served(twin: Any) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, twin.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@BOTH
@EACH
@pytest.mark.parametrize("nth", [2, 3, 4])
def test_edit_of_another_field_between_the_read_and_the_write_is_kept(
    open_crm, entity, switches, nth
) -> None:
    crm = open_crm(switches=switches, **REGISTERED)
    make, collection, field, unmodelled = KINDS[entity]
    ids = make(crm, 3)
    requests = 0

    def type_in(call) -> None:
        nonlocal requests
        requests += call.method == "GET" and not call.path.startswith(("/Auth", "/QuotationLines"))
        if requests == nth:
            crm.control.store.faults.on_request = None
            crm.control.edit(collection, str(ids[0]), {unmodelled: "nettopp"})

    with _served(crm.twin) as address:
        settings = CrmSettings.model_validate({**crm.settings.model_dump(), "base_url": address})
        http = Http("crm", clock=crm.clock, rng=random.Random(0))
        try:
            crm.session = hooks.talk_open(settings, http)
            crm.control.store.faults.on_request = type_in
            outcomes = crm.change(entity, {id_: {field: "x"} for id_ in ids})
        finally:
            http.close()
    assert [outcome.record[field] for outcome in outcomes] == ["x"] * 3
    first = crm.control.dump(collection)[0]
    assert (first[field], first[unmodelled]) == ("x", "nettopp")
    assert outcomes[0].record[unmodelled] == "nettopp"
