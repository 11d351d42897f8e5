"""Whether a field says the same in all systems that have it, and what somebody typed."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

from talk_sdk.testing.simulation.excuses import Excuses
from talk_sdk.testing.simulation.ledger import EXISTS, Event, Key, Ledger
from talk_sdk.testing.simulation.policies import Policies
from talk_sdk.testing.simulation.sides import Field, Side
from talk_sdk.testing.simulation.views import Seen, Twin

__all__ = ["Agreement"]

Group = Mapping[str, Seen]


class Agreement:
    """Judges one field of one record after the other."""

    def __init__(
        self, twins: Mapping[str, Twin], ledger: Ledger, excuses: Excuses, policies: Policies
    ) -> None:
        """Take what is known of the truth."""
        self._policies = policies
        self._twins = twins
        self._ledger = ledger
        self._excuses = excuses

    def judge(self, each: Field, key: Key, group: Group) -> Iterator[str]:
        """What is wrong with a field of a record that these systems have."""
        known = {name: seen for name, seen in group.items() if self._twins[name].has(each)}
        asked = {name for name, seen in known.items() if self._excuses.asked(key, name, seen)}
        left = asked | {
            name for name, seen in known.items() if self._policies.changes_none(name, key[0])
            or self._excuses.unwritten(key[0], name, seen.values.get("order"))
        }  # fmt: skip
        having = {name: seen for name, seen in known.items() if name not in left}
        if not having:
            return
        said = ", ".join(f"{seen.values[each.name]!r} in {name}" for name, seen in having.items())
        what = f"{key[0]} {key[1]!r}: {each.name} is {said}"
        events = [event for event in self._ledger.events[key]
                  if not event.erased and not self._taken_along(key, event)]  # fmt: skip
        if not any(self._speaks(each, name, having) for name in having):
            heard = bool(events) and not self._excuses.allow(key, events[-1])
            if heard or not self._silent(each, having):
                yield f"I2: {what}"
            return
        matching = [event for event in events if self._stands(each, event, having)]
        if not events or (not matching and self._assigned(each, key, known)):
            return
        typed = [(event.number, event.system, event.value) for event in events]
        if not matching and not having.keys() & {event.system for event in events}:
            # Whoever typed it waits; to the others nobody has said anything.
            matching = [event for event in events if _empty(each, having)]
        if not matching and self._as_it_may(each, key, having):
            return
        if not matching and not _unheard(each, events, having):
            yield f"I4: {what}, which nobody typed: {typed}"
            return
        last = self._last(events, matching, known.keys() - asked)
        if last is None or last in matching or (_empty(each, having) and self._gone(key, last)):
            return
        if not self._excuses.allow(key, last):
            yield f"I3: {what}, and the last edit is lost: {typed}"

    def _as_it_may(self, each: Field, key: Key, having: Group) -> bool:
        """Whether there is a reason for values that nobody typed."""
        cases = (self._inherited, self._reborn, self._defaulted, self._archived)
        return any(case(each, key, having) for case in cases)

    def _archived(self, each: Field, key: Key, having: Group) -> bool:
        """Whether it was put out of use as somebody had deleted it elsewhere."""
        deleted = any(not event.value for event in self._ledger.events[key[0], key[1], EXISTS])
        told = all(self._policies.on_delete.get((name, key[0])) == "archive" for name in having)
        return each.name == "active" and deleted and told

    def _taken_along(self, key: Key, event: Event) -> bool:
        """Whether a subdivision went because its user typed another country."""
        coded = any(twin.dialect.region_codes for twin in self._twins.values())
        if not (coded and key[2].endswith(".subdivision")) or event.value is not None:
            return False
        beside = self._ledger.events[key[0], key[1], key[2].replace("subdivision", "country")]
        return event.number > 0 and any(other.number == event.number and other.value is not None
                                        for other in beside)  # fmt: skip

    def _gone(self, key: Key, event: Event) -> bool:
        """Whether a subdivision went later, as the same people typed another country."""
        return any(e.number > event.number and e.system == event.system
                   and self._taken_along(key, e) for e in self._ledger.events[key])  # fmt: skip

    def _speaks(self, each: Field, name: str, having: Group) -> bool:
        """Whether all others show what this system says."""
        value = having[name].values[each.name]
        return all(self._shows(each, value, other, having) for other in having if other != name)

    def _shows(self, each: Field, value: Any, name: str, having: Group) -> bool:
        """Whether a system shows a value of another one, or has a number of its own."""
        side, values = self._side(each, name), having[name].values
        shown = values[each.name]
        numbering = sum(self._side(each, other).assigns for other in self._twins
                        if self._twins[other].has(each))  # fmt: skip
        own = side.assigns and numbering > 1 and None not in {value, shown}
        return own or side.shows(value, shown, values)

    def _side(self, each: Field, name: str) -> Side:
        return each.side(self._twins[name].connector)

    def _silent(self, each: Field, having: Group) -> bool:
        """Whether every system says what it says where nobody said anything."""
        sides = ((self._side(each, name), seen) for name, seen in having.items())
        silent = all(side.default == seen.values[each.name] for side, seen in sides)
        self._excuses.counts["excused: each system has a default of its own"] += silent
        return silent

    def _assigned(self, each: Field, key: Key, known: Group) -> bool:
        """Whether a system gave a value to a record whose users there left it out."""
        events = self._ledger.events[key]
        typed = {event.system for event in events if event.value and not event.erased}
        left = {event.system for event in self._ledger.events[key[0], key[1], EXISTS]
                if not event.value and self._twins[event.system].has(each)}  # fmt: skip
        givers = [name for name in {*known, *left} if self._side(each, name).assigns]
        # One that counts alone has to give up its number for one that somebody typed elsewhere.
        return bool(set(givers) - typed) and (not typed or len(givers) > 1)

    def _stands(self, each: Field, event: Event, having: Group) -> bool:
        """Whether the final values are this event's, in every system that has the field."""
        own, here = having.get(event.system), self._side(each, event.system)
        beside: Mapping[str, Any] = _Unknown() if own is None else own.values
        if own is not None and own.values[each.name] != event.value:
            # What was typed there may have gone with the country that it belonged to.
            if here.near is None or not here.shows(event.value, own.values[each.name], beside):
                return False
            country = each.name.replace("subdivision", "country")
            beside = {**beside, country: str(event.value).partition("-")[0]}
        return all(
            self._shows(each, event.value, name, having)
            or here.becomes(seen.values[each.name], beside) == event.value
            for name, seen in having.items()
            if name != event.system
        )

    def _last(
        self, events: list[Event], matching: list[Event], having: Container[str]
    ) -> Event | None:
        """The last edit that must be there: of a system whose record waits, none needs to be."""
        free = [event for event in events if event.system in having]
        waiting = [event for event in matching if event.system not in having]
        last = free[-1] if free else None
        return None if last and any(e.number >= last.number for e in waiting) else last

    def _reborn(self, each: Field, key: Key, having: Group) -> bool:
        """Whether a line was removed where it has the field, and came back from elsewhere.

        At first linking a line beats none (rule G5), and brings what its own system knows of it.
        """
        gone = [e for e in self._ledger.events[key[0], key[1], EXISTS] if not e.value]
        first = next((e for e in gone if self._twins[e.system].has(each)), None)
        lacking = {name for name in self._ledger.homes[key[1]] if not self._twins[name].has(each)}
        sooner = {e.system for e in gone if first is not None and e.number < first.number}
        back = first is not None and bool(lacking - sooner)
        found = key[0] == "lines" and back and _empty(each, having)
        self._excuses.counts["excused: a line came back from a system without the field"] += found
        return found

    def _defaulted(self, each: Field, key: Key, having: Group) -> bool:
        """Whether a system gave it to what was created there in doubt (rule D5)."""
        return all(event.value is None for event in self._ledger.events[key]) and any(
            self._side(each, name).default == seen.values[each.name]
            and self._excuses.born_in_doubt(name, key)
            for name, seen in having.items()
        )

    def _inherited(self, each: Field, key: Key, having: Group) -> bool:
        """Whether the values are those of a line in whose place this one was put."""
        events = self._excuses.inherited(key)
        found = any(self._stands(each, event, having) for event in events)
        self._excuses.counts["excused: a line put in for another of its product"] += found
        return found


def _unheard(each: Field, events: list[Event], having: Group) -> bool:
    """Whether nothing of what was typed has come to the systems in which nobody typed."""
    typed = {event.system for event in events}
    return all(seen.values[each.name] is None for name, seen in having.items() if name not in typed)


def _empty(each: Field, having: Group) -> bool:
    return all(seen.values[each.name] is None for seen in having.values())


class _Unknown(dict[str, Any]):
    """The values of a record that is not looked at."""

    def __missing__(self, _name: str) -> None:
        return None
