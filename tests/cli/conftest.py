"""`talk` as a person types it, over a runner that answers what a test says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from talk_sdk._plugins import LoadedConnector, Plugins
from talk_sdk.cli import build
from talk_sdk.cli.wiring import Wiring
from talk_sdk.events import Event
from talk_sdk.operations import Change, Operation, Plan
from talk_sdk.reports import (
    Candidate,
    Conflict,
    Divergence,
    Failure,
    Item,
    Kept,
    Ran,
    Reconciliation,
    Report,
    Restored,
    Review,
    Status,
    Undo,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(kind: Any, **more: Any) -> Event:
    return Event(kind=kind, run="r1", at=NOON, **more)


def conflict(ident: int, name: str = "customer.email", *, waits: bool = True) -> Conflict:
    values, own = {"shop": "a@b.no", "erp": "c@d.no"}, name.rpartition(".")[2]
    return Conflict(ident, "shop.Customer:7", own, values, "you are asked", NOON, waits, name)


def failure(ident: int) -> Failure:
    raw = {"email": "[no@address"}
    return Failure("shop", "Customer", str(ident), "read", "no currency", raw, NOON, NOON, 3)


def review(ident: int) -> Review:
    says = {"name": "Ola", "email": "ola@example.no"}
    could = (Candidate("erp.Customer:7", {"name": "Ola N"}, linked=True),)
    return Review(ident, "match", "shop", "Customer", "17", "several have this email", NOON,
                  says=says, candidates=could, choices=("link", "new", "ignore"))  # fmt: skip


def plan_of(*operations: Operation, **more: Any) -> Plan:
    counts: dict[tuple[str, str, str], int] = {}
    for found in operations:
        key = (found.system, found.entity, found.kind)
        counts[key] = counts.get(key, 0) + 1
    return Plan(
        read=lambda: iter(operations), count=len(operations), digest="d1g", counts=counts, **more
    )


def operation(number: int, **more: Any) -> Operation:
    values: dict[str, Any] = {
        "system": "books",
        "entity": "Customer",
        "kind": "update",
        "record": f"shop.Customer:{number}",
        "id": f"B{number}",
        "changes": (Change("email", "old@x.example", "new@x.example"),),
        "reason": "changed in shop",
    }
    return Operation(**(values | more))


def report(**more: Any) -> Report:
    values: dict[str, Any] = {
        "run": "r1",
        "outcome": "done",
        "read": {("shop", "Customer"): 12},
        "written": {("books", "Customer", "create"): 7},
        "conflicts": 0,
        "open": {},
        "problems": [],
        "skips": [],
        "drift": [],
        "seconds": 1.25,
    }
    return Report(**(values | more))


def reconciliation(**more: Any) -> Reconciliation:
    record = ("erp", "Customer", "7", "shop.Customer:17", "email")
    found = Divergence("missed", *record, "a@b.no", "c@d.no", "it is read, and merged as an edit")
    values: dict[str, Any] = {
        "run": "r1",
        "outcome": "open",
        "compared": {("shop", "Customer"): 12, ("erp", "Customer"): 11},
        "counts": {("erp", "Customer", "email", "missed"): 1},
        "divergences": (found,),
        "repaired": 0,
        "drift": (),
        "problems": (),
        "plan": plan_of(operation(17)),
        "report": None,
        "seconds": 1.25,
    }
    return Reconciliation(**(values | more))


def ran(number: int) -> Ran:
    return Ran(f"01a2-{number}", "sync", NOON, "done", number)


def undone(**more: Any) -> Undo:
    values: dict[str, Any] = {
        "undone": ran(3),
        "restored": (Restored("shop.Customer:17", "email", "c@d.no", "a@b.no"),),
        "kept": (Kept("shop.Customer:17", "name", "it was edited since, by erp"),),
        "problems": (),
        "plan": plan_of(operation(17)),
        "report": None,
    }
    return Undo(**(values | more))


def status(**more: Any) -> Status:
    values: dict[str, Any] = {
        "systems": ["shop", "books"],
        "links": {("shop", "Customer"): 12},
        "dead_letters": [],
        "parked": [],
        "reviews": [],
        "conflicts": [],
        "dead_links": [],
        "last_run": NOON,
    }
    return Status(**(values | more))


def item(number: int) -> Item:
    return Item("shop", "Customer", f"S{number}", f"no country [code] {number}", NOON)


@dataclass
class FakeInbox:
    """Holds conflicts; settles those that are named."""

    found: list[Conflict] = field(default_factory=list)
    taken: list[tuple[list[int], str]] = field(default_factory=list)
    asked: list[Review] = field(default_factory=list)
    answered: list[tuple[int, str, str]] = field(default_factory=list)
    unlinked: list[str] = field(default_factory=list)
    letters: list[Failure] = field(default_factory=list)
    acts: list[tuple[str, list[str]]] = field(default_factory=list)

    def conflicts(self) -> list[Conflict]:
        return self.found

    def settle(self, ids: list[int], *, take_from: str) -> int:
        self.taken.append((ids, take_from))
        self.found = [replace(c, open=c.open and c.id not in ids) for c in self.found]
        return len(ids)

    def reviews(self) -> list[Review]:
        return self.asked

    def answer(self, review: int, choice: str, record: str = "") -> None:
        self.answered.append((review, choice, record))
        self.asked = [each for each in self.asked if each.id != review]

    def failed(self) -> list[Failure]:
        return self.letters

    def retry(self, names: list[str]) -> int:
        self.acts.append(("retry", names))
        return len(names)

    def discard(self, names: list[str]) -> int:
        self.acts.append(("discard", names))
        self.letters = [each for each in self.letters if each.name not in names]
        return len(names)

    def unlink(self, record: str) -> None:
        self.unlinked.append(record)


@dataclass
class FakeRunner:
    """Answers what it is given; `first` is what a sync asks to be approved."""

    answers: dict[str, Any]
    first: dict[tuple[str, str], dict[str, int]]
    events: list[Event]
    approved: list[bool] = field(default_factory=list)
    brakes: tuple[int, int] = (0, 0)
    box: FakeInbox = field(default_factory=FakeInbox)
    closed: bool = False
    on_event: Callable[[Event], None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def check(self) -> Any:
        return self._answer("check")

    def plan(self, save: Path | None = None) -> Any:
        self.answers["saved"] = save
        return self._answer("plan")

    def reconcile(
        self, *, repair: bool = False, approve: Any = False, approve_repairs: int = 0
    ) -> Any:
        self.answers["repair"] = (repair, approve, approve_repairs)
        return self._answer("reconcile")

    def runs(self) -> Any:
        return self._answer("runs")

    def plan_undo(self, run: str) -> Any:
        self.answers["planned"] = run
        return self._answer("plan_undo")

    def undo(self, run: str, *, approve: Any = False) -> Any:
        self.answers["undid"] = (run, approve)
        return self._answer("undo")

    def why(self, *where: str | None) -> Any:
        self.answers["asked"] = where
        return self._answer("why")

    def status(self) -> Any:
        return self._answer("status")

    @property
    def inbox(self) -> FakeInbox:
        return self.box

    def sync(
        self,
        approve: Any = False,
        approve_deletes: int = 0,
        approve_creates: int = 0,
        plan: Path | None = None,
    ) -> Any:
        self.answers["plan file"] = plan
        self.brakes = (approve_deletes, approve_creates)
        if self.first:
            self.approved.append(approve if isinstance(approve, bool) else approve(self.first))
        return self._answer("sync")

    def _answer(self, name: str) -> Any:
        for happened in self.events:
            if self.on_event:
                self.on_event(happened)
        found = self.answers[name]
        if isinstance(found, BaseException):
            raise found
        return found


@dataclass
class Talk:
    """A `talk` command with what it is connected to."""

    folder: Path
    answers: dict[str, Any] = field(default_factory=dict)
    first: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    connectors: dict[str, LoadedConnector] = field(default_factory=dict)
    plugins: Plugins | None = None
    terminal: bool = False
    opened: list[Path] = field(default_factory=list)
    box: FakeInbox = field(default_factory=FakeInbox)
    runner: FakeRunner | None = None

    def __call__(self, *arguments: str, typed: str = "") -> Result:
        wiring = Wiring(
            open_runner=self._open,
            load_plugins=lambda: self.plugins or Plugins(self.connectors),
            is_terminal=lambda: self.terminal,
        )
        return CliRunner().invoke(build(), arguments, input=typed, obj=wiring)

    @property
    def config(self) -> Path:
        return self.folder / "talk.toml"

    def _open(self, config: Path, on_event: Any) -> Any:
        self.opened.append(config)
        self.runner = FakeRunner(
            self.answers, self.first, self.events, box=self.box, on_event=on_event
        )
        return self.runner


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path)


@pytest.fixture
def make() -> dict[str, Callable[..., Any]]:
    """What tests build answers from: importlib mode gives test files no way to import this one."""
    return {
        "conflict": conflict,
        "event": event,
        "failure": failure,
        "item": item,
        "operation": operation,
        "plan": plan_of,
        "ran": ran,
        "reconciliation": reconciliation,
        "report": report,
        "review": review,
        "status": status,
        "undone": undone,
    }
