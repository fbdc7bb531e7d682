"""Scores as charts draw them on a logarithmic axis: accuracies as errors, and others as distances from the best."""

from __future__ import annotations

import xarray as xr

from .._results.score_scale import read_scale


def to_drawn_scores(dataset: xr.Dataset, values: xr.DataArray) -> tuple[xr.DataArray, str]:
    """Return scores as they are drawn on a logarithmic axis, and the label of the axis.

    Accuracies become errors in percent. Scores that may lie below zero become distances from the best score.
    """
    if "reference" in dataset.attrs:
        distance = abs(values - dataset.attrs["reference"])
        above = distance.values[distance.values > 0]
        return distance.clip(min=above.min() if above.size else 1.0), f"{dataset.attrs['score_label']}, from the best"
    if read_scale(dataset.attrs) == "share":
        error = (100 * (1 - values)).clip(min=0.01)  # an error of 0 has no place on a logarithmic axis
        return error, f"{dataset.attrs['score_label'].replace('accuracy', 'error')} (%)"
    return values, str(dataset.attrs["score_label"])


def is_drawn_downwards(dataset: xr.Dataset) -> bool:
    """Say whether better scores are drawn lower."""
    return not dataset.attrs["higher_is_better"] or read_scale(dataset.attrs) != "decades"
