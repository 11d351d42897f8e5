"""The `talk` command. Importing it is cheap: each command loads what it needs when it runs."""

from __future__ import annotations

from talk_sdk.cli.app import build, main

__all__ = ["build", "main"]
