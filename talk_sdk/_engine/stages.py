"""The stages between collect and plan: every run carries what it has read through them."""

from __future__ import annotations

from talk_sdk._engine.matching import match
from talk_sdk._engine.merging import merge_all
from talk_sdk._engine.run import Run
from talk_sdk._engine.scopes import rest_and_wake

__all__ = ["match_and_merge"]


def match_and_merge(run: Run) -> None:
    """Let what was read find its golden record, or leave it, and merge what it says.

    Scopes come in between: what a filter lets out has to rest before its edits are merged.
    """
    match(run)
    rest_and_wake(run)
    merge_all(run)
