"""Runs of which not all losses were kept: how many updates they made, and how to say what is missing."""

from __future__ import annotations

import xarray as xr


def count_updates(dataset: xr.Dataset) -> int:
    """Return the number of updates of each run, of which `step` has all, or those whose losses were kept."""
    return int(dataset.attrs.get("updates", dataset.sizes["step"]))


def is_thinned(dataset: xr.Dataset) -> bool:
    """Return whether the losses of some updates were not kept."""
    return dataset.sizes["step"] < count_updates(dataset)


def describe_thinning(dataset: xr.Dataset) -> str:
    """Return what was kept of the losses of a run in words; empty if all were."""
    if not is_thinned(dataset):
        return ""
    return f"losses at {dataset.sizes['step']:,} of {count_updates(dataset):,} updates are kept"
