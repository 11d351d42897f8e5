"""A workspace over systems of the page server: a talk.toml and a store in a folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from talk_bench.children import Sample, python
from talk_bench.sizes import WORKERS

__all__ = ["Workspace"]

MANY = 10**9  # nobody is asked: the brakes have nothing to do with speed


class Workspace:
    """The folder of one workspace, made anew.

    Args:
        folder: what was there is gone.
        url: the page server's address.
        systems: their names, in talk.toml's order.
    """

    def __init__(self, folder: Path, url: str, systems: Sequence[str]) -> None:
        """Write talk.toml."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.folder = folder
        self._url, self._systems = url, systems
        self.configure()

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.folder / "talk.db"

    @property
    def config(self) -> Path:
        """The talk.toml."""
        return self.folder / "talk.toml"

    def configure(self, *, whole: Sequence[str] = ()) -> None:
        """Write talk.toml again; of the `whole` systems everything is read every time."""
        lines = [
            "[sync]", f"workers = {WORKERS}", "[brakes]", f"creates = {MANY}",
            f"deletes = {MANY}", "[store]", f"url = {json.dumps(f'sqlite:///{self.store.name}')}",
        ]  # fmt: skip
        for name in self._systems:
            lines += [
                f"[systems.{name}]", 'connector = "bench"',
                f"base_url = {json.dumps(f'{self._url}/{name}')}",
                f"incremental = {json.dumps(name not in whole)}",
            ]  # fmt: skip
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def forget(self) -> None:
        """Take the store away."""
        for path in self.folder.glob(f"{self.store.name}*"):
            path.unlink()

    def sync(self) -> Sample:
        """One run, in a process of its own."""
        return self._run("sync")

    def plan(self) -> Sample:
        """One plan, in a process of its own: everything but the writes."""
        return self._run("plan")

    def bytes(self) -> int:
        """How large the store is."""
        return sum(path.stat().st_size for path in self.folder.glob("talk.db*"))

    def _run(self, verb: str, **words: Any) -> Sample:
        return python("work", verb, self.folder, config=str(self.config), **words)
