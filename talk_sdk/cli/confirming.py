"""Yes or no, at a terminal."""

from __future__ import annotations

import typer

__all__ = ["confirmed"]


def confirmed(question: str) -> bool:
    """Whether the answer is yes. Ctrl-C is a no, so that a command ends in good order."""
    try:
        return typer.confirm(question, default=False, err=True)
    except typer.Abort:
        return False
