"""Takes down what the engine was shown and what it wrote over, from what goes over the wire."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from talk_sdk.testing.simulation.dialects import KEYS, KINDS, kind_of
from talk_sdk.testing.simulation.ledger import Ledger
from talk_sdk.testing.simulation.rendering import FIELDS
from talk_sdk.testing.simulation.trace import Exchange, Trace
from talk_sdk.testing.simulation.views import Twin

__all__ = ["Watch"]

_WHOLE = 5
"""A record with fewer values than this is a mention of one."""


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
        connector = self._twins[exchange.system].connector
        done = [f"{e.kind} {e.collection}/{e.id}" for e in exchange.effects]
        self._ledger.touched += [
            (self._now(), exchange.system, kind_of(connector, e.collection), e.id)
            for e in exchange.effects
        ]
        self._trace.add(
            f"{self._now():.1f} {exchange.system} {exchange.method} {exchange.path}"
            f"?{exchange.query} -> {exchange.status} {kinds} {done}"
        )
        self._ledger.writing = self._ledger.writing or bool(exchange.effects)
        self._overwritten(exchange, connector)
        whole = exchange.method == "PUT" and exchange.path.rsplit("/", 2)[-2] == "orders"
        if whole:
            return
        if exchange.intact:
            self._look(exchange)
            self._ledger.answered += [
                (self._now(), exchange.system, kind_of(connector, effect.collection))
                for effect in exchange.effects
                if effect.kind == "create"
            ]
        elif exchange.method != "GET":
            made = kind_of(connector, exchange.path.rsplit("/", 1)[-1])
            kind = {"POST": made, "PUT": "stock"}.get(exchange.method, "change")
            self._ledger.doubts.append((self._now(), exchange.system, kind))

    def _overwritten(self, exchange: Exchange, connector: str) -> None:
        """A write to a record that has no version does not see what was done since the look."""
        for effect in exchange.effects:
            kind = kind_of(connector, effect.collection)
            names = None
            if connector == "wave" and effect.kind == "update":
                names = _written(kind, json.loads(exchange.sent))
            elif (connector, exchange.method, kind) != ("customerp", "PUT", "orders"):
                continue
            gone = self._ledger.overwrote(exchange.system, kind, effect.id, names)
            self._counts["edit: out of sight"] += gone

    def _look(self, exchange: Exchange) -> None:
        """Take down which records the engine has just been shown as they are."""
        twin = self._twins[exchange.system]
        if twin.connector == "wave":
            self._look_within(exchange, twin)
            return
        body = json.loads(exchange.body)
        shown = body.get("data", body.get("items", [body]))
        for kind in KINDS:
            if f"/{kind}" not in exchange.path:
                continue
            place = KEYS[twin.connector][kind]["id"]
            current = {str(record[place]): record for record in twin.control.dump(kind)}
            for record in shown:
                id_ = str(record.get(place))
                if current.get(id_) == record:
                    self._ledger.looked(twin.name, kind, id_)

    def _look_within(self, exchange: Exchange, twin: Twin) -> None:
        """The same for GraphQL, which shows of a record what it was asked for."""
        collection = exchange.path.removeprefix("/graphql/public/").partition("/")[0]
        kind = kind_of("wave", collection)
        if kind not in KINDS:
            return
        current = {record["id"]: record for record in twin.control.dump(collection)}
        for record in _records(json.loads(exchange.body), current):
            if len(record) >= _WHOLE and _part_of(record, current[record["id"]]):
                self._ledger.looked(twin.name, kind, record["id"])


def _records(value: Any, known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The records of a collection, wherever an answer has them."""
    if isinstance(value, list):
        for inner in value:
            yield from _records(inner, known)
    elif isinstance(value, dict):
        if value.get("id") in known:
            yield value
            return
        for inner in value.values():
            yield from _records(inner, known)


def _part_of(shown: Any, whole: Any) -> bool:
    """Whether an answer shows a part of a record as it is; what is empty may show as nothing."""
    if shown is None and isinstance(whole, dict):
        return all(_part_of(None, value) for value in whole.values())
    if isinstance(shown, dict) and isinstance(whole, dict):
        return all(_part_of(shown[name], whole[name]) for name in shown.keys() & whole.keys())
    if isinstance(shown, list) and isinstance(whole, list):
        return len(shown) == len(whole) and all(map(_part_of, shown, whole))
    return bool(shown == whole)


def _written(kind: str, sent: Mapping[str, Any]) -> set[str]:
    """The names of the fields that a GraphQL mutation writes."""
    given = set(_input(sent.get("variables") or {}))
    given |= {"lines", "shipping"} if "items" in given else set()
    given |= {"discount"} if "discounts" in given else set()
    written = given & {"lines"}
    for field in FIELDS[kind]:
        side = field.sides.get("wave")
        if side is not None and side.path.partition(".")[0] in given:
            written.add(field.name)
    return written


def _input(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((value for value in variables.values() if isinstance(value, dict)), {})
