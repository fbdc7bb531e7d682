"""The points of a sweep or a search as files: `points.json` for programs, `points.csv` for tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from ..configurations import Ranking, select_best_rows
from ..tuned_optimizers import tuned_leaderboard
from .table_files import document_failures, document_problem, finite_or_none, write_csv, write_json

MOST_POINTS = 10_000  # of a problem in the document; the table has all that were not stopped early


def points_document(
    rankings: Mapping[str, Ranking],
    problems: Mapping[str, xr.Dataset],
    attributes: Mapping[str, str],
    files: Sequence[str],
) -> dict[str, Any]:
    """Return all rankings as one document for JSON, with the optimizers at their best points and the verdicts.

    `rankings` and `problems` are by problem; `attributes` are those of the results, and `files` the names of all files
    of the study. A number that is not finite becomes None. Of more than `MOST_POINTS` points of a problem, the document
    has the best ones only, and says so in `points_left_out`; `points.csv` has all.
    """
    keys = ("summary", "score", "higher_is_better", "logarithmic", "sampler")
    described = {
        name: document_problem(problems[name], keys)
        | {
            **_describe_optimizers(problems[name]),
            **_describe_points(rows),
        }
        for name, rows in rankings.items()
    }
    return {**attributes, **document_failures(attributes), "problems": described, "files": list(files)}


def _describe_points(ranking: Ranking) -> dict[str, Any]:
    """The best points, and a sentence about the others, if there are any."""
    rows = select_best_rows(ranking, MOST_POINTS)
    points = {"points": [_describe_row(row) for row in rows]}
    if len(rows) == len(ranking):
        return points
    left_out = f"the best {MOST_POINTS:,} of {len(ranking):,} points are here; points.csv has all"
    return {"points_left_out": left_out, **points}


def _describe_optimizers(dataset: xr.Dataset) -> dict[str, Any]:
    """Each optimizer at its best point, and the verdict in sentences."""
    rows, verdict = tuned_leaderboard(dataset)
    return {"optimizers": [_describe_row(row) for row in rows], "verdict": verdict}


def _describe_row(row: Any) -> dict[str, Any]:
    return {key: finite_or_none(value) for key, value in row._asdict().items()}


def write_points(folder: Path, rankings: Mapping[str, Ranking], content: Mapping[str, Any]) -> None:
    """Write `points.csv`, and `points.json` from what `points_document` gives.

    In the table, `optimizer_rank` stands beside the best point of each optimizer: its rank among the optimizers.
    """
    names = list(next(iter(rankings.values())).hyperparameters)
    numbers = ("chosen_by", "score", "spread", "diverged", "runs")

    def rows() -> Iterator[list[Any]]:
        for problem, points in rankings.items():
            ranks = {row["optimizer"]: row["rank"] for row in content["problems"][problem]["optimizers"]}
            for point in points:
                settings = [point.hyperparameters.get(name) for name in names]
                measured = [getattr(point, name) for name in numbers]
                # Only the first point of an optimizer, which is its best one, has its rank.
                yield [problem, point.rank, point.optimizer, *settings, *measured, ranks.pop(point.optimizer, None)]

    write_csv(folder / "points.csv", ["problem", "rank", "optimizer", *names, *numbers, "optimizer_rank"], rows())
    write_json(folder / "points.json", content)
