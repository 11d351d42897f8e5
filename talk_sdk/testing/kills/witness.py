"""A plugin that writes down how far a run has come, for a process that may be killed any moment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["STAGES", "Witness"]

STAGES: Mapping[str, str] = {
    "": "start",
    "run_started": "settle",
    "collecting": "collect",
    "collected": "collect",
    "left_out": "collect",
    "matched": "merge",
    "merged": "plan",
    "planned": "apply",
    "applying": "apply",
    "written": "apply",
    "refused": "apply",
    "run_ended": "end",
}
"""The last event of a run → the stage that it was in after it."""

_SOURCE = """\
import os

from talk_sdk import hookimpl


@hookimpl
def talk_event(event):
    file = os.open(os.environ["TALK_WITNESS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, event.kind.encode() + b"\\n")
    os.close(file)
"""


class Witness:
    """The plugin, installed where only those processes find it that are told to."""

    def __init__(self, folder: Path) -> None:
        """Install it into a folder."""
        self._folder, self._file = folder / "witness", folder / "witness.log"
        info = self._folder / "talk_witness-1.0.dist-info"
        info.mkdir(parents=True)
        (self._folder / "talk_witness.py").write_text(_SOURCE, encoding="utf-8")
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: talk-witness\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[talk_sdk.plugins]\nwitness = talk_witness\n")

    def environ(self) -> dict[str, str]:
        """The environment of a process that it is to watch; what it saw before is forgotten."""
        self._file.unlink(missing_ok=True)
        paths = [str(self._folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {
            **os.environ, "PYTHONPATH": os.pathsep.join(paths), "TALK_WITNESS": str(self._file),
        }  # fmt: skip

    def seen(self) -> list[str]:
        """The kinds of the events so far."""
        return self._file.read_text().split() if self._file.exists() else []

    def stage(self) -> str:
        """How far the run has come."""
        return STAGES[(self.seen() or [""])[-1]]
