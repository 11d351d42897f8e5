"""The vault in a file beside talk.toml: readable by its owner alone, replaced in one step."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from talk_sdk.errors import ConfigError, UnavailableError

__all__ = ["FileVault"]

_MODE = 0o600
_PATIENCE_S = 60.0
"""Longer than a renewal takes; whoever holds the lock longer has come to a halt."""


class FileVault:
    """The tokens of one system, in a file that the workspace's systems share.

    Args:
        path: the file. It is made when something is kept, with mode 0600.
        system: the account's name in talk.toml.
    """

    def __init__(self, path: Path, system: str) -> None:
        """Nothing is opened yet."""
        self._path = path
        self._system = system

    def read(self) -> Mapping[str, str]:
        """See `Vault`.

        Raises:
            ConfigError: the file cannot be read, or is none of ours.
        """
        return self._all().get(self._system, {})

    def write(self, values: Mapping[str, str]) -> None:
        """See `Vault`.

        Raises:
            ConfigError: the file cannot be written.
        """
        with self._file_lock(f"{self._path}.lock"):
            content = {**self._all(), self._system: dict(values)}
            try:
                self._replace(json.dumps(content, indent=1).encode())
            except OSError as error:
                raise ConfigError(
                    f"The tokens of {self._system} cannot be kept in {self._path}:"
                    f" {error.strerror}. Make room or name another place in [vault] path."
                ) from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """See `Vault`.

        Raises:
            UnavailableError: somebody else has held it for a minute.
        """
        with self._file_lock(f"{self._path}.{self._system}.lock"):
            yield

    @contextmanager
    def _file_lock(self, path: str) -> Iterator[None]:
        lock = FileLock(path, timeout=_PATIENCE_S, mode=_MODE)
        try:
            lock.acquire()
        except Timeout:
            raise UnavailableError(
                f"{self._system}: another talk has been renewing the token for a minute; run again"
                " when it is done.",
                reached=False,
            ) from None
        except OSError as error:
            raise ConfigError(
                f"The tokens of {self._system} cannot be kept beside {self._path}:"
                f" {error.strerror}. Name another place in [vault] path."
            ) from None
        try:
            yield
        finally:
            lock.release()

    def _all(self) -> dict[str, dict[str, str]]:
        try:
            found = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ConfigError(
                f"The tokens in {self._path} cannot be read: {error.strerror}."
            ) from None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ConfigError(
                f"{self._path} is no file of tokens: move it away, and sign in again with"
                f" `talk login {self._system}`."
            )
        return found

    def _replace(self, content: bytes) -> None:
        """Write beside, then move over: a crash leaves the old file or the new one."""
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        try:
            os.write(handle, content)
            os.fsync(handle)
        finally:
            os.close(handle)
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
