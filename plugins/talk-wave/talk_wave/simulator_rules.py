"""What Wave adds to customers and products, and what it refuses of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from talk_sdk.testing.resource import Resource
from talk_wave import simulator_tables as tables
from talk_wave.simulator_books import Books, RuleError
from talk_wave.simulator_business import BUYING, SELLING
from talk_wave.simulator_invoices import InvoiceRules
from talk_wave.simulator_places import province

if TYPE_CHECKING:
    from talk_sdk.testing.fields import Values
    from talk_sdk.testing.records import Author

Before = Mapping[str, Any] | None


def open_books(books: Books) -> Books:
    """Tell the books how their records are written."""
    invoices = InvoiceRules(books)
    books.resources = {
        "customers": Resource(books.customers, tables.CUSTOMER, partial(_complete_customer, books)),
        "products": Resource(books.products, tables.PRODUCT, partial(_complete_product, books)),
        "invoices": Resource(books.invoices, tables.INVOICE, invoices.complete),
    }
    return books


def _complete_customer(
    books: Books, values: Values, before: Before, author: Author, id_: str | None
) -> None:
    _check_address(books, values, before or {}, ())
    _check_address(
        books,
        values["shippingDetails"],
        (before or {}).get("shippingDetails", {}),
        ("shippingDetails",),
    )
    number = values["displayId"]
    if (
        number
        and books.faults.enabled("unique_display_ids")
        and books.customers.taken("displayId", number, id_)
    ):
        raise RuleError(("displayId",), "This customer number is already in use.", "UNIQUE")
    if (
        id_ is not None
        and before is not None
        and author.who == "api"
        and values["currency"] != before["currency"]
        and not books.faults.enabled("customer_currency_change")
        and books.invoices_of(id_)
    ):
        raise RuleError(
            ("currency",), "The currency of a customer with invoices cannot be changed."
        )


def _check_address(
    books: Books, holder: Mapping[str, Any], before: Mapping[str, Any], path: tuple[str, ...]
) -> None:
    """A province must be one of the address's country; what stays as it was is not looked at."""
    address = holder["address"]
    if address["province"] is None or address == before.get("address"):
        return
    code = address["province"]["code"]
    country = address["country"]["code"] if address["country"] else None
    here = (*path, "address", "provinceCode")
    if province(code) is None:
        raise RuleError(here, f"{code} is not a province.")
    if not code.startswith(f"{country}-") and not books.faults.enabled("foreign_provinces"):
        raise RuleError(here, "The province is not in the country.")


def _complete_product(
    books: Books, values: Values, before: Before, author: Author, id_: str | None
) -> None:
    for name, subtypes in (("incomeAccount", SELLING), ("expenseAccount", BUYING)):
        if values[name] is not None and values[name] != (before or {}).get(name):
            path = (f"{name}Id",)
            account = books.refer(books.accounts, values[name]["id"], path, author)
            if account.values["subtype"] not in subtypes:
                raise RuleError(path, "An account of this subtype cannot be used here.")
    known = {tax["id"] for tax in (before or {}).get("defaultSalesTaxes", ())}
    for index, tax in enumerate(values["defaultSalesTaxes"]):
        if tax["id"] not in known:
            books.refer(books.taxes, tax["id"], ("defaultSalesTaxIds", str(index)), author)
    values["isSold"] = values["incomeAccount"] is not None
    values["isBought"] = values["expenseAccount"] is not None
    if not (values["isSold"] or values["isBought"] or books.faults.enabled("accountless_products")):
        raise RuleError(("incomeAccountId",), "A product must be sold or bought.", "REQUIRED")
    if books.faults.enabled("unique_product_names") and books.products.taken(
        "name", values["name"], id_
    ):
        raise RuleError(("name",), "This name is already in use.", "UNIQUE")
