"""What the paths of the twin of webCRM answer: lists, records, bulk changes, queries, hooks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from talk_sdk.testing.fields import InvalidError
from talk_sdk.testing.records import Author, Snapshot
from talk_sdk.testing.service import NUMBERS, Answer, Call, RefusedError, Route
from talk_webcrm.simulator_query import query
from talk_webcrm.simulator_records import USED_DATA, Crm, record
from talk_webcrm.simulator_tables import CENSORED, KINDS, LINE, LINKED, Kind

if TYPE_CHECKING:
    from talk_sdk.testing.resource import Resource

__all__ = ["Paths"]

_TABLES = {
    "Organisation": "organisations", "Person": "persons", "Opportunity": "opportunities",
    "LinkedData": "linked_data", "QuotationLine": "quotation_lines", "Product": "products",
}  # fmt: skip
_DELETABLE = {"products", "quotation_lines", "linked_data"}
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


@dataclass
class Paths:
    """The paths over the records of one system."""

    crm: Crm
    hooks: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        """All but those of the sign-in."""
        found = [
            Route("GET", "/Queries", "queries", self._queries, "Run a script", lists=True),
            Route("POST", "/Opportunities/<id>/Move", "opportunities", self._move, "Move"),
            Route("GET", "/QuotationLines/LinkedSetup", "setup", self._setup, "The set-up"),
            Route("DELETE", "/QuotationLines/LinkedData", "linked_data", self._clear, "Delete all"),
        ]
        for path, name, parent in (
            ("/Opportunities/<id>/QuotationLines", "quotation_lines", "QuotationLineOpportunityId"),
            ("/Organisations/<id>/Persons", "persons", "PersonOrganisationId"),
            ("/Organisations/<id>/Products", "products", "ProductOrganisationId"),
        ):
            kind = next(kind for kind in KINDS if kind.name == name)
            listing = partial(self._children, kind, parent)
            found.append(Route("GET", path, name, listing, f"List {name}", lists=True))
        for kind in KINDS:
            found += self._of(kind)
        return found

    def _of(self, kind: Kind) -> list[Route]:
        many, one = f"/{kind.path}", f"/{kind.path}/<id>"
        found = [
            Route("GET", many, kind.name, partial(self._list, kind), "List", lists=True),
            Route("POST", many, kind.name, partial(self._create, kind), "Create"),
            Route("GET", one, kind.name, partial(self._get, kind), "Read"),
            Route("PUT", one, kind.name, partial(self._put, kind), "Change"),
        ]
        if kind.name in _DELETABLE:
            found.append(Route("DELETE", one, kind.name, partial(self._delete, kind), "Delete"))
        if kind is LINKED:
            return found
        hooks = f"{many}/Hooks"
        return [
            *found,
            Route("PATCH", many, kind.name, partial(self._bulk, kind), "Change or create many"),
            Route("GET", hooks, "hooks", partial(self._hooks, kind), "List hooks"),
            Route("POST", hooks, "hooks", partial(self._hook, kind), "Create a hook"),
            Route("GET", f"{hooks}/<id>", "hooks", partial(self._hook, kind), "Read a hook"),
            Route("PUT", f"{hooks}/<id>", "hooks", partial(self._hook, kind), "Change a hook"),
            Route("DELETE", f"{hooks}/<id>", "hooks", partial(self._hook, kind), "Delete a hook"),
        ]

    def _resource(self, kind: Kind) -> Resource:
        if kind is LINKED and not self.crm.store.faults.enabled("linked_data"):
            raise RefusedError(404, "NotFoundException", "Linked data is not enabled.")
        return self.crm.resources[kind.name]

    # --- reading --------------------------------------------------------------------------------

    def _list(self, kind: Kind, call: Call) -> Answer:
        records = self._resource(kind).collection.listed()
        if kind is LINKED:
            return _listed(kind, records)
        return self._page(kind, records, call)

    def _children(self, kind: Kind, parent: str, call: Call) -> Answer:
        """Of one record, as they are now."""
        records = self._resource(kind).collection.current()
        return self._page(kind, [r for r in records if str(r.values[parent]) == call.id], call)

    def _page(self, kind: Kind, records: Sequence[Snapshot], call: Call) -> Answer:
        if not self.crm.store.faults.enabled("lists_by_id"):
            records = sorted(records, key=lambda r: int(r.id) * 7919 % 100_003)
        return _listed(kind, self._cut(records, call))

    def _cut(self, rows: Sequence[Any], call: Call) -> Sequence[Any]:
        number = _whole(call, "page", 1, 1_000_000)
        size = _whole(call, "size", int(self.crm.store.faults.value("default_size")), 1000)
        page = rows[(number - 1) * size : number * size]
        if call.hit_by("empty_page"):
            return []
        return page[: len(page) // 2] if call.hit_by("short_page") else page

    def _get(self, kind: Kind, call: Call) -> Answer:
        resource = self._resource(kind)
        return Answer(200, resource.collection.body(resource.need(call.id)))

    def _queries(self, call: Call) -> Answer:
        rows = query(call.query.get("script", ""), self._table)
        return Answer(200, NUMBERS.encode(list(self._cut(rows, call))))

    def _table(self, name: str) -> list[dict[str, Any]]:
        found = next((known for known in _TABLES if known.casefold() == name.casefold()), "")
        if found in {"QuotationLine", "Product", ""} and not (
            found and self.crm.store.faults.enabled("line_tables")
        ):
            raise RefusedError(400, "QueryException", f"Invalid object name '{name}'.")
        kind = next(kind for kind in KINDS if kind.name == _TABLES[found])
        rows = [record(kind, snapshot) for snapshot in self._resource(kind).collection.listed()]
        if kind is not LINKED:
            return rows
        return [{k.removeprefix("QuotationLine"): v for k, v in row.items()} for row in rows]

    def _setup(self, _call: Call) -> Answer:
        self._resource(LINKED)
        prefix = "QuotationLineLinkedSetup"
        setup: dict[str, Any] = {f"{prefix}Id": 1, f"{prefix}EntityType": "Product"}
        for number in range(1, 10):
            setup[f"{prefix}UseLinkedField{number}"] = number in USED_DATA
            setup[f"{prefix}Field{number}"] = number if number in USED_DATA else 0
        for use in ("CostPrice", "ListPrice", "Quantity", "Discount", "Vat", "VatPerLine"):
            setup[f"{prefix}Use{use}"] = True
        setup |= {f"{prefix}PriceLabel": "Pris", f"{prefix}CostPriceLabel": "Kostpris",
                  f"{prefix}QuantityLabel": "Antall"}  # fmt: skip
        return Answer(200, msgspec.json.encode(setup))

    # --- writing --------------------------------------------------------------------------------

    def _checked(self, kind: Kind, body: Mapping[str, Any], *, id_: str | None) -> dict[str, Any]:
        """A body without its id.

        Raises:
            InvalidError: the id is another one, or a value may not be sent.
        """
        wanted = id_ or "0"
        if str(body.get(kind.id)) != wanted:
            raise InvalidError(kind.id, f"must be {wanted}")
        sent = {name: value for name, value in body.items() if name != kind.id}
        for name, value in sent.items():
            if name in kind.read_only and self.crm.store.faults.enabled("read_only_refused"):
                raise InvalidError(name, "cannot be written")
            if value == CENSORED:
                raise InvalidError(name, "is no password")
        return self.crm.from_catalogue(sent) if kind is LINE else sent

    def _make(self, kind: Kind, body: Mapping[str, Any], method: str) -> Snapshot:
        sent = self._checked(kind, body, id_=None)
        self.crm.paced(kind)
        return self._resource(kind).create(sent, Author("api", method))

    def _change(self, kind: Kind, id_: str, body: Mapping[str, Any], method: str) -> Snapshot:
        resource = self._resource(kind)
        resource.need(id_)
        sent = self._checked(kind, body, id_=id_)
        whole = not self.crm.store.faults.enabled(f"{method.lower()}_merges")
        return resource.change(id_, sent, Author("api", method), whole=whole)

    def _create(self, kind: Kind, call: Call) -> Answer:
        made = self._make(kind, call.json(), "POST")
        name = "organisation_answer" if kind.name == "organisations" else "create_answer"
        answer = int(self.crm.store.faults.value(name))
        if answer == 2:  # noqa: PLR2004 - as the switch says
            return Answer(200, self._resource(kind).collection.body(made))
        return Answer(200, made.id.encode() if answer else b"")

    def _put(self, kind: Kind, call: Call) -> Answer:
        self._change(kind, call.id, call.json(), "PUT")
        return Answer(200, b"")

    def _bulk(self, kind: Kind, call: Call) -> Answer:
        """Each item is changed, or created if its id is 0; each has its id or its error."""
        items = _DECODER.decode(call.body)
        if not isinstance(items, list):
            raise RefusedError(400, "ArgumentException", "a list is expected")
        answers, tells = [], self.crm.store.faults.enabled("patch_tells")
        for item in items:
            try:
                if item.get(kind.id):
                    changed = self._change(kind, str(item[kind.id]), item, "PATCH").id
                    answers.append(changed if tells else "")
                else:
                    answers.append(self._make(kind, item, "PATCH").id)
            except (InvalidError, RefusedError) as error:
                answers.append(str(error))
        return Answer(200, msgspec.json.encode(answers))

    def _delete(self, kind: Kind, call: Call) -> Answer:
        self._resource(kind).remove(call.id, Author("api", "DELETE"))
        return Answer(200, b"")

    def _clear(self, _call: Call) -> Answer:
        """Deletes the whole catalogue: that there is such a path is why it must not be met."""
        resource = self._resource(LINKED)
        for snapshot in list(resource.collection.current()):
            resource.remove(snapshot.id, Author("api", "DELETE"))
        return Answer(200, b"")

    def _move(self, call: Call) -> Answer:
        opportunities = self.crm.resources["opportunities"]
        before = opportunities.need(call.id)
        wanted = call.json().get("NewOrganisationId")
        if self.crm.resources["organisations"].collection.get(str(wanted)) is None:
            raise InvalidError("NewOrganisationId", f"there is no {wanted}")
        values = {**before.values, "OpportunityOrganisationId": wanted}
        opportunities.collection.update(call.id, values, Author("api", "POST"))
        return Answer(204, b"")

    # --- hooks ----------------------------------------------------------------------------------

    def _hooks(self, kind: Kind, _call: Call) -> Answer:
        return Answer(200, msgspec.json.encode([*self.hooks.get(kind.name, {}).values()]))

    def _hook(self, kind: Kind, call: Call) -> Answer:
        """Hooks are kept, and not called: what a call looks like is not known."""
        known = self.hooks.setdefault(kind.name, {})
        id_ = int(call.id or max(known, default=0) + 1)
        if call.id and id_ not in known:
            raise RefusedError(404, "NotFoundException", f"no hook {id_}")
        if call.method in {"POST", "PUT"}:
            body = call.json()
            for name in ("Id", "Filter", "IsEnabled", "TargetUrl"):
                if name not in body:
                    raise InvalidError(name, "is required")
            known[id_] = {**body, "Id": id_}
        if call.method == "DELETE":
            del known[id_]
        answers = {"GET": known.get(id_), "POST": id_}
        told = answers.get(call.method)
        return Answer(200, b"" if told is None else msgspec.json.encode(told))


def _listed(kind: Kind, records: Sequence[Snapshot]) -> Answer:
    return Answer(200, NUMBERS.encode([record(kind, snapshot) for snapshot in records]))


def _whole(call: Call, name: str, default: int, most: int) -> int:
    raw = call.query.get(name)
    if raw is None:
        return default
    if not re.fullmatch(r"\d+", raw) or not 1 <= int(raw) <= most:
        raise InvalidError(name, f"must be between 1 and {most}")
    return int(raw)
