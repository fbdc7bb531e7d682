"""Where nothing is finite before the first update, no optimizer is to blame."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.cli.study_tables.point_tables import print_points
from gradlab.cli.terminal.printing import make_console
from gradlab.lab.analysis.first_values import describe_bad_start
from gradlab.lab.problems import Problem


class Hole(Problem):
    """A line through data, one number of which may be missing."""

    name, summary, steps = "hole", "A line through data with a hole.", 12

    def __init__(self, number: float):
        self.number = number

    def init(self, key: jax.Array) -> jax.Array:
        return jax.random.normal(key, (2,), jnp.float32)

    def loss(self, params: jax.Array, batch: object) -> jax.Array:
        return jnp.sum((params - jnp.array([1.0, self.number], params.dtype)) ** 2)


REMEDY = " before the first update; look at the data, the loss and the initial parameters"


@pytest.mark.parametrize(("number", "what"), [(np.nan, "NaN"), (np.inf, "not finite")])
def test_a_race_on_data_with_a_hole_says_so(number: float, what: str) -> None:
    results = gl.lab.race(Hole(number), ["sgd", "adam"], rates=2, seeds=2)
    assert describe_bad_start(results["hole"].to_dataset()) == f"the loss is {what}{REMEDY}"
    assert results.gradlab.verdict() == [f"No optimizer has a score: the loss is {what}{REMEDY}."]


def test_a_sweep_says_so_too(capsys: pytest.CaptureFixture[str]) -> None:
    dataset = gl.lab.sweep(Hole(np.nan), "sgd", {"learning_rate": [0.1, 0.2]}, seeds=2)["hole"].to_dataset()
    print_points(make_console(), dataset)
    assert f"no score to compare. The loss is NaN{REMEDY}." in " ".join(capsys.readouterr().out.split())


def test_runs_that_begin_well_are_those_of_the_optimizers() -> None:
    """They diverge at this learning rate, which is nothing of the data."""
    dataset = gl.lab.race(Hole(2.0), "sgd", rates=[1e9, 1e10], seeds=2)["hole"].to_dataset()
    assert dataset.diverged.all()
    assert describe_bad_start(dataset) == ""


def test_a_metric_that_is_never_a_number_is_named() -> None:
    dataset = gl.lab.race(Hole(2.0), "sgd", rates=[0.1], seeds=2)["hole"].to_dataset()
    lost = dataset.assign(test_loss=dataset.final_loss * np.nan)
    lost.attrs |= {"score": "test_loss", "score_label": "test loss"}
    assert describe_bad_start(lost).startswith("the test loss is NaN before the first update; look at the data, ")
