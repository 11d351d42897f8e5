"""Every mistake on the way from `init` to `sync` is one sentence, over real servers."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from typer.testing import CliRunner

from talk_sdk._store import Store
from talk_sdk.cli import build

USAGE, STOPPED = 2, 3
TOKEN = 'token = { env = "SHOP_TOKEN" }'
MAPPING = '\n[mapping."shop.Customer"]\n'
TOGGLES = "\n[systems.erp.entities"

MISTAKES: dict[str, tuple[str, str, int, str]] = {
    # what is wrong: (old text, new text; old is empty: added at the end), exit code, said
    "no such plugin": (
        '"customwebshop"', '"customwebshp"', USAGE, "not installed: did you mean `customwebshop`?"
    ),
    "no TOML": ("[sync]", "[sync", USAGE, "is not valid TOML: "),
    "no secret": (
        "SHOP_TOKEN", "NOT_SET", USAGE, "environment variable NOT_SET, which is not set: type `exp"
    ),
    "unknown setting": (
        TOKEN, f'{TOKEN}\nregon = "NO"', USAGE, "`regon` in [systems.shop]: did you mean `region`?"
    ),
    "missing setting": (TOKEN, "", USAGE, "[systems.shop] lacks `token` (API token)."),
    "unknown table": ("[sync]", "[synk]", USAGE, "`synk` at the top: did you mean `sync`?"),
    "unknown key": (
        "[sync]", "[sync]\nworker = 2", USAGE, "`worker` in [sync]: did you mean `workers`?"
    ),
    "no address": (
        "http://", "shop at ", USAGE,
        "`base_url` in [systems.shop] does not have the right form (Address of the API, like",
    ),
    "no zone": (
        '# time_zone = "Europe/Oslo"', 'time_zone = "Oslo"', USAGE,
        "'Oslo' is no time zone, write one like Europe/Oslo.",
    ),
    "unknown entity": (
        "", f"{TOGGLES}.Custmer]\nwrite = false\n", USAGE,
        "System erp has no entity `Custmer`: did you mean `Customer`?",
    ),
    "unknown toggle": (
        "", f"{TOGGLES}.Customer]\nwrte = false\n", USAGE, "did you mean `write`?"
    ),
    "unknown property": ("", f'{MAPPING}x = "emial"\n', USAGE, "did you mean 'email'?"),
    "unknown lens": (
        "", f'{MAPPING}x = {{ property = "fax", lens = "trunc(5)" }}\n', USAGE, "is no lens; there"
    ),
    "a lens that is no text": (
        "", f'{MAPPING}x = {{ property = "fax", lens = 5 }}\n', USAGE,
        "should be a lens in quotes, as in `truncate(50)`.",
    ),
    "a pair without property": (
        "", f"{MAPPING}x = {{ read_only = true }}\n", USAGE, "lacks `property`"
    ),
    "unknown flag": (
        "", f'{MAPPING}x = {{ property = "fax", readonly = true }}\n', USAGE,
        "did you mean `read_only`?",
    ),
    "no folder": (
        "[store]", '[store]\nurl = "sqlite:///nowhere/talk.db"', STOPPED, "nowhere exists and can"
    ),
    "a folder that is a file": (
        "[store]", '[store]\nurl = "sqlite:///talk.toml/talk.db"', STOPPED, "cannot be used: "
    ),
    "no file": (
        "[store]", '[store]\nurl = "sqlite:///"', USAGE, "should name a file, as in `sqlite:///t"
    ),
    "no such database": (
        "[store]", '[store]\nurl = "mysql://x"', USAGE, "should start with `sqlite:///` or"
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_talk_toml_is_one_sentence_with_the_way_out(
    workspace: Any, mistake: str
) -> None:
    old, new, code, said = MISTAKES[mistake]
    workspace.change(old, new) if old else workspace.add(new)

    for command in ("check", "plan", "sync", "status"):
        done = workspace.quick(command)
        assert done.exit_code == code, done.output
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: ")
        assert said in line


def test_the_line_of_bad_toml_is_named(workspace: Any) -> None:
    workspace.config.write_text('[systems.shop]\nconnector = "customwebshop\n')

    assert "(at line 2, column " in workspace.quick("check").stderr


REMOTE: dict[str, tuple[str, str, str]] = {
    "wrong token": (
        TOKEN, 'token = "hush-hush"', "Check the credentials of shop in talk.toml."
    ),
    "host down": ("http://127.0.0.1", "http://127.0.0.1:9/", "Connection refused"),
    "no such host": ("http://127.0.0.1", "http://nowhere.invalid/", "failed: "),
    "another zone": (
        '# time_zone = "Europe/Oslo"', 'time_zone = "Europe/Berlin"',
        "the company says 'Europe/Oslo', so write time_zone = \"Europe/Oslo\".",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", REMOTE)
def test_a_system_that_cannot_be_used_is_named_and_nothing_is_written(
    workspace: Any, mistake: str
) -> None:
    old, new, said = REMOTE[mistake]
    workspace.change(old, new)

    checked = workspace.quick("check")
    assert checked.exit_code == STOPPED
    assert said in checked.stdout
    assert "FAILED" in checked.stdout
    done = workspace.quick("sync", "--yes")
    assert done.exit_code == STOPPED
    (problem,) = [line for line in done.stderr.splitlines() if line.startswith("problem: ")]
    assert said in problem
    assert "Stopped. Writes: 0, " in done.stdout
    assert "hush-hush" not in done.output + checked.output


def test_a_store_of_a_newer_version_is_refused(workspace: Any) -> None:
    Store(f"sqlite:///{workspace.folder / 'talk.db'}", workspace="w").close()
    with sqlite3.connect(workspace.folder / "talk.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()

    done = workspace.quick("sync", "--yes")
    assert done.exit_code == STOPPED
    assert "was written by a newer talk-sdk (revision 9999); install that" in done.stderr


def test_a_store_that_is_no_database_is_refused(workspace: Any) -> None:
    (workspace.folder / "talk.db").write_text("a letter, and a long one: " * 100)

    done = workspace.quick("sync", "--yes")
    assert done.exit_code == STOPPED
    assert "file is not a database" in done.stderr


def test_init_does_not_overwrite_and_writes_nowhere_else(workspace: Any) -> None:
    before = workspace.config.read_text(encoding="utf-8")

    done = workspace.quick(*workspace.init())
    assert (done.exit_code, workspace.config.read_text(encoding="utf-8")) == (USAGE, before)
    assert "exists: `--force` replaces it." in done.stderr
    missing = CliRunner().invoke(
        build(), ["-c", str(workspace.folder / "no/talk.toml"), *workspace.init()]
    )
    assert missing.exit_code == USAGE
    assert "cannot be written: No such file or directory." in missing.stderr
