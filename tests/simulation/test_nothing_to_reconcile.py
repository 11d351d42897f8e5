"""After noise, faults and deaths, a full compare agrees with the oracle: nothing differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from talk_sdk.testing.simulation.seed import Simulation


@pytest.mark.parametrize(
    ("seed", "systems"),
    [
        (5, ("shop", "erp")),
        (6, ("shop", "erp", "books")),
        (7, ("shop", "erp", "crm")),
        (8, ("shop", "erp", "outlet")),
    ],
)
def test_a_seed_that_came_to_rest_has_nothing_to_reconcile(
    tmp_path: Path, seed: int, systems: tuple[str, ...]
) -> None:
    simulation = Simulation(seed, tmp_path, systems)
    assert simulation.play().violations == []
    simulation.bench.clock.advance(120)
    with simulation.runner() as runner:
        found = runner.reconcile()
    assert (found.outcome, found.counts) == ("done", {})
    assert sum(found.compared.values()) > 0
