"""The leaderboard in the terminal."""

# ruff: noqa: RUF001  (the multiplication sign is meant)

from __future__ import annotations

import io

import numpy as np
import xarray as xr
from rich.console import Console

from gradlab.cli.study_tables.leaderboard_table import print_leaderboard, score_text
from gradlab.lab.analysis.leaderboard import Row

ROW = Row(1, "adam", 0.9751, 0.0042, 0.0316, False, 1.52, False, 3, 80, 0, 1.23)
NAN = float("nan")
ACCURACY = {
    "problem": "made", "summary": "Made by hand.", "score": "test_accuracy", "score_label": "test accuracy",
    "higher_is_better": 1, "logarithmic": 0, "tolerance": 0.01,
}  # fmt: skip


def printed(rows: list[Row], width: int = 110) -> str:
    dataset = xr.Dataset(
        coords={"seed": np.arange(4), "evaluation": [0, 10], "role": ("seed", ["choose"] * 2 + ["report"] * 2)},
        attrs=ACCURACY,
    )
    dataset = dataset.assign_coords(step=np.arange(10))
    text = io.StringIO()
    print_leaderboard(Console(file=text, width=width), dataset, rows, ["adam ran alone.", "That was all."])
    return text.getvalue()


def test_a_row_and_its_notes() -> None:
    text = printed([ROW])
    assert ["1", "adam", "97.5", "±", "0.4", "%", "0.032", "1.5", "dec", "3/80", "1.2"] in [
        line.split() for line in text.splitlines()
    ]
    assert (
        "test accuracy (after 10 updates): mean ± spread over 2 seeds, at the rate that was best on 2 others." in text
    )
    assert "within 1 % (absolute) of its score." in text
    assert "may be wider" not in text
    below = text.split("\n\n")[-2]  # the table, then the verdict, then the notes
    assert below.startswith("adam ran alone. That was all.\ntest accuracy (after 10 updates)")


def test_marks_are_explained_where_they_occur() -> None:
    text = printed([ROW._replace(at_edge=True, good_open=True, diverged_at_best=1)])
    assert "0.032*" in text
    assert ">1.5 dec" in text
    assert "97.5 ± 0.4 %†" in text
    assert "* the end of the grid" in text
    assert "> the range reaches the end" in text
    assert "† some of the reported seeds diverged" in text


def test_an_optimizer_that_always_diverged() -> None:
    text = printed([ROW._replace(score=NAN, spread=NAN, best_rate=NAN)])
    assert ["1", "adam", "diverged", "-", "-", "3/80", "1.2"] in [line.split() for line in text.splitlines()]


def test_a_narrow_terminal_has_fewer_columns_and_notes() -> None:
    text = printed([ROW._replace(optimizer="rmsprop_momentum", good_open=True)], 50)
    assert ["1", "rmsprop_momentum", "97.5", "±", "0.4", "%", "0.032"] in [line.split() for line in text.splitlines()]
    assert "The terminal is too narrow for: seconds, good rates, diverged." in " ".join(text.split())
    assert "may be wider" not in text


def test_losses_have_a_factor_as_spread() -> None:
    assert score_text(ROW._replace(score=1.23e-9, spread=0.5), {"logarithmic": 1}) == "1.2e-09 ×÷ 3.16"
    assert score_text(ROW._replace(score=1.23e-9, spread=NAN), {"logarithmic": 1}) == "1.2e-09"


def test_a_rank_that_equals_share_is_explained() -> None:
    assert "share" not in printed([ROW, ROW._replace(optimizer="sgd", rank=2)])
    assert "\nEquals share a rank (1, 2, 2, 4).\n" in printed([ROW, ROW._replace(optimizer="sgd")])
