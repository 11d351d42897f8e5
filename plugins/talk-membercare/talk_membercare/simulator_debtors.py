"""Debtors and organizations of the twin, which are only read; and who changed when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from talk_membercare import simulator_shapes as shapes
from talk_membercare.simulator_context import (
    BASE,
    ZONE,
    Context,
    Raw,
    answer,
    chosen,
    filled,
    flag,
    missing,
    page,
    refuse,
)
from talk_sdk.testing.records import Author
from talk_sdk.testing.service import Answer, Call, RefusedError, Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talk_sdk.testing.records import Snapshot


UNIT_PATCH = (
    "name", "name2", "membershipAllowed", "boardMemberAllowed", "webEnabled",
    "organizationCategory",
)  # fmt: skip


@dataclass(frozen=True)
class Debtors:
    """The handlers."""

    context: Context

    def routes(self) -> list[Route]:
        """Their paths."""
        units, debtors = f"{BASE}/organizations", f"{BASE}/debtors"
        return [
            Route("GET", debtors, "debtors", self.debtors, "Debtors", lists=True),
            Route("GET", f"{debtors}/<id>", "debtors", self.debtor, "A debtor"),
            Route("GET", units, "organizations", self.organizations, "Organizations", lists=True),
            Route("POST", units, "organizations", self.create_organization, "Add one"),
            Route("GET", f"{units}/<id>", "organizations", self.organization, "One of them"),
            Route("PATCH", f"{units}/<id>", "organizations", self.patch_organization, "Change it"),
        ]

    # --- debtors ----------------------------------------------------------------------------------

    def debtors(self, call: Call) -> Answer:
        """Persons and companies, those changed after a moment."""
        kinds = {
            each.id: kind
            for name, kind in (("persons", 1), ("companies", 2))
            for each in self.context.resources[name].collection.listed()
        }
        rows = [
            each
            for name in ("persons", "companies")
            for each in self.context.resources[name].collection.listed()
            if self._is_listed(call, each.values["financeType"])
        ]
        rows = changed_after(self.context, call, rows)

        def show(each: Snapshot) -> Raw:
            return {**shapes.debtor(each, kinds[each.id]), "contacts": None, "addresses": None}

        return page(self.context, call, rows, show)

    def _is_listed(self, call: Call, finance_type: int) -> bool:
        if finance_type == 0:
            return self.context.on("unset_listed")
        pure_creditor = finance_type == 2  # noqa: PLR2004 - the API's
        return not pure_creditor or flag(call, "includeCreditors", default=False)

    def debtor(self, call: Call) -> Answer:
        """One debtor, with addresses and contacts."""
        try:
            return answer(filled(self.context, shapes.payer_of(self.context, call.id)))
        except KeyError:
            raise missing("The debtor does not exist") from None

    # --- organizations ----------------------------------------------------------------------------

    def organizations(self, call: Call) -> Answer:
        """All units, ended ones too unless only valid ones are asked for."""
        rows = list(self.context.resources["organizations"].collection.listed())
        if flag(call, "onlyValid", default=False):
            rows = [row for row in rows if is_valid(self.context, row.values.get("endDate"))]
        return page(self.context, call, rows, shapes.organization)

    def organization(self, call: Call) -> Answer:
        """One unit, by its identification."""
        return answer(shapes.organization(self._unit(call.id)))

    def create_organization(self, call: Call) -> Answer:
        """A new unit, with addresses and contacts."""
        said = call.json()
        if not all(said.get(n) for n in ("identificationNumber", "name", "organizationCategory")):
            raise RefusedError(400, "problem", "Number, name and category must be set")
        resource = self.context.resources["organizations"]
        made = resource.create({**said, "company": None}, Author("api", call.method))
        return answer(shapes.organization(made))

    def patch_organization(self, call: Call) -> Answer:
        """Six properties of a unit; no route changes its addresses and contacts."""
        values = chosen(call.json(), UNIT_PATCH)
        resource = self.context.resources["organizations"]
        changed = resource.change(self._unit(call.id).id, values, Author("api", call.method))
        return answer(shapes.organization(changed))

    def _unit(self, ident: str) -> Snapshot:
        for row in self.context.resources["organizations"].collection.listed():
            if row.values["identificationNumber"] == ident:
                return row
        raise missing("The organization does not exist")


def is_valid(context: Context, end: Any) -> bool:
    """Whether something with this end is valid now."""
    return end is None or str(end) > context.now()


def changed_after(context: Context, call: Call, rows: Sequence[Snapshot]) -> list[Snapshot]:
    """Those that changed after the moment in the query; all, if there is none."""
    text = call.query.get("changedAfter")
    if text is None:
        return list(rows)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refuse("changedAfter is not a date") from None
    if moment.tzinfo is None:
        zone = ZONE if context.on("local_filter") else UTC
        moment = moment.replace(tzinfo=zone)
    inclusive = context.on("inclusive")
    return [r for r in rows if r.modified > moment or (inclusive and r.modified == moment)]
