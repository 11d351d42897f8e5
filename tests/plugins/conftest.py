"""Tiny plugin distributions, installed on a path of their own."""

from __future__ import annotations

import importlib.metadata
import textwrap
from pathlib import Path

import pytest

from talk_sdk._plugins import CONNECTORS, Plugins, load

CONNECTOR = """
from talk_sdk import hookimpl
from talk_sdk.connector import Connector
from talk_sdk.models import Settings

@hookimpl
def talk_connector():
    return Connector(name="{name}", label="{name}", settings=Settings)

@hookimpl
def talk_entities(settings):
    return []

@hookimpl
def talk_mappings(settings):
    return []

@hookimpl
def talk_open(settings, http, vault):
    return "session of {name}"

@hookimpl
def talk_read(session, entity, since):
    return iter(())

@hookimpl
def talk_get(session, entity, ids):
    return {{}}

@hookimpl
def talk_find(session, entity, key, values):
    return []

@hookimpl
def talk_write(session, operations):
    return []
"""


class Site:
    """A folder that distributions are installed into, as pip would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, code: str, *, group: str = CONNECTORS, dist: str = "") -> None:
        """Install `talk-NAME` 1.0 with a module `talk_NAME_x`, named uniquely by its folder."""
        dist = dist or f"talk-{name}"
        module = f"{dist.replace('-', '_')}_{abs(hash(self.folder))}"
        (self.folder / f"{module}.py").write_text(textwrap.dedent(code), encoding="utf-8")
        info = self.folder / f"{dist.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}\n")

    def connector(self, name: str, more: str = "", *, dist: str = "") -> None:
        """Install a connector that keeps every promise, with more code behind it."""
        self.install(name, CONNECTOR.format(name=name) + textwrap.dedent(more), dist=dist)

    def load(self, **environ: str) -> Plugins:
        """Load what is installed here, and nothing else."""
        distributions = importlib.metadata.distributions(path=[str(self.folder)])
        points = [point for dist in distributions for point in dist.entry_points]
        return load(points, environ)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.syspath_prepend(str(tmp_path))
    return Site(tmp_path)
