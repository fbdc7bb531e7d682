"""The order of the axes of results: rates, seeds and updates ascend, whatever order they came in."""

from __future__ import annotations

import numpy as np
import xarray as xr

RATE = "learning_rate"


def sort_axes(dataset: xr.Dataset) -> xr.Dataset:
    """Return the Dataset with its rates (for each optimizer), seeds, updates and evaluations in ascending order.

    Everything that looks at neighbors needs that order: the range of good rates, the ends of a grid, lines in pictures.
    Results may have another one, from a list as it was typed or from a Dataset that was reversed.
    """
    for name in ("seed", "step", "evaluation"):
        if name in dataset.dims and name in dataset.coords and (np.diff(dataset[name].values) < 0).any():
            dataset = dataset.sortby(name)
    if "rate" not in dataset.dims or RATE not in dataset.variables or "rate" not in dataset[RATE].dims:
        return dataset
    order = dataset[RATE].argsort(dataset[RATE].dims.index("rate"))
    if (order == np.arange(dataset.sizes["rate"])).all():
        return dataset
    order = xr.DataArray(order.values, dims=order.dims)
    return dataset.isel(rate=order).transpose(*dataset.dims)
