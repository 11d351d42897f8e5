"""The runner: checks, plans and synchronises a workspace. What programs embed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

import uuid_utils

from talk_sdk import _config, _plugins
from talk_sdk._engine.aliases import close_settled
from talk_sdk._engine.approving import read_plan, write_plan
from talk_sdk._engine.binding import bind, identify, open_all, rules_digest
from talk_sdk._engine.brakes import Approved, brake, used
from talk_sdk._engine.checking import check_system
from talk_sdk._engine.collecting import collect, collect_hinted, collect_new
from talk_sdk._engine.explaining import explain_record
from talk_sdk._engine.lost_creates import decide_absent
from talk_sdk._engine.merge import Rule
from talk_sdk._engine.planning import plan_all
from talk_sdk._engine.reconciling import left_over, mend, reconciled, survey
from talk_sdk._engine.run import Bound, Run
from talk_sdk._engine.settling import settle
from talk_sdk._engine.showing import shown_plan
from talk_sdk._engine.signing import keep, sign_in
from talk_sdk._engine.stages import match_and_merge
from talk_sdk._engine.undoing import find_run, undo
from talk_sdk._engine.workers import Threads, Workers
from talk_sdk._engine.writing import Approve, unpark, write, write_saved
from talk_sdk._inbox import Inbox
from talk_sdk._store import Store, goldens, items, journal, letters, links, questions
from talk_sdk._vault import FileVault
from talk_sdk.clock import Clock, SystemClock
from talk_sdk.errors import ConfigError
from talk_sdk.events import Event
from talk_sdk.operations import Account, Check, Plan
from talk_sdk.reports import Ran, Reconciliation, Report, Status, Undo, Why

if TYPE_CHECKING:
    from talk_sdk.http import Transport, Vault

__all__ = ["Approve", "Hint", "Runner"]

Hint = tuple[str, str, str]
"""System, entity, id of a record that may have changed."""


def _uuid7() -> str:
    return str(uuid_utils.uuid7())


class Runner:
    """A workspace: the systems of a talk.toml and the store that remembers them.

    Nothing is global: several runners live in one process, and each may be used from any
    thread, one call at a time. A workspace runs once at a time, whoever asks.

        with Runner.from_config("talk.toml") as runner:
            report = runner.sync(approve=True)
    """

    def __init__(  # noqa: PLR0913 - each a part that a test or an embedder may replace
        self,
        config: _config.Config,
        plugins: _plugins.Plugins,
        *,
        on_event: Callable[[Event], None] | None = None,
        clock: Clock | None = None,
        rng: Random | None = None,
        mint: Callable[[], str] | None = None,
        workers: Workers | None = None,
        transports: Mapping[str, Transport] | None = None,
        vault: Callable[[str], Vault] | None = None,
        step: Callable[[str], None] | None = None,
        durable: bool = True,
    ) -> None:
        """Use `from_config`, unless time, ids, threads or transports are to be others.

        Args:
            config: the workspace.
            plugins: what is installed.
            on_event: called with everything that happens, in the calling thread.
            clock: time and sleep.
            rng: jitter of waits.
            mint: makes time-ordered ids.
            workers: who does the HTTP.
            transports: system → maker of HTTP transports, in place of the network.
            vault: system → where its tokens are kept; by default the file of `[vault]`.
            step: called at each numbered step of a run; may raise to stop it there.
            durable: whether commits wait for the disk.
        """
        self._settings = config
        self._plugins = plugins
        self._on_event = on_event
        self._clock = clock or SystemClock()
        self._rng = rng or Random()  # noqa: S311 - jitter
        self._mint = mint or _uuid7
        self._workers = workers or Threads()
        self._transports = transports or {}
        self._vault = vault or partial(FileVault, Path(config.vault.path))
        self._step = step or (lambda _name: None)
        self._durable = durable
        self._complaints: list[str] = []
        self._spools: list[IO[bytes]] = []
        self._bind(writes=False)  # what is wrong with the configuration is said at once

    @classmethod
    def from_config(
        cls,
        source: str | os.PathLike[str] | Mapping[str, Any],
        *,
        plugins: _plugins.Plugins | None = None,
        environ: Mapping[str, str] | None = None,
        on_event: Callable[[Event], None] | None = None,
        **parts: Any,
    ) -> Runner:
        """A runner for a talk.toml, or for a mapping of the same shape.

        Raises:
            ConfigError: the configuration is wrong; the message names the place.
            PluginError: a connector is missing, broken or breaks a promise.
        """
        config = _config.load(source, environ=environ)
        return cls(config, plugins or _plugins.load(environ=environ), on_event=on_event, **parts)

    def __enter__(self) -> Self:
        """The runner itself; leaving closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the runner."""
        self.close()

    def close(self) -> None:
        """Give back what plans hold. Plans cannot be read any more."""
        for spool in self._spools:
            spool.close()
        self._spools.clear()

    @property
    def inbox(self) -> Inbox:
        """What waits for a person: conflicts to settle, questions to answer."""
        return Inbox(self._store, self._clock, self._mint)

    def check(self) -> list[Check]:
        """Look at every system without reading a record: one sentence per thing looked at."""
        systems = self._bind(writes=False)
        found = []
        with self._store() as store:
            known = {}
            with store.write() as connection:
                for name in systems:
                    known[name] = journal.known_system(connection, name)
        for bound in systems.values():
            found += check_system(bound, known[bound.name])
            bound.http.close()
        return found

    def login(self, system: str, visit: Callable[[str], str], *, redirect_uri: str) -> Account:
        """Sign in to a system that gives its tokens only to people (OAuth 2.0 with PKCE).

        Args:
            system: its name in talk.toml.
            visit: given the address of the page on which a person agrees; returns the address
                that the person's browser was sent back to.
            redirect_uri: where the browser is sent back to; registered at the other end.

        Returns:
            Whose account it is. Its tokens are in the vault.

        Raises:
            ConfigError: there is no such system, or it needs no sign-in.
            DeniedError: the person declined.
            SafetyError: it is another account than the one that was synchronised; the vault
                stays as it was.
        """
        systems = self._bind(writes=False)
        if system not in systems:
            raise ConfigError(f"There is no system `{system}` in talk.toml.")
        bound = systems[system]
        try:
            tokens, account = sign_in(bound, visit, redirect_uri)
            with self._store() as store, store.write() as connection:
                known = journal.known_system(connection, system)
            keep(bound, tokens, account, known)
        finally:
            bound.http.close()
        return account

    def plan(self, *, save: str | os.PathLike[str] | None = None) -> Plan:
        """What `sync` would write now, and why. Writes nothing to any system.

        What was read is kept in the store; everything else is thrown away. The plan is
        readable until the runner is closed.

        Args:
            save: a file to keep it in, for `sync(plan=…)`.

        Raises:
            TalkError: the run cannot go on: the store is in use, an account is another one.
        """
        with self._running("talk plan", writes=False) as run:
            collect(run)
            with run.store.rehearsal():
                match_and_merge(run)
                plan = self._planned(run)
            if save is not None:
                write_plan(plan, save, run.store.workspace)
            return plan

    def _planned(self, run: Run, only: Iterable[str] | None = None) -> Plan:
        spool = plan_all(run, only)
        try:
            run.problems += brake(run, spool, self._settings.brakes, Approved())
            file: IO[bytes] = tempfile.TemporaryFile(prefix="talk-plan-")  # noqa: SIM115
            self._spools.append(file)
            return shown_plan(run, spool, file, self._complaints)
        finally:
            spool.close()

    def sync(
        self,
        *,
        approve: Approve = False,
        approve_deletes: int = 0,
        approve_creates: int = 0,
        plan: str | os.PathLike[str] | None = None,
        hints: Iterable[Hint] | None = None,
    ) -> Report:
        """Bring all systems to the same state.

        Args:
            approve: whether entities that were never written may be. By default nothing is
                written there, and the report says so.
            approve_deletes: how many records of a concept may be deleted or archived, where
                that is more than `[brakes]` allows.
            approve_creates: how many records may be created in an entity that was written
                before, where that is more than `[brakes]` allows.
            plan: a saved plan. It approves its operations, whatever they are; nothing else is
                written, and the report lists what is left.
            hints: (system, entity, id) of records that may have changed, as webhooks tell. Just
                these are read and carried through, in any order and number; what no hint was
                about, or came too early, is found by the next run without hints.

        Raises:
            ConfigError: a hint is about what is not synchronised.
            TalkError: the run cannot go on: the store is in use, an account is another one.
        """
        with self._running("talk sync", writes=True) as run:
            approval = None if plan is None else read_plan(plan, run.store.workspace)
            absent = settle(run)
            if hints is None:
                collect(run)
                decide_absent(run, absent)
            else:
                collect_hinted(run, hints)
            match_and_merge(run)
            if approval is None:
                approved = Approved(approve_deletes, approve_creates)
                write(run, self._settings.brakes, approve, approved)
            else:
                write_saved(run, approval)
            used(run)
            unpark(run)
            return self._report(run)

    def reconcile(
        self,
        *,
        repair: bool = False,
        approve: Approve = False,
        approve_repairs: int = 0,
    ) -> Reconciliation:
        """Compare everything that is linked in full, and say what differs and why no sync saw it.

        Every entity of every system is read to its end, whatever cursors, modified times and
        fingerprints say, and every value is compared with what the system is known to have said
        and with the golden record. What is known and told already (drift, conflicts, reviews,
        parked records, dead letters) is no divergence. What a sync would see by itself is taken
        in as in a sync, and is none either.

        Without `repair` nothing is written to any system, and the next `sync` goes on as if
        there had been no comparison. The plan is readable until the runner is closed.

        Args:
            repair: mend what differs: what was missed is merged as an edit, a system that says
                another thing than it was told is told once more, and where all systems agree,
                our own copy is corrected. It is a sync otherwise.
            approve: whether entities that were never written may be, as in `sync`.
            approve_repairs: how many records of a concept may be repaired, where that is more
                than `[brakes]` allows.

        Raises:
            TalkError: the run cannot go on: the store is in use, an account is another one.
        """
        brakes = self._settings.brakes
        with self._running("talk reconcile", writes=repair) as run:
            absent = settle(run) if repair else []
            collect_new(run)
            decide_absent(run, absent)
            tally = survey(run, brakes, approve_repairs)
            if not repair:
                with run.store.rehearsal():
                    mend(run, tally)
                    plan = self._planned(run)
                return reconciled(run, tally, plan=plan)
            mended = mend(run, tally)
            write(run, brakes, approve, Approved())
            used(run)
            unpark(run)
            drift, left = left_over(run, mended)
            return reconciled(run, tally, report=self._report(run), drift=drift, left=left)

    def runs(self, *, most: int = 20) -> list[Ran]:
        """The last runs that could write, newest first."""
        with self._store() as store, store.write() as connection:
            return journal.runs(connection, most=most)

    def plan_undo(self, run: str) -> Undo:
        """What it would take to undo a run, and what cannot be undone. Writes to no system.

        Args:
            run: its id, or how that begins.

        Raises:
            ConfigError: there is no such run, or there are several.
            TalkError: the run cannot go on: the store is in use, an account is another one.
        """
        with self._running("talk undo", writes=False) as now:
            with now.store.write() as connection:
                past = find_run(connection, run)
            collect(now)
            with now.store.rehearsal():
                match_and_merge(now)
                done = undo(now, past)
                plan = self._planned(now, done.goldens)
            return Undo(past, done.restored, done.kept, now.problems, plan, None)

    def undo(self, run: str, *, approve: Approve = False) -> Undo:
        """Give the properties that a run has changed the values of before it, in all systems.

        What was edited since keeps its value, and so does what cannot be written; what was
        created, archived or deleted in a system stays so. All of that is named. The same once
        more changes nothing, and an undo can be undone itself.

        Args:
            run: its id, or how that begins.
            approve: whether entities that were never written may be, as in `sync`.

        Raises:
            ConfigError: there is no such run, or there are several.
            TalkError: the run cannot go on: the store is in use, an account is another one.
        """
        with self._running("talk undo", writes=True) as now:
            with now.store.write() as connection:
                past = find_run(connection, run)
            absent = settle(now)
            collect(now)
            decide_absent(now, absent)
            match_and_merge(now)
            done = undo(now, past)
            write(now, self._settings.brakes, approve, Approved(), done.goldens)
            return Undo(past, done.restored, done.kept, now.problems, None, self._report(now))

    def _report(self, run: Run) -> Report:
        with run.store.write() as connection:
            questions.close_let_go(connection)
            close_settled(connection)
            waiting = _waiting(connection)
        outcome = "stopped" if run.problems else "open" if waiting or run.unapproved else "done"
        report = Report(
            run.id, outcome, dict(run.reads), dict(run.written), run.conflicts, waiting,  # type: ignore[arg-type]
            (*run.problems, *self._complaints), tuple(run.skips), tuple(run.drift),
            run.now() - run.at, tuple(run.unapproved),
        )  # fmt: skip
        with run.store.write() as connection:
            summary = {"written": sum(run.written.values()), "problems": run.problems}
            journal.end_run(connection, run.id, run.now(), outcome, summary)
        return report

    def why(self, system: str, entity: str, ident: str, name: str | None = None) -> Why:
        """Who said what a record says, when, and where it went; reaches out to no system.

        Args:
            system: its name in talk.toml.
            entity: of what.
            ident: the record's id there.
            name: of one property alone, as `email` or `lines[2].quantity`.

        Raises:
            ConfigError: there is no such record or property.
        """
        systems = self._bind(writes=False)
        with self._store() as store, store.write() as connection:
            return explain_record(connection, systems, (system, entity, ident), name)

    def status(self) -> Status:
        """What the store knows: links per entity, and all that waits for somebody."""
        with self._store() as store, store.write() as connection:
            return _status(connection, tuple(self._settings.systems))

    def _bind(self, *, writes: bool) -> dict[str, Bound]:
        return bind(
            self._settings, self._plugins, clock=self._clock, rng=self._rng,
            transports=self._transports, vault=self._vault, writes=writes,
        )  # fmt: skip

    @contextmanager
    def _store(self) -> Iterator[Store]:
        store = Store(self._settings.store.url, workspace=self._mint(), durable=self._durable)
        try:
            yield store
        finally:
            store.close()

    @contextmanager
    def _running(self, what: str, *, writes: bool) -> Iterator[Run]:
        """A run that owns the workspace, with its systems open and identified."""
        systems = self._bind(writes=writes)
        self._complaints = []
        with self._store() as store, store.locked(what):
            run = Run(
                self._mint(), self._clock.now().timestamp(), store, systems, self._clock,
                self._mint, self._workers, self._tell, self._settings.sync.fresh_within, self._step,
                self._rule,
            )  # fmt: skip
            try:
                self._begin(run, what, what.rsplit(maxsplit=1)[-1] if writes else "plan")
                yield run
            finally:
                for bound in systems.values():
                    bound.http.close()
                run.tell("run_ended")

    def _rule(self, concept: str, name: str) -> Rule:
        policy = self._settings.conflicts.policy(concept, name)
        return Rule(policy.prefer, policy.ask)

    def _begin(self, run: Run, what: str, kind: str) -> None:
        run.tell("run_started", message=what)
        with run.store.write() as connection:
            run.links = links.next_id(connection)
            journal.begin_run(connection, run.id, kind, run.at)
        open_all(run)
        identify(run, self._plugins)
        rules = rules_digest(run.systems)
        with run.store.write() as connection:
            if journal.rules(connection) != rules:
                goldens.soil_all(connection)
                letters.retry_writes(connection)
                journal.set_rules(connection, rules)

    def _tell(self, event: Event) -> None:
        if self._on_event is not None:
            self._on_event(event)
        for complaint in self._plugins.notify(event):
            if complaint not in self._complaints:
                self._complaints.append(complaint)


def _waiting(connection: Any) -> dict[str, int]:
    """How many items of each kind wait for somebody, without a count of all that does not."""
    letters, parked = items.listed_dead(connection), items.listed_parked(connection)
    reviews, asked = items.listed_reviews(connection), questions.waiting(connection)
    return Status((), {}, letters, parked, reviews, (), (), None, asked).open


def _status(connection: Any, systems: tuple[str, ...] = ()) -> Status:
    last = journal.last_run(connection)
    return Status(
        systems,
        links.counts(connection),
        items.listed_dead(connection),
        items.listed_parked(connection),
        items.listed_reviews(connection),
        items.listed_conflicts(connection),
        items.listed_dead_links(connection),
        None if last is None else items.moment(last),
        questions.waiting(connection),
        links.counts(connection, "dormant"),
    )
