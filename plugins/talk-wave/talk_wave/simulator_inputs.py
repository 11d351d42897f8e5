"""What is written, in the form in which it is read: the inputs of mutations as changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from talk_wave import simulator_tables as tables
from talk_wave.simulator_books import Books, RuleError

if TYPE_CHECKING:
    from talk_sdk.testing.fields import Values

_LINES = ("addressLine1", "addressLine2", "city", "postalCode")
_SHIPPING = ("name", "phone", "instructions")
_INVOICE = (
    "status", "invoiceNumber", "poNumber", "exchangeRate", "invoiceDate", "dueDate", "title",
    "subhead", "memo", "footer", *tables.TITLES, *tables.FLAGS,
)  # fmt: skip
_NEVER_NULL = ("status", "invoiceNumber", "exchangeRate", "invoiceDate", "dueDate", "title")
"""What an invoice always has; a patch cannot take it away."""


class Inputs:
    """Turns inputs into changes of records, by the switches.

    Args:
        books: Where the switches, and the products' own taxes, are.
    """

    def __init__(self, books: Books) -> None:
        self._books = books

    def customer(self, sent: Mapping[str, Any], *, new: bool) -> Values:
        """A customer's fields.

        Raises:
            RuleError: An address has nothing in it, or shipping details lack a name.
        """
        counted = self._counted(sent, new=new)
        changes = {
            name: counted[name] for name in _names(("name", *tables.CUSTOMER_TEXTS), counted)
        }
        if "currency" in counted:
            changes["currency"] = _coded(counted["currency"])
        if "address" in counted:
            changes["address"] = self._address(counted["address"], ("address",))
        if "shippingDetails" in counted:
            changes["shippingDetails"] = self._shipping(counted["shippingDetails"], new=new)
        if not new:
            _refuse_null(changes, ("name",))
        return changes

    def product(self, sent: Mapping[str, Any], *, new: bool) -> Values:
        """A product's fields."""
        counted = self._counted(sent, new=new)
        texts = _names(("name", "description", "unitPrice"), counted)
        changes = {name: counted[name] for name in texts}
        for name in _names(("incomeAccountId", "expenseAccountId"), counted):
            id_ = counted[name]
            changes[name.removesuffix("Id")] = {"id": id_} if id_ else None
        if "defaultSalesTaxIds" in counted:
            ids = counted["defaultSalesTaxIds"] or ()
            changes["defaultSalesTaxes"] = [{"id": id_} for id_ in ids]
        if not new:
            _refuse_null(changes, ("name", "unitPrice"))
        return changes

    def invoice(self, sent: Mapping[str, Any], *, new: bool) -> Values:
        """An invoice's fields; its lines and discounts as a whole."""
        counted = self._counted(sent, new=new)
        changes = {name: counted[name] for name in _names(_INVOICE, counted)}
        if "customerId" in counted:
            id_ = counted["customerId"]
            changes["customer"] = {"id": id_} if id_ else None
        if "currency" in counted:
            changes["currency"] = _coded(counted["currency"])
        if "items" in counted:
            changes["items"] = [self._item(item) for item in counted["items"] or ()]
        if "discounts" in counted:
            changes["discounts"] = [dict(each) for each in counted["discounts"] or ()]
        if not new:
            _refuse_null(changes, (*_NEVER_NULL, "customer", "currency"))
        return changes

    def _item(self, sent: Mapping[str, Any]) -> Values:
        names = _names(("description", "quantity", "unitPrice"), sent)
        taxes = sent.get("taxes")
        if taxes is None:
            product = self._books.products.get(sent["productId"])
            applied = [tax["id"] for tax in product.values["defaultSalesTaxes"]] if product else []
        else:
            applied = [tax["salesTaxId"] for tax in taxes]
        return {
            "product": {"id": sent["productId"]},
            **{name: sent[name] for name in names},
            "taxes": [{"salesTax": {"id": id_}} for id_ in applied],
        }

    def _shipping(self, sent: Mapping[str, Any] | None, *, new: bool) -> Values | None:
        if sent is None:
            return None
        if new and not sent.get("name") and not self._books.faults.enabled("nameless_shipping"):
            path = ("shippingDetails", "name")
            raise RuleError(path, "This field is required.", "REQUIRED")
        counted = self._counted(sent, new=new)
        changes = self._parts(counted, _SHIPPING)
        if "address" in counted:
            changes["address"] = self._address(counted["address"], ("shippingDetails", "address"))
        elif not self._books.faults.enabled("address_merges"):
            changes["address"] = None
        return changes

    def _address(self, sent: Mapping[str, Any] | None, path: tuple[str, ...]) -> Values | None:
        if sent is None:
            return None
        if not any(sent.values()):
            raise RuleError(path, "An address must have at least one part.")
        changes = self._parts(sent, _LINES)
        codes = self._parts(sent, ("provinceCode", "countryCode"))
        return changes | {
            name.removesuffix("Code"): _coded(code or None) for name, code in codes.items()
        }

    def _parts(self, sent: Mapping[str, Any], names: tuple[str, ...]) -> Values:
        """The parts of an object that were sent, or all, if it is replaced as a whole."""
        if self._books.faults.enabled("address_merges"):
            return {name: sent[name] for name in _names(names, sent)}
        return {name: sent.get(name) for name in names}

    def _counted(self, sent: Mapping[str, Any], *, new: bool) -> Mapping[str, Any]:
        """What was sent, without the nulls if they say nothing."""
        if new or self._books.faults.enabled("null_clears"):
            return sent
        return {name: value for name, value in sent.items() if value is not None}


def _names(wanted: tuple[str, ...], sent: Mapping[str, Any]) -> list[str]:
    return [name for name in wanted if name in sent]


def _coded(code: str | None) -> dict[str, str] | None:
    return None if code is None else {"code": code}


def _refuse_null(changes: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name in changes and changes[name] is None:
            path = "customerId" if name == "customer" else name
            raise RuleError((path,), "This field is required.", "REQUIRED")
