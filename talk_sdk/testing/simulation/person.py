"""The person who says which of two edits stands, if the engine asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random

from talk_sdk._inbox import Inbox
from talk_sdk.reports import Conflict
from talk_sdk.testing.simulation.ledger import Event, Key, Ledger
from talk_sdk.testing.simulation.origins import named
from talk_sdk.testing.simulation.values import mark
from talk_sdk.testing.simulation.verdicts import alike, system_of
from talk_sdk.testing.simulation.views import Twin, View

__all__ = ["Person"]

_YOU = "you"
"""Who the list says has decided."""


class Person:
    """Answers questions, and takes down each answer as an edit."""

    def __init__(
        self,
        rng: Random,
        twins: Mapping[str, Twin],
        ledger: Ledger,
        now: Callable[[], float],
    ) -> None:
        """Take what is known of the truth."""
        self._rng = rng
        self._twins = twins
        self._ledger = ledger
        self._now = now
        self.counts: Counter[str] = Counter()

    def answer(self, inbox: Inbox, chance: float) -> list[str]:
        """Answer some of the questions that are open; returns what was said."""
        views = {name: twin.view() for name, twin in self._twins.items()}
        said = []
        for each in sorted(inbox.conflicts(), key=lambda conflict: conflict.id):
            if not each.open or self._rng.random() >= chance:
                continue
            label = self._rng.choice(sorted(self._fit(each)))
            found = self._edit(each, label, views)
            if found is None:
                self.counts["question: about what nobody can place"] += 1
                continue
            inbox.settle([each.id], take_from=label)
            self._take_down(*found)
            self.counts["edit: a question answered"] += 1
            said.append(f"{each.record} {each.property}: {label}")
        return said

    def _fit(self, each: Conflict) -> list[str]:
        """Whose values every system takes; if none are, any."""
        marks = [mark(name) for name in self._twins]
        fit = [label for label, value in each.values.items()
               if not any(text in str(value).casefold() for text in marks)]  # fmt: skip
        return fit or list(each.values)

    def _edit(
        self, each: Conflict, label: str, views: Mapping[str, View]
    ) -> tuple[Key, Event] | None:
        """The edit whose value is to stand; none if it cannot be told from others."""
        kind, tag = named(each.record, views)
        name = each.property.removeprefix("lines.")
        system = system_of(label)
        lines = {line.tag for view in views.values() for line in view.every()
                 if line.kind == "lines" and line.values["order"] == tag}  # fmt: skip
        tags = lines if kind == "lines" else {tag}
        found: dict[Key, Event] = {}
        for key in ((kind, about, name) for about in tags if about is not None):
            for event in self._ledger.events.get(key, ()):
                if system in {_YOU, event.system} and alike(each.values[label], event.value, name):
                    found[key] = event
        return next(iter(found.items())) if len(found) == 1 else None

    def _take_down(self, key: Key, event: Event) -> None:
        number = self._ledger.tick()
        word = Event(number, self._now(), event.system, event.record, event.value, None,
                     decided=True)  # fmt: skip
        self._ledger.events[key].append(word)
