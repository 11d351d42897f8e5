"""The file of tokens: readable by its owner alone, whole at every moment, one writer at a time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from talk_sdk._vault import FileVault
from talk_sdk.errors import ConfigError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_written_is_read_by_another_process(tmp_path: Path) -> None:
    path = tmp_path / "talk.vault"
    FileVault(path, "books").write({"access_token": "ü"})
    code = f"""
from pathlib import Path
from talk_sdk._vault import FileVault
assert FileVault(Path({str(path)!r}), "books").read() == {{"access_token": "ü"}}
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_systems_share_a_file_and_not_their_tokens(tmp_path: Path) -> None:
    path = tmp_path / "talk.vault"
    FileVault(path, "one").write({"a": "1"})
    FileVault(path, "two").write({"b": "2"})
    FileVault(path, "one").write({"a": "3"})

    assert FileVault(path, "one").read() == {"a": "3"}
    assert FileVault(path, "two").read() == {"b": "2"}
    assert FileVault(path, "three").read() == {}


def test_nobody_else_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "talk.vault"
    before = os.umask(0)
    try:
        FileVault(path, "books").write({"a": "1"})
        with FileVault(path, "books").locked():
            pass
    finally:
        os.umask(before)
    assert {name.name: mode(name) for name in tmp_path.iterdir() if mode(name) != 0o600} == {}


def test_reading_makes_no_file(tmp_path: Path) -> None:
    assert FileVault(tmp_path / "talk.vault", "books").read() == {}
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff"])
def test_a_file_that_is_none_of_ours_is_named_with_the_way_out(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "talk.vault"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="move it away, and sign in again") as caught:
        FileVault(path, "books").read()
    assert str(path) in caught.value.message
    with pytest.raises(ConfigError):
        FileVault(path, "books").write({"a": "1"})
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "none").write_text("a file")
    with pytest.raises(ConfigError, match=r"\[vault\] path"):
        FileVault(tmp_path / "none" / "talk.vault", "books").write({"a": "1"})


def test_a_write_that_is_cut_leaves_the_old_tokens(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "talk.vault"
    FileVault(path, "books").write({"a": "old"})

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        FileVault(path, "books").write({"a": "new"})
    monkeypatch.undo()
    assert FileVault(path, "books").read() == {"a": "old"}
    FileVault(path, "books").write({"a": "newer"})
    assert FileVault(path, "books").read() == {"a": "newer"}


def test_writers_that_meet_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "talk.vault"
    names = [f"s{n}" for n in range(12)]
    threads = [
        threading.Thread(target=FileVault(path, name).write, args=({"a": name},)) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: FileVault(path, name).read() for name in names} == {n: {"a": n} for n in names}


def test_the_lock_is_held_by_one_at_a_time_and_free_when_its_owner_dies(tmp_path: Path) -> None:
    path = tmp_path / "talk.vault"
    code = f"""
import sys
from pathlib import Path
from talk_sdk._vault import FileVault
with FileVault(Path({str(path)!r}), "books").locked():
    print("held", flush=True)
    sys.stdin.read()
"""
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    taken = threading.Event()

    def take() -> None:
        with FileVault(path, "books").locked():
            taken.set()

    thread = threading.Thread(target=take)
    thread.start()
    assert not taken.wait(0.3)
    other.kill()
    other.communicate()
    assert taken.wait(10)
    thread.join()


def test_the_tokens_of_a_system_called_file_can_be_renewed(tmp_path: Path) -> None:
    vault = FileVault(tmp_path / "talk.vault", "file")
    with vault.locked():
        vault.write({"a": "1"})
    assert vault.read() == {"a": "1"}
