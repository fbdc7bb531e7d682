"""The loop that the sweep is measured against trains the same runs."""

from __future__ import annotations

import optax

from gradlab.bench.race_grid import Measurement, measure
from gradlab.lab.problems import NoisyQuadratic


def test_both_ways_give_the_same_losses() -> None:
    found = measure([NoisyQuadratic()], {"sgd": optax.sgd}, rates=2, seeds=2, steps=10)
    assert found.runs == 4
    assert found.difference < 1e-5
    assert found.sweep_seconds > 0
    assert found.loop_seconds > 0


def test_the_ratio_is_of_the_loop_to_the_sweep() -> None:
    assert Measurement(1, 2.0, 16.0, 3.0, 15.0, 0.0).ratio == 8
