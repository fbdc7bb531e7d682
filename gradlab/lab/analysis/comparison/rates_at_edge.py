"""Optimizers whose best learning rate lies at the end of their grid, so that they may be better than their scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from ..._formatting import join_names
from ..coordinate_order import sort_axes
from ..leaderboard import best_rate_index


def find_at_edge(dataset: xr.Dataset) -> list[str]:
    """Return the optimizers of a race whose best rate is the first or the last of several. See `Row.at_edge`."""
    dataset = sort_axes(dataset)
    if dataset.sizes["rate"] == 1:
        return []
    best = best_rate_index(dataset).transpose("optimizer").values
    at_edge = np.isin(best, (0, dataset.sizes["rate"] - 1))
    return [str(name) for name in dataset.optimizer.values[at_edge]]


def limit_by_edges(names: Sequence[str], against_baselines: bool = False) -> str:
    """Return the end of a sentence that says how sure it is that these optimizers are worse than another one.

    It is empty if there are none. A race `against_baselines` has their grid, so another grid needs other baselines.
    """
    if not names:
        return ""
    grid = "--rates log:LOW:HIGH:COUNT"
    remedy = (
        f"make baselines on a wider grid, gradlab baselines {grid} --out mine, and race --against mine"
        if against_baselines
        else f"give one wider grid to all, {grid}"
    )
    return f", but {describe_edges(names)}; {remedy}"


def describe_edges(names: Sequence[str], is_grid: bool = True) -> str:
    """Return "the best rate of adam lies at the end of its grid, so a better one may lie beyond" for such optimizers.

    Rates that do not lie on a grid are "those that were tried".
    """
    if len(names) == 1:
        tried = "its grid" if is_grid else "those that were tried"
        return f"the best rate of {names[0]} lies at the end of {tried}, so a better one may lie beyond"
    tried = "their grids" if is_grid else "those that were tried"
    return f"the best rates of {join_names(names)} lie at the ends of {tried}, so better ones may lie beyond"
