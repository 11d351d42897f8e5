"""Changing many records of one type in one request, webCRM's bulk PATCH.

It answers per record its id or an error. Whether it merges or replaces a record nobody says, as
little as of PUT: so whole records are sent, as they are right before, which is right with either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

from talk_sdk.errors import (
    MissingError,
    RejectedError,
    RemoteError,
    StaleError,
    UnavailableError,
)
from talk_sdk.http import Answer, Client
from talk_sdk.operations import Raw
from talk_webcrm.models import Kind
from talk_webcrm.shapes import sendable

__all__ = ["Bulk", "Draft", "Looks", "Result", "begun", "records_in", "told"]

Draft = Callable[[Raw], Raw]
"""A record as it is → the fields that are to be written."""
Result = Raw | RemoteError
"""A record as it is after its change, as webCRM answers it; or why it was not, or may not be."""
_LOOKS = 3


class Looks(Protocol):
    """How records are looked at before and after."""

    def raw(self, entity: str, id_: str) -> Raw:
        """A record as it is now."""

    def shown(self, entity: str, ids: Sequence[int]) -> Iterable[Raw]:
        """Records as a list shows them, which may be behind."""

    def children(self, entity: str, id_: str, name: str) -> list[Raw]:
        """What belongs to one record."""


class Bulk:
    """Changes records of one type together, and tells of each what became of it.

    What a list shows is only a hint that saves requests: before the write, of who was faster than
    we; after it, of what was written. What it does not prove is read by id.
    """

    def __init__(self, client: Client, looks: Looks, entity: str, kind: Kind) -> None:
        """Keep the parts."""
        self._client = client
        self._looks = looks
        self._entity = entity
        self._kind = kind

    def change(
        self, drafts: Mapping[int, Draft], known: Mapping[int, Raw] | None = None
    ) -> dict[int, Result]:
        """Change records by id; `known` are those that have been read a few requests ago."""
        found: dict[int, Result] = dict(known or {})
        found |= {id_: self._read(id_) for id_ in drafts if id_ not in found}
        if len(drafts) > 1 or known:
            self._look_again(found)
        changes: dict[int, Raw] = {}
        for id_, fresh in records_in(found).items():
            wanted = drafts[id_](fresh)
            if not _says(fresh, wanted):
                changes[id_] = wanted
        if changes:
            found |= self._write(drafts, changes, records_in(found))
        return found

    def _look_again(self, found: dict[int, Result]) -> None:
        """Read again what a list shows otherwise: the first record was read some requests ago."""
        for _ in range(_LOOKS):
            before = records_in(found)
            rows = self._shown(before)
            again = {id_: self._read(id_) for id_, row in rows.items() if _moved(row, before[id_])}
            found |= again
            if all(before[id_] == record for id_, record in again.items()):
                return  # whatever else the list shows, it is behind

    def _write(
        self, drafts: Mapping[int, Draft], changes: Mapping[int, Raw], fresh: Mapping[int, Raw]
    ) -> dict[int, Result]:
        sent = [{**sendable(fresh[id_]), **changes[id_], self._kind.id: id_} for id_ in changes]
        try:
            answers = told(self._client.send("PATCH", self._kind.path, json=sent), [*changes])
        except (RejectedError, MissingError, StaleError) as error:
            if len(changes) == 1:
                return {id_: RejectedError(error.message) for id_ in changes}
            # One of them may be why; and as nothing was written, each is tried alone.
            alone = [self.change({id_: drafts[id_]}) for id_ in changes]
            return {id_: result for results in alone for id_, result in results.items()}
        except RemoteError as error:
            return dict.fromkeys(changes, error)
        return self._read_back(changes, answers, fresh)

    def _read_back(
        self, changes: Mapping[int, Raw], answers: Mapping[int, str], fresh: Mapping[int, Raw]
    ) -> dict[int, Result]:
        rows = self._shown(changes) if len(changes) > 1 else {}
        found: dict[int, Result] = {}
        for id_, sent in changes.items():
            if answers[id_] not in {"", str(id_)}:
                found[id_] = self._refusal(id_, answers[id_])
                continue
            row = rows.get(id_)
            # A row that says what was written is not from before it.
            record = row if row is not None and _says(row, sent) else self._after(id_)
            found[id_] = record
            if not (answers[id_] or isinstance(record, RemoteError) or _moved(record, fresh[id_])):
                found[id_] = UnavailableError(f"{self._name(id_)} may not have been changed.")
        return found

    def _refusal(self, id_: int, said: str) -> RemoteError:
        """What webCRM says against a record; that there is none is not told by the words."""
        there = self._read(id_)
        if isinstance(there, MissingError):
            return there
        return RejectedError(f"{self._name(id_)} was refused: {said.rstrip('.')}.")

    def _name(self, id_: int) -> str:
        return f"{self._client.http.system}: {self._kind.path}/{id_}"

    # --- looks ----------------------------------------------------------------------------------

    def _read(self, id_: int) -> Result:
        try:
            return self._looks.raw(self._entity, str(id_))
        except RemoteError as error:
            return error

    def _after(self, id_: int) -> Result:
        """A record that was written."""
        try:
            with begun():
                return self._looks.raw(self._entity, str(id_))
        except UnavailableError as error:
            return error

    def _shown(self, ids: Iterable[int]) -> dict[int, Raw]:
        """What a list shows of these; nothing where it is not to be had."""
        wanted = list(ids)
        with suppress(RemoteError):
            rows = {row.get(self._kind.id): row for row in self._looks.shown(self._entity, wanted)}
            return {id_: rows[id_] for id_ in wanted if id_ in rows}
        return {}


@contextmanager
def begun() -> Iterator[None]:
    """What fails after the first request has had its effect leaves the whole in doubt.

    Raises:
        UnavailableError: whatever it was.
    """
    try:
        yield
    except RemoteError as error:
        raise UnavailableError(error.message) from error


def records_in(found: Mapping[int, Result]) -> dict[int, Raw]:
    """The records without the errors."""
    return {id_: raw for id_, raw in found.items() if not isinstance(raw, RemoteError)}


def _says(record: Raw, values: Raw) -> bool:
    return all(record.get(name) == value for name, value in values.items())


def _moved(row: Raw, record: Raw) -> bool:
    return any(row[name] != value for name, value in record.items() if name in row)


def told(answer: Answer, ids: Sequence[int]) -> dict[int, str]:
    """What a bulk PATCH tells of each record: its id, or an error.

    Raises:
        UnavailableError: it is no text for each, or an id stands where another one belongs.
    """
    texts = answer.json()
    if isinstance(texts, list) and len(texts) == len(ids):
        found = {id_: str(text or "").strip() for id_, text in zip(ids, texts, strict=True)}
        if all(text == str(id_) or not text.isdigit() for id_, text in found.items()):
            return found
    raise UnavailableError(f"{answer.system}: {answer.url} answered no text for each record.")
