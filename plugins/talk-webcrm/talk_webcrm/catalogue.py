"""Where products are, which of their fields is what, and which product a line is of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from talk_sdk.errors import ConfigError, MissingError, RejectedError
from talk_sdk.http import Client
from talk_sdk.operations import Raw
from talk_sdk.rest import object_in
from talk_webcrm.lists import agreeing, pages, rows_in
from talk_webcrm.mappings import EMPTY
from talk_webcrm.models import KINDS, Kind
from talk_webcrm.settings import CrmSettings
from talk_webcrm.shapes import cleaned, unset, with_data

__all__ = ["Catalogue"]

LINE = KINDS["Quotationline"].prefix
_SETUP = "QuotationLineLinkedSetup"
_BY_ID = re.compile(r"#(\d{1,9})")
"""What stands for the number of a product that has none of its own."""
_LINE_VALUES = tuple(f"{LINE}{n}" for n in
                     ("Quantity", "Price", "CostPrice", "Discount", "VatPercentage"))  # fmt: skip


class Catalogue:
    """The products of one system. What is learnt of them is kept for the session."""

    def __init__(self, client: Client, settings: CrmSettings) -> None:
        """Nothing is asked yet."""
        self._client = client
        self._system = client.http.system
        self._registered = settings.products == "registered"
        self._owner = settings.product_organisation
        self._listed = f"/Organisations/{self._owner}/Products"
        self.kind: Kind = KINDS["Products" if self._registered else "Catalogue"]
        data = f"{self.kind.prefix}{'Custom' if self._registered else 'Data'}"
        numbers = (
            {"Number": settings.product_number, "Name": settings.product_name}
            if self._registered
            else {"Number": settings.item_number, "Name": settings.item_name,
                  "Unit": settings.item_unit}
        )  # fmt: skip
        self._fields = {ours: f"{data}{n}" for ours, n in numbers.items() if n is not None}
        self._line = {"Number": f"{LINE}Data{settings.item_number}",
                      "Name": f"{LINE}Data{settings.item_name}"}  # fmt: skip
        self._used: Sequence[int] = ()
        self._by_id: dict[int, str] | None = None

    def open(self, settings: CrmSettings) -> None:
        """Learn from LinkedSetup which Data fields are in use.

        Raises:
            ConfigError: one that the settings name is not; says which are.
        """
        try:
            setup = object_in(self._client.get("/QuotationLines/LinkedSetup"))
        except MissingError:
            return  # linked data is switched off
        self._used = [n for n in range(1, 10) if setup.get(f"{_SETUP}UseLinkedField{n}")]
        for name in ("item_number", "item_name", "item_unit"):
            number = getattr(settings, name)
            if number is not None and number not in self._used:
                raise ConfigError(
                    f"[systems.{self._system}] {name}: Data{number} is not in use; those in use"
                    f" are {', '.join(f'Data{n}' for n in self._used) or 'none'}."
                )

    # --- products -------------------------------------------------------------------------------

    def read(self) -> list[Raw]:
        """All products; what they are called is remembered.

        Raises:
            RejectedError: linked data is switched off.
        """
        records = [self.product_in(record) for record in self._all()]
        self._by_id = {}
        for record in records:
            self.learn(record)
        return records

    def shown(self) -> Iterator[Raw]:
        """Registered products as one look shows them, as webCRM answers them; lazily."""
        for rows in pages(self._client, self._listed):
            yield from rows

    def _all(self) -> Sequence[Raw]:
        if self._registered:
            return agreeing(self._client, self._listed, self.kind.id)
        try:
            return rows_in(self._client.get(self.kind.path))
        except MissingError:
            raise RejectedError(
                f"{self._system}: webCRM has no catalogue, linked data is switched off there;"
                ' products may be "registered".'
            ) from None

    def learn(self, record: Raw) -> None:
        """Remember what a product is called."""
        if self._by_id is not None:
            self._by_id[int(record[self.kind.id])] = str(record.get("Number") or "")

    def product_in(self, record: Raw) -> Raw:
        """A product as the tables speak of it."""
        found = cleaned(record)
        return {**found, **{ours: found.get(theirs) for ours, theirs in self._fields.items()}}

    def product_out(self, body: Raw, fresh: Raw) -> Raw:
        """A whole product as webCRM has it, for a body over what is there; of a new one nothing."""
        sent = {self._fields.get(name, name): value for name, value in body.items()}
        kind = "Products" if self._registered else "Catalogue"
        whole = {**fresh, **unset(kind, sent)}
        if self._registered:
            return {**whole, "ProductOrganisationId": self._owner}
        whole[f"{self.kind.prefix}EntityType"] = "Product"
        return with_data(self.kind.prefix, self._used, whole)

    # --- lines ----------------------------------------------------------------------------------

    def line_in(self, record: Raw) -> Raw:
        """A line as the tables speak of it. Of a number that no product has, none is said."""
        found = cleaned(record)
        found |= {ours: found.get(theirs) for ours, theirs in self._line.items()}
        number = found["Number"] or EMPTY
        if number == EMPTY:
            return {**found, "Product": None}
        by_id = _BY_ID.fullmatch(number)
        known = self._known(int(by_id[1])) if by_id else self._id_of(number)
        if known is None:
            return found
        return {**found, "Product": known, "Number": None if by_id else number}

    def line_out(self, line: Raw) -> Raw:
        """What webCRM is to hold of a line; the product's number stands for the product."""
        sent = {name: line[name] for name in _LINE_VALUES if name in line}
        sent |= {theirs: line[ours] for ours, theirs in self._line.items() if ours in line}
        number, typed = self._word_for(line.get("Product")), str(line.get("Number") or "")
        if number and number.casefold() != typed.casefold():
            sent[self._line["Number"]] = number
        named = {name: value or EMPTY for name, value in sent.items() if name not in _LINE_VALUES}
        return {**unset("Quotationline", sent), **named}

    def link_of(self, line: Raw) -> Raw:
        """What a new line says of the catalogue beside; webCRM never tells it again."""
        product = line.get("Product")
        return {} if product is None or self._registered else {f"{LINE}LinkedDataId": product}

    def complete(self, line: Raw) -> Raw:
        """A line without an empty Data field."""
        return with_data(LINE, self._used, line)

    def _id_of(self, number: str) -> int | None:
        """The one product of a number."""
        if number in {"", EMPTY}:
            return None
        found = [id_ for id_, own in self._index().items() if own.casefold() == number.casefold()]
        return found[0] if len(found) == 1 else None

    def _word_for(self, product: Any) -> str | None:
        """By what a line is known as one of a product: its number, or its id if that tells none.

        Raises:
            RejectedError: there is no such product any more.
        """
        if product is None:
            return None
        if self._known(int(product)) is None:
            path = f"{self.kind.path}/{product}"
            try:
                self.learn(self.product_in(object_in(self._client.get(path))))
            except MissingError:
                raise RejectedError(
                    f"{self._system}: the line's product {product} was deleted in webCRM."
                ) from None
        number = self._index().get(int(product), "")
        return number if self._id_of(number) == int(product) else f"#{product}"

    def _known(self, product: int) -> int | None:
        return product if product in self._index() else None

    def _index(self) -> dict[int, str]:
        if self._by_id is None:
            self._quietly(self.read)
        return self._by_id if self._by_id is not None else {}

    @staticmethod
    def _quietly(read: Callable[[], object]) -> None:
        """Lines can be read where there is no catalogue."""
        try:
            read()
        except RejectedError:
            return
