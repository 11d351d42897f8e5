"""All that the twin's business keeps, and what refers to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from talk_sdk.testing.fields import InvalidError
from talk_sdk.testing.records import SEED, Author, Snapshot, Store
from talk_wave import simulator_business as business
from talk_wave.simulator_money import Tax, as_money, as_value, totals
from talk_wave.simulator_records import Invoices, Node, Records

if TYPE_CHECKING:
    from talk_sdk.testing.faults import Faults
    from talk_sdk.testing.resource import Resource

NOT_FOUND = "Node could not be found"


class RuleError(InvalidError):
    """A value that Wave does not take, as its payloads say it.

    Args:
        path: Where it stands within the input.
        message: What is wrong.
        code: Which kind of wrong.
    """

    def __init__(self, path: Sequence[str], message: str, code: str = "INVALID") -> None:
        super().__init__(".".join(path), message)
        self.path = tuple(path)
        self.code = code


@dataclass
class Books:
    """The collections of the one business whose records the twin keeps."""

    store: Store
    customers: Records = field(init=False)
    products: Records = field(init=False)
    invoices: Invoices = field(init=False)
    accounts: Records = field(init=False)
    taxes: Records = field(init=False)
    vendors: Records = field(init=False)
    payments: Records = field(init=False)
    transactions: Records = field(init=False)
    resources: dict[str, Resource] = field(init=False, default_factory=dict)
    """How customers, products and invoices are written; filled by `rules`."""

    def __post_init__(self) -> None:
        self.customers = Records(self.store, "customers", "Customer", keys={"displayId": str})
        self.products = Records(self.store, "products", "Product", keys={"name": str.casefold})
        self.invoices = Invoices(
            self.store, "invoices", "Invoice", keys={"invoiceNumber": str}, derive=self._add_amounts
        )
        self.accounts = Records(self.store, "accounts", "Account")
        self.taxes = Records(self.store, "sales_taxes", "SalesTax", keys={"abbreviation": str})
        self.vendors = Records(self.store, "vendors", "Vendor")
        self.payments = Records(self.store, "payments", "InvoicePayment")
        self.transactions = Records(
            self.store, "transactions", "Transaction", keys={"externalId": str}
        )
        self._balances: tuple[date, Sequence[Snapshot], dict[str, tuple[Decimal, Decimal]]] | None
        self._balances = None
        self._items_issued = 0
        self._open()

    def records(self, name: str) -> Records:
        """The collection of this name."""
        return cast("Records", getattr(self, name))

    @property
    def faults(self) -> Faults:
        """The switches."""
        return self.store.faults

    def today(self) -> date:
        """The day where the business is."""
        return self.store.clock.now().astimezone(business.ZONE).date()

    def next_item_id(self) -> str:
        """The id of one more line of an invoice."""
        self._items_issued += 1
        return business.record_id("InvoiceItem", self._items_issued)

    def refer(self, records: Records, id_: str, path: Sequence[str], author: Author) -> Snapshot:
        """What a new reference leads to.

        Raises:
            RuleError: There is no such record, or the API does not know of it yet.
        """
        found = records.get(id_)
        if found is None or (author.who == "api" and self._is_too_new(found)):
            raise RuleError(path, NOT_FOUND, "NOT_FOUND")
        return found

    def rates(self) -> dict[str, Tax]:
        """Id -> tax."""
        return {
            each.id: Tax(Decimal(each.values["rate"]), each.values["isCompound"])
            for each in self.taxes.current()
        }

    def invoices_of(self, customer: str) -> list[Snapshot]:
        """The invoices of a customer."""
        return [
            each for each in self.invoices.current() if each.values["customer"]["id"] == customer
        ]

    def balance(self, customer: str) -> tuple[Decimal, Decimal]:
        """What a customer owes, and how much of it is overdue."""
        records = self.invoices.current()
        held = self._balances
        if held is None or held[0] != self.today() or held[1] is not records:
            held = self._balances = (self.today(), records, self._add_up(records))
        return held[2].get(customer, (Decimal(0), Decimal(0)))

    def _add_up(self, records: Sequence[Snapshot]) -> dict[str, tuple[Decimal, Decimal]]:
        sums: dict[str, tuple[Decimal, Decimal]] = {}
        for each in records:
            status = self.invoices.status(each.values)
            if status == "DRAFT":
                continue
            customer = each.values["customer"]["id"]
            due = Decimal(each.values["amountDue"]["value"])
            owed, overdue = sums.get(customer, (Decimal(0), Decimal(0)))
            sums[customer] = (owed + due, overdue + due if status == "OVERDUE" else overdue)
        return sums

    def _is_too_new(self, snapshot: Snapshot) -> bool:
        lag = timedelta(seconds=self.faults.value("reference_lag"))
        return bool(lag) and self.store.clock.now() - snapshot.created < lag

    def _add_amounts(self, node: Node, _snapshot: Snapshot) -> None:
        """What an invoice's lines come to, which is read and not kept."""
        currency = node["currency"]["code"]
        sums = totals(node, self.rates())
        items = []
        for item, line in zip(node["items"], sums.lines, strict=True):
            amounts = [as_money(as_value(each, currency), currency) for each in line.taxes]
            taxes = [
                {**tax, "amount": amount}
                for tax, amount in zip(item["taxes"], amounts, strict=True)
            ]
            items.append(
                {
                    **item,
                    "price": item["unitPrice"],
                    "subtotal": as_money(as_value(line.subtotal, currency), currency),
                    "total": as_money(
                        as_value(line.subtotal + sum(line.taxes), currency), currency
                    ),
                    "taxes": taxes,
                }
            )
        node["items"] = items
        for name in AMOUNTS:
            node[name] = as_money(node[name], currency)

    def _open(self) -> None:
        """What a business has from its first day."""
        for name, subtype in business.ACCOUNTS:
            self._plant(self.accounts, account_values(name, subtype))
        for name, abbreviation, rate in business.TAXES:
            self._plant(self.taxes, tax_values({"name": name, "abbreviation": abbreviation}, rate))
        for vendor in business.VENDORS:
            self._plant(self.vendors, _vendor_values(vendor))

    def _plant(self, records: Records, values: Mapping[str, Any]) -> None:
        records.insert(values, SEED, created=business.FOUNDED)


AMOUNTS = ("total", "subtotal", "taxTotal", "discountTotal", "amountDue", "amountPaid")


def account_values(name: str, subtype: str, **others: Any) -> dict[str, Any]:
    """A new account as it is kept."""
    return {
        "name": name,
        "subtype": subtype,
        "currency": {"code": business.CURRENCY},
        "isArchived": False,
        "sequence": 1,
        "balance": "0.00",
        "balanceInBusinessCurrency": "0.00",
        **others,
    }


def tax_values(sent: Mapping[str, Any], rate: Decimal) -> dict[str, Any]:
    """A new tax as it is kept."""
    flags = ("showTaxNumberOnInvoices", "isCompound", "isRecoverable")
    return {
        **{name: sent.get(name) for name in ("name", "abbreviation", "description", "taxNumber")},
        **{name: bool(sent.get(name)) for name in flags},
        "rate": f"{rate:f}",
        "isArchived": False,
    }


def _vendor_values(vendor: Mapping[str, str]) -> dict[str, Any]:
    parts = ("addressLine1", "addressLine2", "postalCode", "province")
    address: dict[str, Any] = dict.fromkeys(parts)
    return {
        "name": vendor["name"],
        "email": vendor["email"],
        "address": {**address, "city": vendor["city"], "country": {"code": "NO"}},
        "currency": {"code": business.CURRENCY},
        "isArchived": False,
    }
