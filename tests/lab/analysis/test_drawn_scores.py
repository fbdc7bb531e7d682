"""Scores are drawn where a logarithmic axis can show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from gradlab.lab.analysis.drawn_scores import is_drawn_downwards, to_drawn_scores

ROLES = ["choose", "report"]


def test_accuracies_are_drawn_as_errors_in_percent(
    make_dataset: Callable[..., xr.Dataset], accuracy: dict[str, Any]
) -> None:
    dataset = make_dataset([[[0.97, 1.0]]], [0.1], ROLES, **accuracy)
    values, label = to_drawn_scores(dataset, dataset.final_loss.isel(evaluation=-1))
    assert label == "test error (%)"
    np.testing.assert_allclose(values.values.ravel(), [3.0, 0.01])  # no error at all is drawn at the bottom
    assert is_drawn_downwards(dataset)


def test_losses_are_drawn_as_they_are(make_dataset: Callable[..., xr.Dataset]) -> None:
    dataset = make_dataset([[[0.97, 1.0]]], [0.1], ROLES)
    values, label = to_drawn_scores(dataset, dataset.final_loss)
    assert label == "loss"
    xr.testing.assert_identical(values, dataset.final_loss)
    assert is_drawn_downwards(dataset)


def test_scores_with_a_known_best_are_drawn_as_distances_from_it(make_dataset: Callable[..., xr.Dataset]) -> None:
    dataset = make_dataset([[[-3.0, -1.5]]], [0.1], ROLES, reference=-3.0)
    values, label = to_drawn_scores(dataset, dataset.final_loss.isel(evaluation=-1))
    assert label == "loss, from the best"
    np.testing.assert_allclose(values.values.ravel(), [1.5, 1.5])  # the best itself is at the least distance of all


def test_rewards_are_drawn_upwards(make_dataset: Callable[..., xr.Dataset]) -> None:
    assert not is_drawn_downwards(make_dataset([[[1.0, 2.0]]], [0.1], ROLES, higher_is_better=1))
