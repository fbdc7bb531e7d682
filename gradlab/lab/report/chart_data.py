"""Series: the numbers behind the charts, thinned and rounded, as JSON-ready dictionaries."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ..analysis.choosing_metric import with_choosing_metric
from ..analysis.comparison import performance_profiles, select_reporting_runs
from ..analysis.drawn_scores import to_drawn_scores
from ..analysis.late_window import describe_window
from ..analysis.leaderboard import best_rate_index, final_scores, mean_scores
from .findings import Finding
from .number_formatting import round_for_json

POINTS = 120  # more than this many along a curve cannot be seen


def learning_curve_data(finding: Finding) -> list[dict[str, Any]]:
    """The score, the training loss and every other metric over the updates: median and quartiles of the seeds."""
    dataset = finding.dataset
    score = dataset.attrs["score"]
    runs = select_reporting_runs(dataset)
    others = [str(name) for name in dataset if "evaluation" in dataset[name].dims and name != score]
    curves = [_curve(*to_drawn_scores(dataset, runs[score]), "evaluation", finding)]
    for name in [*(["loss"] if "loss" in dataset else []), *others]:
        axis = "step" if name == "loss" else "evaluation"
        label = dataset[name].attrs.get("long_name", name)
        curves.append(_curve(runs[name].where(runs.has_rate), label, axis, finding))
    return curves


def _curve(values: xr.DataArray, label: str, axis: str, finding: Finding) -> dict[str, Any]:
    keep = np.unique(np.linspace(0, values.sizes[axis] - 1, POINTS).round().astype(int))
    values = values.isel({axis: keep})
    quartiles = values.quantile((0.25, 0.5, 0.75), "seed", skipna=False)
    lines = {}
    for name in values.optimizer.values.tolist():
        low, middle, high = quartiles.sel(optimizer=name).transpose("quantile", axis).values
        lines[name] = {"y": round_for_json(middle), "low": round_for_json(low), "high": round_for_json(high)}
    return {"label": label, "x": round_for_json(values[axis].values), "lines": lines}


def sensitivity_data(finding: Finding) -> dict[str, Any]:
    """What chooses the rate, at each rate: the average over all seeds, their range, and how many runs diverged."""
    best, dataset = best_rate_index(finding.dataset), with_choosing_metric(finding.dataset)
    finals = final_scores(dataset)
    mean, label = to_drawn_scores(dataset, mean_scores(dataset))
    each, _ = to_drawn_scores(dataset, finals)
    lines = {}
    for name in dataset.optimizer.values.tolist():
        of = {"optimizer": name}
        runs = each.sel(of).transpose("rate", "seed").values
        lines[name] = {
            "x": round_for_json(dataset.learning_rate.sel(of).values, digits=17),
            "y": round_for_json(mean.sel(of).values),
            "low": round_for_json(runs.min(1)),
            "high": round_for_json(runs.max(1)),
            "lost": dataset.diverged.sel(of).sum("seed").values.tolist(),
            "chosen": int(best.sel(of)),
        }
    return {"label": f"{label}, {describe_window(dataset)}", "runs": dataset.sizes["seed"], "lines": lines}


def performance_profile_data(findings: list[Finding]) -> dict[str, Any] | None:
    """The performance profiles, where there are two problems or more."""
    if len(findings) < 2:
        return None
    targets = {finding.name: float(finding.summary.attrs["target"]) for finding in findings}
    try:
        found = performance_profiles({finding.name: finding.dataset for finding in findings}, targets)
    except ValueError:  # no optimizer ran on all of them
        return None
    names = found.optimizer.values.tolist()
    lines = {name: {"y": round_for_json(found.profile.sel(optimizer=name).values)} for name in names}
    return {"label": "share of the cases", "x": round_for_json(found.factor.values), "lines": lines}
