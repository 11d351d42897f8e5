"""Keep the systems of a talk.toml in sync from a program of your own.

python embed.py talk.toml
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from talk_sdk import Runner
from talk_sdk.errors import TalkError
from talk_sdk.events import Event
from talk_sdk.reports import Report

MOST_CREATES = 10_000


def watch(event: Event) -> None:
    """Called in the thread that runs, with everything that happens; values are never in it."""
    if event.kind in {"left_out", "refused"}:
        print(f"{event.kind}: {event.system} {event.record or ''} {event.message}")


def approve(first: Mapping[tuple[str, str], Mapping[str, int]]) -> bool:
    """Called once before anything is written where nothing was written before."""
    for (system, entity), kinds in first.items():
        print(f"first write into {system}.{entity}: {dict(kinds)}")
    return all(kinds.get("create", 0) <= MOST_CREATES for kinds in first.values())


def keep_in_sync(workspace: str | Mapping[str, object]) -> Report:
    """Check, look at the plan, write. The workspace is a path, or what a talk.toml would say."""
    with Runner.from_config(workspace, on_event=watch) as runner:
        for check in runner.check():
            if not check.ok:
                raise TalkError(f"{check.system}: {check.message}")
        for operation in runner.plan():
            print(operation.kind, operation.system, operation.entity, operation.record)
            for change in operation.changes:
                print(f"    {change.property}: {change.before!r} -> {change.after!r}")
        return runner.sync(approve=approve)


if __name__ == "__main__":
    report = keep_in_sync(sys.argv[1])
    print(f"{report.outcome}: {sum(report.written.values())} writes, {report.conflicts} conflicts")
    sys.exit(report.outcome == "stopped")
