"""`talk login` over real HTTP: a browser, a page on this machine, tokens that rotate."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from talk_wave.simulator import BUSINESS_ID, CLIENT_ID, CLIENT_SECRET

from talk_sdk.testing.serve import SimulatorProcess

SMALL = {"parties": 6, "items": 3, "deals": 3}


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("wave", sizes=SMALL) as server:
        yield server


class Workspace:
    def __init__(self, folder: Path, server: SimulatorProcess, **more: Any) -> None:
        self.folder = folder
        settings = {
            "connector": "wave",
            "base_url": f"{server.base_url}/graphql/public",
            "oauth_url": f"{server.base_url}/oauth2",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "income_account": server.settings["income_account"],
            **more,
        }
        lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        (folder / "talk.toml").write_text("\n".join(["[systems.books]", *lines]))

    def talk(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-u", "-m", "talk_sdk", *words], cwd=self.folder, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more,
        )  # fmt: skip

    def run(self, *words: str) -> tuple[int, str, str]:
        process = self.talk(*words)
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in err, err
        return process.returncode, out, err

    @property
    def vault(self) -> Path:
        return self.folder / "talk.vault"

    def tokens(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.vault.read_text())["books"]
        return found

    def log_in(self) -> tuple[int, str, str]:
        """Start the command, and do what a person with a browser does."""
        process = self.talk("login", "books", "--port", "0", "--no-browser")
        assert process.stdout is not None
        shown = ""
        while not (page := re.search(r"http://\S+/oauth2/authorize/\?\S+", shown)):
            line = process.stdout.readline()
            assert line, process.communicate()
            shown += line
        answer = httpx.get(page[0], follow_redirects=True, trust_env=False)
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in err, err
        assert answer.history, answer
        return process.returncode, shown + out + answer.text, err


@pytest.fixture
def workspace(tmp_path: Path, server: SimulatorProcess) -> Iterator[Workspace]:
    yield Workspace(tmp_path, server)
    for name in ("deny_consent", "lapsed"):
        server.control.switch(name, False)


def test_a_person_signs_in_and_the_account_can_be_used(workspace: Workspace) -> None:
    code, _, err = workspace.run("check")
    assert code == 3, err
    code, shown, err = workspace.log_in()
    assert code == 0, err
    assert "Signed in to books" in shown
    assert BUSINESS_ID in shown
    assert "You may close this page." in shown
    assert stat.S_IMODE(workspace.vault.stat().st_mode) == 0o600
    assert {"access_token", "refresh_token", "businessId"} <= workspace.tokens().keys()
    code, out, err = workspace.run("check")
    assert code == 0, err
    assert "Customer: read and write." in out
    assert not [secret for secret in workspace.tokens().values() if len(secret) > 8
                and secret in shown + out and secret != BUSINESS_ID]  # fmt: skip


def test_a_setting_that_does_not_fit_is_no_reason_to_sign_in_again(workspace: Workspace) -> None:
    config = workspace.folder / "talk.toml"
    config.write_text(config.read_text() + '\nline_product = "Unheard of"\n')
    code, shown, err = workspace.log_in()
    assert code == 0, err
    assert "Signed in to books" in shown
    code, out, err = workspace.run("check")
    assert code == 3
    assert "line_product" in out + err
    assert "talk login" not in out + err


def test_a_token_that_died_is_renewed_in_the_middle_of_a_run_and_kept(
    workspace: Workspace, server: SimulatorProcess
) -> None:
    assert workspace.log_in()[0] == 0
    before = workspace.tokens()
    refresh = {"grant_type": "refresh_token", "refresh_token": before["refresh_token"],
               "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}  # fmt: skip
    other = httpx.post(f"{server.base_url}/oauth2/token/", data=refresh, trust_env=False).json()
    # Somebody has refreshed: our access token is dead, the new pair was brought here by hand.
    content = {"books": {**before, "refresh_token": other["refresh_token"]}}
    workspace.vault.write_text(json.dumps(content))
    code, _, err = workspace.run("sync", "--yes")
    assert code == 0, err
    after = workspace.tokens()
    assert after["access_token"] not in {before["access_token"], other["access_token"]}
    assert after["refresh_token"] not in {before["refresh_token"], other["refresh_token"]}
    code, _, err = workspace.run("sync", "--yes")
    assert code == 0, err
    assert workspace.tokens() == after


def test_a_refresh_token_that_died_says_how_to_sign_in_again(
    workspace: Workspace, server: SimulatorProcess
) -> None:
    assert workspace.log_in()[0] == 0
    tokens = {"access_token": "dead", "refresh_token": "dead"}
    workspace.vault.write_text(json.dumps({"books": tokens}))
    code, out, err = workspace.run("sync", "--yes")
    assert code == 3, err
    assert "`talk login books`" in out + err
    assert workspace.log_in()[0] == 0
    assert workspace.run("sync", "--yes")[0] == 0


def test_a_business_without_its_plan_is_told_in_waves_words(
    workspace: Workspace, server: SimulatorProcess
) -> None:
    assert workspace.log_in()[0] == 0
    tokens = {**workspace.tokens(), "access_token": "dead"}
    workspace.vault.write_text(json.dumps({"books": tokens}))
    server.control.switch("lapsed", True)
    code, out, err = workspace.run("check")
    assert code == 3
    assert "HTTP 403" in out + err
    # The refresh token is still there for when the plan is.
    server.control.switch("lapsed", False)
    assert workspace.run("check")[0] == 0


def test_a_person_who_declines_changes_nothing(
    workspace: Workspace, server: SimulatorProcess
) -> None:
    server.control.switch("deny_consent", True)
    code, shown, err = workspace.log_in()
    assert code == 3
    assert "was not completed" in err
    assert "The sign-in was not completed." in shown
    assert not workspace.vault.exists()


def test_an_address_may_be_pasted_where_there_is_no_browser(workspace: Workspace) -> None:
    process = workspace.talk("login", "books", "--paste")
    assert process.stdout is not None
    shown = ""
    while not (page := re.search(r"http://\S+/oauth2/authorize/\?\S+", shown)):
        shown += process.stdout.readline()
    answer = httpx.get(page[0], follow_redirects=False, trust_env=False)
    out, err = process.communicate(answer.headers["Location"] + "\n", timeout=60)
    assert process.returncode == 0, err
    assert "Signed in to books" in out
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["state"]


def test_another_business_than_before_is_refused_and_the_tokens_stay(
    tmp_path: Path, server: SimulatorProcess
) -> None:
    workspace = Workspace(tmp_path, server)
    assert workspace.log_in()[0] == 0
    assert workspace.run("sync", "--yes")[0] == 0
    kept = workspace.tokens()
    with sqlite3.connect(tmp_path / "talk.db") as database:
        database.execute("UPDATE systems SET account = 'another'")
    code, _, err = workspace.log_in()
    assert code == 3
    assert "another account than before" in err
    assert workspace.tokens() == kept


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("login", "boks"), "no system `boks`"),
        (("login",), "Missing argument 'system'"),
    ],
)
def test_a_mistake_is_one_sentence(
    workspace: Workspace, words: tuple[str, ...], expected: str
) -> None:
    code, _, err = workspace.run(*words)
    assert code == 2
    assert expected in err


def test_a_system_that_needs_no_sign_in_says_so(tmp_path: Path, server: SimulatorProcess) -> None:
    (tmp_path / "talk.toml").write_text(
        '[systems.books]\nconnector = "wave"\naccess_token = "x"\nbase_url = "http://127.0.0.1:9"\n'
    )
    process = subprocess.run(
        [sys.executable, "-m", "talk_sdk", "login", "books"], cwd=tmp_path, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert process.returncode == 2
    assert "books needs no sign-in" in process.stderr
