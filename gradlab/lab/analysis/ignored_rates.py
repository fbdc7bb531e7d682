"""Optimizers that seem to ignore their learning rate: their runs are the same at all rates."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .._formatting import format_count, join_names
from .._results.thinned_curves import is_pruned


def find_ignored_rates(dataset: xr.Dataset) -> list[str]:
    """Return the optimizers of a race whose losses from each seed are the same at all rates, to the last bit.

    The losses must change in the course of a run: where nothing moves, all rates may be too small. Where runs were
    stopped early or losses were not kept, nothing is known, and the list is empty.
    """
    if "loss" not in dataset or dataset.sizes["rate"] < 2 or dataset.sizes["step"] < 2 or is_pruned(dataset):
        return []
    loss = dataset.loss.transpose("optimizer", "rate", "seed", "step").values
    return [str(name) for name, runs in zip(dataset.optimizer.values, loss) if _is_ignored(runs)]


def _is_ignored(runs: np.ndarray) -> bool:
    """Return whether losses on (rate, seed, step) do not depend on the rate."""
    start, later = runs[0, :, :1], runs[0, :, 1:]
    has_moved = np.isfinite(later) & (later != start)
    return bool(has_moved.any()) and all(np.array_equal(runs[0], other, equal_nan=True) for other in runs[1:])


def describe_ignored_rates(dataset: xr.Dataset) -> list[str]:
    """Return a sentence on the optimizers that seem to ignore their learning rate, if any do."""
    names = find_ignored_rates(dataset)
    if not names:
        return []
    have, its = ("has", "its") if len(names) == 1 else ("have", "their")
    rates = format_count(dataset.sizes["rate"], "learning rate")
    return [
        f"{join_names(names)} {have} exactly the same runs at all {rates}, so {its} updates do not seem to depend on "
        "it: multiply the step by it, in a chain of gradlab by the link gl.scale_by_learning_rate(learning_rate)."
    ]
