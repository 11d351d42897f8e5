"""The connector does over the webshop's twin what its entities declare."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
import talk_customwebshop as hooks
from talk_customwebshop.api import Shop as Api
from talk_customwebshop.guests import guests_in, with_guest_key
from talk_customwebshop.settings import WebshopSettings

from talk_sdk.errors import DeniedError, RejectedError, SafetyError, UnavailableError
from talk_sdk.mapping import compile_mapping
from talk_sdk.operations import Outcome
from talk_sdk.testing.faults import Fault

# --- what is declared -----------------------------------------------------------------------------


def test_import_of_the_hooks_is_light() -> None:
    heavy = "{'pydantic', 'httpx', 'msgspec', 'talk_sdk.mapping'}"
    code = f"import sys, talk_customwebshop; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_account_and_rights_are_known_once_open(shop) -> None:
    assert (shop.session.account.id, shop.session.account.name) == (
        "shop-4711",
        "Nordlys Nettbutikk",
    )
    assert shop.session.permissions["Order"] == "read and write"


def test_switched_off_idempotency_is_not_declared(shop) -> None:
    plain = shop.settings.model_copy(update={"idempotency_keys": False})
    assert {e.idempotency for e in hooks.talk_entities(plain)} == {None}
    found = {e.name: e for e in hooks.talk_entities(shop.settings)}
    assert found["Product"].idempotency == timedelta(hours=24)
    assert found["Guest"].derived_from == "Order"


def test_every_setting_is_described() -> None:
    assert all(field.description for field in WebshopSettings.model_fields.values())


def test_every_record_validates_and_fits_its_table(shop) -> None:
    tables = {m.entity: compile_mapping(m) for m in hooks.talk_mappings(shop.settings)}
    models = {e.name: e.model for e in hooks.talk_entities(shop.settings)}
    seen = set()
    for entity in ("Customer", "Product", "Order"):
        for page in shop.pages(entity):
            for name, records in [(entity, page.records), *page.derived.items()]:
                for record in records:
                    models[name].model_validate(record)
                    tables[name].inbound(record)
                    tables[name].lines(record)
                    seen.add(name)
    assert seen == {"Customer", "Product", "Order", "Guest"}


# --- reading --------------------------------------------------------------------------------------


def test_pages_are_read_to_the_end(shop) -> None:
    pages = shop.pages("Customer")
    found = [r["id"] for page in pages for r in page.records]
    assert len(pages) > 1
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    assert sorted(found) == sorted(shop.control.identities("customers"))


def test_record_edited_after_a_read_is_all_but_alone_in_the_next(shop) -> None:
    cursor = shop.pages("Customer")[-1].cursor
    edited = next(iter(shop.control.identities("customers")))
    shop.control.edit("customers", edited, {"note": "x"})
    assert edited in shop.ids("Customer", cursor)
    assert len(shop.ids("Customer", cursor)) < 5


def test_edit_in_the_second_of_the_last_look_is_not_missed(shop) -> None:
    one, other = list(shop.control.identities("customers"))[:2]
    shop.control.edit("customers", one, {"note": "x"})
    cursor = shop.pages("Customer")[-1].cursor
    shop.control.edit("customers", other, {"note": "y"})
    assert cursor == "2026-11-01T10:00:00Z"
    assert {one, other} <= set(shop.ids("Customer", cursor))


def test_listing_that_lags_is_overlapped(open_shop) -> None:
    shop = open_shop(lag_s=20)
    shop.clock.advance(60)
    shop.control.switch("lag", 20)
    early, late = list(shop.control.identities("customers"))[:2]
    shop.control.edit("customers", early, {"note": "x"})
    shop.clock.advance(15)
    shop.control.edit("customers", late, {"note": "y"})
    shop.clock.advance(21)
    cursor = shop.pages("Customer")[-1].cursor
    assert {early, late} <= set(shop.ids("Customer", cursor))


@pytest.mark.parametrize("kind", ["empty_page", "repeated_page"])
def test_page_that_is_none_never_looks_like_the_end(shop, kind) -> None:
    shop.faults(Fault(kind=kind, path="/customers$", nth=2))
    with pytest.raises(UnavailableError):
        shop.pages("Customer")


def test_short_page_loses_nothing(shop) -> None:
    shop.faults(Fault(kind="short_page", path="/customers$", nth=1))
    assert sorted(shop.ids("Customer")) == sorted(shop.control.identities("customers"))


def test_body_cut_in_the_middle_is_no_page(shop) -> None:
    shop.faults(Fault(kind="malformed", path="/orders$", nth=1))
    with pytest.raises(UnavailableError, match="no JSON"):
        shop.pages("Order")


def test_token_that_expires_in_a_read_is_a_sentence(shop) -> None:
    pages = hooks.talk_read(shop.session, "Customer", None)
    next(pages)
    shop.faults(Fault(kind="expired_token"))
    with pytest.raises(DeniedError, match=r"Check the credentials of shop in talk\.toml\.") as told:
        next(pages)
    assert str(shop.settings.token.get_secret_value()) not in told.value.message


def test_busy_shop_is_asked_again_after_the_wait_it_asked_for(shop) -> None:
    before = shop.clock.monotonic()
    shop.faults(Fault(kind="rate_limit", seconds=30, times=2))
    assert shop.ids("Product")
    assert 60 <= shop.clock.monotonic() - before < 75


def test_absence_is_proven_one_by_one(shop) -> None:
    known = next(iter(shop.control.identities("customers")))
    shop.control.reset_counters()
    found = shop.get("Customer", known, "cus_999999", "no,such")
    assert list(found) == [known]
    assert shop.requests() == 3


def test_fault_in_a_proof_of_absence_is_no_absence(shop) -> None:
    shop.faults(Fault(kind="server_error", path="cus_999999"))
    with pytest.raises(UnavailableError):
        shop.get("Customer", "cus_999999")


def test_guests_cannot_be_asked_for(shop) -> None:
    with pytest.raises(RejectedError, match="comes with the orders"):
        shop.get("Guest", "a@example.no")


def test_find_looks_up_each_value_once_whatever_its_case(shop) -> None:
    shop.write("create", "Customer", body={"name": "A", "email": "find@me.no", "vat_no": "12"})
    assert [r["name"] for r in shop.find("Customer", "email", "FIND@me.no", "find@me.no")] == ["A"]
    assert [r["name"] for r in shop.find("Customer", "vat_no", "12")] == ["A"]
    assert shop.find("Customer", "email", "nobody@me.no") == []
    order = shop.pages("Order")[0].records[0]
    assert shop.find("Order", "number", order["number"]) == [order]


def test_server_that_ignores_a_filter_gives_no_foreign_records(shop) -> None:
    record = shop.pages("Customer")[0].records[0]
    assert shop.find("Customer", "name", record["name"]) == [
        r for page in shop.pages("Customer") for r in page.records if r["name"] == record["name"]
    ]
    with pytest.raises(RejectedError, match="ignores the filter"):
        shop.find("Customer", "name", "nobody at all")


# --- writing --------------------------------------------------------------------------------------


def test_create_gives_the_stored_record(shop) -> None:
    outcome = shop.write("create", "Product", body={"title": " New ", "price": "1.005"})
    assert outcome.kind == "stored"
    assert (outcome.record["title"], outcome.record["price"]) == ("New", "1.01")


def test_create_sent_twice_happens_once(shop) -> None:
    body = {"name": "Once", "email": "once@x.no"}
    one = shop.write("create", "Customer", body=body)
    again = shop.write("create", "Customer", body=body)
    assert one == again
    assert shop.control.counters()["effects"]["customers"] == {"create": 1}


def test_key_that_was_used_for_something_else_leaves_doubt(shop) -> None:
    shop.write("create", "Customer", body={"name": "A"})
    assert shop.write("create", "Customer", body={"name": "B"}).kind == "unknown"


def test_without_idempotency_no_key_is_sent(open_shop) -> None:
    shop = open_shop(idempotency_keys=False)
    for _ in range(2):
        shop.write("create", "Customer", body={"name": "Twice"})
    assert shop.control.counters()["effects"]["customers"] == {"create": 2}


def test_update_changes_what_is_sent_and_keeps_the_rest(shop) -> None:
    record = shop.pages("Customer")[0].records[0]
    body = {"billing": {"city": "Hamar"}, "note": None}
    done = shop.write("update", "Customer", id=record["id"], version=record["etag"], body=body)
    assert done.kind == "stored"
    assert done.record["billing"] == {**record["billing"], "city": "Hamar"}
    assert done.record["newsletter"] == record["newsletter"]
    assert done.record["etag"] != record["etag"]


def test_update_of_a_stale_version_writes_nothing(shop) -> None:
    record = shop.pages("Customer")[0].records[0]
    shop.control.edit("customers", record["id"], {"note": "theirs"})
    sent = {"id": record["id"], "version": record["etag"], "body": {"note": "ours"}}
    assert shop.write("update", "Customer", **sent).kind == "stale"
    assert shop.get("Customer", record["id"])[record["id"]]["note"] == "theirs"


def test_a_delete_of_what_somebody_has_changed_since_is_refused_and_a_second_one_finds_nothing(
    shop,
) -> None:
    made = shop.write("create", "Customer", body={"name": "A"}).record
    sent = {"id": made["id"], "version": made["etag"]}
    shop.control.edit("customers", made["id"], {"name": "B"})
    assert shop.write("delete", "Customer", **sent).kind == "stale"
    sent["version"] = shop.get("Customer", made["id"])[made["id"]]["etag"]
    assert shop.write("delete", "Customer", **sent) == Outcome("stored")
    assert shop.get("Customer", made["id"]) == {}
    assert shop.write("delete", "Customer", **sent).kind == "gone"


def test_update_of_a_deleted_record_is_gone(shop) -> None:
    record = shop.pages("Customer")[0].records[0]
    shop.control.delete("customers", record["id"])
    assert shop.write("update", "Customer", id=record["id"], body={"note": "x"}).kind == "gone"


def test_refusal_quotes_the_shop(shop) -> None:
    outcome = shop.write("create", "Customer", body={"name": "A", "email": "nonsense"})
    assert outcome.kind == "refused"
    assert "must be an e-mail address" in outcome.reason


def test_wrong_token_stops_instead_of_being_an_outcome(shop) -> None:
    shop.faults(Fault(kind="expired_token"))
    with pytest.raises(DeniedError):
        shop.write("create", "Customer", body={"name": "A"})


@pytest.mark.parametrize("kind", ["drop_after", "timeout", "malformed", "server_error"])
def test_lost_answer_to_a_write_leaves_doubt(shop, kind) -> None:
    shop.faults(Fault(kind=kind, method="POST", seconds=60))
    assert shop.write("create", "Customer", body={"name": "Lost"}).kind == "unknown"
    effects = shop.control.counters()["effects"].get("customers", {})
    assert effects == ({} if kind == "server_error" else {"create": 1})


def test_write_that_never_got_through_is_unsent(shop) -> None:
    shop.faults(Fault(kind="rate_limit", method="POST", seconds=1))
    assert shop.write("create", "Customer", body={"name": "A"}).kind == "unsent"


def test_stock_moves_by_the_difference_once(shop) -> None:
    product = shop.pages("Product")[0].records[0]
    shop.control.adjust("products", product["id"], "stock_quantity", -1)
    for _ in range(2):
        done = shop.move(product["id"], "10", "13")
        assert done.record["stock_quantity"] == product["stock_quantity"] - 1 + 3


def test_stock_of_nothing_moves_from_nought(shop) -> None:
    made = shop.write("create", "Product", body={"title": "A"}).record
    assert shop.move(made["id"], None, "4", key="k-2").record["stock_quantity"] == 4


def test_part_of_a_piece_is_refused_not_rounded(shop) -> None:
    product = shop.pages("Product")[0].records[0]
    assert shop.move(product["id"], "1", "1.5").kind == "refused"


def test_shop_without_stock_address_does_not_bury_the_product(shop) -> None:
    product = shop.pages("Product")[0].records[0]
    shop.control.switch("adjust", False)
    assert shop.move(product["id"], "1", "2").kind == "refused"
    shop.control.delete("products", product["id"])
    assert shop.move(product["id"], "1", "2").kind == "gone"


def test_a_plan_cannot_write(open_shop) -> None:
    shop = open_shop(writes=False)
    assert shop.ids("Customer")
    with pytest.raises(SafetyError):
        shop.write("create", "Customer", body={"name": "A"})
    assert shop.control.counters()["effects"] == {}


# --- guests ---------------------------------------------------------------------------------------


def _order(number: int, email: str | None, **more):
    order = {
        "id": f"ord_{number:06d}",
        "customer_id": None,
        "guest": {"name": f"Guest {number}", "email": email, "phone": None},
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }
    return with_guest_key(order | more)


def test_guests_come_with_their_orders(shop) -> None:
    orders = [o for page in shop.pages("Order") for o in page.records]
    guests = {g["key"] for page in shop.pages("Order") for g in page.derived["Guest"]}
    assert guests == {o["guest_key"] for o in orders if o["guest_key"]}
    assert all(o["guest_key"] is None for o in orders if o["customer_id"])
    assert any("@" in key for key in guests)
    assert any(key.startswith("ord_") for key in guests)


def test_of_one_guests_orders_the_latest_speaks() -> None:
    orders = [_order(n, "A@x.no") for n in (2, 9, 5)]
    (guest,) = guests_in(orders)
    assert (guest["key"], guest["name"]) == ("a@x.no", "Guest 9")


def test_version_of_a_guest_grows_with_order_and_edit() -> None:
    early = _order(3, "a@x.no")
    edited = _order(3, "a@x.no", updated_at="2026-05-01T00:00:00Z")
    later = _order(4, "a@x.no")
    next_day = _order(1, "a@x.no", created_at="2026-01-02T00:00:00Z")
    versions = [int(guests_in([o])[0]["version"]) for o in (early, edited, later, next_day)]
    assert versions == sorted(set(versions))


def test_guest_without_email_is_the_orders_own() -> None:
    (guest,) = guests_in([_order(7, " ")])
    assert guest["key"] == "ord_000007"


def test_guest_key_is_known_on_every_way_in_and_never_sent(shop) -> None:
    guest = {"name": "G", "email": "G@x.no"}
    made = shop.write("create", "Order", body={"guest": guest, "guest_key": "never"}).record
    assert made["guest_key"] == "g@x.no"
    assert shop.get("Order", made["id"])[made["id"]] == made
    assert shop.find("Order", "number", made["number"]) == [made]
    assert made in shop.pages("Order")[-1].records
    done = shop.write(
        "update", "Order", id=made["id"], body={"guest_key": "never", "title": "T"}, key="k-2"
    )
    assert (done.record["guest_key"], done.record["title"]) == ("g@x.no", "T")
    assert all("guest_key" not in order for order in shop.control.dump("orders"))


def test_codec_sees_every_record(shop) -> None:
    class Upper:
        """A server with names in capitals."""

        def decode(self, entity, record, /):
            return {**record, "seen": entity}

        def encode(self, _entity, body, /):
            return {name.lower(): value for name, value in body.items()}

    client = shop.http.client(shop.settings.base_url, auth=shop.session.client._client.auth)
    api = Api(client, shop.settings, Upper())
    page = next(api.read("Customer", None))
    assert {r["seen"] for r in page.records} == {"Customer"}
    id_ = page.records[0]["id"]
    assert api.get("Customer", [id_, "cus_999999"])[id_]["seen"] == "Customer"
    shop.session = shop.session.__class__(shop.session.account, api)
    made = shop.write("create", "Customer", body={"NAME": "A"}).record
    assert (made["name"], made["seen"]) == ("A", "Customer")
