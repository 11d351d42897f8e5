"""Writing to webCRM: one operation is several requests, and may be cut between any two of them.

Whatever is cut is completed by writing the same again, never doubled: a record is found by our key,
a main person is the one that the organisation has, a line that is there already is taken for the
one that was to be made. While the lines of a new opportunity are being created its key says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Protocol

from talk_sdk.errors import DeniedError, MissingError, RemoteError, UnavailableError
from talk_sdk.http import Client
from talk_sdk.operations import Operation, Outcome, Raw
from talk_sdk.rest import outcome_of
from talk_webcrm import shapes
from talk_webcrm.bulk import Looks, Result, begun
from talk_webcrm.catalogue import LINE, Catalogue
from talk_webcrm.changing import Changer
from talk_webcrm.models import KINDS, Kind

__all__ = ["Writer"]

_OWNER = "OpportunityOrganisationId"
_LINES = "Quotationlines"
_ORDER = f"{LINE}SortOrder"
_LINE_ID = f"{LINE}Id"
_DOUBTS = 3  # writes in a row without an answer, after which no more are tried


class Reader(Looks, Protocol):
    """What is looked at before and after a write."""

    def one(self, entity: str, id_: str) -> Raw:
        """A record with what belongs to it."""

    def made(self, entity: str, key: str) -> Sequence[Raw]:
        """What was just created with our key."""


class Writer:
    """Writes to one system. What it knows of lines is what was last looked at."""

    def __init__(
        self, client: Client, catalogue: Catalogue, markers: Mapping[str, str], reader: Reader
    ) -> None:
        """Keep the parts."""
        self._client = client
        self._catalogue = catalogue
        self._markers = markers
        self._reader = reader
        self._changer = Changer(client, catalogue, reader)
        self._seen: dict[str, set[int]] = {}
        self._untouched: dict[str, dict[int, Raw]] = {}

    def looked(self, opportunity: str, lines: Sequence[Raw]) -> None:
        """Remember which lines the engine was shown: only these may it do away with."""
        self._seen[opportunity] = {int(line[_LINE_ID]) for line in lines}

    def write(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Carry out a batch of operations, which are of one kind on one entity."""
        entity = operations[0].entity
        if operations[0].kind == "delete":
            return [_outcome(each, partial(self._delete, each)) for each in operations]
        if operations[0].kind != "update" or entity not in self._changer.entities:
            return self._one_by_one(operations)
        bodies = {int(str(each.id)): dict(each.body or {}) for each in operations}
        found = self._changer.change(entity, bodies)
        return [_outcome(each, partial(_record, found[int(str(each.id))])) for each in operations]

    def _delete(self, operation: Operation) -> None:
        """Delete a product, the one kind of record that webCRM lets go."""
        self._client.send("DELETE", f"{self._catalogue.kind.path}/{operation.id}")

    def _one_by_one(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Nothing more is tried once webCRM does not take, or answer, anything."""
        outcomes: list[Outcome] = []
        for operation in operations:
            last = [outcome.kind for outcome in outcomes[-_DOUBTS:]]
            if last[-1:] == ["unsent"] or last == ["unknown"] * _DOUBTS:
                outcomes.append(Outcome("unsent", reason=outcomes[-1].reason))
            else:
                outcomes.append(_outcome(operation, partial(self._write, operation)))
        return outcomes

    def _write(self, operation: Operation) -> Raw:
        """Carry an operation out; the record as it then is."""
        steps: dict[tuple[str, str], Callable[[Operation, Raw], str]] = {
            ("create", "Organisations"): self._new_organisation,
            ("create", "Persons"): self._new_person,
            ("create", "Products"): self._new_product,
            ("update", "Products"): self._product,
            ("create", "Opportunities"): self._new_opportunity,
            ("update", "Opportunities"): self._opportunity,
        }
        id_ = steps[operation.kind, operation.entity](operation, dict(operation.body or {}))
        with begun():
            record = self._reader.one(operation.entity, id_)
            if operation.kind == "create":
                self._check_made(operation, record)
        if operation.entity == "Products":
            self._catalogue.learn(record)
        if operation.entity == "Opportunities":
            known = self._untouched.pop(id_, {})
            if _LINES in record:  # not while a create that was cut is not completed
                record[_LINES] = [known.get(line[_LINE_ID], line) for line in record[_LINES]]
        return record

    def _check_made(self, operation: Operation, record: Raw) -> None:
        """The id of what was created is a bare number: one that was cut short is another record's.

        Raises:
            UnavailableError: the record is not the one that was created.
        """
        name = self._markers.get(operation.entity, "Number")
        wanted = operation.marker or (operation.body or {}).get("Number") or ""
        if _key(record.get(name)) != _key(wanted):
            raise UnavailableError("webCRM named another record than the one that it has created.")

    # --- organisations and persons --------------------------------------------------------------

    def _new_organisation(self, operation: Operation, body: Raw) -> str:
        own = shapes.unset("Organisations", shapes.organisation_out(body, {}))
        id_ = self._post("Organisations", operation, own)
        with begun():
            self._changer.write_main(id_, body.get("MainPerson"))
        return id_

    def _new_person(self, operation: Operation, body: Raw) -> str:
        return self._post("Persons", operation, shapes.unset("Persons", body))

    # --- products -------------------------------------------------------------------------------

    def _new_product(self, _operation: Operation, body: Raw) -> str:
        kind = self._catalogue.kind
        sent = {**self._catalogue.product_out(body, {}), kind.id: 0}
        answer = self._client.send("POST", kind.path, json=sent)
        with begun():
            return _id_in(answer.content and answer.json(), kind) or self._by_number(body)

    def _by_number(self, body: Raw) -> str:
        number = str(body.get("Number") or "").casefold()
        found = [r for r in self._catalogue.read() if str(r.get("Number")).casefold() == number]
        if len(found) != 1:
            raise UnavailableError("webCRM does not say which product it has created.")
        return str(found[0][self._catalogue.kind.id])

    def _product(self, operation: Operation, body: Raw) -> str:
        kind, id_ = self._catalogue.kind, str(operation.id)
        fresh = shapes.sendable(self._reader.raw("Products", id_))
        sent = {**self._catalogue.product_out(body, fresh), kind.id: int(id_)}
        self._client.send("PUT", f"{kind.path}/{id_}", json=sent)
        return id_

    # --- opportunities and their lines ----------------------------------------------------------

    def _new_opportunity(self, operation: Operation, body: Raw) -> str:
        lines = body.pop(_LINES, None) or []
        own = shapes.unset("Opportunities", body)
        id_ = self._post("Opportunities", operation, own, pending=bool(lines))
        with begun():
            if lines:
                self._lines(id_, lines, None)
                self._settle(id_, {})
        return id_

    def _opportunity(self, operation: Operation, body: Raw) -> str:
        id_ = str(operation.id)
        lines = body.pop(_LINES, None)
        if lines is not None:
            with _part():
                self._lines(id_, lines, self._seen.pop(id_, None))
        self._settle(id_, body, complete=lines is not None)
        return id_

    def _settle(self, id_: str, body: Raw, *, complete: bool = True) -> None:
        """Write the header, last: so its time of change tells of the lines, too.

        Its key says that the lines are there, once they are.
        """
        fresh = self._reader.raw("Opportunities", id_)
        owner = body.pop(_OWNER, None)
        if owner is not None and owner != fresh[_OWNER]:
            path = f"{KINDS['Opportunities'].path}/{id_}/Move"
            self._client.send("POST", path, json={"NewOrganisationId": owner})
            fresh[_OWNER] = owner
        marker = self._markers["Opportunities"]
        if complete:
            body[marker] = str(fresh.get(marker) or "").removesuffix(shapes.PENDING)
        if body:
            self._put(
                KINDS["Opportunities"], fresh, shapes.unset("Opportunities", body), always=True
            )

    def _lines(self, opportunity: str, wanted: Sequence[Raw], seen: set[int] | None) -> None:
        """Create, change and delete lines one by one, deletions last.

        A line that nobody was shown yet is somebody's new one, and stays. A line that is as it
        should be is not written: what it says afterwards is no answer of webCRM's, but what
        somebody has typed meanwhile, so the record is answered with what was read here.
        """
        untouched = self._untouched[opportunity] = {}
        there = {int(line[_LINE_ID]): line for line in
                 self._reader.children("Opportunities", opportunity, "QuotationLines")}  # fmt: skip
        known = [id_ for id_ in there if seen is None or id_ in seen]
        said = {int(line[_LINE_ID]) for line in wanted if line.get(_LINE_ID)}
        spare = [there[id_] for id_ in known if id_ not in said]
        place = 0
        for line in wanted:
            sent = self._catalogue.line_out(line)
            raw = there.get(int(line.get(_LINE_ID) or 0)) or _alike(spare, sent)
            before = 0 if raw is None else int(raw[_ORDER] or 0)
            place = before if before > place else place + 1
            written = self._line(opportunity, line, {**sent, _ORDER: place}, raw)
            if raw is not None and not written:
                untouched[int(raw[_LINE_ID])] = self._catalogue.line_in(raw)
        for raw in spare:
            path = f"{KINDS['Quotationline'].path}/{raw[_LINE_ID]}"
            with suppress(MissingError):  # somebody was faster
                self._client.send("DELETE", path)

    def _line(self, opportunity: str, line: Raw, sent: Raw, raw: Raw | None) -> bool:
        kind = KINDS["Quotationline"]
        if raw is not None:
            whole = {**sent, **self._catalogue.link_of(line)} if _renamed(sent, raw) else sent
            return self._put(kind, raw, whole)
        new = {**sent, **self._catalogue.link_of(line), kind.id: 0,
               f"{LINE}OpportunityId": int(opportunity)}  # fmt: skip
        self._client.send("POST", kind.path, json=self._catalogue.complete(new))
        return True

    # --- requests -------------------------------------------------------------------------------

    def _post(self, entity: str, operation: Operation, own: Raw, *, pending: bool = False) -> str:
        """Create a record with our key, and learn its id: from the answer, else by the key."""
        kind, marker = KINDS[entity], self._markers[entity]
        key = operation.marker
        sent = {**own, kind.id: 0}
        if key is not None:
            sent[marker] = key + shapes.PENDING if pending else key
        answer = self._client.send("POST", kind.path, json=sent)
        with begun():
            id_ = _id_in(answer.content and answer.json(), kind)
            if id_ is None and key is not None:
                found = self._reader.made(entity, key)
                id_ = str(found[0][kind.id]) if len(found) == 1 else None
            if id_ is None:
                raise UnavailableError(f"webCRM does not show the {entity} that it has created.")
            return id_

    def _put(self, kind: Kind, fresh: Raw, changes: Raw, *, always: bool = False) -> bool:
        """Write a whole record: as it is now, with the changes; nothing if it is so already.

        True if it was written.

        Whether a PUT merges or replaces nobody says; a whole record is right with either.
        """
        if not always and all(fresh.get(name) == value for name, value in changes.items()):
            return False
        id_ = fresh[kind.id]
        whole = {**shapes.sendable(fresh), **changes, kind.id: id_}
        self._client.send("PUT", f"{kind.path}/{id_}", json=whole)
        return True


def _key(text: object) -> str:
    return str(text or "").removesuffix(shapes.PENDING).casefold()


def _outcome(operation: Operation, call: Callable[[], Raw | None]) -> Outcome:
    """What became of one of several: to be denied does not take away what was done before."""
    try:
        return outcome_of(operation, call)
    except DeniedError as error:
        return Outcome("unsent", reason=error.message)


def _record(result: Result) -> Raw:
    if isinstance(result, RemoteError):
        raise result
    return result


@contextmanager
def _part() -> Iterator[None]:
    """A line or a person that is gone is no record that is gone: the whole is looked at again.

    Raises:
        UnavailableError: a part is not there any more.
    """
    try:
        yield
    except MissingError as error:
        raise UnavailableError(error.message) from error


def _id_in(answer: Any, kind: Kind) -> str | None:
    """The id in the answer to a POST, which may be the id, the record or nothing."""
    found = answer.get(kind.id) if isinstance(answer, dict) else answer
    return str(found) if isinstance(found, int) and found > 0 else None


def _alike(spare: list[Raw], sent: Raw) -> Raw | None:
    """A line that says already what is to be created; it is spare no more."""
    for raw in spare:
        if all(raw.get(name) == value for name, value in sent.items()):
            spare.remove(raw)
            return raw
    return None


def _renamed(sent: Raw, raw: Raw) -> bool:
    """Whether a line becomes one of another product."""
    return any(raw.get(name) != value for name, value in sent.items() if "Data" in name)
