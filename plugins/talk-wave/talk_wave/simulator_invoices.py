"""What Wave fills in on an invoice, what it computes, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talk_sdk.testing.records import Author
from talk_wave import simulator_tables as tables
from talk_wave.simulator_books import Books, RuleError
from talk_wave.simulator_business import CURRENCY, TERMS_DAYS
from talk_wave.simulator_money import as_value, totals

if TYPE_CHECKING:
    from talk_sdk.testing.fields import Values

DEFAULT_MEMO = "Takk for handelen."
DEFAULT_FOOTER = "Nordlys Handel AS, org.nr. 910 000 000 MVA"
LINE = ("product", "description", "quantity", "unitPrice", "taxes")
_PRICED = ("items", "discounts", "customer", "currency")


class InvoiceRules:
    """How invoices are written.

    Args:
        books: Where they are kept.
    """

    def __init__(self, books: Books) -> None:
        self._books = books

    def complete(
        self, values: Values, before: Mapping[str, Any] | None, author: Author, id_: str | None
    ) -> None:
        """Fill in, check and add up an invoice; changes `values` in place."""
        self._fill(values, before, author)
        self._check_number(values, id_)
        self._check_discounts(values)
        self._refer(values, before, author)
        self._fill_items(values)
        if before is not None and author.who == "api":
            self._check_state(values, before)
        self._add_up(values)

    def _fill(self, values: Values, before: Mapping[str, Any] | None, author: Author) -> None:
        """What stands in the business's settings for what was left out."""
        enabled = self._books.faults.enabled
        values["status"] = values["status"] or ("SAVED" if enabled("created_saved") else "DRAFT")
        values["currency"] = values["currency"] or {"code": CURRENCY}
        values["exchangeRate"] = values["exchangeRate"] or "1"
        values["invoiceNumber"] = (
            values["invoiceNumber"] or self._books.invoices.next_invoice_number()
        )
        values["invoiceDate"] = values["invoiceDate"] or self._books.today().isoformat()
        terms = date.fromisoformat(values["invoiceDate"]) + timedelta(days=TERMS_DAYS)
        values["dueDate"] = values["dueDate"] or terms.isoformat()
        values["title"] = "Invoice" if values["title"] is None else values["title"]
        for name, text in tables.TITLES.items():
            values[name] = text if values[name] is None else values[name]
        if before is None and author.who == "api" and enabled("default_memo"):
            values["memo"] = values["memo"] or DEFAULT_MEMO
            values["footer"] = values["footer"] or DEFAULT_FOOTER
        paid = (values["amountPaid"] or {}).get("value") or "0"
        values["amountPaid"] = as_value(Decimal(paid), values["currency"]["code"])

    def _check_number(self, values: Values, id_: str | None) -> None:
        taken = self._books.invoices.taken("invoiceNumber", values["invoiceNumber"], id_)
        if taken and not self._books.faults.enabled("duplicate_numbers"):
            raise RuleError(("invoiceNumber",), "This invoice number is already in use.", "UNIQUE")

    @staticmethod
    def _check_discounts(values: Values) -> None:
        if len(values["discounts"]) > 1:
            raise RuleError(("discounts",), "An invoice takes at most one discount.")
        for discount in values["discounts"]:
            used, other = ("percentage", "amount")
            if discount["discountType"] == "FIXED":
                used, other = other, used
            if discount[used] is None:
                raise RuleError(("discounts", "0", used), "This field is required.", "REQUIRED")
            discount[other] = None

    def _refer(self, values: Values, before: Mapping[str, Any] | None, author: Author) -> None:
        books = self._books
        held = before or {"customer": None, "items": ()}
        if values["customer"] != held["customer"]:
            books.refer(books.customers, values["customer"]["id"], ("customerId",), author)
        products = {item["product"]["id"] for item in held["items"]}
        taxes = {tax["salesTax"]["id"] for item in held["items"] for tax in item["taxes"]}
        for index, item in enumerate(values["items"]):
            path = ("items", str(index))
            if item["product"]["id"] not in products:
                books.refer(books.products, item["product"]["id"], (*path, "productId"), author)
            for number, tax in enumerate(item["taxes"]):
                if tax["salesTax"]["id"] not in taxes:
                    here = (*path, "taxes", str(number), "salesTaxId")
                    books.refer(books.taxes, tax["salesTax"]["id"], here, author)

    def _fill_items(self, values: Values) -> None:
        """New lines get an id, and from their product what they do not say themselves."""
        items = []
        for item in values["items"]:
            if "id" in item:
                items.append(item)
                continue
            product = self._books.products.last(item["product"]["id"]).values
            price = tables.shortest(Decimal(product["unitPrice"]))
            filled = {
                "description": product["description"],
                "quantity": "1",
                "unitPrice": price,
            }
            said = {name: value for name, value in item.items() if value is not None}
            items.append({"id": self._books.next_item_id(), **filled, **said})
        values["items"] = items

    def _check_state(self, values: Values, before: Mapping[str, Any]) -> None:
        """What a patch may no longer change."""
        enabled = self._books.faults.enabled
        state = before["status"]
        if state in {"SENT", "VIEWED"} and not enabled("sent_patch"):
            raise RuleError((), "A sent invoice cannot be changed.")
        if state != "DRAFT" and values["status"] == "DRAFT" and not enabled("unapprove"):
            raise RuleError(("status",), "An approved invoice cannot become a draft again.")
        if state in {"SENT", "VIEWED"} and values["status"] == "SAVED":
            values["status"] = state  # approval of what went further is no step back
        changed = [name for name in _PRICED if _core(values[name]) != _core(before[name])]
        if state != "DRAFT" and not enabled("saved_recast"):
            for name in ("customer", "currency"):
                if name in changed:
                    path = "customerId" if name == "customer" else name
                    raise RuleError((path,), "It cannot be changed on an approved invoice.")
        if changed and Decimal(before["amountPaid"]["value"]) and not enabled("paid_patch"):
            raise RuleError((changed[0],), "It cannot be changed on an invoice with payments.")

    def _add_up(self, values: Values) -> None:
        currency = values["currency"]["code"]
        sums = totals(values, self._books.rates())
        values["subtotal"] = as_value(sums.subtotal, currency)
        values["discountTotal"] = as_value(sums.discount, currency)
        values["taxTotal"] = as_value(sums.tax, currency)
        values["total"] = as_value(sums.total, currency)
        values["amountDue"] = as_value(
            sums.total - Decimal(values["amountPaid"]["value"]), currency
        )


def with_payment(values: Mapping[str, Any], amount: Decimal) -> Values:
    """The invoice after so much more was paid."""
    currency = values["currency"]["code"]
    paid = Decimal(values["amountPaid"]["value"]) + amount
    due = Decimal(values["total"]["value"]) - paid
    return {
        **values,
        "amountPaid": as_value(paid, currency),
        "amountDue": as_value(due, currency),
    }


def _core(value: Any) -> Any:
    """What was said, without the ids of lines."""
    if isinstance(value, list):
        return [{key: item[key] for key in item if key != "id"} for item in value]
    return value
