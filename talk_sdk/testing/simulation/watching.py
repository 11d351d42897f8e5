"""Takes down what the engine was shown and what it wrote over, from what goes over the wire."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from talk_sdk.testing.simulation.dialects import KINDS, Dialect
from talk_sdk.testing.simulation.faulting import STORM
from talk_sdk.testing.simulation.ledger import Event, Ledger, Moment
from talk_sdk.testing.simulation.policies import Policies
from talk_sdk.testing.simulation.trace import Exchange, Trace
from talk_sdk.testing.simulation.views import Twin

if TYPE_CHECKING:
    from talk_sdk.testing.records import Effect

__all__ = ["Watch"]

_RESUMED = 3
"""To make a record may take several writes; what was cut is completed in one of so many runs."""


class _Look(NamedTuple):
    """What an exchange has shown."""

    exchange: Exchange
    moment: Moment
    places: list[tuple[str, str]]


class Watch:
    """Listens to the exchanges of all systems."""

    def __init__(
        self,
        twins: Mapping[str, Twin],
        ledger: Ledger,
        trace: Trace,
        counts: Counter[str],
        now: Callable[[], float],
        policies: Policies,
        violations: list[str],
    ) -> None:
        """Take what is written to."""
        self._policies = policies
        self._violations = violations
        self._twins = twins
        self._ledger = ledger
        self._trace = trace
        self._counts = counts
        self._now = now
        self._tags: dict[tuple[str, str, str], str] = {}
        self._deleting = {system for (system, _), what in policies.on_delete.items()
                          if what == "delete"}  # fmt: skip
        self._made: dict[tuple[str, str, str], int] = {}
        self._held: dict[str, list[_Look]] = defaultdict(list)

    def before(self, system: str, path: str) -> None:
        """A request begins: what was in hand is not any more, if it is about something else."""
        for name, places in self._ledger.in_hand.items():
            dialect = self._twins[name].dialect
            kept = {p for p in places if name == system and dialect.belongs(path, p)}
            self._ledger.in_hand[name] = kept
        if system in self._deleting:
            for seen in self._twins[system].view().every():
                self._tags[system, seen.kind, seen.id] = seen.tag

    def after(self, exchange: Exchange) -> None:
        """One request was answered, or not."""
        kinds = [fault.kind for fault in exchange.faults]
        self._counts.update(f"fault: {fault.kind}" for fault in exchange.faults)
        long = (f for f in exchange.faults if isinstance(f.nth, tuple) and len(f.nth) >= STORM)
        self._counts.update(f"storm: {fault.kind}" for fault in long)
        twin = self._twins[exchange.system]
        dialect = twin.dialect
        done = [f"{e.kind} {e.collection}/{e.id}" for e in exchange.effects]
        for effect in exchange.effects:
            place = dialect.place_of(effect, twin.control)
            self._ledger.touched.append((self._now(), exchange.system, *place))
            if place[0] in KINDS:
                self._ledger.in_hand.setdefault(exchange.system, set()).add(place)
        self._forbidden(exchange, twin)
        self._trace.add(
            f"{self._now():.1f} {exchange.system} {exchange.method} {exchange.path}"
            f"?{exchange.query} -> {exchange.status} {kinds} {done}"
        )
        self._ledger.writing = self._ledger.writing or bool(exchange.effects)
        self._take_down(exchange, dialect)
        self._overwritten(exchange, twin)
        if dialect.replaces(exchange):
            return
        if exchange.intact:
            places = list(dialect.shown(exchange, twin.control)) if exchange.body else []
            self._held[twin.name].append(_Look(exchange, self._ledger.moment(), places))
            self._ledger.answered += [
                (self._now(), exchange.system, dialect.kind_of(effect.collection))
                for effect in exchange.effects
                if effect.kind == "create"
            ]
        elif dialect.doubtful(exchange):
            meant = dialect.meant(exchange)
            self._ledger.doubts.append((self._now(), exchange.system, meant))

    def _forbidden(self, exchange: Exchange, twin: Twin) -> None:
        """Nothing is written where that is off."""
        run, changed = len(self._ledger.runs), []
        for effect in exchange.effects:
            kind, id_ = place = twin.dialect.place_of(effect, twin.control)
            if kind not in KINDS:
                continue
            whole = twin.dialect.places[kind]["in"] == effect.collection
            if effect.kind == "delete" and whole:
                self._deleted(twin.name, kind, id_)
                continue
            if effect.kind != "create" or not whole:
                changed.append((effect, place))
                continue
            self._made[twin.name, kind, id_] = run
            if self._policies.makes_none(twin.name, kind):
                self._complain(twin, effect)
        for effect, (kind, id_) in changed:
            made = self._made.get((twin.name, kind, id_), -_RESUMED)
            if run - made >= _RESUMED and self._policies.changes_none(twin.name, kind):
                self._complain(twin, effect)

    def _deleted(self, system: str, kind: str, id_: str) -> None:
        """Nothing is deleted that nobody has deleted elsewhere, nor what was edited since (I6)."""
        for place in self._tags:
            # Of what is gone a dialect may know only a part of the id.
            if place[:2] == (system, kind) and f"{place[2]}/".startswith(f"{id_}/"):
                id_ = place[2]
        self._ledger.removed.add((system, kind, id_))
        tag = self._tags.get((system, kind, id_), "")
        deletion = self._ledger.deletion(kind, tag)
        what = f"{kind} {tag!r} in {system}"
        if self._policies.on_delete.get((system, kind)) != "delete" or deletion is None:
            self._violations.append(f"I6: deleted {what}, and nobody has told so")
            return
        if self._policies.tight and not self._ledger.approved:
            self._violations.append(f"I6: deleted {what}, and the brake was on")
        edits = (event for (about, whose, _), events in self._ledger.events.items()
                 if (about, whose) == (kind, tag) for event in events)  # fmt: skip
        for event in edits:
            late = event.number > deletion.number and not (event.erased or event.decided)
            if late and event.system == system and self._just_seen(system, kind, id_, event):
                self._violations.append(f"I3: deleted {what}, and {event.value!r} was typed since")
        self._counts["followed: a deletion"] += 1

    def _just_seen(self, system: str, kind: str, id_: str, event: Event) -> bool:
        """Whether an edit was seen for the first time in this run.

        One that was merged before the deletion was noticed came before it, for all one knows.
        """
        looks = [look for look in self._ledger.looks[system, kind, id_]
                 if look.number >= event.number]  # fmt: skip
        merges = sum(merge.turn > looks[0].turn for merge in self._ledger.merges) if looks else 0
        return bool(looks) and merges <= 1

    def _complain(self, twin: Twin, effect: Effect) -> None:
        what = f"{effect.kind} of {effect.collection}/{effect.id}"
        self._violations.append(f"toggle: {what} in {twin.name}, and that is off")

    def _take_down(self, exchange: Exchange, dialect: Dialect) -> None:
        """The looks before, unless nobody was shown them; or it remains to be seen."""
        held, self._held[exchange.system] = self._held[exchange.system], []
        for look in held:
            only = dialect.only_to_write(look.exchange, exchange)
            if only is None:
                self._held[exchange.system].append(look)
            elif not only:
                for part, id_ in look.places:
                    self._ledger.looked(exchange.system, part, id_, look.moment)

    def _overwritten(self, exchange: Exchange, twin: Twin) -> None:
        """A write to a record that has no version does not see what was done since the look."""
        dialect, gone = twin.dialect, 0
        for effect in exchange.effects:
            kind, id_ = dialect.place_of(effect, twin.control)
            names = dialect.overwritten(exchange, kind)
            if names is not None:
                gone += self._ledger.overwrote(exchange.system, kind, id_, names)
        if dialect.erases(exchange):
            gone += self._ledger.erased(twin, twin.view())
        self._counts["edit: out of sight"] += gone
