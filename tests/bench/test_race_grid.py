"""The loop that the sweep is measured against trains the same runs."""

from __future__ import annotations

import optax

from gradlab.bench.race_grid import Measurement, measure
from gradlab.lab.problems import BreastCancer, NoisyQuadratic
from gradlab.lab.problems.real_data.tabular_data import load_table


def test_both_ways_give_the_same_losses() -> None:
    found = measure([NoisyQuadratic()], {"sgd": optax.sgd}, rates=2, seeds=2, steps=10)
    assert found.runs == 4
    assert found.difference < 1e-5
    assert found.sweep_seconds > 0
    assert found.loop_seconds > 0


def test_the_products_of_a_run_are_counted() -> None:
    """Logistic regression on 4 rows of 30 columns has one product forward, and one backward for its weights."""
    problem = BreastCancer(batch_size=4)
    found = measure([problem], {"sgd": optax.sgd}, rates=2, seeds=2, steps=3).products["breast_cancer"]
    held_out = sum(len(sample.targets) for sample in load_table("breast_cancer")[1:])
    updates = 4  # the last one is computed and discarded
    assert found["operations"] == 4 * 2 * (30 * 2) * (updates * 4 * 2 + 4 * held_out)
    assert found["seconds"] > 0


def test_the_ratio_is_of_the_loop_to_the_sweep() -> None:
    assert Measurement(1, 2.0, 16.0, 3.0, 15.0, 0.0, 1.0, {}).ratio == 8
