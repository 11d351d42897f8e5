"""webCRM's endpoints: what is read is put together of several records, as the tables want it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from talk_sdk.errors import MissingError, RejectedError, UnavailableError
from talk_sdk.http import Client
from talk_sdk.operations import Operation, Outcome, Page, Raw
from talk_sdk.rest import matching, object_in
from talk_webcrm import shapes
from talk_webcrm.catalogue import Catalogue
from talk_webcrm.lists import MARGIN, agreeing, by_keys, changed, shown, since_of
from talk_webcrm.models import KINDS, Kind, marker_of
from talk_webcrm.settings import CrmSettings
from talk_webcrm.writing import Writer

__all__ = ["WebCrm"]


class WebCrm:
    """One webCRM system. Shared by all threads."""

    def __init__(self, client: Client, settings: CrmSettings, catalogue: Catalogue) -> None:
        """Use `login.open_crm`, which signs in and checks the settings."""
        self._client = client
        self._system = client.http.system
        self._catalogue = catalogue
        self._kinds = {**KINDS, "Products": catalogue.kind}
        self._markers = {
            entity: marker_of(settings, entity)
            for entity in ("Organisations", "Persons", "Opportunities")
        }
        self._overlap = timedelta(seconds=settings.overlap_s + settings.lag_s) + MARGIN
        self._writer = Writer(client, catalogue, self._markers, self)
        self._lag_s = settings.lag_s

    # --- in ---------------------------------------------------------------------------------------

    def read(self, entity: str, since: str | None) -> Iterator[Page]:
        """All records, or the organisations and persons changed since a cursor; lazy.

        Raises:
            UnavailableError: a list may have lost records.
        """
        readers: dict[str, Callable[[], Iterator[Page]]] = {
            "Organisations": partial(self._organisations, since),
            "Persons": partial(self._persons, since),
            "Products": self._products,
            "Opportunities": self._opportunities,
        }
        if entity not in readers:
            raise RejectedError(f"{self._system}: the API has no {entity}.")
        return readers[entity]()

    def _products(self) -> Iterator[Page]:
        yield Page(self._catalogue.read(), complete=True)

    def _opportunities(self) -> Iterator[Page]:
        """All of them, each with its lines: a line that was deleted shows nowhere else.

        Lines are read last, and all is one page: what is behind must not be taken for an order
        that has lost the lines which it was just given.
        """
        found: dict[int, Raw] = {}
        for records, _ in changed(self._client, KINDS["Opportunities"], None):
            found.update((record["OpportunityId"], record) for record in records)
        lines: dict[int, list[Raw]] = {}
        kind = KINDS["Quotationline"]
        for raw in agreeing(self._client, kind.path, kind.id):
            line = self._catalogue.line_in(raw)
            lines.setdefault(int(raw["QuotationLineOpportunityId"] or 0), []).append(line)
        yield Page(
            [self._opportunity(r, lines.get(id_, ())) for id_, r in found.items()], complete=True
        )

    def _opportunity(self, record: Raw, lines: Sequence[Raw]) -> Raw:
        return shapes.opportunity_in(record, lines, self._markers["Opportunities"])

    def _organisations(self, since: str | None) -> Iterator[Page]:
        """Organisations that changed, or whose persons did; two cursors, a blank between."""
        organisations, persons = KINDS["Organisations"], KINDS["Persons"]
        own, of_persons = [*(since or "").split(" "), "", ""][:2]
        mains: dict[int, Raw] | None = {} if since is None else None
        touched: set[int] = set()
        for records, _ in self._changed(persons, of_persons):
            of_persons = _latest(persons, of_persons, records)
            touched.update(_organisations_in(records))
            if mains is not None:
                mains = shapes.main_of([*mains.values(), *records])
        for records, last in self._changed(organisations, own):
            own = _latest(organisations, own, records)
            touched -= {record["OrganisationId"] for record in records}
            done = last and since is None
            cursor = f"{own} {of_persons}" if done else None
            yield Page(self._joined(records, mains), cursor, complete=done)
        if since is not None:
            table = organisations.table
            rest = [r for rows in by_keys(self._client, table, organisations.id, touched)
                    for r in rows]  # fmt: skip
            yield Page(self._joined(rest, None), f"{own} {of_persons}", complete=True)

    def _joined(self, records: Sequence[Raw], mains: Mapping[int, Raw] | None) -> list[Raw]:
        """Organisations with their main persons; these are looked up unless all are known."""
        if mains is None:
            mains = self._mains(record["OrganisationId"] for record in records)
        return [shapes.organisation_in(r, mains.get(r["OrganisationId"])) for r in records]

    def _mains(self, organisations: Iterable[int]) -> dict[int, Raw]:
        return shapes.main_of(self._persons_at(organisations))

    def _persons_at(self, organisations: Iterable[int]) -> list[Raw]:
        rows = by_keys(self._client, "Person", "PersonOrganisationId", organisations)
        return [person for found in rows for person in found]

    def _persons(self, since: str | None) -> Iterator[Page]:
        """Persons that changed, without those that are the main one of their organisation.

        And those beside them: a new main person makes a contact of the one before.
        """
        kind, cursor = KINDS["Persons"], since or ""
        everybody: dict[int, Raw] = {}
        if since is None:
            for records, _ in self._changed(kind, ""):
                everybody = shapes.main_of([*everybody.values(), *records])
        for records, last in self._changed(kind, cursor):
            cursor = _latest(kind, cursor, records)
            beside = [] if since is None else self._persons_at(_organisations_in(records))
            mains = everybody if since is None else shapes.main_of(beside)
            main = {person["PersonId"] for person in mains.values()}
            known = {person["PersonId"]: person for person in [*records, *beside]}
            others = [shapes.cleaned(r) for id_, r in known.items() if id_ not in main]
            yield Page(others, cursor or None, complete=last)

    def _changed(self, kind: Kind, cursor: str) -> Iterator[tuple[list[Raw], bool]]:
        return changed(self._client, kind, since_of(cursor, self._overlap))

    def get(self, entity: str, ids: Sequence[str]) -> Mapping[str, Raw]:
        """Records by id, as they are now; one left out does not exist."""
        found = {}
        for id_ in dict.fromkeys(ids):
            try:
                found[id_] = self.one(entity, id_)
            except MissingError:
                continue
        return found

    def one(self, entity: str, id_: str) -> Raw:
        """A record with what belongs to it.

        Raises:
            MissingError: there is none.
        """
        raw = self.raw(entity, id_)
        if entity == "Organisations":
            persons = self.children("Organisations", id_, "Persons")
            return shapes.organisation_in(raw, shapes.main_of(persons).get(int(id_)))
        if entity == "Opportunities":
            lines = self.children("Opportunities", id_, "QuotationLines")
            self._writer.looked(id_, lines)
            return self._opportunity(raw, [self._catalogue.line_in(line) for line in lines])
        return self._catalogue.product_in(raw) if entity == "Products" else shapes.cleaned(raw)

    def raw(self, entity: str, id_: str) -> Raw:
        """A record as webCRM answers it."""
        kind = self._kinds[entity]
        record = object_in(self._client.get(f"{kind.path}/{quote(id_, safe='')}"))
        if str(record.get(kind.id)) != id_:
            raise UnavailableError(f"{self._system}: webCRM answered another {entity} than {id_}.")
        return record

    def children(self, entity: str, id_: str, name: str) -> list[Raw]:
        """What belongs to one record, as webCRM answers it."""
        path = f"{KINDS[entity].path}/{quote(id_, safe='')}/{name}"
        return list(agreeing(self._client, path, f"{name.removesuffix('s')}Id"))

    def shown(self, entity: str, ids: Sequence[int]) -> Iterator[Raw]:
        """Records as a list shows them, as webCRM answers them; it may be behind, or leave out."""
        if entity == "Products":
            return self._catalogue.shown()
        return shown(self._client, KINDS[entity], ids)

    def find(self, entity: str, key: str, values: Sequence[str]) -> Sequence[Raw]:
        """Records by our key, organisations by their VAT number.

        Raises:
            RejectedError: there is no such look-up, or the API ignores it.
        """
        kind, marker = self._kinds[entity], self._markers.get(entity)
        if marker is None or key not in {marker, "OrganisationVatNumber"}:
            raise RejectedError(f"{self._system}: webCRM finds no {entity} by {key}.")
        found: dict[str, Raw] = {}
        for value in dict.fromkeys(values):
            wanted = [value, value + shapes.PENDING] if key == marker else [value]
            rows = by_keys(self._client, kind.table, key, wanted)
            kept = ([{**r, key: _bare(r.get(key))} for r in page] for page in rows)
            for row in matching(kept, key, value):
                id_ = str(row[kind.id])
                found[id_] = self.one(entity, id_)
        return list(found.values())

    def made(self, entity: str, key: str) -> Sequence[Raw]:
        """What was just created with our key, as soon as lists show it."""
        found = self.find(entity, self._markers[entity], [key])
        if found or not self._lag_s:
            return found
        self._client.http.clock.sleep(self._lag_s)
        return self.find(entity, self._markers[entity], [key])

    # --- out --------------------------------------------------------------------------------------

    def write(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """Carry out operations of one kind on one entity, in as many requests as webCRM wants."""
        return self._writer.write(operations)


def _bare(key: Any) -> str:
    return str(key or "").removesuffix(shapes.PENDING)


def _organisations_in(persons: Iterable[Raw]) -> set[int]:
    return {person["PersonOrganisationId"] for person in persons} - {0, None}


def _latest(kind: Kind, cursor: str, records: Sequence[Raw]) -> str:
    """The later of a cursor and the times of some records, in webCRM's own words."""
    texts = [cursor, *(str(record[kind.updated]) for record in records)]
    return max(filter(None, texts), key=_moment, default="")


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
