"""The connector does over the ERP's twin what its entities declare."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import talk_customerp as hooks
from talk_customerp.api import Erp as Api
from talk_customerp.settings import ErpSettings

from talk_sdk.errors import (
    ConfigError,
    DeniedError,
    RejectedError,
    SafetyError,
    UnavailableError,
)
from talk_sdk.mapping import compile_mapping
from talk_sdk.operations import Session
from talk_sdk.testing.faults import Fault

# --- what is declared -----------------------------------------------------------------------------


def test_import_of_the_hooks_is_light() -> None:
    heavy = "{'pydantic', 'httpx', 'msgspec', 'talk_sdk.mapping'}"
    code = f"import sys, talk_customerp; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_account_and_rights_are_known_once_open(erp) -> None:
    assert (erp.session.account.id, erp.session.account.name) == ("90125", "Nordlys Handel AS")
    assert erp.session.permissions["Order"] == "read and write"


@pytest.mark.parametrize(
    ("settings", "way_out"),
    [
        ({"time_zone": "Europe/London"}, 'write time_zone = "Europe/Oslo"'),
        ({"language": "en"}, 'write language = "nb"'),
    ],
)
def test_zone_or_language_of_another_company_is_refused_at_once(open_erp, settings, way_out):
    with pytest.raises(ConfigError, match=way_out):
        open_erp(parties=4, deals=2, **settings)


@pytest.mark.parametrize(("name", "value"), [("time_zone", "Oslo time"), ("language", "?")])
def test_settings_are_checked_before_they_are_used(name, value) -> None:
    given = {"base_url": "http://x", "username": "u", "password": "p", name: value}
    with pytest.raises(ValueError, match="write one like"):
        ErpSettings.model_validate(given)


def test_switched_off_marker_is_not_declared(erp) -> None:
    plain = erp.settings.model_copy(update={"marker": False})
    assert {e.marker for e in hooks.talk_entities(plain)} == {None}
    assert {e.marker for e in hooks.talk_entities(erp.settings)} == {"externalReference"}


def test_every_setting_is_described() -> None:
    assert all(field.description for field in ErpSettings.model_fields.values())


def test_every_record_validates_and_fits_its_table(erp) -> None:
    tables = {m.entity: compile_mapping(m) for m in hooks.talk_mappings(erp.settings)}
    for entity in hooks.talk_entities(erp.settings):
        for record in erp.records(entity.name):
            entity.model.model_validate(record)
            tables[entity.name].inbound(record)
            tables[entity.name].lines(record)


# --- reading --------------------------------------------------------------------------------------


def test_pages_are_read_to_the_end(open_erp) -> None:
    erp = open_erp(parties=1800)
    pages = erp.pages("Customer")
    assert len(pages) > 2
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    assert sorted(erp.ids("Customer")) == sorted(erp.control.identities("customers"))


def test_order_edited_after_a_read_is_all_but_alone_in_the_next(erp) -> None:
    cursor = erp.pages("Order")[-1].cursor
    edited = next(iter(erp.control.identities("orders")))
    erp.control.edit("orders", edited, {"remark": "x"})
    assert edited in erp.ids("Order", cursor)
    assert len(erp.ids("Order", cursor)) < 5


def test_edit_in_the_second_of_the_last_look_is_not_missed(erp) -> None:
    one, other = list(erp.control.identities("orders"))[:2]
    erp.control.edit("orders", one, {"remark": "x"})
    cursor = erp.pages("Order")[-1].cursor
    erp.control.edit("orders", other, {"remark": "y"})
    assert cursor == "2026-11-01T11:00:00"
    assert {one, other} <= set(erp.ids("Order", cursor))


def test_edits_in_the_hour_that_comes_twice_are_all_seen(open_erp) -> None:
    erp = open_erp(parties=20, deals=40, start=datetime(2026, 10, 25, 0, 50, tzinfo=UTC))
    first, second, third = list(erp.control.identities("orders"))[:3]
    erp.control.edit("orders", first, {"remark": "02:50, summer time"})
    cursor = erp.pages("Order")[-1].cursor
    assert cursor == "2026-10-25T02:50:00"
    erp.clock.advance(25 * 60)
    erp.control.edit("orders", second, {"remark": "02:15, winter time"})
    assert {first, second} <= set(erp.ids("Order", cursor))
    cursor = erp.pages("Order", cursor)[-1].cursor
    erp.clock.advance(44 * 60)
    erp.control.edit("orders", third, {"remark": "02:59, winter time"})
    assert third in erp.ids("Order", cursor)


def test_cursor_stays_where_nothing_was_edited(erp) -> None:
    cursor = erp.pages("Order")[-1].cursor
    assert erp.pages("Order", cursor)[-1].cursor == cursor


def test_cursor_comes_with_the_end_of_a_read_only(erp) -> None:
    *body, end = erp.pages("Order")
    assert {page.cursor for page in body} == {None}
    assert end.complete


def test_time_that_cannot_be_read_moves_no_cursor(erp, monkeypatch) -> None:
    cursor = erp.pages("Order")[-1].cursor

    class Odd:
        """A server with one broken record."""

        def decode(self, _entity, record, /):
            return {**record, "lastModified": "zzz"} if record["orderId"] == 1 else record

        def encode(self, _entity, body, /):
            return body

    monkeypatch.setattr(erp.session.client, "_codec", Odd())
    assert erp.pages("Order")[-1].cursor == cursor


@pytest.mark.parametrize("nth", [1, 2])
def test_short_page_never_looks_complete(open_erp, nth) -> None:
    erp = open_erp(parties=1800)
    erp.faults(Fault(kind="short_page", path="/customers$", nth=nth))
    with pytest.raises(UnavailableError):
        erp.pages("Customer")


@pytest.mark.parametrize(
    ("kind", "says"), [("empty_page", "vanished"), ("repeated_page", "page 2 was asked for")]
)
def test_page_that_is_none_never_looks_complete(open_erp, kind, says) -> None:
    erp = open_erp(parties=1800)
    erp.faults(Fault(kind=kind, path="/customers$", nth=2))
    with pytest.raises(UnavailableError, match=says):
        erp.pages("Customer")


def test_record_deleted_between_two_pages_never_looks_complete(open_erp) -> None:
    erp = open_erp(parties=1800)
    pages = hooks.talk_read(erp.session, "Customer", None)
    next(pages)
    erp.control.delete("customers", "1")
    with pytest.raises(UnavailableError, match="vanished"):
        list(pages)


def test_record_created_between_two_pages_is_read(open_erp) -> None:
    erp = open_erp(parties=1800)
    pages = hooks.talk_read(erp.session, "Customer", None)
    next(pages)
    made = erp.control.create("customers", {"name": "New"})
    assert made in {str(r["customerId"]) for page in pages for r in page.records}


def test_body_cut_in_the_middle_is_no_page(erp) -> None:
    erp.faults(Fault(kind="malformed", path="/orders$", nth=1))
    with pytest.raises(UnavailableError, match="no JSON"):
        erp.pages("Order")


def test_password_that_expires_in_a_read_is_a_sentence(open_erp) -> None:
    erp = open_erp(parties=1800)
    pages = hooks.talk_read(erp.session, "Customer", None)
    next(pages)
    erp.faults(Fault(kind="expired_token"))
    with pytest.raises(DeniedError, match=r"Check the credentials of erp in talk\.toml\.") as told:
        next(pages)
    assert str(erp.settings.password.get_secret_value()) not in told.value.message


def test_busy_erp_is_asked_again_after_the_wait_it_asked_for(erp) -> None:
    before = erp.clock.monotonic()
    erp.faults(Fault(kind="rate_limit", seconds=30, times=2))
    assert erp.ids("Product")
    assert 60 <= erp.clock.monotonic() - before < 75


def test_absence_is_proven_one_by_one(erp) -> None:
    erp.control.reset_counters()
    assert list(erp.get("Customer", "1", "999999", "no,number")) == ["1"]
    assert erp.requests() == 3


def test_fault_in_a_proof_of_absence_is_no_absence(erp) -> None:
    erp.faults(Fault(kind="server_error", path="999999"))
    with pytest.raises(UnavailableError):
        erp.get("Customer", "999999")


def test_unknown_entity_is_refused(erp) -> None:
    with pytest.raises(RejectedError, match="has no Invoice"):
        erp.find("Invoice", "x", "y")


def test_find_looks_up_each_value_once_whatever_its_case(erp) -> None:
    body = {"name": "A", "email": "find@me.no", "orgNo": "12"}
    made = erp.write("create", "Customer", body=body, marker="w:1").record
    assert erp.find("Customer", "email", "FIND@me.no", "find@me.no") == [made]
    assert erp.find("Customer", "orgNo", "12") == [made]
    assert erp.find("Customer", "externalReference", "w:1", "w:2") == [made]
    assert erp.find("Customer", "email", "nobody@me.no") == []
    order = next(r for r in erp.records("Order") if r["shopOrderNo"])
    assert erp.find("Order", "shopOrderNo", order["shopOrderNo"]) == [order]


def test_server_that_ignores_a_filter_gives_no_foreign_records(erp) -> None:
    record = erp.records("Customer")[0]
    same = [r for r in erp.records("Customer") if r["name"] == record["name"]]
    assert erp.find("Customer", "name", record["name"]) == same
    with pytest.raises(RejectedError, match="ignores the filter"):
        erp.find("Customer", "name", "nobody at all")


def test_refused_filter_is_not_an_empty_answer(erp) -> None:
    erp.control.switch("marker", False)
    with pytest.raises(RejectedError, match="is no filter"):
        erp.find("Customer", "externalReference", "w:1")


# --- writing --------------------------------------------------------------------------------------


def test_create_gives_the_stored_record_with_its_marker(erp) -> None:
    body = {"description": "ø" * 60, "salesPriceMinor": Decimal("1100.505")}
    made = erp.write("create", "Product", body=body, marker="w:7").record
    assert made["description"] == "ø" * 50
    assert made["salesPriceMinor"] == Decimal("1100.51")
    assert made["externalReference"] == "w:7"
    assert erp.write("create", "Product", body={"description": "B"}).record[
        "externalReference"
    ] is None  # fmt: skip


@pytest.mark.parametrize("entity", ["Customer", "Product", "Order"])
def test_record_written_whole_keeps_what_we_do_not_model(erp, entity) -> None:
    record = erp.records(entity)[0]
    id_, version = str(record[IDS[entity]]), record.get("version")
    change = {"remark": "ours"} if entity != "Product" else {"longText": "ours"}
    sent = {**record, **change}
    version = None if version is None else str(version)
    done = erp.write("update", entity, id=id_, version=version, body=sent)
    moving = {"version", "lastModified"}
    expected = {k: v for k, v in sent.items() if k not in moving}
    assert {k: v for k, v in done.record.items() if k not in moving} == expected


IDS = {"Customer": "customerId", "Product": "productId", "Order": "orderId"}


def test_update_of_a_stale_version_writes_nothing(erp) -> None:
    record = erp.records("Customer")[0]
    erp.control.edit("customers", "1", {"remark": "theirs"})
    # What is read anew counts for nothing: the version is that of the last look.
    body = {**erp.get("Customer", "1")["1"], "remark": "ours"}
    sent = {"id": "1", "version": str(record["version"]), "body": body}
    assert erp.write("update", "Customer", **sent).kind == "stale"
    assert erp.get("Customer", "1")["1"]["remark"] == "theirs"


def test_update_of_a_deleted_record_is_gone(erp) -> None:
    record = erp.records("Product")[0]
    id_ = str(record["productId"])
    erp.control.delete("products", id_)
    assert erp.write("update", "Product", id=id_, version="1", body=record).kind == "gone"


def test_refusal_quotes_the_erp(erp) -> None:
    outcome = erp.write("create", "Order", body={"customerId": 999999})
    assert outcome.kind == "refused"
    assert "there is no 999999" in outcome.reason


def test_wrong_password_stops_instead_of_being_an_outcome(erp) -> None:
    erp.faults(Fault(kind="expired_token"))
    with pytest.raises(DeniedError):
        erp.write("create", "Customer", body={"name": "A"})


@pytest.mark.parametrize("kind", ["drop_after", "timeout", "malformed", "server_error"])
def test_lost_answer_to_a_write_leaves_doubt(erp, kind) -> None:
    erp.faults(Fault(kind=kind, method="POST", seconds=60))
    assert erp.write("create", "Customer", body={"name": "Lost"}).kind == "unknown"
    effects = erp.control.counters()["effects"].get("customers", {})
    assert effects == ({} if kind == "server_error" else {"create": 1})


def test_doubted_create_is_found_by_its_marker(erp) -> None:
    erp.faults(Fault(kind="drop_after", method="POST", times=1))
    erp.write("create", "Customer", body={"name": "Lost"}, marker="w:9")
    assert [r["name"] for r in erp.find("Customer", "externalReference", "w:9")] == ["Lost"]


def test_write_that_never_got_through_is_unsent(erp) -> None:
    erp.faults(Fault(kind="rate_limit", method="POST", seconds=1))
    assert erp.write("create", "Customer", body={"name": "A"}).kind == "unsent"


def test_a_plan_cannot_write(open_erp) -> None:
    erp = open_erp(writes=False)
    assert erp.ids("Customer")
    with pytest.raises(SafetyError):
        erp.write("create", "Customer", body={"name": "A"})
    assert erp.control.counters()["effects"] == {}


def test_codec_sees_every_record(erp) -> None:
    class Upper:
        """A server with names in capitals."""

        def decode(self, entity, record, /):
            return {**record, "seen": entity}

        def encode(self, _entity, body, /):
            return {name.removeprefix("x-"): value for name, value in body.items()}

    client = erp.http.client(erp.settings.base_url, auth=erp.session.client._client.auth)
    api = Api(client, erp.settings, Upper())
    assert {r["seen"] for page in api.read("Customer", None) for r in page.records} == {"Customer"}
    assert api.get("Customer", ["1", "999999"])["1"]["seen"] == "Customer"
    erp.session = Session(erp.session.account, api)
    made = erp.write("create", "Customer", body={"x-name": "A"}).record
    assert (made["name"], made["seen"]) == ("A", "Customer")
