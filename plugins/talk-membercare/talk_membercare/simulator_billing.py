"""Products, invoices and payments: what was bought, and what never changes after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talk_membercare import simulator_shapes as shapes
from talk_membercare.simulator_context import (
    BASE,
    Context,
    Raw,
    answer,
    body_list,
    flag,
    local,
    missing,
    page,
    page_in_order,
    refuse,
)
from talk_sdk.testing.kinds import as_decimal, plain, rounded
from talk_sdk.testing.records import Author
from talk_sdk.testing.service import Answer, Call, Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talk_sdk.testing.records import Snapshot

STATUSES = (0, 1, 2, 3, -1)
DIMENSIONS = ("productIdentification", "department", "dimension3", "dimension4", "dimension5")
SHOP = 5
"""Where invoices of external purchases come from."""


@dataclass(frozen=True)
class Billing:
    """The handlers."""

    context: Context

    def routes(self) -> list[Route]:
        """Their paths."""
        many, one = f"{BASE}/invoices", f"{BASE}/invoices/<id>"
        products, buy = f"{BASE}/products", f"{BASE}/externalPurchase"
        debts = f"{BASE}/debtors/<id>/invoices"
        return [
            Route("GET", products, "products", self.products, "Products", lists=True),
            Route("GET", f"{products}/groups", "products", self.groups, "Groups of products"),
            Route("GET", f"{products}/<id>", "products", self.product, "A product"),
            Route("GET", many, "invoices", self.invoices, "Invoices", lists=True),
            Route("PATCH", many, "invoices", self.patch_several, "Change their finance status"),
            Route("GET", one, "invoices", self.invoice, "An invoice"),
            Route("PUT", one, "invoices", self.patch, "Change its finance status"),
            Route("PATCH", one, "invoices", self.patch, "Change its finance status"),
            Route("GET", f"{one}/payments", "payments", self.payments, "Its payments"),
            Route("POST", f"{one}/payments", "payments", self.pay, "Register a payment"),
            Route("GET", debts, "invoices", self.of_debtor, "A debtor's invoices"),
            Route("POST", buy, "invoices", self.buy, "Register a purchase made elsewhere"),
        ]

    # --- products ---------------------------------------------------------------------------------

    def products(self, call: Call) -> Answer:
        """All products."""
        rows = self.context.resources["products"].collection.listed()
        return page(self.context, call, rows, shapes.product)

    def product(self, call: Call) -> Answer:
        """One product."""
        found = self.context.resources["products"].collection.get(call.id)
        if found is None:
            raise missing("There is no such product", problem=True)
        return answer(shapes.product(found))

    def groups(self, _call: Call) -> Answer:
        """What products are grouped by, as a bare list."""
        return answer([{"url": None, "id": 31, "name": "Varer", "valid": True}])

    # --- invoices ---------------------------------------------------------------------------------

    def invoices(self, call: Call) -> Answer:
        """All invoices, or those of a finance status; no filter by time of change."""
        rows = list(self.context.resources["invoices"].collection.listed())
        status = call.query.get("financeStatus")
        if status is not None:
            rows = [row for row in rows if str(row.values["financeStatus"]) == status]
        return page(self.context, call, rows, self._shown)

    def of_debtor(self, call: Call) -> Answer:
        """The invoices of one payer, by number or the newest first."""
        listed = self.context.resources["invoices"].collection.listed()
        rows = sorted((r for r in listed if r.values["payer"] == call.id), key=_number)
        after = call.query.get("financedAfter")
        if after is not None:
            rows = [row for row in rows if str(row.values["financeDate"]) > after]
        newest = flag(call, "reverseOrder", default=False)
        # This list has an order of its own.
        return page_in_order(self.context, call, rows[::-1] if newest else rows, self._shown)

    def invoice(self, call: Call) -> Answer:
        """One invoice."""
        return answer(self._shown(self._need(call.id)))

    def patch(self, call: Call) -> Answer:
        """The finance status is all that can be changed."""
        return answer(self._patched(call.id, call.json(), call.method))

    def patch_several(self, call: Call) -> Answer:
        """The finance status of several; each fails by itself, inside of a 200."""
        results = [self._result(said, call.method) for said in body_list(call)]
        return answer(results if self.context.on("results_listed") else results[-1])

    def _result(self, said: Raw, method: str) -> Raw:
        try:
            patched = self._patched(str(said.get("id")), said, method)
        except Exception as error:  # noqa: BLE001 - told as a row
            status = getattr(error, "status", 400)
            return {"url": None, "invoice": None, "httpStatusCode": status, "statusText": "No"}
        return {"url": None, "invoice": patched, "httpStatusCode": 200, "statusText": "OK"}

    def _patched(self, id_: str, said: Raw, method: str) -> Raw:
        self._need(id_)
        if said.get("financeStatus") not in STATUSES:
            raise refuse("The finance status does not exist")
        values = {"financeStatus": said["financeStatus"]}
        resource = self.context.resources["invoices"]
        return self._shown(resource.change(id_, values, Author("api", method)))

    def _need(self, id_: str) -> Snapshot:
        found = self.context.resources["invoices"].collection.get(id_)
        if found is None:
            raise missing("There is no such invoice")
        return found

    def _shown(self, snapshot: Snapshot) -> Raw:
        return shapes.invoice(self.context, snapshot)

    # --- payments ---------------------------------------------------------------------------------

    def payments(self, call: Call) -> Answer:
        """An invoice's payments: pages from 0, of 10, with a parameter in lower case."""
        rows = self._need(call.id).values["payments"]
        number, size = int(call.query.get("page", "0")), int(call.query.get("pagesize", "10"))
        told = {"totalCount": len(rows), "totalPages": -(-len(rows) // size)}
        links = {"previousPageUrl": None, "nextPageUrl": None}
        return answer({**told, **links, "result": rows[number * size : (number + 1) * size]})

    def pay(self, call: Call) -> Answer:
        """Register a payment."""
        before = self._need(call.id)
        row = _payment(self.context, call.json(), before.id)
        values = {"payments": [*before.values["payments"], row]}
        self.context.resources["invoices"].change(call.id, values, Author("api", "POST"))
        return answer(row)

    # --- purchases --------------------------------------------------------------------------------

    def buy(self, call: Call) -> Answer:
        """Make an invoice of what was bought elsewhere. Sent twice, it makes two."""
        said = call.json()
        try:
            payer = shapes.payer_of(self.context, str(said.get("debtorAccountNumber")))
        except KeyError:
            raise refuse("The debtor does not exist") from None
        lines = said.get("externalPurchaseItems") or []
        if not lines:
            raise refuse("The purchase has no lines")
        values = purchase(self.context, payer["debtorAccountNumber"], lines, said.get("payment"))
        resource = self.context.resources["invoices"]
        made = resource.create(values, Author("api", call.method))
        return answer(self._shown(made))


def purchase(
    context: Context, payer: str, lines: list[Raw], payment: Mapping[str, Any] | None = None
) -> Raw:
    """What is kept of a purchase.

    Raises:
        RefusedError: a line lacks what it needs.
    """
    now = context.store.clock.now()
    today = context.today()
    due = local(now + timedelta(days=14))[:10] + "T00:00:00"
    who = {"url": None, "debtorAccountNumber": "2", "firstName": "Api", "lastName": "Bruker"}
    return {
        "payer": payer,
        "financeDate": today,
        "incomeDate": today,
        "payDueDate": due,
        "source": SHOP,
        "creationInfo": {"url": None, "when": context.now(), "who": {**who, "initials": None}},
        "invoiceItems": [_item(context, line) for line in sorted(lines, key=_sequence)],
        "payments": [] if payment is None else [_payment(context, payment, None)],
    }


def _sequence(line: Mapping[str, Any]) -> int:
    return int(line.get("sequence") or 0)


def _item(context: Context, line: Mapping[str, Any]) -> Raw:
    if not line.get("description"):
        raise refuse("A line has no description")
    amount, total = (_number_in(line, n) for n in ("amount", "totalPriceWithoutVat"))
    if not amount:
        raise refuse("A line has no amount")
    if total < 0 and not context.on("negative_lines"):
        raise refuse("A line must not be negative")
    dimensions = line.get("financeDimensions") or {}
    if not dimensions.get("productIdentification") and context.on("product_needed"):
        raise refuse("A line has no product identification")
    places = int(context.store.faults.value("price_places"))
    return {
        "url": None,
        "id": context.row(),
        "buyer": None,
        "description": line["description"],
        "unitPrice": plain(rounded(total / amount, places)),
        "quantity": plain(amount),
        "totalPrice": plain(rounded(total, 2)),
        "totalVat": plain(rounded(_number_in(line, "totalVat"), 2)),
        "financeDimensions": {"url": None, **{n: dimensions.get(n) for n in DIMENSIONS}},
        "sequence": _sequence(line),
        "creditedInvoiceItemId": None,
        "creditedInvoiceLink": None,
        "invoiceLink": None,
        "isCredited": False,
        "feeInfo": None,
        "subscriptionInfo": None,
    }


def _number_in(line: Mapping[str, Any], name: str) -> Decimal:
    value = line.get(name)
    if value is None or isinstance(value, str):
        raise refuse(f"A line has no {name}")
    return as_decimal(value)


def _payment(context: Context, said: Mapping[str, Any], invoice: str | None) -> Raw:
    return {
        "url": None,
        "paymentIdentification": said.get("paymentIdentification"),
        "amount": said.get("amount"),
        "id": context.row(),
        "paymentDate": said.get("paymentDate") or context.today(),
        "paymentType": said.get("paymentType") or 0,
        "financeStatus": 0,
        "invoiceId": None if invoice is None else int(invoice),
        "invoiceLink": None,
        "financeDimensions": None,
        "shopOrderId": said.get("shopOrderId"),
        "paymentSystemCardType": None,
        "voucherNo": None,
    }


def _number(snapshot: Snapshot) -> int:
    return int(snapshot.id)
