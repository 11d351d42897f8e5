"""Everything that is checked, built and shown: `nox -l` lists it.

Tests run on built wheels in clean environments, one for the core and one for each plugin, so
that what is not declared or not packaged fails here and not at a user's.
"""

from __future__ import annotations

import os
from pathlib import Path

import nox

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_external_run = True
nox.options.sessions = ["lint", "tests"]

# Tests start many processes, and each would compile all that it imports once more.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).parent
DIST = ROOT / "dist"
BENCH = "talk-bench"
PLUGINS = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))


def folder(distribution: str) -> Path:
    """The folder that a distribution is built from."""
    if distribution == BENCH:
        return ROOT / "benchmarks"
    return ROOT / "plugins" / distribution if distribution in PLUGINS else ROOT


def wheel(distribution: str, *extras: str) -> str:
    """A requirement for the wheel in dist/, which pip and uv read alike."""
    (path,) = DIST.glob(f"{distribution.replace('-', '_')}-*.whl")
    return f"{distribution}[{','.join(extras)}] @ {path.as_uri()}"


def tools(group: str, *distributions: str) -> list[str]:
    """The requirements of a dependency group: the workspace's own, and what plugins add."""
    projects = [ROOT, *map(folder, distributions)]
    tables = [nox.project.load_toml(project / "pyproject.toml") for project in projects]
    found = [
        nox.project.dependency_groups(table, group)
        for table in tables
        if group in table.get("dependency-groups", {})
    ]
    return [requirement for requirements in found for requirement in requirements]


@nox.session
def wheels(session: nox.Session) -> None:
    """Build the wheels of the core and of every plugin into dist/."""
    for stale in DIST.glob("talk_*.whl"):
        stale.unlink()
    session.install("hatchling")
    for distribution in ("talk-sdk", *PLUGINS):
        with session.chdir(folder(distribution)):
            session.run("python", "-m", "hatchling", "build", "-t", "wheel", "-d", str(DIST))


@nox.session(requires=["wheels"])
@nox.parametrize("distribution", ["talk-sdk", *PLUGINS, BENCH], ids=["core", *PLUGINS, BENCH])
def tests(session: nox.Session, distribution: str) -> None:
    """Test the built wheels; arguments go to pytest."""
    suite = folder(distribution) / "tests"
    if not any(suite.rglob("test_*.py")):
        session.skip(f"{suite.relative_to(ROOT)} has no tests")
    # The core's own tests put its parts together, so they have every plugin at hand.
    plugins = PLUGINS if distribution == "talk-sdk" else [distribution]
    session.install(
        wheel("talk-sdk", "simulator", "postgres"),
        *(wheel(name, "simulator") for name in plugins if name != BENCH),
        *(["./benchmarks", *tools("bench")] if distribution == BENCH else []),
        *tools("test", *plugins),
    )
    # By file: tests of one file share its fixtures and its counters.
    parallel = ("-n", "auto", "--dist", "loadfile")
    session.run("pytest", *parallel, str(suite.relative_to(ROOT)), *session.posargs)


@nox.session(requires=["wheels"])
def demo(session: nox.Session) -> None:
    """Simulated systems, kept in sync in front of you; arguments go to `talk demo`."""
    everything = ("talk-sdk", *PLUGINS)
    session.install(*(wheel(name, "simulator") for name in everything))
    session.run("talk", "demo", *session.posargs)


@nox.session(requires=["wheels"])
def simulate(session: nox.Session) -> None:
    """Run the seeded simulation, for example `nox -s simulate -- --seeds 200`."""
    if not list(ROOT.glob("talk_sdk/testing/simulation*")):
        session.skip("there is no simulation yet")
    everything = ("talk-sdk", *PLUGINS)
    session.install(*(wheel(name, "simulator") for name in everything), *tools("test"))
    session.run("python", "-P", "-m", "talk_sdk.testing.simulation", *session.posargs)


@nox.session(requires=["wheels"])
def kills(session: nox.Session) -> None:
    """Kill runs over real servers at random moments, for example `nox -s kills -- --kills 200`."""
    session.install(
        wheel("talk-sdk", "simulator", "postgres"),
        *(wheel(name, "simulator") for name in PLUGINS),
        *tools("test"),
    )
    session.run("python", "-P", "-m", "talk_sdk.testing.kills", *session.posargs)


@nox.session(requires=["wheels"])
def mutants(session: nox.Session) -> None:
    """Break the engine on purpose: the tests catch every fault of tests/mutants/patches."""
    everything = ("talk-sdk", *PLUGINS)
    session.install(*(wheel(name, "simulator") for name in everything), *tools("test"))
    session.run("python", "tests/mutants/run.py", *session.posargs)


@nox.session(requires=["wheels"])
def bench(session: nox.Session) -> None:
    """Measure beside floors and peers, for example `nox -s bench -- --help`."""
    session.install(wheel("talk-sdk"), "./benchmarks", *tools("bench"))
    # Progress stays on stderr, so that the table alone is on stdout.
    words = ("--root", str(ROOT), *session.posargs)
    session.run("python", "-P", "-m", "talk_bench", *words, stderr=None)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types and architecture."""
    session.install(
        *("-e", ".[simulator,postgres]", "-e", "./benchmarks"),
        *(part for name in PLUGINS for part in ("-e", f"plugins/{name}[simulator]")),
        *tools("lint"),
        *tools("test", *PLUGINS),
        *tools("bench"),
        "nox",
    )
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy", "talk_sdk", "tests", "examples", "noxfile.py")
    for name in (*PLUGINS, BENCH):
        # One run each: every plugin has a folder `tests`, and mypy knows one module by a name.
        parts = (folder(name) / name.replace("-", "_"), folder(name) / "tests")
        sources = [str(part.relative_to(ROOT)) for part in parts if any(part.rglob("*.py"))]
        if sources:
            session.run("mypy", *sources)
    session.run("lint-imports", env={"PYTHONPATH": os.fspath(ROOT)})
