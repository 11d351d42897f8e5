"""The resolvers of what does not stand in a record itself: computed fields, and other records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from talk_wave import simulator_business as business
from talk_wave import simulator_places as places
from talk_wave.simulator_context import context_of
from talk_wave.simulator_money import as_money, as_value

if TYPE_CHECKING:
    from talk_wave.simulator_context import Info

Resolver = Callable[..., Any]


def account_type(kind: str) -> dict[str, Any]:
    """A type of accounts in the form of its GraphQL type."""
    name = kind.replace("_", " ").capitalize()
    return {"name": name, "normalBalanceType": business.normal_balance(kind), "value": kind}


def account_subtype(subtype: str) -> dict[str, Any]:
    """A subtype of accounts in the form of its GraphQL type."""
    return {
        "name": subtype.replace("_", " ").capitalize(),
        "value": subtype,
        "type": account_type(business.type_of(subtype)),
        # Declared as never null, and null all the same: it takes its parents with it.
        "archivable": None,
        "systemCreated": False,
    }


def _linked(name: str, field: str) -> Resolver:
    """A record whose id stands in a field; its last state, if it is gone."""

    def resolve(holder: Mapping[str, Any], info: Info) -> Any:
        held = holder[field]
        if held is None:
            return None
        records = context_of(info).books.records(name)
        return records.node(records.last(held["id"]))

    return resolve


def _status(holder: Mapping[str, Any], info: Info) -> str:
    return context_of(info).books.invoices.status(holder)


def _amount(index: int) -> Resolver:
    def resolve(customer: Mapping[str, Any], info: Info) -> dict[str, Any]:
        amount = context_of(info).books.balance(customer["id"])[index]
        code = business.CURRENCY
        return as_money(as_value(amount, code), code)

    return resolve


def _main(_holder: Any, info: Info) -> dict[str, Any]:
    return context_of(info).business(business.BUSINESS_ID)


def _in(table: Callable[[str], Any], name: str) -> Resolver:
    """A field of a constant that records refer to by its code."""
    return lambda holder, _info: table(holder["code"])[name]


def _payments(invoice: Mapping[str, Any], info: Info) -> list[Any]:
    payments = context_of(info).books.payments
    return [
        payments.node(each)
        for each in payments.current()
        if each.values["invoice"]["id"] == invoice["id"]
    ]


def _default_taxes(product: Mapping[str, Any], info: Info) -> list[Any]:
    taxes = context_of(info).books.taxes
    return [taxes.node(taxes.last(each["id"])) for each in product["defaultSalesTaxes"]]


def _line_account(item: Mapping[str, Any], info: Info) -> Any:
    books = context_of(info).books
    account = books.products.last(item["product"]["id"]).values["incomeAccount"]
    id_ = account["id"] if account else business.INCOME_ACCOUNT
    return books.accounts.node(books.accounts.last(id_))


def _number_of_id(holder: Mapping[str, Any], _info: Info) -> str:
    return business.number_of(holder["id"])


def _link(kind: str) -> Resolver:
    return lambda invoice, _info: f"https://wave.example/{kind}/{business.number_of(invoice['id'])}"


TYPES: Mapping[str, Mapping[str, Resolver]] = {
    "Currency": {
        name: _in(places.currency, name) for name in ("symbol", "name", "plural", "exponent")
    },
    "Country": {
        name: _in(places.country, name)
        for name in ("name", "nameWithArticle", "currency", "provinces")
    },
    "Province": {name: _in(places.province, name) for name in ("name", "slug")},
    "Customer": {
        "business": _main,
        "internalId": _number_of_id,
        "outstandingAmount": _amount(0),
        "overdueAmount": _amount(1),
    },
    "Vendor": {"business": _main},
    "Product": {
        "business": _main,
        "internalId": _number_of_id,
        "incomeAccount": _linked("accounts", "incomeAccount"),
        "expenseAccount": _linked("accounts", "expenseAccount"),
        "defaultSalesTaxes": _default_taxes,
    },
    "Invoice": {
        "business": _main,
        "internalId": _number_of_id,
        "customer": _linked("customers", "customer"),
        "status": _status,
        "payments": _payments,
        "pdfUrl": _link("pdf"),
        "viewUrl": _link("view"),
        "invoiceReminders": lambda _invoice, _info: [],
        "attachments": lambda _invoice, _info: [],
    },
    "InvoiceItem": {"product": _linked("products", "product"), "account": _line_account},
    "InvoiceItemTax": {
        "salesTax": _linked("taxes", "salesTax"),
        "rate": lambda tax, info: _linked("taxes", "salesTax")(tax, info)["rate"],
    },
    "InvoicePayment": {
        "invoice": _linked("invoices", "invoice"),
        "account": _linked("accounts", "account"),
        "customer": lambda payment, info: _linked("customers", "customer")(
            _linked("invoices", "invoice")(payment, info), info
        ),
    },
    "Account": {
        "business": _main,
        "type": lambda account, _info: account_type(business.type_of(account["subtype"])),
        "subtype": lambda account, _info: account_subtype(account["subtype"]),
        "normalBalanceType": lambda account, _info: business.normal_balance(
            business.type_of(account["subtype"])
        ),
    },
    "SalesTax": {
        "business": _main,
        "rate": lambda tax, _info, **_arguments: tax["rate"],
        "rates": lambda tax, _info: [
            {"effective": business.FOUNDED.date().isoformat(), "rate": tax["rate"]}
        ],
    },
}
"""Type -> field -> resolver; what is not named here is read off the record."""
