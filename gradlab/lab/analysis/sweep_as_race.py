"""A sweep as a race: each combination of the other hyperparameters becomes an optimizer with its own learning rates."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from gradlab import registry

from .._formatting import format_float
from .._results.thinned_curves import is_pruned
from .._settings import Setting, as_arguments, format_setting, read_categories, read_settings
from .coordinate_order import RATE, sort_axes
from .leaderboard import require_dataset

MOST_OPTIMIZERS = 64  # more cannot be distinguished in tables and pictures


def as_race(dataset: xr.Dataset) -> xr.Dataset:
    """Return the Dataset on (optimizer, rate, seed, ...), as everything that compares or draws a race takes it.

    A sweep must be over a grid with learning rates: `adam` at b1 = 0.8 and 0.9 becomes the optimizers "adam b1=0.8" and
    "adam b1=0.9" of the family "adam". Each has its composition at the middle one of its rates, or an empty one if the
    recipe is not gradlab's. The Dataset of a race is returned with its rates in ascending order. Raises ValueError for
    samples, for grids that are not full or have no learning rate, for rates that are not above zero, and for more than
    64 combinations, and if points were stopped early.
    """
    _require_results(dataset)
    if "point" not in dataset.dims:
        return sort_axes(dataset)
    dataset = sort_axes(dataset)
    name = dataset.attrs.get("problem", "this")
    hyperparameters = swept_hyperparameters(dataset)
    if is_pruned(dataset):
        raise ValueError(
            f"points of {name} were stopped early, so that combinations cannot be compared over their learning rates; "
            f"sweep without prune for that"
        )
    if dataset.attrs.get("sampler") != "grid":
        raise ValueError(
            f"the points of {name} are {_describe_points(dataset)}, which lie on no grid of learning rates"
        )
    if RATE not in hyperparameters or RATE in read_categories(dataset.attrs):
        raise ValueError(f"the points of {name} have no learning rate, only {', '.join(hyperparameters)}")
    lowest = float(dataset[RATE].min())
    if lowest <= 0:
        raise ValueError(f"a learning rate of {name} is {format_float(lowest)}, which lies in no decade")
    others = [other for other in hyperparameters if other != RATE]
    columns = [dataset[other].values[0].tolist() for other in others]
    combinations = sorted(set(zip(*columns))) if others else [()]
    if len(combinations) * dataset.sizes["optimizer"] > MOST_OPTIMIZERS:
        raise ValueError(
            f"{name} has {len(combinations)} combinations of {', '.join(others)}; "
            f"at most {MOST_OPTIMIZERS} can be told apart"
        )
    parts = [
        _select_combination(dataset.sel(optimizer=[optimizer]), str(optimizer), dict(zip(others, combination)))
        for optimizer in dataset.optimizer.values
        for combination in combinations
    ]
    if len({part.sizes["rate"] for part in parts}) > 1:
        raise ValueError(
            f"the points of {name} are no full grid: combinations have different numbers of learning rates"
        )
    return xr.concat(parts, "optimizer", coords="different", compat="equals", join="exact", combine_attrs="override")


def _require_results(dataset: Any) -> None:
    """Raise TypeError or ValueError for anything but the results of a race, a sweep or a search."""
    where = "read one with gradlab.lab._results.results_file.read, or make one with gradlab.lab._studies.sweep.sweep"
    if not isinstance(dataset, xr.Dataset):
        kind = type(dataset).__name__
        raise TypeError(f"expected the Dataset of a race or a sweep of one problem, got {kind}; {where}")
    if "point" in dataset.dims:
        swept_hyperparameters(dataset)
    points = "point" if "point" in dataset.dims else "rate"
    missing = [name for name in ("optimizer", points, "seed") if name not in dataset.dims]
    missing += ["role"] * ("role" not in dataset.variables)
    if points == "rate" and RATE not in dataset.variables:
        missing.append(RATE)
    if missing:
        found = ", ".join(map(str, dataset.dims)) or "none"
        raise ValueError(
            f"expected the Dataset of a race or a sweep, but it has no {', '.join(missing)}; "
            f"its dimensions are {found}; {where}"
        )


def swept_hyperparameters(dataset: xr.Dataset) -> list[str]:
    """Return the names of the hyperparameters that a sweep or a search varied.

    Raises ValueError for any other Dataset, and TypeError for anything but a Dataset.
    """
    require_dataset(dataset)
    if "point" in dataset.dims and "hyperparameters" in dataset.attrs:
        return list(json.loads(dataset.attrs["hyperparameters"]))
    found = ", ".join(map(str, dataset.dims))
    raise ValueError(f"expected the Dataset of a sweep or a search, with the dimension point; got one with {found}")


def _select_combination(dataset: xr.Dataset, optimizer: str, settings: dict[str, float]) -> xr.Dataset:
    """Return one combination of one optimizer, its points in the order of their rates."""
    is_here = np.ones(dataset.sizes["point"], bool)
    for name, value in settings.items():
        is_here &= dataset[name].values[0] == value
    part = dataset.isel(point=is_here)
    part = part.isel(point=np.argsort(part[RATE].values[0])).rename(point="rate")
    middle = float(part[RATE].values[0, part.sizes["rate"] // 2])
    readable = read_settings(settings)
    composition = composition_at(dataset, optimizer, {**readable, RATE: middle})
    part = part.drop_vars(settings)
    for name in ("compile_seconds", "run_seconds"):
        if name in part:
            part[name] = part[name] * is_here.mean()  # the share of this combination
    label = " ".join([optimizer, *(f"{name}={format_setting(value)}" for name, value in readable.items())])
    return part.assign_coords(
        optimizer=[label], family=("optimizer", [optimizer]), composition=("optimizer", [composition])
    )


def composition_at(dataset: xr.Dataset, optimizer: str, settings: dict[str, Setting]) -> str:
    """Return the composition of the only optimizer of a Dataset at other settings; empty if it is not known."""
    if "composition" not in dataset.coords:
        return ""
    stored = str(dataset.composition.values[0])  # of the middle point
    middle = dataset.sizes["point"] // 2
    at = read_settings({name: dataset[name].values[0, middle] for name in json.loads(dataset.attrs["hyperparameters"])})
    if settings == at:
        return stored
    entry = registry.of_kind("recipe").get(optimizer)
    # A user's optimizer may have the name of a recipe. It is the recipe if the compositions are the same.
    if entry is None or _compose(entry.factory, at) != stored:
        return ""
    return _compose(entry.factory, settings)


def _compose(factory: Callable[..., Any], settings: dict[str, Setting]) -> str:
    for are_options in (False, True):  # whole numbers may be hyperparameters or options of a recipe
        with contextlib.suppress(TypeError, ValueError):
            return str(factory(**as_arguments(settings, are_options)))
    return ""  # the recipe took other arguments when the sweep ran


def _describe_points(dataset: xr.Dataset) -> str:
    if "conditions" in dataset.attrs:
        return "points that depend on conditions"
    return f"samples ({dataset.attrs.get('sampler')})"


def unstack(dataset: xr.Dataset) -> xr.Dataset:
    """Return the Dataset of a grid with a dimension for each hyperparameter in the place of `point`.

    Raises ValueError for samples, which do not lie on a grid, and for the results of a race or a search.
    """
    names = swept_hyperparameters(dataset)
    if dataset.attrs.get("sampler", "grid") != "grid":
        raise ValueError(f"{_describe_points(dataset)} lie on no grid; their coordinates are on (optimizer, point)")
    first = {name: dataset[name].values[0] for name in names}  # the same for all optimizers
    flat = dataset.drop_vars(names).assign_coords({name: ("point", values) for name, values in first.items()})
    if len(names) == 1:
        return flat.swap_dims(point=names[0]).sortby(names[0])
    return flat.set_index(point=names).unstack("point")
