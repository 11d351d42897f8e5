"""The lenses of the connector obey the lens laws; its tables say what the neutral world says."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import talk_squarespace as hooks
from hypothesis import given
from hypothesis import strategies as st
from talk_squarespace.values import day_in, gross, html, html_text, status, weight, whole

from talk_sdk.mapping import compile_mapping

TEXTS = st.text(st.sampled_from("ab <>&;\n\t\u00a0«»'\"/p\u2028"), max_size=40)
PRICES = st.decimals(0, 10**6, places=2)


@given(st.one_of(TEXTS, st.text(max_size=60)))
def test_text_comes_back_out_of_html_as_html_has_white_space_and_then_stays(text) -> None:
    lens = html_text()
    once = lens.get(lens.put(text))
    assert lens.get(lens.put(once)) == once
    assert once.split() == text.split()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>a<br/>b</p>", "a\nb"), ("<p>a</p>\n<p>b</p>", "a\n\nb"), ("a &amp; b", "a & b"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"), ("<h2>a</h2><p>b</p>", "a\n\nb"),
        ("<style>p{}</style><p>a<script>x</script></p>", "a"), ("  <b>a</b>\n b ", "a b"),
        ("", ""),
    ],
)  # fmt: skip
def test_html_is_read_as_people_read_it(source, text) -> None:
    assert html_text().get(source) == text


def test_html_that_says_the_same_is_alike_however_it_is_written() -> None:
    alike = html().alike
    assert alike is not None
    assert alike("<p>a<br>b</p>", "<p><strong>a</strong><br/>b</p>")
    assert not alike("<p>a</p>", "<p>b</p>")


@given(PRICES, st.sampled_from([Decimal(25), Decimal(15), Decimal("7.7")]))
def test_price_with_tax_that_was_read_is_written_back_as_it_was(price, percent) -> None:
    lens = gross(percent)
    assert Decimal(lens.put(lens.get(f"{price:f}", None), None)) == price


def test_product_of_another_tax_rate_has_no_price_here() -> None:
    assert gross(Decimal(25)).put(Decimal(80), "25") == "100.00"
    with pytest.raises(ValueError, match="has 15 %"):
        gross(Decimal(25)).put(Decimal(80), "15")


@given(st.decimals(0, 10**4, places=4), st.sampled_from(["KILOGRAM", "POUND"]))
def test_weight_that_was_read_is_written_back_as_it_was(value, unit) -> None:
    lens = weight(unit)
    assert Decimal(str(lens.put(lens.get(value)))) == value


def test_pounds_are_kilograms_elsewhere() -> None:
    assert weight("POUND").get(10) == Decimal("4.5359237")


@given(st.dates(date(1970, 1, 2), date(2100, 1, 1)), st.sampled_from(
    ["Europe/Oslo", "America/New_York", "Pacific/Apia", "UTC"]))  # fmt: skip
def test_day_is_written_as_a_moment_that_reads_as_that_day(when, zone) -> None:
    lens = day_in(zone)
    assert lens.put(when).endswith("Z")
    assert lens.get(lens.put(when)) == when


def test_status_is_written_only_where_it_is_final() -> None:
    lens = status(["closed"])
    assert (lens.put("closed"), lens.get("PENDING")) == ("FULFILLED", "open")
    for word in ("open", "draft", "cancelled"):
        with pytest.raises(ValueError, match="only orders that are closed"):
            lens.put(word)


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "1000001"])
def test_lines_are_of_whole_pieces(value) -> None:
    with pytest.raises(ValueError, match="whole pieces"):
        whole().put(Decimal(value))


def test_tables_say_what_the_world_says_of_products(open_site, world) -> None:
    site = open_site(world=world, products="v2")
    tables = {m.entity: compile_mapping(m) for m in hooks.talk_mappings(site.settings)}
    products = {record["sku"]: record for record in site.records("Sesamproducts")}
    items = world.within("squarespace").items
    assert len(products) == len(items)
    for item in items:
        said = tables["Sesamproducts"].inbound(products[item.sku])
        facts = {
            "number": item.sku, "barcode": item.barcode, "stock": str(item.stock),
            "active": item.active, "currency": "NOK",
            "unit_price": tables["Sesamproducts"].render("unit_price", str(item.price), {}),
        }  # fmt: skip
        assert {name: said[name] for name in facts} == facts
        assert str(said["description"] or "").split() == (item.description or "").split()
        assert Decimal(str(said["weight"] or 0)) == (item.weight_kg or 0)


def test_tables_say_what_the_world_says_of_orders(open_site, world, deals) -> None:
    site = open_site(world=world)
    table = next(compile_mapping(m) for m in hooks.talk_mappings(site.settings)
                 if m.entity == "Order")  # fmt: skip
    orders = site.records("Order")
    read = [table.inbound(order) for order in orders]
    facts = sorted((deal.day.isoformat(), deal.status, len(deal.lines)) for deal in deals)
    assert facts == sorted(
        (str(said["date"]), str(said["status"]), len(table.lines(order)["lines"]))
        for said, order in zip(read, orders, strict=True)
    )
    ids = {f"Sesamproducts:{record['id']}" for record in site.records("Sesamproducts")}
    for order in orders:
        for line in table.lines(order)["lines"]:
            assert line.properties["product"] in {None, *ids}
