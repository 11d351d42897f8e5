"""Showing: a plan in a file of its own, so that the store is not held by a reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO

import msgspec

from talk_sdk._engine.run import Run
from talk_sdk._engine.spool import Spool, digest, operations
from talk_sdk.errors import TalkError
from talk_sdk.operations import Operation, Plan

__all__ = ["shown_plan"]


def shown_plan(run: Run, spool: Spool, file: IO[bytes], complaints: Sequence[str]) -> Plan:
    """The planned steps as people see them, readable until the file is closed.

    Args:
        run: the run.
        spool: its steps.
        file: where they are kept; empty.
        complaints: what plugins have done wrong.
    """
    encoder = msgspec.msgpack.Encoder()

    def spooled() -> Iterator[Operation]:
        for operation in operations(run, spool):
            line = encoder.encode(operation)
            file.write(len(line).to_bytes(4, "big") + line)
            yield operation

    name = digest(spooled())
    return Plan(
        lambda: _read_back(file), sum(spool.counts.values()), name, tuple(spool.skips),
        tuple(spool.drift), (*run.problems, *complaints), dict(spool.counts),
    )  # fmt: skip


def _read_back(file: IO[bytes]) -> Iterator[Operation]:
    decoder = msgspec.msgpack.Decoder(Operation)
    position = 0
    while True:
        try:
            file.seek(position)
        except ValueError:
            raise TalkError("The runner that made this plan is closed; plan again.") from None
        size = file.read(4)
        if not size:
            return
        yield decoder.decode(file.read(int.from_bytes(size, "big")))
        position = file.tell()
