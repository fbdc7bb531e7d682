"""Runs of which not all is there: losses that were not kept, and updates that were not made after an early stop."""

from __future__ import annotations

import numpy as np
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


def is_pruned(dataset: xr.Dataset) -> bool:
    """Return whether a study stopped runs early where others were better. Parts of its Dataset say so, too."""
    return "pruning" in dataset.attrs


def find_completed(dataset: xr.Dataset) -> xr.DataArray:
    """Return which points came to the end of their runs on the choosing seeds, on (optimizer, rate or point)."""
    if "pruned_step" not in dataset:
        return xr.ones_like(dataset.diverged.isel(seed=0, drop=True)).reset_coords(drop=True)
    choosing = dataset.pruned_step.isel(seed=dataset.role.values != "report")
    return (choosing < 0).all("seed").reset_coords(drop=True)


def count_made_updates(dataset: xr.Dataset) -> np.ndarray:
    """Return how many updates the runs of each optimizer made together, on (optimizer,)."""
    updates = count_updates(dataset)
    if "pruned_step" not in dataset:
        return np.full(dataset.sizes["optimizer"], updates * dataset.diverged.isel(optimizer=0).size)
    made = dataset.pruned_step.where(dataset.pruned_step >= 0, updates)
    return np.asarray(made.sum([name for name in made.dims if name != "optimizer"]).values.astype(int))


def describe_pruning(*datasets: xr.Dataset) -> str:
    """Return in a sentence how many updates were saved because runs were stopped; empty if none could be."""
    if not all(map(is_pruned, datasets)):
        return ""
    made = sum(int(count_made_updates(dataset).sum()) for dataset in datasets)
    whole = sum(count_updates(dataset) * dataset.diverged.size for dataset in datasets)
    runs = sum(dataset.diverged.size for dataset in datasets)
    stopped = sum(int((dataset.pruned_step.values >= 0).sum()) for dataset in datasets)
    return (
        f"Trained {100 * made / whole:.0f} % of {whole:,} updates: {stopped:,} of {runs:,} runs were stopped early, or "
        f"not begun, by {datasets[0].attrs['pruning']}."
    )
