"""What belongs to a member, with routes of its own: addresses, contacts, numbers, mappings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from talk_membercare import simulator_shapes as shapes
from talk_membercare.simulator_context import (
    BASE,
    Context,
    Raw,
    answer,
    body_list,
    done,
    flag,
    mapping_row,
    missing,
    page,
    refuse,
    tail,
)
from talk_sdk.testing.records import Author
from talk_sdk.testing.service import Answer, Call, Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from talk_sdk.testing.records import Snapshot

KINDS = {"companies": shapes.company, "persons": shapes.person}


@dataclass(frozen=True)
class Belongings:
    """The handlers."""

    context: Context

    def routes(self) -> list[Route]:
        """Their paths."""
        found = [
            Route("DELETE", f"{BASE}/addresses/address/<id>", "addresses", self.delete_address,
                  "Delete an address"),
            Route("PATCH", f"{BASE}/companies/<id>/postalAddress/<row>", "addresses",
                  self.end_address, "End an address"),
            *self._number_routes(),
            *self._system_routes(),
        ]  # fmt: skip
        for name in KINDS:
            one = f"{BASE}/{name}/<id>"
            mapped = f"{one}/foreignSystem/<row>"
            add, link = partial(self.add_rows, name), partial(self.link, name)
            found += [
                Route("POST", f"{one}/addresses", "addresses", partial(add, "addresses"), "Add"),
                Route("POST", f"{one}/contacts", "contacts", partial(add, "contacts"), "Add"),
                Route("POST", mapped, "mappings", link, "Link to an id elsewhere"),
                Route("GET", mapped, "mappings", partial(self.linked, name), "By system"),
                Route("DELETE", mapped, "mappings", partial(self.unlink, name), "Unlink"),
            ]
        return found

    # --- addresses and contacts -------------------------------------------------------------------

    def add_rows(self, name: str, list_: str, call: Call) -> Answer:
        """Add addresses or contacts to those that are there."""
        rows, before = body_list(call), self._need(name, call.id)
        there = before.values[list_]
        known = {row["id"] for row in there}
        if list_ == "contacts" and self.context.on("contact_ends_others"):
            kinds = {row.get("type") for row in rows}
            there = [self._ended(row) if row["type"] in kinds else row for row in there]
        # An id in what is sent is no way to change a row: it is added under an id of its own.
        added = [{**row, "id": None} for row in rows]
        stored = self._change(name, call, {list_: [*there, *added]})
        return answer([row for row in stored.values[list_] if row["id"] not in known])

    def _ended(self, row: Raw) -> Raw:
        return row if row.get("end") else {**row, "end": self.context.today()}

    def end_address(self, call: Call) -> Answer:
        """Set the end of a company's address, and nothing else."""
        before = self._need("companies", call.id)
        end, id_ = call.json().get("end"), int(tail(call))
        if all(row["id"] != id_ for row in before.values["addresses"]):
            raise missing("The company has no such address")
        rows = [
            {**row, "end": end} if row["id"] == id_ else row for row in before.values["addresses"]
        ]
        self._keep("companies", call, {"addresses": rows})
        return done(self.context)

    def delete_address(self, call: Call) -> Answer:
        """Remove an address, whose ever it is."""
        for name in KINDS:
            for member in self.context.resources[name].collection.current():
                rows = member.values["addresses"]
                if any(str(row["id"]) == call.id for row in rows):
                    kept = [row for row in rows if str(row["id"]) != call.id]
                    call.id = member.id
                    self._keep(name, call, {"addresses": kept})
                    return done(self.context)
        raise missing("The address does not exist")

    # --- registration numbers ---------------------------------------------------------------------

    def _number_routes(self) -> list[Route]:
        found = []
        for kind in shapes.NUMBER_KINDS:
            many = f"{BASE}/companies/<id>/registrationNumbers/{kind}"
            handlers: tuple[tuple[str, str, Callable[[str, Call], Answer]], ...] = (
                ("GET", many, self.number),
                ("POST", many, self.add_number),
                ("PATCH", f"{many}/<row>", self.change_number),
                ("DELETE", f"{many}/<row>", self.delete_number),
            )
            found += [
                Route(method, path, "numbers", partial(handler, kind), "Registration number")
                for method, path, handler in handlers
            ]
        return found

    def number(self, kind: str, call: Call) -> Answer:
        """The number of a kind; a list where a company may have several."""
        row = self._need("companies", call.id).values["numbers"].get(kind)
        if kind == "se":
            return answer([row] if row else [])
        return answer(row)

    def add_number(self, kind: str, call: Call) -> Answer:
        """The first number of a kind."""
        numbers, said = self._need("companies", call.id).values["numbers"], call.json()
        if not said.get("number"):
            raise refuse("The number must be set")
        if kind in numbers:
            raise refuse("The company has a number of this kind already")
        self._keep("companies", call, {"numbers": {**numbers, kind: said["number"]}})
        return done(self.context)

    def change_number(self, kind: str, call: Call) -> Answer:
        """Another number in place of one."""
        numbers = self._number_there(kind, call)
        row = {**numbers[kind], "number": call.json().get("number")}
        self._keep("companies", call, {"numbers": {**numbers, kind: row}})
        return done(self.context)

    def delete_number(self, kind: str, call: Call) -> Answer:
        """No number of this kind any more."""
        numbers = {k: row for k, row in self._number_there(kind, call).items() if k != kind}
        self._keep("companies", call, {"numbers": numbers})
        return done(self.context)

    def _number_there(self, kind: str, call: Call) -> Raw:
        numbers: Raw = self._need("companies", call.id).values["numbers"]
        if str((numbers.get(kind) or {}).get("id")) != tail(call):
            raise missing("The company has no such number")
        return numbers

    # --- foreign systems --------------------------------------------------------------------------

    def _system_routes(self) -> list[Route]:
        many, one = f"{BASE}/foreignSystems", f"{BASE}/foreignSystems/<id>"
        found = [
            Route("GET", many, "foreign_systems", self.listed_systems, "Foreign systems"),
            Route("POST", many, "foreign_systems", self.create_system, "Add a foreign system"),
            Route("GET", one, "foreign_systems", self.system, "A foreign system"),
            Route("PATCH", one, "foreign_systems", self.rename_system, "Rename it"),
            Route("DELETE", one, "foreign_systems", self.delete_system, "Delete it"),
        ]
        found += [
            Route("GET", f"{one}/{name}", name, partial(self.mapped, name), "By id elsewhere")
            for name in KINDS
        ]
        units = f"{one}/organizations"
        return [
            *found,
            Route("GET", units, "organizations", self.mapped_units, "Units by id elsewhere"),
        ]

    def mapped_units(self, call: Call) -> Answer:
        """None: there is a route to look units up, and none to link them."""
        self._system(call.id)
        return page(self.context, call, (), KINDS["companies"])

    def listed_systems(self, _call: Call) -> Answer:
        """All of them, as a bare list."""
        return answer([{"id": id_, "name": name} for id_, name in self.context.systems.items()])

    def create_system(self, call: Call) -> Answer:
        """A new one; two may have one name."""
        name = call.json().get("name")
        if not name:
            raise refuse("The name must be set")
        id_ = max(self.context.systems, default=600) + 1
        self.context.systems[id_] = name
        self.context.store.counters.effect("foreign_systems", "create")
        return answer({"id": id_, "name": name})

    def system(self, call: Call) -> Answer:
        """One of them."""
        return answer({"id": int(call.id), "name": self._system(call.id)})

    def rename_system(self, call: Call) -> Answer:
        """Its name."""
        self._system(call.id)
        self.context.systems[int(call.id)] = call.json()["name"]
        return self.system(call)

    def delete_system(self, call: Call) -> Answer:
        """One less."""
        self._system(call.id)
        del self.context.systems[int(call.id)]
        return done(self.context)

    def _system(self, id_: str) -> str:
        found = self.context.systems.get(int(id_)) if id_.isdecimal() else None
        if found is None:
            raise missing("The foreign system does not exist")
        return found

    def mapped(self, name: str, call: Call) -> Answer:
        """Members with an id there, or with this one; the closed ones only if asked for."""
        self._system(call.id)
        wanted = call.query.get("externalId")
        valid = flag(call, "onlyValid", default=True)
        rows = [
            member
            for member in self.context.resources[name].collection.listed()
            if any(_is(m, call.id, wanted) for m in member.values["foreignSystemMappings"])
            and not (valid and self._closed(member))
        ]
        show = KINDS[name]
        return page(
            self.context, call, rows,
            lambda each: {**show(each), "contacts": None, "addresses": None},
        )  # fmt: skip

    def _closed(self, member: Snapshot) -> bool:
        end = member.values.get("closeDate")
        return end is not None and str(end) <= self.context.now()

    def link(self, name: str, call: Call) -> Answer:
        """Give a member its id in a foreign system."""
        external, id_ = call.query.get("externalId"), tail(call)
        if not external:
            raise refuse("externalId must be set")
        self._system(id_)
        taken = any(
            _is(mapping, id_, external)
            for member in self.context.resources[name].collection.current()
            for mapping in member.values["foreignSystemMappings"]
            if member.id != call.id
        )
        if taken and self.context.on("unique_mappings"):
            raise refuse("Another record has this id in the foreign system")
        there = self._need(name, call.id).values["foreignSystemMappings"]
        kept = [m for m in there if self.context.on("several_mappings") or not _is(m, id_, None)]
        made = mapping_row(self.context, int(id_), external)
        self._keep(name, call, {"foreignSystemMappings": [*kept, made]})
        return done(self.context)

    def linked(self, name: str, call: Call) -> Answer:
        """The member, if it has an id in the system."""
        found = self._need(name, call.id)
        if not any(_is(m, tail(call), None) for m in found.values["foreignSystemMappings"]):
            raise missing("There is no id in this system", problem=name == "persons")
        return answer(KINDS[name](found))

    def unlink(self, name: str, call: Call) -> Answer:
        """Take a member's ids in a foreign system away."""
        there = self._need(name, call.id).values["foreignSystemMappings"]
        kept = [mapping for mapping in there if not _is(mapping, tail(call), None)]
        self._keep(name, call, {"foreignSystemMappings": kept})
        return done(self.context)

    # --- all of them ------------------------------------------------------------------------------

    def _need(self, name: str, id_: str) -> Snapshot:
        found = self.context.resources[name].collection.get(id_)
        if found is None:
            raise missing(f"There is no {id_} among the {name}", problem=name == "persons")
        return found

    def _change(self, name: str, call: Call, values: Raw) -> Snapshot:
        resource = self.context.resources[name]
        return resource.change(call.id, values, Author("api", call.method))

    def _keep(self, name: str, call: Call, values: Raw) -> None:
        self._change(name, call, values)


def _is(mapping: Raw, system: str, external: Any) -> bool:
    mine = str(mapping["foreignSystem"]["id"]) == system
    return mine and external in {None, mapping["externalId"]}
