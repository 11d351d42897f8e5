"""Reviews: what a person needs to see to decide, and what each decision does to the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection

from talk_sdk._engine.flips import FROZEN
from talk_sdk._engine.verdicts import PERSON
from talk_sdk._store import GoldenRow, LinkRow, goldens, items, journal, links
from talk_sdk._store.journal import Intent
from talk_sdk.errors import ConfigError
from talk_sdk.reports import Candidate, Review

__all__ = ["CHOICES", "Desk", "explain"]

CHOICES: Mapping[str, tuple[str, ...]] = {
    "match": ("link", "new", "ignore"),
    "create": ("link", "again"),
    "counter": ("done", "again"),
    "merge": ("ignore",),
    "flip": ("again",),
}
"""What a person can say, by the kind of the question."""

_IN_REVIEW = "in review"


class Desk(NamedTuple):
    """What a decision is written with: ids come from `mint`, `at` is now."""

    connection: Connection
    mint: Callable[[], str]
    at: float

    def settle(self, review: Review, choice: str, record: str = "") -> None:
        """Carry out what a person has said of a question.

        Raises:
            ConfigError: that is no answer to this question, or the record that it names is none.
        """
        known = CHOICES.get(review.kind, ())
        if choice not in known:
            ways = ", ".join(f"--{each}" for each in known) or "nothing"
            raise ConfigError(f"Review {review.id} can be settled with {ways}, not --{choice}.")
        settle = {
            "match": self._match, "create": self._create, "counter": self._counter,
            "flip": self._flip,
        }.get(review.kind)  # fmt: skip
        if settle is not None:
            settle(review, choice, record)
        items.close_review(self.connection, review.id)

    # --- which record is it? ----------------------------------------------------------------------

    def _match(self, review: Review, choice: str, record: str) -> None:
        link = self._link(review.system, review.entity, review.record)
        if choice == "ignore":
            link.state = "ignored"
            links.update_links(self.connection, [link])
            return
        golden = self._named(record, link) if choice == "link" else self._minted(link)
        link.golden, link.state = golden.id, "live"
        links.update_links(self.connection, [link])
        goldens.soil(self.connection, [golden.id])
        self._note(golden.id, f"linked {link.name}" if choice == "link" else f"{link.name} alone")

    def _link(self, system: str, entity: str, ext: str) -> LinkRow:
        found = links.by_ext(self.connection, system, entity, [ext]).get(ext)
        if found is None or found.state == "dead":
            raise ConfigError(f"{system}.{entity}:{ext} is gone; there is nothing to settle.")
        return found

    def _named(self, record: str, link: LinkRow) -> GoldenRow:
        """The golden record of `shop.Customer:17`, which has no other record on the link's side."""
        place, _, ext = record.partition(":")
        system, _, entity = place.partition(".")
        other = links.by_ext(self.connection, system, entity, [ext]).get(ext)
        if other is None or other.golden is None or other.concept != link.concept:
            raise ConfigError(
                f"{record or 'Nothing'} is no linked {link.concept}: name one as shop.Customer:17."
            )
        for row in links.by_golden(self.connection, [other.golden]).get(other.golden, []):
            if (row.system, row.entity, row.state) == (link.system, link.entity, "live"):
                raise ConfigError(
                    f"{record} is linked with {row.name} already: unlink that first, with"
                    f" `talk review --unlink {row.name}`."
                )
        return goldens.by_id(self.connection, [other.golden])[other.golden]

    def _minted(self, link: LinkRow) -> GoldenRow:
        golden = GoldenRow(self.mint(), link.concept, link.name, fresh=True)
        goldens.save(self.connection, [golden])
        return golden

    # --- what became of a write? ------------------------------------------------------------------

    def _create(self, review: Review, choice: str, record: str) -> None:
        intent = self._intent(review)
        if choice == "link":
            link = self._link(review.system, review.entity, record.rpartition(":")[2])
            if link.golden not in {None, intent.golden}:
                raise ConfigError(f"{link.name} is linked to another record already.")
            link.golden, link.state = intent.golden, "live"
            links.update_links(self.connection, [link])
            items.close_reviews(self.connection, "match", [(link.system, link.entity, link.ext)])
            self._note(intent.golden, f"{link.name} is what was created")
        journal.settle(self.connection, [intent.id])
        goldens.soil(self.connection, [intent.golden])

    def _intent(self, review: Review) -> Intent:
        for intent in journal.open_intents(self.connection):
            place = (intent.system, intent.entity, intent.operation["record"])
            if intent.kind == "create" and place == (review.system, review.entity, review.record):
                return intent
        raise ConfigError(f"Review {review.id} has settled itself: `talk sync` goes on.")

    def _counter(self, review: Review, choice: str, _record: str) -> None:
        link = self._link(review.system, review.entity, review.record)
        for name, sent in review.data["intent"].items():
            if link.held.get(name) != _IN_REVIEW:
                continue
            del link.held[name]
            # What is there beside the one or the other was counted by somebody else.
            there = link.pending.get(name, link.shadow.get(name))
            link.shadow[name] = sent if choice == "done" else review.data["base"].get(name)
            if there != link.shadow[name]:
                link.pending[name] = there
        links.update_links(self.connection, [link])
        goldens.soil(self.connection, [link.golden] if link.golden else [])

    def _flip(self, review: Review, _choice: str, _record: str) -> None:
        """Let the property move again."""
        link = self._link(review.system, review.entity, review.record)
        name = review.data["property"]
        if link.held.get(name) == FROZEN:
            del link.held[name]
        links.update_links(self.connection, [link])
        goldens.soil(self.connection, [link.golden] if link.golden else [])

    def _note(self, golden: str, words: str) -> None:
        journal.note(
            self.connection, "", self.at, "decision", {golden: [["", None, None, PERSON, words]]}
        )


def explain(connection: Connection, found: Iterable[Review]) -> list[Review]:
    """The questions with what each side says: the record itself, and those it could be."""
    return [_explained(connection, review) for review in found]


def _explained(connection: Connection, review: Review) -> Review:
    link = links.by_ext(connection, review.system, review.entity, [review.record]).get(
        review.record
    )
    candidates: list[Candidate] = []
    here: dict[str, Any] = {}
    if review.kind == "create":
        intents = {i.operation["record"]: i for i in journal.open_intents(connection)}
        intent = intents.get(review.record)
        here = {} if intent is None else dict(intent.operation["values"])
        rows = links.unlinked_of(connection, review.system, review.entity)
        wanted = set(here.items())
        candidates = [
            Candidate(row.name, _said(row)) for row in rows if wanted & set(_said(row).items())
        ]
    elif link is not None:
        here = _said(link)
        if review.kind == "match":
            candidates = _alike(connection, link)
        elif review.kind == "merge":
            candidates = _both(connection, link)
    choices = CHOICES.get(review.kind, ())
    return replace(review, says=here, candidates=candidates, choices=choices)


def _said(link: LinkRow) -> dict[str, Any]:
    said = {**link.shadow, **link.pending}
    return {name: value for name, value in said.items() if value is not None}


def _both(connection: Connection, link: LinkRow) -> list[Candidate]:
    """What a merged record went into, and what other systems still have for it."""
    rows = list(links.by_ext(connection, link.system, link.entity, [link.alias or ""]).values())
    if link.golden is not None:
        rows += [r for r in links.by_golden(connection, [link.golden])[link.golden] if r != link]
    return [Candidate(row.name, _said(row), linked=row.golden is not None) for row in rows]


def _alike(connection: Connection, link: LinkRow) -> list[Candidate]:
    """Records elsewhere that share a key with one that nobody could place."""
    own = links.keys_of(connection, [link.id]).get(link.id, {})
    ids = links.sharing(connection, link.concept, own)
    rows = [row for row in links.by_id(connection, ids).values() if row.id != link.id]
    return [Candidate(row.name, _said(row), linked=row.golden is not None) for row in rows]
