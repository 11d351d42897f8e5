"""`python -m talk_sdk.testing.kills --kills 200`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from talk_sdk.testing.kills.killing import Killing
from talk_sdk.testing.kills.users import LISTED

EVERY = 25
"""Kills after which the workspace is let finish, and looked at."""
ENOUGH = 4
"""One in so many has to have a write in flight; if too few have, there are more kills."""
FAULTS = ("duplicate", "lost edit", "disagreement")


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill runs, let them finish, tell what became of it; 1 if anything was lost."""
    options = _parsed(arguments)
    began = time.monotonic()
    found: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory(prefix="talk-kills-") as folder,
        Killing(Path(folder), options.seed, options.store) as killing,
    ):
        kills = looked = 0
        while kills < options.kills or (_too_few(killing, kills) and kills < 2 * options.kills):
            kills += killing.kill_once()
            if kills - looked == EVERY or kills == options.kills:
                looked = kills
                found += _looked_at(killing, kills)
        if looked < kills:
            found += _looked_at(killing, kills)
    _say("killed in: " + ", ".join(f"{n} {stage}" for stage, n in killing.stages.most_common()))
    _say("users: " + ", ".join(f"{n} {what}" for what, n in sorted(killing.users.edits.items())))
    _say(f"{killing.finished} runs were through before they could be killed")
    _say(f"{time.monotonic() - began:.0f} s")
    amounts = ", ".join(f"{found[kind]} {kind}s" for kind in FAULTS)
    _say(f"{found[LISTED]} edits gave way to another and stand in the list of conflicts")
    waiting = f"{found['waiting']} waiting for a person"
    _say(f"{kills} kills, {killing.in_flight} with a write in flight: {amounts}, {waiting}")
    if _too_few(killing, kills):
        _say(f"too few with a write in flight: at least one in {ENOUGH} has to have one")
        return 1
    return 1 if any(found[kind] for kind in FAULTS) else 0


def _too_few(killing: Killing, kills: int) -> bool:
    return killing.in_flight * ENOUGH < kills


def _looked_at(killing: Killing, kills: int) -> Counter[str]:
    """Let it finish, and count what is wrong then."""
    runs, report = killing.finish()
    judged = list(killing.users.judge(killing.conflicts()))
    wrong = [(kind, what) for kind, what in judged if kind != LISTED]
    waiting = sum(count for kind, count in report["open"].items() if kind != "conflicts")
    _say(f"after {kills} kills: quiet after {runs} runs, {len(wrong)} wrong, {report['open']}")
    for kind, what in wrong:
        _say(f"  {kind}: {what}")
    for problem in report["problems"]:
        _say(f"  problem: {problem}")
    found = Counter(kind for kind, _ in judged)
    found["waiting"] = waiting
    return found


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m talk_sdk.testing.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="of the users and of the moments")
    parser.add_argument(
        "--store",
        metavar="URL",
        help="an empty store, for example postgresql://user:password@host/database;"
        " by default a file of SQLite",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
