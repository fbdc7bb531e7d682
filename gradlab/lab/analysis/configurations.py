"""The points of a sweep, best first."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from .choosing_metric import chosen_by as choosing_metric
from .export import cell, failures_in, plain, write_json, write_text
from .leaderboard import average, final_scores, spread, with_role
from .sweep_as_race import swept_hyperparameters
from .tuned_optimizers import tuned_leaderboard


class ConfigurationRow(NamedTuple):
    """One optimizer at one point, chosen on some seeds and reported on others."""

    rank: int
    optimizer: str
    hyperparameters: dict[str, float]
    chosen_by: float  # mean over the seeds for choosing, geometric if the score is logarithmic; NaN if one diverged
    score: float  # the same over the seeds for reporting, of the score's own metric
    spread: float  # standard deviation over these, in decades if the score is logarithmic
    diverged: int
    runs: int


def rank_configurations(dataset: xr.Dataset) -> list[ConfigurationRow]:
    """All points of all optimizers, in the order of the seeds for choosing; where one diverged, they come last.

    So the score of the best one, which is of other seeds, is not too good by having been chosen. Raises ValueError for
    a Dataset that is of no sweep or search; `gradlab.lab.analysis.leaderboard` ranks the optimizers of a race.
    """
    names, logarithmic = swept_hyperparameters(dataset), bool(dataset.attrs["logarithmic"])
    choose, report = (final_scores(with_role(dataset, role)) for role in ("choose", "report"))
    chosen_by, score = (average(scores, logarithmic).values for scores in (choose, report))
    spreads, diverged = spread(report, logarithmic).values, dataset.diverged.sum("seed").values
    badness = -chosen_by if dataset.attrs["higher_is_better"] else chosen_by
    badness = np.where(np.isnan(badness), np.inf, badness)
    found: list[ConfigurationRow] = []
    for flat in np.argsort(badness, axis=None, kind="stable"):
        at = np.unravel_index(flat, badness.shape)
        point = {name: float(dataset[name].values[at]) for name in names}
        found.append(
            ConfigurationRow(
                len(found) + 1, str(dataset.optimizer.values[at[0]]), point, float(chosen_by[at]), float(score[at]),
                float(spreads[at]), int(diverged[at]), dataset.sizes["seed"],
            )
        )  # fmt: skip
    return found


def document(
    rankings: Mapping[str, Sequence[ConfigurationRow]],
    problems: Mapping[str, xr.Dataset],
    attributes: Mapping[str, str],
    files: Sequence[str],
) -> dict[str, Any]:
    """All rankings as one JSON-ready dictionary, with the names of all files; NaN becomes None."""
    keys = ("summary", "score", "higher_is_better", "logarithmic", "sampler")
    described = {
        name: {key: problems[name].attrs[key] for key in keys}
        | {
            "chosen_by": choosing_metric(problems[name].attrs),
            "steps": problems[name].sizes["step"],
            "seeds": problems[name].sizes["seed"],
            **_optimizers(problems[name]),
            "points": [{key: plain(value) for key, value in point._asdict().items()} for point in points],
        }
        for name, points in rankings.items()
    }
    return {**attributes, **failures_in(attributes), "problems": described, "files": list(files)}


def _optimizers(dataset: xr.Dataset) -> dict[str, Any]:
    """Each optimizer at its best point, and the verdict in sentences, JSON-ready."""
    rows, verdict = tuned_leaderboard(dataset)
    return {
        "optimizers": [{key: plain(value) for key, value in row._asdict().items()} for row in rows],
        "verdict": verdict,
    }


def shown_points(points: Sequence[ConfigurationRow], most: int) -> list[ConfigurationRow]:
    """The first points of a ranking, and the first one of every optimizer, whatever its rank."""
    first = {point.optimizer: point.rank for point in reversed(points)}
    return [point for point in points if point.rank <= most or first[point.optimizer] == point.rank]


def write(folder: Path, rankings: Mapping[str, Sequence[ConfigurationRow]], content: Mapping[str, Any]) -> None:
    """Write `points.csv` and `points.json`.

    In the table, `optimizer_rank` stands beside the best point of each optimizer: its rank among the optimizers.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = list(next(iter(rankings.values()))[0].hyperparameters)
    writer.writerow(
        [
            "problem", "rank", "optimizer", *map(cell, names), "chosen_by", "score", "spread", "diverged", "runs",
            "optimizer_rank",
        ]
    )  # fmt: skip
    for problem, points in rankings.items():
        places = {row["optimizer"]: row["rank"] for row in content["problems"][problem]["optimizers"]}  # at their best
        for point in points:
            numbers = ["" if math.isnan(value) else value for value in (point.chosen_by, point.score, point.spread)]
            at = [point.hyperparameters[name] for name in names]
            place = places.pop(point.optimizer, "")
            row = [problem, point.rank, point.optimizer, *at, *numbers, point.diverged, point.runs, place]
            writer.writerow(map(cell, row))
    write_text(folder / "points.csv", text.getvalue())
    write_json(folder / "points.json", content)
