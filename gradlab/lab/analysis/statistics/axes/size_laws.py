"""The score over a size, such as a width, a budget or a number of examples, and the law that it follows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from ...._formatting import format_count, join_names
from ...comparison.reporting_runs import from_badness, late_badness, select_reporting_runs
from ...comparison.resampling import MINIMUM_SEEDS, Resampling
from ...drawn_scores import to_drawn_scores
from ...sweep_as_race import swept_hyperparameters
from ..many_problems import tuned_race
from .best_by_value import select_best_by_value
from .power_law import FEWEST, FEWEST_WITH_OFFSET, PowerLaw, fit_power_law
from .sizes import find_sizes


def size_laws(
    datasets: Mapping[str, xr.Dataset], axis: str | None = None, resampling: Resampling | None = None
) -> dict[str, xr.Dataset]:
    """Return the scores of each optimizer over a size, and the law of each.

    `axis` is an argument by which the problems differ, or else a number that a sweep or a search varied. Left out, it
    is the only such argument. At each size, an optimizer is at its best configuration on the choosing seeds.

    The result has one Dataset for all problems that differ in their size, under the name "", or one for each problem if
    a sweep varied the size. On (optimizer, size): `score`, the average over the reporting seeds as it is drawn (an
    accuracy as an error in percent), NaN if a run diverged; `low` and `high`, its interval over other seeds, NaN with
    fewer than three. On (optimizer): what `power_law.PowerLaw` holds, fitted to the scores that are known. The
    attributes are `axis` and `label`, beside those of the first problem.

    Raises ValueError if the study has no such axis.
    """
    resampling = resampling or Resampling()
    swept = {name: dataset for name, dataset in datasets.items() if _has_number(dataset, axis)}
    if swept:
        assert axis is not None
        return {name: _fit(_measure_swept(dataset, axis, resampling), axis) for name, dataset in swept.items()}
    name, sizes = find_sizes(datasets, axis)
    parts = []
    for problem, size in sizes.items():
        race = tuned_race(datasets[problem])
        parts.append(_measure(select_reporting_runs(race), race, resampling).expand_dims(size=[size]))
    names = list(dict.fromkeys(str(each) for part in parts for each in part.optimizer.values))
    joined = xr.concat(parts, "size", join="outer", combine_attrs="override").sel(optimizer=names)
    return {"": _fit(joined, name)}


def _has_number(dataset: xr.Dataset, axis: str | None) -> bool:
    """Return whether a number of this name was swept."""
    return "point" in dataset.dims and axis in swept_hyperparameters(dataset) and dataset[axis].dtype.kind == "f"


def _measure_swept(dataset: xr.Dataset, axis: str, resampling: Resampling) -> xr.Dataset:
    runs = select_best_by_value(dataset, axis)
    if not (runs.value > 0).all():
        raise ValueError(f"{axis} is {float(runs.value.min()):g} at a point, and a size is above zero")
    return _measure(runs, dataset, resampling).rename(value="size")


def _measure(runs: xr.Dataset, dataset: xr.Dataset, resampling: Resampling) -> xr.Dataset:
    """Return the average score of runs as it is drawn, and its interval over other seeds."""
    levels, seeds = late_badness(runs).reset_coords(drop=True).mean("evaluation"), runs.sizes["seed"]

    def to_score(level: xr.DataArray) -> xr.DataArray:
        return to_drawn_scores(dataset, from_badness(level, dataset.attrs))[0]

    score = to_score(levels.mean("seed"))
    low = high = xr.full_like(score, np.nan)
    if seeds >= MINIMUM_SEEDS:
        ends = xr.concat(map(to_score, resampling.interval(resampling.means(levels), seeds)), "end")
        low, high = ends.min("end", skipna=False), ends.max("end", skipna=False)
    label = to_drawn_scores(dataset, score)[1]
    return xr.Dataset({"score": score, "low": low, "high": high}).assign_attrs(dataset.attrs | {"label": label})


def _fit(table: xr.Dataset, axis: str) -> xr.Dataset:
    """Return the scores with the law of each optimizer."""
    table, sizes = table.transpose("optimizer", "size"), table["size"].values
    laws = []
    for scores in table.score.values:
        known = np.isfinite(scores) & (scores > 0)
        laws.append(fit_power_law(sizes[known], scores[known], bool(table.attrs["logarithmic"])))
    columns: dict[str, np.ndarray] = {}
    for field in PowerLaw._fields:
        values = np.array([getattr(law, field) for law in laws])
        names = [f"{field.removesuffix('_interval')}_{end}" for end in ("low", "high")] if values.ndim > 1 else [field]
        columns |= dict(zip(names, values.reshape(len(laws), -1).T))
    law = {name: ("optimizer", values) for name, values in columns.items()}
    return table.assign(law).assign_attrs(axis=axis)


def describe_size_laws(table: xr.Dataset) -> list[str]:
    """Return the laws in sentences, with their parameters and intervals, and which optimizers have none."""
    attributes, count = table.attrs, table.sizes["size"]
    axis, label = attributes["axis"], attributes["label"]
    sentences = [_describe_law(table.sel(optimizer=name), axis, label) for name in table.optimizer.values]
    fitted = [sentence for sentence in sentences if sentence]
    without = [str(name) for name, sentence in zip(table.optimizer.values, sentences) if not sentence]
    if fitted:
        what = "the logarithms of the scores" if attributes["logarithmic"] else "the scores"
        sizes, offset = format_count(count, "size"), ""
        if count < FEWEST_WITH_OFFSET:
            offset = f", which needs {FEWEST_WITH_OFFSET} sizes or more"
        fitted.append(
            f"Fitted by least squares to {what} at up to {sizes}, with 95 % intervals, which hold if the law does. An "
            f"offset is in a law only where its interval and that of the power show one{offset}. Each optimizer is at "
            "its best configuration at each size."
        )
    if without:
        fitted.append(
            f"No law of {join_names(without)}: it needs scores at {FEWEST} sizes or more, at which no reporting run "
            "diverged."
        )
    return fitted


def _describe_law(row: xr.Dataset, axis: str, label: str) -> str:
    if not np.isfinite(row.exponent):
        return ""
    has_offset = float(row.offset) > 0
    offset = f"{float(row.offset):.3g} + " * has_offset
    ends = f"power {-float(row.exponent_high):.3g} to {-float(row.exponent_low):.3g}"
    if has_offset:
        ends += f", offset {float(row.offset_low):.3g} to {float(row.offset_high):.3g}"
    known = int(np.isfinite(row.score).sum())
    unit = " decades" * bool(row.attrs["logarithmic"])
    return (
        f"{row.optimizer.item()}: {label} = {offset}{float(row.factor):.3g} {axis}^{-float(row.exponent):.3g} ({ends}; "
        f"{format_count(known, 'size')}, scatter {float(row.scatter):.2g}{unit})."
    )
