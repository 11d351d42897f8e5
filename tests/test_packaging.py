"""What is built is what is meant: the wheels, and the lines that a newcomer types."""

from __future__ import annotations

import importlib.metadata
import inspect
import re
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path

import pytest

from talk_sdk import Runner, hookspecs
from talk_sdk._plugins import load
from talk_sdk.cli import build

ROOT = Path(__file__).parent.parent
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
DISTRIBUTIONS = ["talk-sdk", *(folder.name for folder in PLUGINS)]
TEST_LINE = "python3 -m venv .venv && .venv/bin/pip install nox && .venv/bin/nox -s tests"


def installed(name: str) -> Distribution:
    try:
        return importlib.metadata.distribution(name)
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed here; `nox -s tests` installs its wheel")


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_wheel_says_that_it_is_typed(name: str) -> None:
    files = {str(path) for path in installed(name).files or ()}
    if not any(path.startswith(name.replace("-", "_") + "/") for path in files):
        pytest.skip(f"{name} is installed in place; `nox -s tests` installs its wheel")

    assert f"{name.replace('-', '_')}/py.typed" in files


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_wheel_has_its_package_and_nothing_else(name: str) -> None:
    package = name.replace("-", "_")
    tops = {path.parts[0] for path in installed(name).files or () if path.parts[0] != ".."}
    own = {top for top in tops if not top.startswith(f"{package}-")}
    if own and all(top.endswith(".pth") for top in own):
        pytest.skip(f"{name} is installed in place; `nox -s tests` installs its wheel")

    assert own == {package}


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_loads_by_its_entry_point(folder: Path) -> None:
    dist = installed(folder.name)

    plugins = load(dist.entry_points, environ={})
    assert plugins.broken == []
    assert [f"talk-{name}" for name in plugins.connectors] == [folder.name]


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_has_one_name_everywhere_and_a_range_of_cores(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    short = folder.name.removeprefix("talk-")

    assert project["name"] == f"talk-{short}"
    assert project["entry-points"]["talk_sdk.connectors"] == {short: f"talk_{short}"}
    assert "talk-sdk>=0.1,<0.2" in project["dependencies"]
    assert project["optional-dependencies"]["simulator"] == ["talk-sdk[simulator]"]


def test_the_command_is_installed() -> None:
    (script,) = installed("talk-sdk").entry_points.select(group="console_scripts")

    assert (script.name, script.value) == ("talk", "talk_sdk.cli:main")
    assert callable(script.load())


@pytest.mark.parametrize("path", ["README.md", ".ci/run"])
def test_the_pipeline_runs_the_tests_as_the_readme_says(path: str) -> None:
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()

    assert TEST_LINE in [line.strip() for line in lines]


def test_the_readme_shows_a_configuration_that_loads() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = tomllib.loads(text.split("```toml\n")[1].split("```")[0])

    # Settings, toggles and mappings are all checked before a runner reaches out to anything.
    environ = {"SHOP_TOKEN": "a", "ERP_PASSWORD": "b", "BOOKS_ACCESS_TOKEN": "c"}
    Runner.from_config(block, environ=environ).close()
    assert list(block["systems"]) == ["shop", "erp", "books"]


def test_the_readme_names_every_command_and_every_hook() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    callbacks = [command.callback for command in build().registered_commands]
    commands = [callback.__name__ for callback in callbacks if callback is not None]

    assert [name for name in commands if not re.search(rf"\| `talk {name}[ A-Z]*` \|", text)] == []
    hooks = [*hookspecs.CONNECTOR_HOOKS, *hookspecs.OPTIONAL_HOOKS]
    signatures = [
        f"| `{name}({', '.join(inspect.signature(getattr(hookspecs, name)).parameters)})` |"
        for name in hooks
    ]
    assert [signature for signature in signatures if signature not in text] == []
