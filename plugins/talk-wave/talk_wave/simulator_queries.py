"""The resolvers of what is asked for: of the root, and of a business."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from talk_sdk.testing.records import Snapshot
from talk_wave import simulator_business as business
from talk_wave import simulator_listing as listing
from talk_wave import simulator_places as places
from talk_wave.simulator_auth import CLIENT_ID
from talk_wave.simulator_context import Context, absent, context_of
from talk_wave.simulator_types import account_subtype, account_type

if TYPE_CHECKING:
    from talk_wave.simulator_context import Info

Resolver = Callable[..., Any]
Arguments = Mapping[str, Any]
Filter = Callable[[Context, Arguments], list[Callable[[Snapshot], bool]]]

SINGLES = {
    "customer": ("customers", "Customer", "customer"),
    "vendor": ("vendors", "Vendor", "vendor"),
    "product": ("products", "Product", "product"),
    "account": ("accounts", "Account", "account"),
    "salesTax": ("taxes", "SalesTax", "sales_tax"),
    "invoice": ("invoices", "Invoice", "invoice"),
    "invoicePayment": ("payments", "InvoicePayment", "invoice"),
}
"""Field of `Business` -> collection, type, resource of the scope."""


def _single(name: str, kind: str, resource: str) -> Resolver:
    def resolve(holder: Mapping[str, Any], info: Info, **arguments: Any) -> Any:
        context = context_of(info)
        context.need(resource, "read")
        records = context.books.records(name)
        found = records.get(arguments["id"])
        if found is None or holder["id"] != business.BUSINESS_ID:
            raise absent(kind, arguments["id"])
        return records.node(found)

    return resolve


def _many(name: str, resource: str, filters: Filter) -> Resolver:
    def resolve(holder: Mapping[str, Any], info: Info, **arguments: Any) -> Any:
        context = context_of(info)
        context.need(resource, "read")
        records = context.books.records(name)
        rows = listing.found(context, records, arguments, filters(context, arguments))
        # The twin keeps the books of one business only.
        rows = rows if holder["id"] == business.BUSINESS_ID else ()
        return listing.page(context, records, rows, arguments)

    return resolve


def _customers(context: Context, arguments: Arguments) -> list[Callable[[Snapshot], bool]]:
    hidden = not context.enabled("archived_customers_listed")
    tests = [lambda row: not row.values["isArchived"]] if hidden else []
    return [*tests, *listing.email(context, arguments)]


def _products(context: Context, arguments: Arguments) -> list[Callable[[Snapshot], bool]]:
    return [
        *listing.archived(context, arguments),
        *listing.equals(arguments, "isSold", "isBought"),
    ]


def _accounts(context: Context, arguments: Arguments) -> list[Callable[[Snapshot], bool]]:
    tests = listing.archived(context, arguments)
    types, subtypes, excluded = (
        arguments.get(name) for name in ("types", "subtypes", "excludedSubtypes")
    )
    if types is not None:
        tests.append(lambda row: business.type_of(row.values["subtype"]) in types)
    if subtypes is not None:
        tests.append(lambda row: row.values["subtype"] in subtypes)
    if excluded is not None:
        tests.append(lambda row: row.values["subtype"] not in excluded)
    return tests


CONNECTIONS: Mapping[str, tuple[str, str, Filter]] = {
    "customers": ("customers", "customer", _customers),
    "vendors": ("vendors", "vendor", listing.email),
    "products": ("products", "product", _products),
    "accounts": ("accounts", "account", _accounts),
    "salesTaxes": ("taxes", "sales_tax", listing.archived),
    "invoices": ("invoices", "invoice", listing.invoice_filters),
}
"""Field of `Business` -> collection, resource of the scope, filters."""


def _businesses(_root: None, info: Info, **arguments: Any) -> Any:
    context = context_of(info)
    context.need("business", "read")
    mine = [context.business(each["id"]) for each in context.businesses()]
    wanted = arguments.get("isArchived")
    rows = [each for each in mine if wanted in {None, each["isArchived"]}]
    number, size = listing.page_of(context, arguments)
    shown = rows[(number - 1) * size : number * size]
    return {
        "edges": [{"node": each} for each in shown],
        "pageInfo": {
            "currentPage": number,
            "totalPages": -(-len(rows) // size),
            "totalCount": len(rows),
        },
    }


def _user(_root: None, info: Info) -> Mapping[str, Any]:
    context_of(info).need("user", "read")
    return business.USER


def _application(_root: None, info: Info) -> Mapping[str, Any] | None:
    if context_of(info).sign_in().business is None:
        return None
    founded = business.as_time(business.FOUNDED)
    return {
        "id": business.APPLICATION_ID,
        "name": "talk",
        "clientId": CLIENT_ID,
        "createdAt": founded,
        "modifiedAt": founded,
    }


def _signed_in(give: Callable[[Info, Arguments], Any]) -> Resolver:
    def resolve(_root: None, info: Info, **arguments: Any) -> Any:
        context_of(info).sign_in()
        return give(info, arguments)

    return resolve


def _all(info: Info, enum: str) -> list[str]:
    kind: Any = info.schema.type_map[enum]
    return list(kind.values)


QUERY: Mapping[str, Resolver] = {
    "user": _user,
    "oAuthApplication": _application,
    "businesses": _businesses,
    "business": _signed_in(lambda info, given: context_of(info).business(given.get("id"))),
    "currencies": _signed_in(
        lambda info, _: [places.currency(code) for code in _all(info, "CurrencyCode")]
    ),
    "currency": _signed_in(lambda _, given: places.currency(given["code"])),
    "countries": _signed_in(
        lambda info, _: [places.country(code) for code in _all(info, "CountryCode")]
    ),
    "country": _signed_in(lambda _, given: places.country(given["code"])),
    "province": _signed_in(lambda _, given: places.province(given["code"])),
    "accountTypes": _signed_in(
        lambda info, _: [account_type(kind) for kind in _all(info, "AccountTypeValue")]
    ),
    "accountSubtypes": _signed_in(
        lambda info, _: [account_subtype(each) for each in _all(info, "AccountSubtypeValue")]
    ),
}

BUSINESS: Mapping[str, Resolver] = {
    **{field: _single(*single) for field, single in SINGLES.items()},
    **{field: _many(*connection) for field, connection in CONNECTIONS.items()},
}
