"""What has to become of records that somebody has deleted (I6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from talk_sdk.testing.simulation.excuses import Excuses
from talk_sdk.testing.simulation.ledger import EXISTS, Event, Ledger
from talk_sdk.testing.simulation.policies import Policies
from talk_sdk.testing.simulation.views import Seen, Twin

__all__ = ["Absences"]


class Absences:
    """Knows which records were deleted, and judges where these are and are not."""

    def __init__(
        self,
        twins: Mapping[str, Twin],
        ledger: Ledger,
        policies: Policies,
        excuses: Excuses,
    ) -> None:
        """Take what is known of the truth, and what is listed."""
        self._excuses = excuses
        self._twins = twins
        self._ledger = ledger
        self._policies = policies
        self._deleted = {
            (kind, tag): [event for event in events if not event.value]
            for (kind, tag, name), events in ledger.events.items()
            if name == EXISTS and kind != "lines" and any(not event.value for event in events)
        }
        self._places = ledger.removed | {
            (event.system, kind, event.record)
            for (kind, _), events in self._deleted.items() for event in events
        }  # fmt: skip

    def about(self, kind: str, tag: str) -> bool:
        """Whether a record was deleted somewhere; of a line, its order."""
        if kind != "lines":
            return (kind, tag) in self._deleted
        orders = self._ledger.events.get(("lines", tag, "order"), [])
        return any(("orders", event.value) in self._deleted for event in orders)

    def gone(self, system: str, kind: str | None, id_: str) -> bool:
        """Whether a record of this id was deleted there, by whom ever."""
        return (system, kind, id_) in self._places

    def valued(self, kind: str, tag: str) -> bool:
        """Whether what is left of it is kept the same in all systems, as if nothing had been."""
        follows = any((name, kind) in self._policies.on_delete for name in self._twins)
        return kind != "lines" and (not follows or self._listed(kind, tag))

    def judge(self, kind: str, tag: str, group: Mapping[str, Seen]) -> Iterator[str]:
        """Systems that have it, or have it not, against what they were told."""
        removals = {event.system: event for event in self._deleted[kind, tag]}
        what = f"I6: {kind} {tag!r}, deleted in {', '.join(sorted(removals))},"
        for name, twin in self._twins.items():
            if kind not in twin.dialect.kinds:
                continue
            rule = self._policies.on_delete.get((name, kind), "ignore")
            seen = group.get(name)
            if name in removals:
                unknown = self._excuses.born_in_doubt(
                    name, (kind, tag, EXISTS), removals[name].time
                )
                if seen is not None and not unknown:
                    yield f"{what} was made anew in {name}"
            elif seen is None:
                if rule != "delete" and name in self._ledger.homes[tag]:
                    yield f"{what} is gone from {name}, and is to stay there"
            elif rule == "delete" and not self._kept(kind, tag):
                yield f"{what} is still in {name}"
            elif rule == "archive" and not self._kept(kind, tag):
                yield from self._archived(what, kind, seen, name, list(removals.values()))

    def _archived(
        self, what: str, kind: str, seen: Seen, name: str, removals: list[Event]
    ) -> Iterator[str]:
        first = min(event.number for event in removals)
        again = any(event.number > first for event in self._ledger.events[kind, seen.tag, "active"]
                    if event.system == name)  # fmt: skip
        if seen.values["active"] and not again:
            yield f"{what} is still in use in {name}"

    def _kept(self, kind: str, tag: str) -> bool:
        """Whether the list says that it was edited elsewhere, and therefore stays.

        Or whether it was deleted where nobody knew of it: the answer to its create was lost.
        """
        unknown = all(self._excuses.born_in_doubt(event.system, (kind, tag, EXISTS), event.time)
                      for event in self._deleted[kind, tag])  # fmt: skip
        return unknown or self._listed(kind, tag)

    def _listed(self, kind: str, tag: str) -> bool:
        listed = (each for each in self._excuses.conflicts if each.name == "the record")
        return any(each.kind == kind and each.tag in {None, tag} for each in listed)
