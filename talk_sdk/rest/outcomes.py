"""What became of a write, from how its request ended."""

from __future__ import annotations

from collections.abc import Callable

from talk_sdk.errors import MissingError, RejectedError, StaleError, UnavailableError
from talk_sdk.operations import Operation, Outcome, Raw

__all__ = ["outcome_of"]


def outcome_of(operation: Operation, call: Callable[[], Raw | None]) -> Outcome:
    """The outcome of an operation that `call` sends.

    `call` returns the record as stored, None if the API does not say. What concerns the whole
    system is not the operation's business and goes through.

    Raises:
        DeniedError: credentials or rights are wrong.
        SafetyError: a write in a dry run.
    """
    try:
        return Outcome("stored", call())
    except UnavailableError as error:
        return Outcome("unknown" if error.reached else "unsent", reason=error.message)
    except RejectedError as error:
        return Outcome("refused", reason=error.message)
    except (MissingError, StaleError) as error:
        if operation.kind == "create":
            # There is no record yet that could be gone or stale: the request itself is refused.
            return Outcome("refused", reason=error.message)
        return Outcome("stale" if isinstance(error, StaleError) else "gone", reason=error.message)
