"""Tables for a paper say what the leaderboard, its intervals and the tests say, and LaTeX prints them."""

# ruff: noqa: RUF001  (the multiplication sign is meant)

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import gradlab as gl
from gradlab.lab._exports.paper.comparison_tables import make_ranks_table
from gradlab.lab._exports.paper.printed_table import PrintedTable
from gradlab.lab._exports.paper.study_tables import make_study_tables
from gradlab.lab._exports.selection import Selection, SelectionError
from gradlab.lab.analysis.comparison import ranks
from gradlab.lab.analysis.leaderboard import leaderboard
from gradlab.lab.analysis.statistics.pairwise_tests import pairwise_tests

STEPS, EVALUATIONS, SEEDS = 20, [0, 10, 18, 19, 20], 8


def make_race(problem: str, levels: dict[str, float], axis: str = "rate", **attributes: Any) -> xr.Dataset:
    """A race whose scores lie around the given levels, half as high at the second configuration as at the first."""
    shape = (len(levels), 2, SEEDS)
    random = np.random.default_rng(1)
    center = np.array([*levels.values()])[:, None, None, None] * np.array([1.0, 0.5])[:, None, None]
    curves = center * random.uniform(0.9, 1.1, (*shape, len(EVALUATIONS)))
    runs = ("optimizer", axis, "seed")
    return xr.Dataset(
        {
            "final_loss": ((*runs, "evaluation"), curves.astype(np.float32)),
            "diverged": (runs, np.zeros(shape, bool)),
            "run_seconds": ("optimizer", np.ones(shape[0])),
        },
        {
            "optimizer": list(levels), "family": ("optimizer", ["own"] * shape[0]), "seed": np.arange(SEEDS),
            "role": ("seed", ["choose", "report"] * (SEEDS // 2)), "step": np.arange(STEPS), "evaluation": EVALUATIONS,
            "learning_rate": (("optimizer", axis), np.tile([0.1, 1 / 3], (shape[0], 1))),
        },
        {
            "problem": problem, "summary": "Made by hand.", "score": "final_loss", "score_label": "loss",
            "higher_is_better": 0, "logarithmic": 1, "tolerance": 10.0, "setup": "Made()",
        } | attributes,
    )  # fmt: skip


RACES = {
    "made_1": make_race("made_1", {"=my_sgd": 3.0, "adam": 1.0, "100 % new & \\bad{}": 1.01, "lion": 9e-12}),
    "second": make_race("second", {"=my_sgd": 0.2, "adam": 0.7, "100 % new & \\bad{}": 0.9, "lion": 0.1}),
}


def make_tables(races: dict[str, xr.Dataset], **selected: Any) -> dict[str, PrintedTable]:
    return {table.name: table for table in make_study_tables(Selection(**selected).find(races))}


def test_the_leaderboard_has_scores_intervals_and_marks() -> None:
    tables = make_tables(RACES)
    assert list(tables) == ["leaderboard_made_1", "tests_made_1", "leaderboard_second", "tests_second", "mean_ranks"]
    table, race = tables["leaderboard_made_1"], RACES["made_1"]
    rows, intervals = leaderboard(race), ranks(race)
    assert [row.cells[0] for row in table.rows] == [row.optimizer for row in rows]
    assert [column.title for column in table.columns] == [
        "optimizer", "learning rate", "loss", "95 % interval", "rank", "first",
    ]  # fmt: skip
    assert [row.is_best for row in table.rows] == [True, False, False, False]
    first = table.rows[0].cells
    assert first[:2] == ["lion", "0.33*"]
    assert re.fullmatch(r"4\.\d×10⁻¹²", first[2])
    assert re.fullmatch(r"4\.\d×10⁻¹²–4\.\d×10⁻¹²", first[3])
    assert first[4:] == ["1", "100 %"]
    between = intervals.sel(optimizer="adam")
    assert table.rows[1].cells[4] == f"{int(between.low)} to {int(between.high)}"
    assert "at the end of the grid" in table.caption
    assert "†" not in table.caption  # the lead of the first is certain


def test_the_best_optimizer_is_marked_as_level_with_those_that_it_does_not_surely_beat() -> None:
    table = make_tables({"made_1": RACES["made_1"].isel(optimizer=[1, 2])})["leaderboard_made_1"]
    assert table.rows[1].cells[2].endswith("†")
    assert "is not certain" in table.caption


def test_the_tests_are_those_of_the_best_optimizer_in_the_order_of_the_ranks() -> None:
    race = RACES["second"]
    table = make_tables(RACES)["tests_second"]
    tests = pairwise_tests(race, against="lion")
    assert [row.cells[0] for row in table.rows] == ["=my_sgd", "adam", "100 % new & \\bad{}"]
    for row in table.rows:
        index = tests.optimizer.values.tolist().index(row.cells[0])
        assert float(row.cells[1]) == pytest.approx(-float(tests.advantage[index]), rel=5e-3)  # ahead by decades
        assert row.cells[2] == "4 of 4"
        assert row.cells[3] == "100 %"
        assert float(row.cells[4]) == pytest.approx(-float(tests.effect[index]), abs=6e-3)
    assert "(in decades)" in table.caption


def test_equals_share_their_rank_and_are_all_bold() -> None:
    race = RACES["made_1"].isel(optimizer=[1, 1, 0]).assign_coords(optimizer=["twin", "adam", "sgd"])
    tables = make_tables({"made_1": race, "second": RACES["second"].isel(optimizer=[0, 1])})
    table = tables["leaderboard_made_1"]
    assert [row.is_best for row in table.rows] == [True, True, False]
    assert "Equals share a rank (1, 2, 2, 4)." in table.caption
    assert "how far adam, which shares the first rank with 1 other, is ahead" in tables["tests_made_1"].caption
    ranked = tables["mean_ranks"]
    assert {row.cells[0]: row.cells[2][0] for row in ranked.rows if row.cells[2] != "–"}["twin"] == "1"
    assert "each of them counts with the mean of their places" in ranked.caption
    apart = make_tables(RACES)
    assert not any("Equals share" in apart[name].caption for name in ("leaderboard_made_1", "mean_ranks"))


def test_a_rank_at_the_edge_of_the_grid_has_a_star() -> None:
    sentence = "* The best learning rate lies at the end of the grid, so a better one may lie beyond."
    ranked = make_tables(RACES)["mean_ranks"]
    assert all(cell.endswith("*") for row in ranked.rows for cell in row.cells[2:])
    assert sentence in ranked.caption
    inside = {problem: race.isel(rate=[1]) for problem, race in RACES.items()}  # one rate has no edge
    settings = {problem: race.assign_coords(settings=("rate", ["a", "b"])) for problem, race in RACES.items()}
    for races in (inside, settings):
        ranked = make_ranks_table(races)
        assert not any("*" in cell for row in ranked.rows for cell in row.cells)
        assert "*" not in ranked.caption


def test_a_selection_of_optimizers_is_ranked_among_itself() -> None:
    tables = make_tables(RACES, optimizers=["adam", "=my_sgd"], problems=["second"])
    assert list(tables) == ["leaderboard_second", "tests_second"]
    assert [row.cells[0] for row in tables["leaderboard_second"].rows] == ["=my_sgd", "adam"]
    assert list(make_tables(RACES, optimizers=["adam"], problems=["second"])) == ["leaderboard_second"]


def test_a_selection_of_seeds_or_configurations_is_refused() -> None:
    with pytest.raises(SelectionError, match="need all seeds"):
        make_tables(RACES, seeds=[0, 1])
    with pytest.raises(SelectionError, match="choose the best configurations themselves"):
        make_tables(RACES, best=1)


def test_an_optimizer_that_diverged_has_no_score_and_is_not_bold() -> None:
    race = RACES["second"].isel(optimizer=[1, 3]).copy(deep=True)
    race["final_loss"][:, :, :, 1:] = np.nan
    race["diverged"][:] = True
    table = make_tables({"second": race})["leaderboard_second"]
    assert [row.is_best for row in table.rows] == [False, False]
    assert all(row.cells[2].startswith("diverged") for row in table.rows)


def test_few_seeds_give_no_intervals_and_no_tests() -> None:
    tables = make_tables({"second": RACES["second"].isel(seed=slice(0, 4))})
    assert list(tables) == ["leaderboard_second"]
    assert len(tables["leaderboard_second"].columns) == 3


@pytest.mark.parametrize(("to", "suffix"), [("latex", "tex"), ("markdown", "md")])
def test_the_export_writes_a_file_for_each_table(to: Any, suffix: str, study: Path) -> None:
    folder = gl.lab.export(study, to)
    names = sorted(path.name for path in folder.iterdir())
    # Names of files are such that \\input takes them.
    assert names == [f"leaderboard_m-de-2.{suffix}", f"leaderboard_made.{suffix}", f"mean_ranks.{suffix}", "study.json"]


@pytest.mark.slow  # LaTeX
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_prints_the_tables(tmp_path: Path) -> None:
    from gradlab.lab._results_tree import as_tree

    folder = gl.lab.export(as_tree(RACES, {"kind": "race"}), "latex", tmp_path / "tables")
    inputs = "\n".join(rf"\input{{tables/{path.stem}}}" for path in sorted(folder.glob("*.tex")))
    document = rf"\documentclass{{article}}\usepackage{{booktabs}}\begin{{document}}{inputs}\end{{document}}"
    (tmp_path / "paper.tex").write_text(document, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "paper.pdf").stat().st_size > 10_000
