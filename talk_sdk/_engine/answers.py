"""What the answers to writes make of links: the shadow of what was written, and the rest.

The rules W1 (create), W2 (update) and W4 (adjust); D1 for values that were found after a
doubt. Answers are stored together, set-wise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from talk_sdk._engine.claims import sent_marks
from talk_sdk._engine.kids import Kids, Sent, line_pairs
from talk_sdk._engine.looks import Look, keys_of, look_at
from talk_sdk._engine.merge import let_go
from talk_sdk._engine.run import Run
from talk_sdk._engine.seeing import handed_on, mark
from talk_sdk._engine.steps import ARCHIVED, CHANGES
from talk_sdk._store import GoldenRow, LinkRow, goldens, items, journal, links
from talk_sdk._store.journal import Intent
from talk_sdk.concepts import decimal_text
from talk_sdk.errors import MappingError
from talk_sdk.mapping import FILLED, Compiled
from talk_sdk.operations import Raw, Scalar

__all__ = ["Ledger", "equals", "overruled"]


def equals(
    mapping: Compiled, name: str, sent: Scalar, there: Scalar, siblings: Mapping[str, Scalar]
) -> bool:
    """Whether what is there is what was sent, in the system's own words."""
    try:
        return mapping.says(name, sent, there, siblings)
    except MappingError:
        return False


def overruled(run: Run, intent: Intent, name: str, found: Scalar, value: Scalar) -> dict[str, Any]:
    """What was found after a doubt was an edit: both values are kept, the sent one stands."""
    return {
        "run": run.id, "golden": intent.golden, "origin": intent.operation["record"],
        "property": name, "at": run.now(), "values": {intent.system: found, "sent": value},
        "decision": "the value typed while a write was in doubt gave way to the one that was sent",
    }  # fmt: skip


def _two_numbers(
    run: Run, intent: Intent, name: str, found: Scalar, ours: Scalar
) -> dict[str, Any]:
    return {
        **overruled(run, intent, name, found, ours),
        "decision": "each keeps its number: another one was found than was sent when the answer"
        " was lost",
    }


class Ledger:
    """Answers of one system and entity, stored in one go.

    Attributes:
        assigned: golden records to which the system gave a value of its own.
        unread: intents whose answer cannot be understood, with the reason; they stay open.
    """

    def __init__(
        self,
        run: Run,
        connection: Connection,
        place: tuple[str, str],
        answers: Sequence[tuple[Intent, Raw]],
    ) -> None:
        """Load what the answers are about: golden records, links, lines."""
        self._run, self._connection = run, connection
        self._system, self._entity = place
        self._bound = run.systems[self._system]
        self._mapping = self._bound.mappings[self._entity]
        self._now = run.now()
        self.assigned: set[str] = set()
        self.unread: dict[str, str] = {}
        self._looks = self._understood(answers)
        ids = {intent.golden for intent, _ in answers}
        self._goldens = goldens.by_id(connection, ids)
        self._known = self._links(answers)
        self._kids = Kids(run, connection, self._mapping, ids, self._known.values())
        self._fresh: list[LinkRow] = []
        self._changed: list[LinkRow] = []
        self._keys: dict[int, dict[int, str]] = {}
        self._moves: dict[str, list[Any]] = {}
        self._created: dict[str, list[Any]] = {}
        self._conflicts: list[dict[str, Any]] = []
        self._soiled: set[str] = set()
        self._settled: list[str] = []
        self._marker_kept = False

    def _understood(self, answers: Iterable[tuple[Intent, Raw]]) -> dict[str, Look]:
        looks = {}
        for intent, raw in answers:
            try:
                looks[intent.id] = look_at(self._bound, self._entity, raw)
            except MappingError as error:
                self.unread[intent.id] = error.message
        return looks

    def _links(self, answers: Iterable[tuple[Intent, Raw]]) -> dict[str, LinkRow]:
        wanted = {look.ext for look in self._looks.values()}
        found = links.by_ext(self._connection, self._system, self._entity, sorted(wanted))
        known = [i.link for i, _ in answers if i.link is not None]
        for link in links.by_id(self._connection, known).values():
            found.setdefault(link.ext, link)
        return found

    def created(self, intent: Intent, *, certain: bool = True) -> None:
        """A create was answered, or (not `certain`) what it made was found.

        Everything in the answer is shadow, `assigned` pairs excepted; what was found and is
        not what was sent is in doubt (rule D1).
        """
        look, golden = self._looks[intent.id], self._goldens[intent.golden]
        link = self._known.get(look.ext)
        if link is not None and link.golden not in {None, intent.golden}:
            self._taken(intent, golden)
            return
        if link is None:
            concept = self._mapping.concept.name
            link = LinkRow(self._run.next_link(), self._system, self._entity, look.ext, concept)
            self._known[look.ext] = link
            self._fresh.append(link)
        else:
            place = (link.system, link.entity, link.ext)
            items.close_reviews(self._connection, "match", [place])
            self._changed.append(link)
        link.golden, link.state, link.pending, link.children = golden.id, "live", {}, None
        link.shadow, link.found = dict(look.properties), {}
        link.behind = self._since(golden, self._mapping, intent.operation["revs"])
        if not certain:
            self._doubt(link, intent, golden)
        self._assign(intent, link, golden, look)
        mark(link, look, self._now)
        self._lines(intent, link, look, certain=certain)
        self._key(link, golden, look)
        self._created.setdefault(golden.id, []).append(
            ["", None, look.ext, self._system, intent.operation["reason"]]
        )
        mine = any(look.marks.get(rank) == mark for rank, mark in sent_marks(intent).items())
        self._marker_kept = self._marker_kept or mine
        self._settled.append(intent.id)

    def _taken(self, intent: Intent, golden: GoldenRow) -> None:
        reason = f"{golden.origin} was created here, but the record is linked to another one"
        record = intent.operation["record"]
        items.add_review(
            self._connection, self._system, self._entity, record, "create", reason, self._now
        )
        journal.to_review(self._connection, intent.id)

    def _since(
        self, golden: GoldenRow, mapping: Compiled, sent: Mapping[str, int]
    ) -> dict[str, int]:
        """What others have said since the operation was planned: the link is behind there."""
        found = {
            name: sent.get(name, 0)
            for name in golden.data
            if golden.revs.get(name, 1) != sent.get(name, 0) and name in mapping.by_property
        }
        if found:
            self._soiled.add(golden.parent or golden.id)
        return found

    def _doubt(self, link: LinkRow, intent: Intent, golden: GoldenRow) -> None:
        for name, value in intent.operation["values"].items():
            there = link.shadow.get(name)
            if name not in link.shadow or equals(self._mapping, name, value, there, golden.data):
                continue
            counted = name in self._mapping.concept.counters
            if counted or there in self._mapping.by_property[name].pair.final:
                # What was counted since, or cannot be taken back, is a change like any other.
                link.shadow[name], link.pending[name] = value, there
            else:
                link.found[name] = there
                link.behind[name] = 0
        self._soiled.add(golden.id)
        self._typed_meanwhile(link, intent)

    def _typed_meanwhile(self, link: LinkRow, intent: Intent) -> None:
        """What was not sent and is no declared default is an edit (rule D5)."""
        for name, row in self._mapping.by_property.items():
            value = link.shadow.get(name)
            known = name in intent.operation["values"] or name in self._mapping.assigned
            if known or value is None or row.pair.default in (value, FILLED):
                continue
            if name in self._mapping.creatable:
                link.pending[name] = value
                del link.shadow[name]
        if link.pending:
            look = self._looks[intent.id]
            link.edit_lo = intent.sent
            link.edit_hi = look.modified[1] if look.modified else self._now

    def _assign(self, intent: Intent, link: LinkRow, golden: GoldenRow, look: Look) -> None:
        """What the system assigned by itself is merged like a first value, where there is none.

        Where there is one already, a number that was assigned never takes its place. One that
        was found after a doubt may be typed: both are listed.
        """
        for name in self._mapping.assigned:
            value, ours = look.properties.get(name), golden.data.get(name)
            if value is None or equals(self._mapping, name, ours, value, golden.data):
                continue
            if ours is not None:
                # As new as the golden value: it is not to be overwritten by it.
                link.behind[name] = golden.rev(name)
                self._soiled.add(golden.id)
                if link.found.pop(name, None) is not None:
                    self._conflicts.append(_two_numbers(self._run, intent, name, value, ours))
            else:
                if not link.pending:  # else the time is that of what was typed
                    link.edit_lo = link.edit_hi = self._now
                link.pending[name] = value
                link.shadow.pop(name, None)
                self.assigned.add(golden.id)

    def _key(self, link: LinkRow, golden: GoldenRow, look: Look) -> None:
        mapping = self._mapping
        refs = {name: golden.data.get(name) for name in mapping.concept.refs}
        values = {**link.shadow, **link.pending, **refs}
        keys = keys_of(mapping, values)
        for rank in mapping.composite:
            key = mapping.key_of(rank, values)
            if key is not None:
                keys[rank] = key
        self._keys[link.id] = {**keys, **look.marks}

    def _lines(self, intent: Intent, link: LinkRow, look: Look, *, certain: bool = True) -> None:
        """Take answered lines as the shadows of those that were sent.

        A list that is not of the lines that were sent is merged like one that was read.
        """
        for name, sent in intent.operation["lines"].items():
            answer = (look.children or {}).get(name)
            if answer is None:
                if not certain:
                    self._unsaid(link, name, sent)
                continue
            pairs = line_pairs(sent, answer)
            if pairs is None:
                link.children = {**(link.children or {}), name: answer}
                if intent.kind == "create":
                    # Somebody has changed the list since: what was sent is its base.
                    base = [[None, dict(line[2])] for line in sent]
                    for kid, child, (_, revs) in self._kids.store(
                        link, name, sent, base, range(len(sent))
                    ):
                        kid.behind = self._since(child, self._mapping.children[name].mapping, revs)
                continue
            kept = self._kids.store(link, name, sent, [answer[p] for p in pairs], pairs)
            for kid, child, values in kept:
                self._line(intent, kid, child, values, name, certain=certain)
            if self._kids.differ(link, name, answer):
                link.children = {**(link.children or {}), name: answer}

    def _unsaid(self, link: LinkRow, name: str, sent: Sent) -> None:
        """Lines that may be there or not, as the record does not say: they are written again.

        So they are if all have been deleted elsewhere by then, for somebody has to take them away.
        """
        nothing: list[Any] = [[None, {}] for _ in sent]
        for kid, _, (values, _) in self._kids.store(link, name, sent, nothing, range(len(sent))):
            kid.behind = dict.fromkeys(values, 0)

    def _line(
        self,
        intent: Intent,
        kid: LinkRow,
        child: GoldenRow,
        sent: tuple[Mapping[str, Scalar], Mapping[str, int]],
        name: str,
        *,
        certain: bool,
    ) -> None:
        values, revs = sent
        mapping = self._mapping.children[name].mapping
        since = self._since(child, mapping, revs)
        kept = {n: r for n, r in kid.behind.items() if n not in values and n in mapping.by_property}
        kid.behind = kept | since
        found, kid.found = kid.found, {}
        for prop, value in found.items():
            there = kid.shadow.get(prop)
            if prop in values and there != value:
                self._overruled(intent, f"{name}.{prop}", value, there)
        if certain:
            return
        for prop, value in values.items():
            there = kid.shadow.get(prop)
            if prop in kid.shadow and not equals(mapping, prop, value, there, values):
                kid.found[prop] = there
                kid.behind[prop] = 0

    def written(self, intent: Intent) -> None:
        """An update or adjust was answered: shadow of what was written; the rest is pending."""
        look = self._looks[intent.id]
        link = next(k for k in self._known.values() if k.id == intent.link)
        before = link.seen
        if intent.kind == "adjust":
            self._adjusted(link, intent)
        else:
            self._updated(link, intent, look)
        if intent.kind == "archive":
            link.held |= dict.fromkeys(intent.operation["values"], ARCHIVED)
        self._lines(intent, link, look)
        self._rest(link, look, intent, before)
        if any(
            name in intent.operation["values"] for n in self._mapping.keys.values() for name in n
        ):
            self._key(link, self._goldens[intent.golden], look)
        self._changed.append(link)
        self._note(intent, look)
        self._settled.append(intent.id)

    def another(self, intent: Intent) -> bool:
        """Whether the write met another record, to which the id has been given meanwhile.

        It is read and taken in like any other; nothing that it says is an answer.
        """
        look = self._looks[intent.id]
        link = next((k for k in self._known.values() if k.id == intent.link), None)
        return link is not None and handed_on(self._bound.entities[self._entity], link, look)

    def _adjusted(self, link: LinkRow, intent: Intent) -> None:
        """Rule W4: shadow moves by what was sent; what else has changed is pending."""
        since = self._since(self._goldens[intent.golden], self._mapping, intent.operation["revs"])
        for name, delta in intent.operation["deltas"].items():
            base = Decimal(str(link.shadow.get(name) or 0))
            link.shadow[name] = decimal_text(base + Decimal(str(delta)))
            link.behind.pop(name, None)
            if name in since:
                link.behind[name] = since[name]

    def _updated(self, link: LinkRow, intent: Intent, look: Look) -> None:
        since = self._since(self._goldens[intent.golden], self._mapping, intent.operation["revs"])
        for name in intent.operation["values"]:
            link.behind.pop(name, None)
            if name in since:
                link.behind[name] = since[name]
            if name not in look.properties:
                continue
            value = look.properties[name]
            if name in link.found and link.found[name] != value:
                self._overruled(intent, name, link.found[name], value)
            link.found.pop(name, None)
            link.shadow[name] = value

    def _overruled(self, intent: Intent, name: str, found: Scalar, value: Scalar) -> None:
        self._conflicts.append(overruled(self._run, intent, name, found, value))

    def _rest(self, link: LinkRow, look: Look, intent: Intent, before: float) -> None:
        """What was not written and comes back different is an edit (rule W2)."""
        sent = intent.operation["values"] if intent.kind in CHANGES else {}
        link.pending = {
            name: value
            for name, value in look.properties.items()
            if name not in sent and (name not in link.shadow or link.shadow[name] != value)
        }
        if let_go(link):
            self._soiled.add(intent.golden)
        for name, lines in (look.children or {}).items():
            if name not in intent.operation["lines"] and self._kids.differ(link, name, lines):
                link.children = {**(link.children or {}), name: lines}
        if link.dirty:
            link.edit_lo = before if link.edit_lo is None else link.edit_lo
            link.edit_hi = look.modified[1] if look.modified else self._now
        mark(link, look, self._now)

    def _note(self, intent: Intent, look: Look) -> None:
        """History: what was sent, and what the system made of it."""
        what = intent.operation
        for name, value in what["values"].items():
            there = look.properties.get(name)
            words = "written" if there == value else f"written, returned as {there!r}"
            move = [name, what["base"].get(name), value, self._system, words]
            self._moves.setdefault(intent.golden, []).append(move)

    def save(self) -> None:
        """Write everything that the answers changed."""
        connection, run = self._connection, self._run
        links.save(connection, self._fresh)
        fresh = {link.id for link in self._fresh}
        links.update_links(connection, [k for k in self._changed if k.id not in fresh])
        self._kids.save()
        links.put_keys(connection, self._mapping.concept.name, self._keys)
        goldens.soil(connection, self._soiled)
        items.add_conflicts(connection, self._conflicts)
        run.conflicts += len(self._conflicts)
        journal.note(connection, run.id, self._now, "create", self._created)
        journal.note(connection, run.id, self._now, "write", self._moves)
        journal.settle(connection, self._settled)
        if self._marker_kept:
            stream = journal.stream(connection, self._system, self._entity)
            if not stream.marker_kept:
                stream.marker_kept = True
                journal.save_stream(connection, stream)
