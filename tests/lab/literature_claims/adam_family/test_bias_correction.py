"""The numbers of claim 7: the score at the published rate, wherever it is on the grid."""

from __future__ import annotations

from typing import Any

import gradlab as gl
from gradlab.lab import Log, sweep
from gradlab.lab._literature_claims.adam_family.bias_correction import measure_defaults
from gradlab.lab.analysis.configurations import rank_configurations


def test_the_published_rate_is_not_the_lowest_of_the_grid() -> None:
    axes: dict[str, Any] = {"learning_rate": Log(1e-4, 1e-2, 3), "b1": [0.9], "b2": [0.999]}
    dataset = sweep("ravine", gl.adam, axes, 2, steps=20).gradlab.dataset()
    scores = {round(float(row.hyperparameters["learning_rate"]), 6): row.score for row in rank_configurations(dataset)}
    found = measure_defaults(dataset)
    assert found["rate 0.001"] == scores[0.001]
    assert found["published"] == found["best"] == scores[0.01]
