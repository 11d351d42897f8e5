"""Invoices: made of purchases, once, and never changed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import quote

from talk_membercare import invoicing
from talk_membercare.pages import Lists
from talk_membercare.registers import Registers
from talk_membercare.settings import MemberCareSettings
from talk_sdk.errors import RejectedError, UnavailableError
from talk_sdk.http import Client
from talk_sdk.operations import Operation, Raw
from talk_sdk.rest import object_in

__all__ = ["Billing"]


class Billing:
    """The endpoints of invoices and purchases."""

    def __init__(
        self, client: Client, lists: Lists, registers: Registers, settings: MemberCareSettings
    ) -> None:
        """Keep the parts."""
        self._client = client
        self._lists = lists
        self._registers = registers
        self._settings = settings

    def shaped(self, raw: Raw) -> Raw:
        """An invoice as the tables speak of it."""
        return invoicing.invoice_in(raw, self._settings, self._registers.product)

    def create(self, operation: Operation) -> Raw:
        """Bill an order.

        A purchase has neither a key nor a marker, and sent twice it bills twice. So it is sent
        once. If its answer is lost, the payer's invoices are read: the one that was not there
        before and has its lines is what it made.

        Raises:
            UnavailableError: nobody can tell what became of it.
        """
        body = operation.body or {}
        rates = dict(enumerate(self._rates(body)))
        sent = invoicing.purchase_out(body, operation.key, self._settings, rates)
        payer = str(sent["debtorAccountNumber"])
        before = {raw.get("id") for raw in next(self._newest(payer), [])}
        try:
            return self.shaped(object_in(self._client.send("POST", "/externalPurchase", json=sent)))
        except UnavailableError as error:
            if not error.reached:
                raise
            made = [raw for raw in self._since(payer, before) if invoicing.alike(sent, raw)]
            if len(made) != 1:
                raise
            return self.shaped(made[0])

    def _newest(self, payer: str) -> Iterator[list[Raw]]:
        path = f"/debtors/{quote(payer, safe='')}/invoices"
        return self._lists.pages(path, {"reverseOrder": "true"}, "id")

    def _since(self, payer: str, before: set[object]) -> Iterator[Raw]:
        """The payer's invoices, the newest first, as far as they were not there before."""
        for page in self._newest(payer):
            for raw in page:
                if raw.get("id") in before:
                    return
                yield raw

    def _rates(self, body: Raw) -> Iterator[Decimal]:
        """The VAT of each line in percent: its own, its product's, or that of the settings.

        Raises:
            RejectedError: nobody knows it.
        """
        lines = list(body.get("lines") or ())
        if body.get("shipping") is not None:
            lines.append({"sku": self._settings.shipping_product})
        for line in lines:
            product = self._registers.product(line.get("sku")) or {}
            told = (line.get("vatPercent"), product.get("vatPercent"), self._settings.vat_percent)
            rate = next((each for each in told if each is not None), None)
            if rate is None:
                raise RejectedError(
                    f"{self._client.http.system}: a line says no VAT and names no product that has"
                    " one; name a rate in vat_percent."
                )
            yield Decimal(str(rate))
