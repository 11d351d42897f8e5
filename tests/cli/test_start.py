"""`talk` starts fast, and tells a user's mistake in one line."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from talk_sdk.cli import app, main
from talk_sdk.errors import ConfigError, DeniedError, PluginError, SafetyError, TalkError

HEAVY = "alembic babel httpx msgspec pluggy pydantic rich sqlalchemy tenacity"
COMMANDS = [
    "init",
    "plugins",
    "login",
    "check",
    "plan",
    "sync",
    "status",
    "conflicts",
    "review",
    "failed",
    "reconcile",
    "undo",
    "why",
    "demo",
]


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["-c", "x", "plan", "--help"], *([name, "--help"] for name in COMMANDS)],
    ids=" ".join,
)
def test_help_loads_nothing_heavy_and_no_plugin(arguments: list[str]) -> None:
    code = f"""
import sys
from talk_sdk.cli import main
sys.argv = ["talk", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert end.code == 0, end.code
heavy = {{name.partition(".")[0] for name in sys.modules}} & set({HEAVY!r}.split())
assert not heavy, heavy
plugins = [name for name in sys.modules if name.startswith("talk_") and name[:8] != "talk_sdk"]
assert not plugins, plugins
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: talk")


def test_it_runs_as_a_module_too() -> None:
    command = [sys.executable, "-m", "talk_sdk", "plan", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.startswith("Usage: talk plan")


def test_it_tells_its_version(talk: Any) -> None:
    try:
        expected = version("talk-sdk")
    except PackageNotFoundError:
        pytest.skip("talk-sdk is not installed here; `nox -s tests` installs its wheel")

    assert talk("--version").stdout == f"talk-sdk {expected}\n"


def test_help_lists_every_command_and_the_exit_codes(talk: Any) -> None:
    shown = talk("--help").output

    assert [name for name in COMMANDS if f"\n  {name} " not in shown] == []
    assert "Exit codes: 0 done; 1" in shown


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("The key is wrong.\nReally."), 2),
        (PluginError("It is not installed."), 2),
        (DeniedError("System shop refuses the token."), 3),
        (SafetyError("More deletes than allowed."), 3),
    ],
)
def test_an_error_is_one_line_on_stderr_with_its_exit_code(
    talk: Any, error: TalkError, code: int
) -> None:
    talk.answers["check"] = error

    done = talk("check")
    assert done.exit_code == code
    assert done.stdout == ""
    assert done.stderr == f"error: {' '.join(error.message.split())}\n"
    assert talk.runner.closed


def test_an_interrupt_is_no_success_and_no_traceback(talk: Any) -> None:
    talk.answers["check"] = KeyboardInterrupt()

    done = talk("check")
    assert done.exit_code == 130
    assert done.stderr.startswith("error: interrupted")


def test_a_bug_does_not_look_like_open_items(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: Any) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(app, "build", lambda: broken)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 3
    assert "ValueError: a bug" in capsys.readouterr().err


def test_without_a_talk_toml_the_way_out_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "talk_sdk", "--config", str(tmp_path / "talk.toml"), "check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: There is no ")
    assert "`talk init`" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["plann"], ["plan", "--limt", "3"], ["plan", "--limit", "x"]]
)
def test_a_mistyped_command_is_a_usage_error(talk: Any, arguments: list[str]) -> None:
    done = talk(*arguments)

    assert done.exit_code == 2
    assert "Usage: " in done.stderr


def test_the_configuration_is_where_the_option_says(talk: Any) -> None:
    talk.answers["check"] = []
    talk("check")
    talk("-c", "other/talk.toml", "check")

    assert talk.opened == [Path("talk.toml"), Path("other/talk.toml")]
