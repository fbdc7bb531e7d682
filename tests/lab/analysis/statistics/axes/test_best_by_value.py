"""The best score with each value is that of the point that the choosing seeds chose among its points."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.statistics import best_by_value

NAN = np.nan
SHAPES = {"peak": [1.0, 2.0, 1.0, 2.0, 1.0], "schedule": ["linear", "linear", "cosine", "cosine", ""]}
OPTIONS = {"categories": json.dumps({"schedule": ["linear", "cosine", "none"]})}


@pytest.fixture
def swept(make_sweep: Callable[..., xr.Dataset]) -> xr.Dataset:
    """Two choosing and two reporting seeds. The second optimizer loses a choosing and a reporting run."""
    scores: Any = [
        [[0.2] * 2 + [0.9] * 2, [0.4] * 2 + [0.1] * 2, [0.5] * 4, [0.6] * 4, [0.01] * 4],
        [[NAN, 0.1, 0.1, 0.1], [0.3] * 4, [0.2, 0.2, NAN, 0.2], [0.8] * 4, [0.01] * 4],
    ]
    return make_sweep(scores, SHAPES, **OPTIONS)


def test_other_seeds_choose(swept: xr.Dataset) -> None:
    table = best_by_value(swept)
    assert table.label.values.tolist() == ["linear", "cosine"]
    np.testing.assert_allclose(table.score, [[0.9, 0.5], [0.3, NAN]])  # 0.1 would have been chosen by its own seeds
    assert table.best.values.tolist() == [[False, True], [True, False]]
    assert table.exists.values.all()
    assert table.attrs["hyperparameter"] == "schedule"


def test_a_number_is_a_choice_too(swept: xr.Dataset, accuracy: dict[str, Any]) -> None:
    table = best_by_value(swept, "peak")
    np.testing.assert_allclose(table.score, [[0.01, 0.1], [0.01, 0.3]])
    assert table.label.values.tolist() == ["1", "2"]
    high = best_by_value(swept.assign_attrs(accuracy), "schedule")
    np.testing.assert_allclose(high.score, [[0.1, 0.6], [0.3, 0.8]])  # of accuracies, the highest one is chosen
    assert high.best.values.tolist() == [[False, True], [False, True]]


def test_what_is_no_choice_is_refused(make_sweep: Callable[..., xr.Dataset], swept: xr.Dataset) -> None:
    with pytest.raises(KeyError, match="no hyperparameter of these results is named 'schedul'; did you mean schedule"):
        best_by_value(swept, "schedul")
    many = make_sweep(np.ones((1, 30, 4)), {"b1": np.arange(30.0)})
    with pytest.raises(ValueError, match="b1 has 30 values; at most 24"):
        best_by_value(many)
    both = make_sweep(np.ones((1, 2, 4)), {"b1": [0.1, 0.2], "b2": [0.1, 0.2]})
    with pytest.raises(ValueError, match="there are several hyperparameters, b1, b2; name one"):
        best_by_value(both)
    with pytest.raises(ValueError, match="expected the Dataset of a sweep or a search"):
        best_by_value(both.rename(point="rate"))
