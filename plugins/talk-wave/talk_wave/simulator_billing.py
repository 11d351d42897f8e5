"""The resolvers of what is written to invoices: their states, and what is paid for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talk_wave.simulator_books import RuleError
from talk_wave.simulator_business import TERMS_DAYS, as_time
from talk_wave.simulator_context import Context
from talk_wave.simulator_invoices import with_payment
from talk_wave.simulator_mutations import REQUIRED, Sent, check_business, mutation, need
from talk_wave.simulator_tables import shortest

if TYPE_CHECKING:
    from talk_sdk.testing.records import Snapshot

DRAFTS, UNSENT = 0, 1
"""Positions of the switch `delete_rule`; from 2 all may be deleted."""


def _create(context: Context, sent: Sent) -> Any:
    check_business(context, sent)
    books = context.books
    values = context.inputs.invoice(sent, new=True)
    return books.invoices.node(books.resources["invoices"].create(values, context.author))


def _patch(context: Context, sent: Sent) -> Any:
    books = context.books
    need(books.invoices, "Invoice", sent["id"])
    changes = context.inputs.invoice(sent, new=False)
    changed = books.resources["invoices"].change(sent["id"], changes, context.author)
    return books.invoices.node(changed)


def _clone(context: Context, sent: Sent) -> Any:
    """A draft of today with the same lines, under a number of its own."""
    books = context.books
    values = need(books.invoices, "Invoice", sent["invoiceId"]).values
    today = books.today()
    items = [{key: item[key] for key in item if key != "id"} for item in values["items"]]
    copied = {
        **values,
        "status": "DRAFT",
        "items": items,
        "invoiceNumber": None,
        "invoiceDate": today.isoformat(),
        "dueDate": (today + timedelta(days=TERMS_DAYS)).isoformat(),
    }
    return books.invoices.node(books.resources["invoices"].create(copied, context.author))


def _delete(context: Context, sent: Sent) -> None:
    books = context.books
    values = need(books.invoices, "Invoice", sent["invoiceId"]).values
    rule = context.books.faults.value("delete_rule")
    state = values["status"]
    if rule <= DRAFTS and state != "DRAFT":
        raise RuleError(("invoiceId",), "Only drafts can be deleted.")
    if rule <= UNSENT and state not in {"DRAFT", "SAVED"}:
        raise RuleError(("invoiceId",), "A sent invoice cannot be deleted.")
    if Decimal(values["amountPaid"]["value"]):
        raise RuleError(("invoiceId",), "An invoice with payments cannot be deleted.")
    books.invoices.delete(sent["invoiceId"], context.author)


def _approve(context: Context, sent: Sent) -> Any:
    values = need(context.books.invoices, "Invoice", sent["invoiceId"]).values
    if values["status"] != "DRAFT":
        raise RuleError(("invoiceId",), "Only a draft can be approved.")
    return _move(context, sent, {"status": "SAVED"})


def _mark_sent(context: Context, sent: Sent) -> Any:
    _refuse_draft(context, sent)
    at = sent.get("sentAt") or context.books.store.clock.now()
    return _move(context, sent, _sent_by(context, sent, sent["sendMethod"], as_time(at)))


def _send(context: Context, sent: Sent) -> Any:
    _refuse_draft(context, sent)
    if not context.enabled("email_send"):
        raise RuleError((), "This business cannot send e-mail.")
    if not sent["to"]:
        raise RuleError(("to",), REQUIRED, "REQUIRED")
    now = as_time(context.books.store.clock.now())
    return _move(context, sent, _sent_by(context, sent, "WAVE", now))


def _sent_by(context: Context, sent: Sent, method: str, at: str) -> dict[str, Any]:
    state = need(context.books.invoices, "Invoice", sent["invoiceId"]).values["status"]
    moved = "VIEWED" if state == "VIEWED" else "SENT"
    return {"status": moved, "lastSentVia": method, "lastSentAt": at}


def _refuse_draft(context: Context, sent: Sent) -> None:
    values = need(context.books.invoices, "Invoice", sent["invoiceId"]).values
    if values["status"] == "DRAFT":
        raise RuleError(("invoiceId",), "A draft cannot be sent.")


def _move(context: Context, sent: Sent, changes: Mapping[str, Any]) -> Any:
    invoices = context.books.invoices
    values = invoices.last(sent["invoiceId"]).values
    return invoices.node(invoices.update(sent["invoiceId"], {**values, **changes}, context.author))


def _payment_create(context: Context, sent: Sent) -> Any:
    books = context.books
    _refuse_draft(context, sent)
    if sent["amount"] <= 0:
        raise RuleError(("amount",), "It must be more than nothing.")
    values = {
        "invoice": {"id": sent["invoiceId"]},
        "origin": "MANUAL",
        "active": True,
        **_payment_values(context, sent),
    }
    payment = books.payments.insert(values, context.author)
    _pay(context, sent["invoiceId"], sent["amount"])
    return books.payments.node(payment)


def _payment_patch(context: Context, sent: Sent) -> Any:
    payments = context.books.payments
    values = need(payments, "InvoicePayment", sent["id"]).values
    for name in ("paymentAccountId", "amount", "paymentDate", "paymentMethod", "exchangeRate"):
        if name in sent and sent[name] is None:
            raise RuleError((name,), REQUIRED, "REQUIRED")
    changes = _payment_values(context, sent)
    changed = payments.update(sent["id"], {**values, **changes}, context.author)
    difference = Decimal(changed.values["amount"]) - Decimal(values["amount"])
    if difference:
        _pay(context, values["invoice"]["id"], difference)
    return payments.node(changed)


def _payment_delete(context: Context, sent: Sent) -> None:
    payment = need(context.books.payments, "InvoicePayment", sent["id"])
    context.books.payments.delete(payment.id, context.author)
    _pay(context, payment.values["invoice"]["id"], -Decimal(payment.values["amount"]))


def _payment_values(context: Context, sent: Sent) -> dict[str, Any]:
    values = {name: sent[name] for name in ("paymentDate", "paymentMethod", "memo") if name in sent}
    for name in ("amount", "exchangeRate"):
        if name in sent:
            values[name] = shortest(sent[name], 2 if name == "amount" else 0)
    if "paymentAccountId" in sent:
        id_ = sent["paymentAccountId"]
        context.books.refer(context.books.accounts, id_, ("paymentAccountId",), context.author)
        values["account"] = {"id": id_}
    return values


def _pay(context: Context, id_: str, amount: Decimal) -> Snapshot:
    invoices = context.books.invoices
    values = with_payment(invoices.last(id_).values, amount)
    return invoices.update(id_, values, context.author)


def _send_receipt(context: Context, sent: Sent) -> None:
    need(context.books.invoices, "Invoice", sent["invoiceId"])
    need(context.books.payments, "InvoicePayment", sent["invoicePaymentId"])
    if not sent["to"]:
        raise RuleError(("to",), REQUIRED, "REQUIRED")


BILLING: Mapping[str, Any] = {
    "invoiceCreate": mutation(_create, "invoice", "invoice"),
    "invoicePatch": mutation(_patch, "invoice", "invoice"),
    "invoiceClone": mutation(_clone, "invoice", "invoice"),
    "invoiceDelete": mutation(_delete, None, "invoice"),
    "invoiceApprove": mutation(_approve, "invoice", "invoice"),
    "invoiceMarkSent": mutation(_mark_sent, "invoice", "invoice"),
    "invoiceSend": mutation(_send, "invoice", "invoice", "send"),
    "invoicePaymentCreateManual": mutation(_payment_create, "invoicePayment", "invoice"),
    "invoicePaymentPatch": mutation(_payment_patch, "invoicePayment", "invoice"),
    "invoicePaymentDelete": mutation(_payment_delete, None, "invoice"),
    "invoicePaymentReceiptSend": mutation(_send_receipt, None, "invoice", "send"),
}
"""Field of `Mutation` -> resolver."""
