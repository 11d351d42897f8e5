"""`talk demo`: see several systems being kept in sync, without an account anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from talk_sdk.cli.wiring import DONE, STOPPED

if TYPE_CHECKING:
    from rich.console import Console

    from talk_sdk.testing.demo.judge import Verdict
    from talk_sdk.testing.demo.play import Act, Play

__all__ = ["demo"]

REPORT_HELP = "Write what happened to this file, as JSON."
ALL_HELP = (
    "Let webCRM, MemberCare and Squarespace take part too, where their plugins are installed."
)
KEEP_HELP = "Leave the servers running and the workspace in place, to explore them."


def demo(
    report: Annotated[Path | None, typer.Option(help=REPORT_HELP)] = None,
    everybody: Annotated[bool, typer.Option("--all", help=ALL_HELP)] = False,
    keep: Annotated[bool, typer.Option("--keep", help=KEEP_HELP)] = False,
) -> None:
    """See a simulated webshop, ERP and accounting service (Wave) kept in sync.

    Starts them as real servers on this machine, with some 1,800 awkward records, shows the
    plan, synchronises, edits in each, synchronises again, and checks that they agree. Wave takes
    part where its plugin is installed; with --all so do webCRM, MemberCare and Squarespace, with
    some 900 records among up to six systems.
    """
    import shutil
    import tempfile

    from rich.console import Console

    _require_simulators()
    from talk_sdk.testing.demo.play import FullStage, Play, Stage

    folder = Path(tempfile.mkdtemp(prefix="talk-demo-"))
    console = Console(highlight=False)
    try:
        with (FullStage if everybody else Stage)(folder) as stage:
            play = Play(stage)
            verdict = _perform(console, play)
            good = _judged(console, play.acts, verdict)
            if report is not None:
                _write_report(report, play.acts, verdict)
            if keep:
                _wait(console, play)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    raise typer.Exit(DONE if good else STOPPED)


def _require_simulators() -> None:
    """Say what to install where the demo's parts are missing.

    Raises:
        PluginError: the simulators or a connector are not installed.
    """
    import importlib.util
    from importlib.metadata import entry_points

    from talk_sdk.errors import PluginError

    if importlib.util.find_spec("werkzeug") is None:
        raise PluginError(
            "The demo needs the simulators: install talk-sdk with the extra [simulator]."
        )
    installed = {point.name for point in entry_points(group="talk_sdk.connectors")}
    missing = [name for name in ("customwebshop", "customerp") if name not in installed]
    if missing:
        names = " and ".join(f"talk-{name}" for name in missing)
        raise PluginError(f"The demo needs the connectors: install {names}.")


def _perform(console: Console, play: Play) -> Verdict:
    from talk_sdk.cli.output import print_table

    for name, server in play.stage.servers.items():
        console.print(f"{name} is served on {server.base_url}")
    console.rule("what a first run would write (talk plan)")
    _, counts = play.plan()
    print_table(
        ("entity", "what", "records"),
        [(f"{s}.{e}", kind, count) for (s, e, kind), count in sorted(counts.items())],
    )
    console.rule("first run (talk sync)")
    _act(console, play.run("first"))
    console.rule("people work in all systems")
    print_table(("where", "somebody"), play.story())
    console.rule("second run")
    _act(console, play.run("edits"))
    console.rule("third run: nothing has happened since")
    _act(console, play.run("idle"))
    verdict = play.verdict()
    _waiting(console, play)
    return verdict


def _act(console: Console, act: Act) -> None:
    for system in act.requests:
        lists = ", ".join(f"{count} of {name}" for name, count in act.reads[system].items())
        seen = ", ".join(f"{count} {entity}" for entity, count in act.seen(system).items())
        console.print(
            f"{system}: {act.writes[system]} writes in {act.requests[system]} requests",
            soft_wrap=True,
        )
        console.print(f"  records that it listed: {seen}", soft_wrap=True)
        console.print(f"  requests to read: {lists}", soft_wrap=True)
    for problem in act.report.problems:
        console.print(f"problem: {problem}", soft_wrap=True)
    console.print(f"Conflicts settled: {act.report.conflicts}. It took {act.seconds:.1f} s.")


def _waiting(console: Console, play: Play) -> None:
    status = play.status()
    if status.open:
        console.rule("what waits for a person (talk status)")
        for item in [*status.reviews, *status.parked, *status.dead_letters][:8]:
            console.print(f"{item.system}.{item.entity}:{item.id}: {item.reason}", soft_wrap=True)


def _judged(console: Console, acts: list[Act], verdict: Verdict) -> bool:
    from talk_sdk.cli.output import print_table

    console.rule("what all systems say now, asked over plain HTTP")
    idle = sum(acts[-1].writes.values())
    looked = sum(acts[-1].report.read.values())
    rows = [
        ("records compared in all systems", verdict.compared),
        ("that differ or are missing", len(verdict.faults)),
        ("records that are in a system twice", verdict.duplicates),
        ("orders of guests whom nobody can tell apart: they wait", verdict.waiting),
        (f"writes of the third run, which was given {looked} records to look at", idle),
    ]
    print_table(("", "count"), rows)
    for fault in [*verdict.faults, *verdict.twins][:10]:
        console.print(f"fault: {fault}")
    good = verdict.agreement and not verdict.duplicates and not idle
    console.print("They agree." if good else "They do not agree.")
    return good


def _write_report(path: Path, acts: list[Act], verdict: Verdict) -> None:
    import json

    from talk_sdk.errors import ConfigError

    found = {
        "runs": [act.as_json() for act in acts],
        "agreement": verdict.agreement,
        "duplicates": verdict.duplicates,
        "faults": verdict.faults,
    }
    try:
        path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"The report cannot be written to {path}: {error.strerror}; name another file."
        ) from None


def _wait(console: Console, play: Play) -> None:
    import signal
    import threading

    config = play.stage.config
    console.rule("kept")
    console.print(f"Workspace: {config}")
    console.print(f"Try:       talk -c {config} status")
    console.print("The servers run until you press Ctrl-C.")
    over = threading.Event()
    previous = signal.signal(signal.SIGTERM, lambda *_: over.set())
    try:
        over.wait()
    except KeyboardInterrupt:
        console.print("Stopped. The workspace stays where it is.")
    finally:
        signal.signal(signal.SIGTERM, previous)
