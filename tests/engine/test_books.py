"""Wave beside shop and ERP: references first, numbers that systems assign, what it cannot say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from talk_wave.simulator_business import record_id

from talk_sdk.testing.faults import Fault, FaultKind
from talk_sdk.testing.neutral import World
from talk_sdk.testing.workbench import Workbench

THREE = {"shop": "customwebshop", "erp": "customerp", "books": "wave"}
TWO = {"shop": "customwebshop", "books": "wave"}
EMPTY = World((), (), ())


class Bench(Workbench):
    """Shop, ERP and books, with the few words that these tests need."""

    def sync(self, **parts: Any) -> Any:
        self.clock.advance(90)
        with self.runner(**parts) as runner:
            return runner.sync(approve=True)

    def settle(self, most: int = 4) -> int:
        for runs in range(most + 1):
            self.reset()
            self.sync()
            if not any(self.writes().values()):
                return runs
        raise AssertionError(f"still writing after {most} runs: {self.writes()}")

    def status(self) -> Any:
        with self.runner() as runner:
            return runner.status()

    def rows(self, system: str, collection: str) -> list[dict[str, Any]]:
        """Its records, without the two products that only stand for what is none."""
        technical = {"Diverse", "Frakt"}
        return [r for r in self.control(system).dump(collection) if r.get("name") not in technical]

    def only(self, system: str, collection: str) -> dict[str, Any]:
        (row,) = self.rows(system, collection)
        return row


@pytest.fixture
def make(tmp_path: Path, database: Any) -> Callable[..., Bench]:
    def build(systems: Any = THREE, **parts: Any) -> Bench:
        bench = Bench(tmp_path, parts.pop("world", EMPTY), systems, **parts)
        bench.source["store"] = {"url": database.url}
        return bench

    return build


@pytest.fixture
def bench(make: Callable[..., Bench]) -> Bench:
    return make()


def order(bench: Bench, **more: Any) -> str:
    """A new customer orders a new product in the shop, with a freight and a line of free text."""
    shop = bench.control("shop")
    number = len(shop.dump("customers")) or ""
    buyer = shop.create(
        "customers",
        {
            "name": f"Kari{number}",
            "email": f"kari{number}@example.no",
            "billing": {"country": "NO"},
        },
    )
    title = f"Stol{number}"
    product = shop.create("products", {"sku": f"S-1{number}", "title": title, "price": "125.50"})
    lines = [
        {"product_id": product, "text": "Stol", "quantity": "2", "unit_price": "125.50"},
        {"text": "Montering", "quantity": "1", "unit_price": "300.00"},
    ]
    return shop.create(
        "orders",
        {"customer_id": buyer, "currency": "NOK", "status": "open", "shipping_price": "99.00",
         "lines": lines, **more},
    )  # fmt: skip


def sold(bench: Bench, system: str, name: str) -> None:
    """A product that somebody adds in Wave."""
    account = {"id": bench.twins[system].settings["income_account"]}
    record = {"name": name, "unitPrice": "1", "incomeAccount": account}
    bench.control(system).create("products", record)


# --- references, numbers --------------------------------------------------------------------------


def test_an_order_takes_its_customer_and_products_along_in_one_run(bench: Bench) -> None:
    order(bench)
    report = bench.sync()
    assert report.outcome == "done"
    customer, product = bench.only("books", "customers"), bench.only("books", "products")
    invoice = bench.only("books", "invoices")
    assert invoice["customer"]["id"] == customer["id"]
    names = {p["id"]: p["name"] for p in bench.control("books").dump("products")}
    assert [(names[i["product"]["id"]], i["quantity"], i["unitPrice"]) for i in invoice["items"]] \
        == [("Stol", "2", "125.5"), ("Diverse", "1", "300"), ("Frakt", "1", "99")]  # fmt: skip
    assert product["name"] == "Stol"
    assert bench.settle() == 0


def test_numbers_that_the_erp_assigns_are_on_what_wave_creates_in_the_same_run(
    bench: Bench,
) -> None:
    order(bench)
    bench.sync()
    erp, shop = bench.only("erp", "orders"), bench.only("shop", "orders")
    invoice = bench.only("books", "invoices")
    assert erp["orderNo"] == shop["invoice_no"]
    assert invoice["poNumber"] == shop["number"] == erp["shopOrderNo"]
    number = bench.only("erp", "customers")["customerNo"]
    assert bench.only("books", "customers")["displayId"] == number
    assert bench.only("shop", "customers")["account_number"] == number
    writes = bench.control("books").counters()["effects"]
    assert writes == {"customers": {"create": 1}, "products": {"create": 1},
                      "invoices": {"create": 1}}  # fmt: skip


def test_the_number_that_wave_assigns_reaches_the_shop_in_the_same_run(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    order(bench)
    bench.sync()
    assert (
        bench.only("shop", "orders")["invoice_no"]
        == bench.only("books", "invoices")["invoiceNumber"]
    )
    assert bench.settle() == 0


def test_an_invoice_number_that_somebody_typed_is_waves_number(make: Callable[..., Bench]) -> None:
    bench = make(TWO)
    ident = order(bench, invoice_no="R-1")
    bench.settle()
    assert bench.only("books", "invoices")["invoiceNumber"] == "R-1"
    bench.control("shop").edit("orders", ident, {"invoice_no": "R-2"})
    bench.settle()
    assert bench.only("books", "invoices")["invoiceNumber"] == "R-2"


def test_numbers_of_the_erp_never_take_those_of_wave(bench: Bench) -> None:
    """Wave's next number is the largest and one: the ERP's would lead it into its own range."""
    books = bench.control("books")
    for _ in range(3):
        order(bench)
        bench.settle()
        customer = bench.rows("books", "customers")[0]["id"]
        books.create("invoices", {"customer": {"id": customer}, "status": "SAVED", "items": []})
        bench.settle()
    assert len(bench.rows("books", "invoices")) == len(bench.rows("erp", "orders")) == 6
    own = {i["invoiceNumber"] for i in bench.rows("books", "invoices")}
    assert len(own) == 6
    assert not own & {o["orderNo"] for o in bench.rows("erp", "orders")}


def test_two_systems_that_number_by_themselves_keep_their_numbers(
    make: Callable[..., Bench],
) -> None:
    """The same order in both at the start: no number is written over, and it is no conflict."""
    bench = make({"erp": "customerp", "books": "wave"})
    erp, books = bench.control("erp"), bench.control("books")
    buyer = erp.create("customers", {"name": "Kari", "email": "kari@example.no"})
    erp.create("orders", {"customerId": int(buyer), "shopOrderNo": "S-7", "lines": []})
    there = books.create("customers", {"name": "Kari", "email": "kari@example.no"})
    books.create(
        "invoices",
        {"customer": {"id": there}, "poNumber": "S-7", "status": "SAVED", "items": []},
    )
    before = (bench.only("erp", "orders")["orderNo"], bench.only("books", "invoices"))
    bench.settle()
    after = bench.only("books", "invoices")
    assert (bench.only("erp", "orders")["orderNo"], after["invoiceNumber"]) \
        == (before[0], before[1]["invoiceNumber"])  # fmt: skip
    assert before[0] != before[1]["invoiceNumber"]
    assert bench.status().conflicts == []
    books.edit("invoices", after["id"], {"invoiceNumber": "R-2026-1"})
    assert bench.settle() == 0
    assert bench.status().conflicts == []


# --- what Wave cannot say -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lacks", "words"),
    [("line_product", "line_product"), ("shipping_product", "shipping_product")],
)
def test_an_order_waits_for_a_setting_that_it_needs_and_goes_through_then(
    make: Callable[..., Bench], lacks: str, words: str
) -> None:
    bench = make(TWO)
    del bench.source["systems"]["books"][lacks]
    order(bench)
    report = bench.sync()
    assert report.outcome == "open"
    assert bench.rows("books", "invoices") == []
    (parked,) = bench.status().parked
    assert words in parked.reason
    assert (parked.system, parked.entity) == ("books", "Invoice")
    bench.source["systems"]["books"][lacks] = bench.twins["books"].settings[lacks]
    assert bench.sync().outcome == "done"
    assert len(bench.rows("books", "invoices")) == 1
    assert bench.settle() == 0


def test_a_cancelled_order_gets_no_invoice_and_one_that_is_cancelled_keeps_its_own(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    ident = order(bench, status="cancelled")
    report = bench.sync()
    assert report.outcome == "done"
    assert [(d.property, d.entity) for d in report.drift] == [("status", "Invoice")]
    assert bench.rows("books", "invoices") == []
    assert bench.sync().drift == ()  # said once
    bench.control("shop").edit("orders", ident, {"status": "open"})
    bench.settle()
    bench.control("shop").edit("orders", ident, {"status": "cancelled", "note": "Angret"})
    drift = bench.sync().drift
    assert [(d.property, d.reason[:30]) for d in drift] == [
        ("status", "Invoice.status cannot hold 'ca"),
    ]
    invoice = bench.only("books", "invoices")
    assert (invoice["status"], invoice["memo"]) == ("SAVED", "Angret")
    assert bench.settle() == 0


def test_a_draft_becomes_an_invoice_and_never_a_draft_again(make: Callable[..., Bench]) -> None:
    bench = make(TWO)
    ident = order(bench, status="draft")
    bench.sync()
    assert bench.only("books", "invoices")["status"] == "DRAFT"
    bench.control("shop").edit("orders", ident, {"status": "completed"})
    bench.settle()
    assert bench.only("books", "invoices")["status"] == "SAVED"
    assert bench.only("shop", "orders")["status"] == "completed"
    bench.control("shop").edit("orders", ident, {"status": "draft"})
    (drift,) = bench.sync().drift
    assert (drift.property, drift.reason) == ("status", "the API keeps it at 'open'")
    assert bench.settle() == 0
    assert bench.only("shop", "orders")["status"] == "draft"


def test_a_product_is_archived_and_cannot_come_back(make: Callable[..., Bench]) -> None:
    bench = make(TWO)
    shop = bench.control("shop")
    ident = shop.create("products", {"sku": "S-1", "title": "Stol", "price": "10.00"})
    bench.settle()
    shop.edit("products", ident, {"published": False, "title": "Stol, utgått"})
    bench.settle()
    product = bench.only("books", "products")
    assert (product["isArchived"], product["name"]) == (True, "Stol, utgått")
    shop.edit("products", ident, {"published": True})
    (drift,) = bench.sync().drift
    assert (drift.property, drift.reason) == ("active", "the API keeps it at False")
    assert bench.settle() == 0


def test_a_product_that_only_wave_refuses_parks_just_its_orders(bench: Bench) -> None:
    bench.faults["books"].switch("unique_product_names", True)
    order(bench)
    bench.settle()
    shop = bench.control("shop")
    other = shop.create("products", {"sku": "S-2", "title": "Stol", "price": "1.00"})
    buyer = bench.only("shop", "customers")["id"]
    line = {"product_id": other, "text": "Stol", "quantity": "1", "unit_price": "1.00"}
    shop.create("orders", {"customer_id": buyer, "status": "open", "lines": [line]})
    shop.create("orders", {"customer_id": buyer, "status": "open", "lines": []})
    report = bench.sync()
    assert report.outcome == "open"
    status = bench.status()
    (refused,), (parked,) = status.dead_letters, status.parked
    assert (refused.system, refused.entity) == ("books", "Product")
    assert "name" in refused.reason
    assert refused.id in parked.reason
    assert (len(bench.rows("erp", "orders")), len(bench.rows("books", "invoices"))) == (3, 2)
    shop.edit("products", other, {"title": "Krakk"})
    bench.settle()
    assert len(bench.rows("books", "invoices")) == 3
    assert bench.status().open == {}


# --- groups that are written as a whole -----------------------------------------------------------


def customer(bench: Bench, **billing: Any) -> str:
    address = {"address1": "Storgata 1", "zip": "7011", "city": "Trondheim", "country": "NO"}
    return bench.control("shop").create(
        "customers",
        {"name": "Ola", "email": "ola@example.no", "billing": {**address, **billing}},
    )


@pytest.mark.parametrize("merges", [False, True])
def test_an_edit_of_one_part_of_an_address_erases_no_other(
    make: Callable[..., Bench], merges: bool
) -> None:
    bench = make(TWO)
    bench.faults["books"].switch("address_merges", merges)
    ident = customer(bench, state="Trøndelag")
    bench.settle()
    books = bench.control("books")
    there = bench.only("books", "customers")
    assert there["address"]["province"] == {"code": "NO-50"}
    books.edit("customers", there["id"], {"address": {"addressLine2": "Bakgården"}})
    bench.control("shop").edit("customers", ident, {"billing": {"city": "Oslo"}})
    bench.settle()
    address = bench.only("books", "customers")["address"]
    assert (address["city"], address["addressLine1"], address["addressLine2"]) \
        == ("Oslo", "Storgata 1", "Bakgården")  # fmt: skip
    assert bench.only("shop", "customers")["billing"]["address2"] == "Bakgården"
    assert bench.only("shop", "customers")["billing"]["state"] == "Trøndelag"


def test_a_province_goes_when_the_country_changes_and_nothing_comes_back(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    ident = customer(bench, state="NO-50")
    bench.settle()
    bench.control("shop").edit("customers", ident, {"billing": {"country": "SE"}})
    assert bench.sync().outcome == "done"
    address = bench.only("books", "customers")["address"]
    assert (address["country"], address["province"]) == ({"code": "SE"}, None)
    assert bench.settle() == 0
    assert bench.only("shop", "customers")["billing"]["state"] == "NO-50"
    bench.control("shop").edit("customers", ident, {"billing": {"country": "NO"}})
    bench.settle()
    assert bench.only("books", "customers")["address"]["province"] == {"code": "NO-50"}


def test_a_province_comes_to_wave_when_its_own_users_set_the_country_it_belongs_to(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    ident = customer(bench, state="NO-50")
    bench.settle()
    bench.control("shop").edit("customers", ident, {"billing": {"country": "SE"}})
    bench.settle()
    there = bench.only("books", "customers")
    address = {**there["address"], "country": {"code": "NO"}}
    bench.control("books").edit("customers", there["id"], {"address": address})
    bench.settle()
    assert bench.only("books", "customers")["address"]["province"] == {"code": "NO-50"}
    assert bench.only("shop", "customers")["billing"]["country"] == "NO"


def test_a_text_that_is_taken_out_of_a_line_is_not_replaced_by_the_products(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    ident = order(bench)
    bench.settle()
    stool = bench.only("books", "products")["id"]
    bench.control("books").edit("products", stool, {"description": "A stool"})
    lines = [{**x, "text": None} for x in bench.only("shop", "orders")["lines"]]
    bench.control("shop").edit("orders", ident, {"lines": lines})
    bench.settle()
    texts = {i["description"] for i in bench.only("books", "invoices")["items"][:2]}
    assert texts <= {None, ""}
    assert {x["text"] for x in bench.only("shop", "orders")["lines"]} == {None}


def test_shipping_on_two_items_stays_on_two_while_other_lines_change(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    ident = order(bench)
    bench.settle()
    invoice = bench.only("books", "invoices")
    *goods, freight = invoice["items"]
    two = [{**freight, "unitPrice": price} for price in ("60", "39")]
    bench.control("books").edit("invoices", invoice["id"], {"items": [*goods, *two]})
    lines = [{**x, "quantity": "5"} for x in bench.only("shop", "orders")["lines"]]
    bench.control("shop").edit("orders", ident, {"lines": lines})
    bench.settle()
    items = bench.only("books", "invoices")["items"]
    assert [(i["quantity"], i["unitPrice"]) for i in items[2:]] == [("1", "60"), ("1", "39")]
    assert [i["quantity"] for i in items[:2]] == ["5", "5"]


def test_a_discount_in_money_is_not_overwritten_by_a_percentage(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    ident = order(bench, discount_percent="5.00")
    bench.settle()
    invoice = bench.only("books", "invoices")
    fixed = {"discountType": "FIXED", "amount": "50", "percentage": None}
    bench.control("books").edit("invoices", invoice["id"], {"discounts": [fixed]})
    bench.settle()
    bench.control("shop").edit("orders", ident, {"discount_percent": "10.00", "note": "now"})
    bench.settle()
    there = bench.only("books", "invoices")
    assert [d["percentage"] for d in there["discounts"]] == [None]
    assert there["memo"] == "now"
    (refused,) = bench.status().dead_letters
    assert "discount" in refused.reason


@pytest.mark.parametrize("null_clears", [True, False])
def test_the_last_part_of_an_address_goes_or_is_listed(
    make: Callable[..., Bench], null_clears: bool
) -> None:
    bench = make(TWO)
    bench.faults["books"].switch("null_clears", null_clears)
    shop = bench.control("shop")
    ident = shop.create("customers", {"name": "Ola", "billing": {"city": "Oslo"}})
    bench.settle()
    shop.edit("customers", ident, {"billing": {"city": None}})
    bench.settle()
    assert len(bench.status().dead_letters) == (not null_clears)
    address = bench.only("books", "customers")["address"] or {}
    assert address.get("city") == (None if null_clears else "Oslo")


def test_a_province_typed_while_another_country_was_on_its_way_reaches_the_shop(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    ident = customer(bench)
    bench.settle()
    bench.control("shop").edit("customers", ident, {"billing": {"country": "SE"}})
    there = bench.only("books", "customers")
    address = {**there["address"], "province": {"code": "NO-50"}}
    reads = 0

    def seen(call: Any) -> None:
        nonlocal reads
        reads += call.method == "GET" and "customers" in call.path
        if reads == 2:
            bench.control("books").edit("customers", there["id"], {"address": address})
            reads += 1

    bench.faults["books"].on_request = seen
    bench.sync()
    bench.settle()
    assert reads > 2
    assert bench.only("shop", "customers")["billing"]["state"] == "NO-50"
    assert bench.only("books", "customers")["address"]["country"] == {"code": "SE"}


@pytest.mark.parametrize("null_clears", [True, False])
def test_clearing_travels_whether_null_or_an_empty_text_clears(
    make: Callable[..., Bench], null_clears: bool
) -> None:
    bench = make(TWO)
    bench.faults["books"].switch("null_clears", null_clears)
    ident = customer(bench)
    bench.control("shop").edit("customers", ident, {"phone": "22 33 44 55", "note": "Hei"})
    bench.settle()
    assert bench.only("books", "customers")["internalNotes"] == "Hei"
    empty = {"phone": None, "note": None, "billing": {"address1": None}}
    bench.control("shop").edit("customers", ident, empty)
    bench.settle()
    there = bench.only("books", "customers")
    assert not there["phone"]
    assert not there["internalNotes"]
    assert not there["address"]["addressLine1"]
    assert there["address"]["city"] == "Trondheim"
    assert bench.only("shop", "customers")["note"] is None


def test_a_line_edited_in_the_shop_keeps_the_taxes_and_the_freight_of_the_invoice(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    ident = order(bench)
    bench.settle()
    books, invoice = bench.control("books"), bench.only("books", "invoices")
    tax = record_id("SalesTax", 1)
    items = [{**item, "taxes": [{"salesTax": {"id": tax}}]} for item in invoice["items"]]
    books.edit("invoices", invoice["id"], {"items": items})
    bench.settle()
    lines = [dict(line) for line in bench.only("shop", "orders")["lines"]]
    lines[0]["quantity"] = "5"
    bench.control("shop").edit("orders", ident, {"lines": lines})
    bench.settle()
    after = bench.only("books", "invoices")["items"]
    assert [item["quantity"] for item in after] == ["5", "1", "1"]
    assert [item["taxes"] for item in after] == [[{"salesTax": {"id": tax}}]] * 3
    bench.control("shop").edit("orders", ident, {"shipping_price": "0.00"})
    bench.settle()
    assert [i["quantity"] for i in bench.only("books", "invoices")["items"]] == ["5", "1"]


# --- matching by name -----------------------------------------------------------------------------


def test_products_match_by_name_with_wave_and_not_among_those_that_have_numbers(
    bench: Bench,
) -> None:
    bench.control("shop").create("products", {"sku": "A", "title": "Kaffe", "price": "1.00"})
    bench.control("erp").create("products", {"articleNo": "B", "description": "Kaffe"})
    bench.control("shop").create("products", {"sku": "C", "title": "Te", "price": "2.00"})
    sold(bench, "books", "te")
    bench.sync()
    assert sorted(p["sku"] for p in bench.rows("shop", "products")) == ["A", "B", "C"]
    assert len([p for p in bench.rows("books", "products") if p["name"].casefold() == "te"]) == 1


def test_a_product_that_was_archived_after_its_lost_create_leaves_the_shop(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    bench.control("shop").create("products", {"title": "Stol", "price": "1.00"})
    lost = Fault(kind="drop_after", method="POST", path="products", times=1)
    bench.faults["books"].plan([lost])
    bench.sync()
    stool = bench.only("books", "products")["id"]
    bench.clock.advance(600)
    bench.control("books").edit("products", stool, {"isArchived": True})
    bench.settle()
    assert bench.only("shop", "products")["published"] is False
    assert bench.settle() == 0


def test_a_product_that_goes_on_sale_again_while_all_are_read_is_not_made_twice(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    sold(bench, "books", "Stol")
    books = bench.control("books")
    stool = bench.only("books", "products")["id"]
    books.edit("products", stool, {"isArchived": True})
    bench.control("shop").create("products", {"title": "Stol", "price": "1.00"})
    reads = 0

    def seen(call: Any) -> None:
        nonlocal reads
        reads += call.method == "GET" and call.path.endswith("products")
        if reads == 2:
            books.edit("products", stool, {"isArchived": False})
            reads += 1

    bench.faults["books"].on_request = seen
    bench.settle()
    assert len(bench.rows("books", "products")) == 1


def test_a_name_that_several_products_have_is_asked_about(bench: Bench) -> None:
    bench.control("shop").create("products", {"sku": "A", "title": "Kaffe", "price": "1.00"})
    bench.control("shop").create("products", {"sku": "B", "title": "Kaffe", "price": "1.00"})
    sold(bench, "books", "Kaffe")
    for _ in range(2):
        bench.sync()
    (review,) = bench.status().reviews
    assert (review.system, review.entity) == ("books", "Product")
    assert "name" in review.reason
    assert len(bench.rows("books", "products")) == 1
    assert len(bench.rows("erp", "products")) == 2


def test_a_name_that_the_erp_has_cut_is_still_the_products_name(bench: Bench) -> None:
    long = "Kontorstol med høy rygg, justerbare armlener og nakkestøtte i skinn"
    bench.control("shop").create("products", {"sku": "A", "title": long, "price": "1.00"})
    bench.settle()
    bench.control("books").delete("products", bench.only("books", "products")["id"])
    bench.source["systems"]["second"] = {**bench.source["systems"]["books"]}
    del bench.source["systems"]["books"]
    bench.twins["second"] = bench.twins.pop("books")
    bench.faults["second"] = bench.faults.pop("books")
    sold(bench, "second", long)
    bench.settle()
    assert len(bench.rows("second", "products")) == 1
    assert bench.status().open == {}


def test_a_name_that_one_system_is_never_told_does_not_keep_another_from_matching_by_it(
    bench: Bench,
) -> None:
    shop = bench.control("shop")
    ident = shop.create("products", {"sku": "A", "title": "Stol", "price": "1.00"})
    bench.faults["books"].plan([Fault(kind="server_error", times=500)])
    bench.sync()
    bench.source["systems"]["erp"]["entities"] = {"Product": {"update": False}}
    shop.edit("products", ident, {"title": "Krakk"})
    bench.sync()
    bench.faults["books"].plan([])
    sold(bench, "books", "Krakk")
    bench.settle()
    assert bench.only("erp", "products")["description"] == "Stol"
    assert len(bench.rows("books", "products")) == 1
    assert bench.status().open == {}


# --- doubt ----------------------------------------------------------------------------------------


KINDS: list[FaultKind] = ["drop_after", "drop_before", "timeout", "malformed"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("collection", ["customers", "products", "invoices"])
@pytest.mark.parametrize("systems", [TWO, THREE], ids=["two", "three"])
def test_a_create_in_wave_whose_answer_is_lost_is_made_once(
    make: Callable[..., Bench], systems: Any, collection: str, kind: FaultKind
) -> None:
    bench = make(systems)
    order(bench)
    bench.faults["books"].plan([Fault(kind=kind, method="POST", path=collection, times=1)])
    bench.sync()
    bench.settle()
    assert [len(bench.rows("books", c)) for c in ("customers", "products", "invoices")] \
        == [1, 1, 1]  # fmt: skip
    assert bench.status().open == {}


def test_a_product_whose_name_another_has_and_whose_create_was_lost_goes_to_review(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    shop = bench.control("shop")
    for sku in ("A", "B"):
        shop.create("products", {"sku": sku, "title": "Kaffe", "price": "1.00"})
    bench.faults["books"].plan([Fault(kind="drop_after", method="POST", path="products", times=1)])
    bench.sync()
    for _ in range(3):
        bench.sync()
    assert len(bench.rows("books", "products")) <= 2
    assert len(bench.rows("shop", "products")) == 2
    # The record that could be the lost one waits for the answer (rule M6).
    assert bench.status().open == {"reviews": 1, "parked": 1}


def test_an_invoice_that_somebody_wrote_meanwhile_is_not_taken_for_the_lost_one(
    make: Callable[..., Bench],
) -> None:
    """Another order number is another invoice; it comes in as an order of its own."""
    bench = make(TWO)
    order(bench)
    bench.settle()
    shop, books = bench.control("shop"), bench.control("books")
    buyer, there = bench.only("shop", "customers")["id"], bench.only("books", "customers")["id"]
    shop.create("orders", {"customer_id": buyer, "status": "open", "lines": []})
    bench.faults["books"].plan([Fault(kind="drop_before", method="POST", path="invoices", times=1)])
    bench.sync()
    books.create("invoices", {"customer": {"id": there}, "poNumber": "X-9", "items": []})
    bench.settle()
    assert len(bench.rows("books", "invoices")) == 3
    assert len(bench.rows("shop", "orders")) == 3
    assert bench.status().open == {}


def test_what_was_typed_into_a_lost_create_and_was_sent_differently_is_listed(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    customer(bench)
    bench.faults["books"].plan([Fault(kind="drop_after", method="POST", path="customers", times=1)])
    bench.sync()
    there = bench.only("books", "customers")
    bench.control("books").edit("customers", there["id"], {"name": "Ola Hansen", "mobile": "1"})
    bench.settle()
    assert bench.only("shop", "customers")["mobile"] == "1"
    assert bench.only("shop", "customers")["name"] == "Ola"
    assert bench.only("books", "customers")["name"] == "Ola"
    (conflict,) = bench.status().conflicts
    assert conflict.reason.startswith("name: the value typed while a write was in doubt")


def test_anothers_invoice_of_the_same_number_is_not_taken_for_the_lost_one(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    order(bench)
    bench.settle()
    shop, books = bench.control("shop"), bench.control("books")
    other = books.create("customers", {"name": "Per AS", "email": "per@example.no"})
    bench.settle()
    kari = next(c["id"] for c in shop.dump("customers") if c["name"] == "Kari")
    ours = shop.create(
        "orders", {"customer_id": kari, "status": "open", "lines": [], "note": "ours"}
    )
    number = next(o["number"] for o in shop.dump("orders") if o["id"] == ours)
    lost = Fault(kind="drop_before", method="POST", path="invoices", times=1)
    bench.faults["books"].plan([lost])
    bench.sync()
    pers = books.create(
        "invoices",
        {"customer": {"id": other}, "poNumber": number, "memo": "Per's own", "items": []},
    )
    for _ in range(3):
        bench.sync()
    found = {i["id"]: i for i in bench.rows("books", "invoices")}
    assert (found[pers]["customer"]["id"], found[pers]["memo"]) == (other, "Per's own")
    mine = [i for i in found.values() if i["memo"] == "ours"]
    assert [i["poNumber"] for i in mine] == [number]
    assert mine[0]["customer"]["id"] != other


@pytest.mark.parametrize("kind", ["rate_limit", "expired_token"])
def test_a_product_whose_archive_fails_after_its_create_is_not_published_again(
    make: Callable[..., Bench], kind: FaultKind
) -> None:
    bench = make(TWO)
    bench.control("shop").create(
        "products", {"sku": "A", "title": "Kaffe", "price": "1.00", "published": False}
    )
    times = 8 if kind == "rate_limit" else 1
    bench.faults["books"].plan([Fault(kind=kind, method="PATCH", path="products", times=times)])
    for _ in range(4):
        bench.sync()
    assert bench.only("books", "products")["isArchived"]
    assert not bench.only("shop", "products")["published"]


def test_what_cannot_be_said_is_reported_though_numbers_had_the_run_plan_twice(
    bench: Bench,
) -> None:
    order(bench, status="cancelled")
    report = bench.sync()
    assert [(d.system, d.property) for d in report.drift] == [("books", "status")]


def test_a_shipping_product_that_is_named_later_has_the_freight_said(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    product = bench.source["systems"]["books"].pop("shipping_product")
    placed = order(bench, shipping_price="0.00")
    bench.settle()
    bench.control("shop").edit("orders", placed, {"shipping_price": "99.00"})
    assert [d.property for d in bench.sync().drift] == ["shipping"]
    bench.source["systems"]["books"]["shipping_product"] = product
    bench.settle()
    items = bench.only("books", "invoices")["items"]
    assert [i["unitPrice"] for i in items if i["product"]["id"] == product] == ["99"]


@pytest.mark.parametrize("typed", [None, "PO-99"])
def test_a_lost_invoice_whose_number_was_edited_meanwhile_is_not_made_twice(
    make: Callable[..., Bench], typed: str | None
) -> None:
    bench = make(TWO)
    order(bench)
    bench.settle()
    shop, books = bench.control("shop"), bench.control("books")
    buyer = bench.only("shop", "customers")["id"]
    shop.create(
        "orders", {"customer_id": buyer, "status": "open", "lines": [], "note": "the second"}
    )
    lost = Fault(kind="drop_after", method="POST", path="invoices", times=1)
    bench.faults["books"].plan([lost])
    bench.sync()
    there = next(i for i in bench.rows("books", "invoices") if i["memo"] == "the second")
    bench.clock.advance(30)
    books.edit("invoices", there["id"], {"poNumber": typed})
    for _ in range(3):
        bench.sync()
    assert len(bench.rows("books", "invoices")) == 2
    assert bench.status().open["reviews"] == 1


def test_a_line_taken_out_before_its_discount_was_changed_stays_though_wave_was_read_late(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    order(bench)
    bench.settle()
    shop, books = bench.control("shop"), bench.control("books")
    invoice, there = bench.only("books", "invoices"), bench.only("shop", "orders")
    kept = [i for i in invoice["items"] if i["unitPrice"] != "300"]
    books.edit("invoices", invoice["id"], {"items": kept})
    bench.clock.advance(600)
    lines = [{**x, "discount_percent": "10.00"} if x["text"] == "Montering" else x
             for x in there["lines"]]  # fmt: skip
    shop.edit("orders", there["id"], {"lines": lines})
    unread = Fault(kind="server_error", method="GET", path="invoices", times=50)
    bench.faults["books"].plan([unread])
    bench.sync()
    bench.faults["books"].plan([])
    bench.settle()
    assert len(bench.only("shop", "orders")["lines"]) == 2
    assert [c.reason for c in bench.status().conflicts] == [
        "existence: edited elsewhere and deleted here: kept"
    ]


def test_a_line_that_came_back_is_one_with_what_a_newly_linked_system_has(
    make: Callable[..., Bench],
) -> None:
    bench = make({"books": "wave", "erp": "customerp", "shop": "customwebshop"})
    order(bench)
    shop, erp, books = bench.control("shop"), bench.control("erp"), bench.control("books")
    there = bench.only("shop", "orders")
    buyer = erp.create("customers", {"name": "Kari", "email": "kari@example.no"})
    product = erp.create("products", {"description": "Stol", "articleNo": "S-1", "price": 125.5})
    line = {"productId": int(product), "text": "Stol", "qty": 2, "price": 125.5}
    fields = {"customerId": int(buyer), "shopOrderNo": there["number"], "lines": [line]}
    erp.create("orders", fields)
    unread = Fault(kind="server_error", method="GET", path="orders", times=50)
    bench.faults["erp"].plan([unread])
    bench.sync()
    bench.sync()
    invoice, there = bench.only("books", "invoices"), bench.only("shop", "orders")
    kept = [i for i in invoice["items"] if i["unitPrice"] != "125.5"]
    books.edit("invoices", invoice["id"], {"items": kept})
    lines = [{**x, "quantity": "7"} if x["text"] == "Stol" else x for x in there["lines"]]
    shop.edit("orders", there["id"], {"lines": lines})
    bench.faults["erp"].plan([])
    bench.settle()
    assert sorted(x["text"] for x in bench.only("shop", "orders")["lines"]) == ["Montering", "Stol"]
    assert len(bench.only("erp", "orders")["lines"]) == 2


def test_a_line_that_was_added_when_the_answer_was_lost_goes_with_its_source(
    make: Callable[..., Bench],
) -> None:
    bench = make({"books": "wave", "shop": "customwebshop"})
    order(bench)
    bench.settle()
    invoice = bench.only("books", "invoices")
    odd = {**invoice["items"][0], "description": "Pute", "unitPrice": "3.125"}
    bench.control("books").edit("invoices", invoice["id"], {"items": [*invoice["items"], odd]})
    lost = Fault(kind="drop_after", method="PATCH", path="orders", times=1)
    bench.faults["shop"].plan([lost])
    bench.sync()
    assert len(bench.only("shop", "orders")["lines"]) == 3
    bench.control("books").edit("invoices", invoice["id"], {"items": invoice["items"]})
    bench.settle()
    assert len(bench.only("shop", "orders")["lines"]) == 2
    assert len(bench.only("books", "invoices")["items"]) == 3


def test_what_wave_refuses_of_a_customer_holds_nothing_else_back(bench: Bench) -> None:
    order(bench)
    bench.settle()
    shop = bench.control("shop")
    kari = bench.only("shop", "customers")["id"]
    shop.edit("customers", kari, {"currency": "SEK", "phone": "+4722000001", "first_name": "K"})
    bench.settle()
    shop.edit("customers", kari, {"note": "likes stools"})
    bench.settle()
    there = bench.only("books", "customers")
    assert (there["phone"], there["firstName"]) == ("+4722000001", "K")
    assert there["internalNotes"] == "likes stools"
    (refused,) = bench.status().dead_letters
    assert "currency" in refused.reason.casefold()
    shop.edit("customers", kari, {"currency": None})
    bench.settle()
    assert not bench.status().dead_letters


def test_what_was_typed_into_a_lost_create_is_as_old_as_its_record_says(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    shop, books = bench.control("shop"), bench.control("books")
    kari = shop.create("customers", {"name": "Kari", "email": "kari@example.no"})
    lost = Fault(kind="drop_after", method="POST", path="customers", times=1)
    bench.faults["books"].plan([lost])
    bench.sync()
    bench.clock.advance(600)
    books.edit("customers", bench.only("books", "customers")["id"], {"internalNotes": "the older"})
    bench.clock.advance(600)
    shop.edit("customers", kari, {"note": "the newer"})
    bench.settle()
    assert bench.only("books", "customers")["internalNotes"] == "the newer"
    assert bench.only("shop", "customers")["note"] == "the newer"


def test_a_number_typed_into_a_lost_invoice_is_listed_beside_the_one_that_was_sent(
    make: Callable[..., Bench],
) -> None:
    bench = make(TWO)
    order(bench, invoice_no="A-1")
    lost = Fault(kind="drop_after", method="POST", path="invoices", times=1)
    bench.faults["books"].plan([lost])
    bench.sync()
    invoice = bench.only("books", "invoices")
    bench.clock.advance(600)
    bench.control("books").edit("invoices", invoice["id"], {"invoiceNumber": "B-2"})
    bench.settle()
    assert bench.only("books", "invoices")["invoiceNumber"] == "B-2"
    assert bench.only("shop", "orders")["invoice_no"] == "A-1"
    assert any("invoice_number" in item.reason for item in bench.status().conflicts)
    assert bench.settle() == 0


def test_an_edit_that_is_taken_back_while_another_is_written_is_no_question_any_more(
    make: Callable[..., Bench],
) -> None:
    """The answer to the write shows it, and no read before."""
    bench = make(TWO, config={"conflicts": {"default": "ask"}})
    shop, books = bench.control("shop"), bench.control("books")
    person = {"name": "Kari", "email": "k@example.no", "billing": {"country": "NO"}}
    here = shop.create("customers", person)
    bench.settle()
    there = bench.only("books", "customers")["id"]
    shop.edit("customers", here, {"note": "from the shop"})
    books.edit("customers", there, {"internalNotes": "from the books"})
    bench.sync()
    assert bench.status().questions == 1
    shop.edit("customers", here, {"mobile": "+4790011223"})

    def take_back(call: Any) -> None:
        if b"customerPatch" in call.body:
            books.edit("customers", there, {"internalNotes": None})

    bench.faults["books"].on_request = take_back
    bench.sync()
    bench.faults["books"].on_request = None
    assert bench.status().questions == 0
    bench.settle()
    assert bench.only("books", "customers")["internalNotes"] == "from the shop"
    assert bench.only("shop", "customers")["note"] == "from the shop"


def test_what_a_system_fills_in_by_itself_is_no_edit_though_its_create_was_lost(
    bench: Bench,
) -> None:
    """The books do not say whether a customer is a person; the ERP takes it for a company."""
    bench.control("books").create("customers", {"name": "Kim", "email": "kim@example.no"})
    bench.faults["erp"].plan([Fault(kind="drop_after", method="POST", path="customers", times=1)])
    bench.sync()
    bench.faults["erp"].plan([])
    bench.settle()
    (there,) = bench.control("erp").dump("customers")
    (here,) = bench.control("shop").dump("customers")
    assert there["customerType"] == "B"
    assert here["is_company"] is False
    assert bench.status().open == {}
