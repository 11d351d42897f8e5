"""Takes down what the engine was shown and what it wrote over, from what goes over the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from talk_sdk.testing.simulation.ledger import Ledger
from talk_sdk.testing.simulation.trace import Exchange, Trace
from talk_sdk.testing.simulation.views import Twin

__all__ = ["Watch"]


class Watch:
    """Listens to the exchanges of all systems."""

    def __init__(
        self,
        twins: Mapping[str, Twin],
        ledger: Ledger,
        trace: Trace,
        counts: Counter[str],
        now: Callable[[], float],
    ) -> None:
        """Take what is written to."""
        self._twins = twins
        self._ledger = ledger
        self._trace = trace
        self._counts = counts
        self._now = now

    def after(self, exchange: Exchange) -> None:
        """One request was answered, or not."""
        kinds = [fault.kind for fault in exchange.faults]
        self._counts.update(f"fault: {fault.kind}" for fault in exchange.faults)
        twin = self._twins[exchange.system]
        dialect = twin.dialect
        done = [f"{e.kind} {e.collection}/{e.id}" for e in exchange.effects]
        self._ledger.touched += [
            (self._now(), exchange.system, *dialect.record_of(e, twin.control))
            for e in exchange.effects
        ]
        self._trace.add(
            f"{self._now():.1f} {exchange.system} {exchange.method} {exchange.path}"
            f"?{exchange.query} -> {exchange.status} {kinds} {done}"
        )
        self._ledger.writing = self._ledger.writing or bool(exchange.effects)
        self._overwritten(exchange, twin)
        if dialect.replaces(exchange):
            return
        if exchange.intact:
            for kind, id_ in dialect.shown(exchange, twin.control):
                self._ledger.looked(twin.name, kind, id_)
            self._ledger.answered += [
                (self._now(), exchange.system, dialect.kind_of(effect.collection))
                for effect in exchange.effects
                if effect.kind == "create"
            ]
        elif exchange.method != "GET":
            meant = dialect.meant(exchange)
            self._ledger.doubts.append((self._now(), exchange.system, meant))

    def _overwritten(self, exchange: Exchange, twin: Twin) -> None:
        """A write to a record that has no version does not see what was done since the look."""
        for effect in exchange.effects:
            kind, id_ = twin.dialect.record_of(effect, twin.control)
            names = twin.dialect.overwritten(exchange, kind)
            if names is not None:
                gone = self._ledger.overwrote(exchange.system, kind, id_, names)
                self._counts["edit: out of sight"] += gone
