"""Wave's endpoint: reading, looking up, writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from talk_sdk.errors import (
    DeniedError,
    MissingError,
    RejectedError,
    RemoteError,
    UnavailableError,
)
from talk_sdk.operations import Operation, Outcome, Page, Raw
from talk_sdk.rest import GraphQL, by_ids, matching, outcome_of
from talk_wave import documents, shapes
from talk_wave.listing import CostError, Lists, id_of
from talk_wave.settings import WaveSettings

__all__ = ["Wave", "meaning"]

WAITS_S = (1.0, 2.0, 4.0)
"""How long to wait for a customer or product that was just created to be there for an invoice."""
_COST = "exceeds the maximum cost"


def meaning(error: Mapping[str, Any], text: str) -> RemoteError | None:
    """What errors mean that only Wave has."""
    if _COST in str(error.get("message")):
        return CostError(text)
    code = (error.get("extensions") or {}).get("code")
    if code == "NOT_FOUND" and error.get("path") == ["business"]:
        # Not of the record that was asked for: nothing of the business can be seen.
        return DeniedError(f"{text} The token gives no access to this business.")
    return None


class Wave:
    """One business. Shared by all threads."""

    def __init__(
        self, gql: GraphQL, business: str, income: str | None, settings: WaveSettings
    ) -> None:
        """Use `account.open_wave`, which signs in and checks the settings."""
        self._gql = gql
        self._system = gql.http.system
        self._business = business
        self._income = income
        self._shipping = settings.shipping_product
        self._lists = Lists(gql, business, settings)

    # --- in ---------------------------------------------------------------------------------------

    def read(self, entity: str, since: str | None) -> Iterator[Page]:
        """All records, or those changed since a cursor; see `Lists.read`."""
        for page in self._lists.read(entity, since):
            yield replace(page, records=[self._in(entity, record) for record in page.records])

    def get(self, entity: str, ids: Sequence[str]) -> Mapping[str, Raw]:
        """Records by id; one left out does not exist: Wave says NOT_FOUND of it alone."""

        def many(wanted: Sequence[str]) -> list[Raw]:
            found = self._by_id(entity, wanted, absent={"NOT_FOUND"})
            return [record for record in found if record is not None]

        def one(id_: str) -> Raw:
            (found,) = self._by_id(entity, [id_], absent=())
            if found is None:
                raise UnavailableError(f"{self._system}: Wave neither shows nor denies a {entity}.")
            return found

        # Alone they are asked for at once: the proof comes with the same request.
        ask = (lambda _ids: []) if len(ids) == 1 else many
        return {
            id_: self._in(entity, record) for id_, record in by_ids(ask, one, ids, id_of).items()
        }

    def _by_id(self, entity: str, ids: Sequence[str], absent: Any) -> list[Raw | None]:
        variables = {f"id{place}": id_ for place, id_ in enumerate(ids)}
        document = documents.one_of_each(entity, len(ids))
        data = self._gql.execute(document, {**variables, "business": self._business}, absent=absent)
        business = data["business"]
        if business is None:
            raise UnavailableError(f"{self._system}: Wave answered without the business.")
        return [business.get(f"r{place}") for place in range(len(ids))]

    def find(self, entity: str, key: str, values: Sequence[str]) -> Sequence[Raw]:
        """Customers by e-mail.

        Raises:
            RejectedError: any other look-up; Wave has no filter for it.
        """
        if (entity, key) != ("Customer", "email"):
            raise RejectedError(f"{self._system}: Wave finds no {entity} by {key}.")
        found: dict[str, Raw] = {}
        for value in dict.fromkeys(values):
            found.update((id_of(r), r) for r in matching(self._lists.with_email(value), key, value))
        return [self._in(entity, record) for record in found.values()]

    def _in(self, entity: str, record: Raw) -> Raw:
        return shapes.invoice_in(record, self._shipping) if entity == "Invoice" else record

    # --- out --------------------------------------------------------------------------------------

    def write(self, operation: Operation) -> Outcome:
        """Send one operation."""
        send = {"create": self._create, "update": self._update, "delete": self._delete}
        return outcome_of(operation, partial(send[operation.kind], operation))

    def _create(self, operation: Operation) -> Raw | None:
        entity, body = operation.entity, operation.body or {}
        sent = {**self._out(entity, body, create=True), "businessId": self._business}
        if entity == "Product":
            sent["incomeAccountId"] = self._income
        stored = self._patiently(partial(self._mutate, documents.CREATE[entity], entity, sent))
        if stored is not None and body.get("isArchived"):
            return self._archive_after(str(stored["id"]))
        return stored

    def _patiently(self, call: Callable[[], Raw | None]) -> Raw | None:
        """What was created a moment ago may not be there yet for what refers to it."""
        for wait in WAITS_S:
            try:
                return call()
            except (MissingError, RejectedError) as error:
                if "could not be found" not in error.message:
                    raise
                self._gql.http.clock.sleep(wait)
        return call()

    def _update(self, operation: Operation) -> Raw | None:
        entity, id_ = operation.entity, str(operation.id)
        sent = self._out(entity, operation.body or {}, create=False)
        with self._there(entity, id_):
            stored = self._patch(entity, id_, sent) if sent else None
            if (operation.body or {}).get("isArchived"):
                stored = self._archive_after(id_) if sent else self._archive(id_)
        return stored

    def _delete(self, operation: Operation) -> None:
        entity, id_ = operation.entity, str(operation.id)
        with self._there(entity, id_):
            self._mutate(documents.DELETE[entity], entity, {documents.DELETE_KEYS[entity]: id_})

    @contextmanager
    def _there(self, entity: str, id_: str) -> Iterator[None]:
        """What could not be found may be the record, and also what it refers to."""
        try:
            yield
        except (MissingError, RejectedError) as error:
            if isinstance(error, MissingError) or "could not be found" in error.message:
                if self.get(entity, [id_]):
                    raise RejectedError(error.message) from None
                raise MissingError(error.message) from None
            raise

    def _patch(self, entity: str, id_: str, sent: Raw) -> Raw | None:
        mutate = partial(self._mutate, documents.PATCH[entity], entity)
        stored = mutate({**sent, "id": id_})
        again = shapes.emptied(sent, stored) if stored else None
        stored = stored if again is None else mutate({**again, "id": id_})
        if stored and shapes.unclearable(sent, stored):
            raise RejectedError(
                f"{self._system}: Wave keeps an address that would be empty: take it out in Wave."
            )
        return stored

    def _archive_after(self, id_: str) -> Raw | None:
        """Archive what has just been written: whatever fails now, the write has happened."""
        try:
            return self._archive(id_)
        except RemoteError as error:
            raise UnavailableError(error.message) from None

    def _archive(self, id_: str) -> Raw | None:
        return self._mutate(documents.ARCHIVE, "Product", {"id": id_})

    def _out(self, entity: str, body: Raw, *, create: bool) -> Raw:
        if entity == "Customer":
            return shapes.customer_out(body, create=create)
        if entity == "Product":
            return shapes.product_out(body)
        if shapes.discounted_in_money(body):
            raise RejectedError(
                f"{self._system}: the invoice has a discount that is not one percentage, and keeps"
                " it: change it in Wave."
            )
        return shapes.invoice_out(body, self._shipping, create=create)

    def _mutate(self, document: str, entity: str, sent: Raw) -> Raw | None:
        """The object as stored; None if Wave does not show it.

        Raises:
            RejectedError: Wave refuses what was sent; says why in its own words.
        """
        payload = self._gql.execute(document, {"input": sent})["done"]
        if payload is None:
            raise UnavailableError(f"{self._system}: Wave does not say what became of it.")
        if payload.get("didSucceed") is not True:
            raise RejectedError(f"{self._system}: {_refusal(payload.get('inputErrors'))}")
        record: Raw | None = payload.get(documents.ROOTS[entity])
        return None if record is None else self._in(entity, record)


def _refusal(errors: Any) -> str:
    said = []
    for error in errors or ():
        where = ".".join(str(part) for part in (error.get("path") or ())[1:])
        text = str(error.get("message") or error.get("code") or "refused").rstrip(".")
        said.append(f"{where}: {text}" if where else text)
    return "; ".join(said or ["Wave refused it without a reason"]) + "."
