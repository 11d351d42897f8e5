"""The connector for Squarespace. The hooks load what they need when called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talk_sdk import hookimpl

if TYPE_CHECKING:
    from talk_sdk.clock import Clock
    from talk_sdk.connector import Connector
    from talk_sdk.operations import Simulator
    from talk_sdk.testing.faults import Faults
    from talk_sdk.testing.neutral import World


@hookimpl
def talk_connector() -> Connector:
    """Squarespace."""
    from talk_squarespace.settings import CONNECTOR

    return CONNECTOR


@hookimpl
def talk_simulator(world: World, clock: Clock, faults: Faults) -> Simulator:
    """Squarespace's twin."""
    from talk_squarespace.simulator import simulator

    return simulator(world, clock, faults)
