"""The numbers of the charts: thinned, rounded, and in dictionaries that JSON can hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ..analysis.choosing_metric import with_choosing_metric
from ..analysis.comparison import performance_profiles, select_reporting_runs
from ..analysis.drawn_scores import to_drawn_scores
from ..analysis.late_window import describe_window
from ..analysis.leaderboard import best_rate_index, final_scores, mean_scores
from .number_formatting import round_for_json
from .problem_findings import Finding

POINTS = 120  # of a curve: more would not be visible


def learning_curve_data(finding: Finding) -> list[dict[str, Any]]:
    """Return the curves of the score, the training loss and every other metric: median and quartiles over the seeds."""
    dataset = finding.dataset
    score = dataset.attrs["score"]
    runs = select_reporting_runs(dataset)
    metrics = [str(name) for name in dataset if "evaluation" in dataset[name].dims and name != score]
    curves = [_curve(*to_drawn_scores(dataset, runs[score]), "evaluation", finding)]
    for name in [*(["loss"] if "loss" in dataset else []), *metrics]:
        axis = "step" if name == "loss" else "evaluation"
        label = dataset[name].attrs.get("long_name", name)
        curves.append(_curve(runs[name].where(runs.has_rate), label, axis, finding))
    return curves


def _curve(values: xr.DataArray, label: str, axis: str, finding: Finding) -> dict[str, Any]:
    places = np.unique(np.linspace(0, values.sizes[axis] - 1, POINTS).round().astype(int))
    values = values.isel({axis: places})
    quartiles = values.quantile((0.25, 0.5, 0.75), "seed", skipna=False)
    lines = {}
    for name in values.optimizer.values.tolist():
        low, middle, high = quartiles.sel(optimizer=name).transpose("quantile", axis).values
        lines[name] = {"y": round_for_json(middle), "low": round_for_json(low), "high": round_for_json(high)}
    return {"label": label, "x": round_for_json(values[axis].values), "lines": lines}


def sensitivity_data(finding: Finding) -> dict[str, Any]:
    """Return the choosing metric at each learning rate: its average and range over all seeds, and the diverged runs."""
    best, dataset = best_rate_index(finding.dataset), with_choosing_metric(finding.dataset)
    finals = final_scores(dataset)
    mean, label = to_drawn_scores(dataset, mean_scores(dataset))
    each, _ = to_drawn_scores(dataset, finals)
    lines = {}
    for name in dataset.optimizer.values.tolist():
        own = {"optimizer": name}
        runs = each.sel(own).transpose("rate", "seed").values
        lines[name] = {
            "x": round_for_json(dataset.learning_rate.sel(own).values, digits=17),
            "y": round_for_json(mean.sel(own).values),
            "low": round_for_json(runs.min(1)),
            "high": round_for_json(runs.max(1)),
            "lost": dataset.diverged.sel(own).sum("seed").values.tolist(),
            "chosen": int(best.sel(own)),
        }
    return {"label": f"{label}, {describe_window(dataset)}", "runs": dataset.sizes["seed"], "lines": lines}


def performance_profile_data(findings: list[Finding]) -> dict[str, Any] | None:
    """Return the performance profiles; None for fewer than two problems, or if no optimizer ran on all of them."""
    if len(findings) < 2:
        return None
    targets = {finding.name: float(finding.summary.attrs["target"]) for finding in findings}
    try:
        table = performance_profiles({finding.name: finding.dataset for finding in findings}, targets)
    except ValueError:  # no optimizer ran on all of them
        return None
    names = table.optimizer.values.tolist()
    lines = {name: {"y": round_for_json(table.profile.sel(optimizer=name).values)} for name in names}
    return {"label": "share of the cases", "x": round_for_json(table.factor.values), "lines": lines}
