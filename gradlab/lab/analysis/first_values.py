"""Studies whose numbers are not finite before the first update, for which no optimizer is to blame."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .choosing_metric import choosing_metric, label_choosing_metric


def describe_bad_start(dataset: xr.Dataset) -> str:
    """Return what is not finite before the first update of any run, and what to look at; empty if some run is finite.

    It is the end of a sentence. It speaks of the loss, or of the metric that reports or chooses.
    """
    attributes = dataset.attrs
    score, choosing = str(attributes["score"]), choosing_metric(attributes)
    first = {
        "loss": ("the loss", "step"),
        score: (f"the {attributes['score_label']}", "evaluation"),
        choosing: (f"the {label_choosing_metric(attributes)}", "evaluation"),
    }
    for name, (label, axis) in first.items():
        if name not in dataset or axis not in dataset[name].dims:
            continue
        values = dataset[name].isel({axis: int(dataset[axis].values.argmin())}).values
        if not np.isfinite(values).any():
            what = "NaN" if np.isnan(values).all() else "not finite"
            return f"{label} is {what} before the first update; look at the data, {label} and the initial parameters"
    return ""
