"""How the systems of each connector say things: a module per connector.

To let one more connector join the simulation, write its `Dialect` and enter it here.
"""

from __future__ import annotations

from collections.abc import Mapping

from talk_sdk.testing.simulation.dialects.customerp import CustomErp
from talk_sdk.testing.simulation.dialects.customwebshop import CustomWebshop
from talk_sdk.testing.simulation.dialects.dialect import KINDS, UNSAID, WHOLE, Dialect, Raw
from talk_sdk.testing.simulation.dialects.membercare import MemberCare
from talk_sdk.testing.simulation.dialects.squarespace import Squarespace
from talk_sdk.testing.simulation.dialects.wave import Wave
from talk_sdk.testing.simulation.dialects.webcrm import WebCrm

__all__ = ["DIALECTS", "KINDS", "UNSAID", "WHOLE", "Dialect", "Raw"]

DIALECTS: Mapping[str, Dialect] = {
    dialect.connector: dialect
    for dialect in (
        CustomWebshop(),
        CustomErp(),
        Wave(),
        WebCrm(),
        MemberCare(),
        Squarespace(),
    )
}
"""By connector."""
