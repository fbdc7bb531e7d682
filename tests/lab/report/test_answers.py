"""The answer, in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from gradlab.lab._report.answers import answer_race
from gradlab.lab._report.problem_findings import compute_findings

NAN = float("nan")
ROLES = ["choose"] * 4 + ["report"] * 4


def said(dataset: xr.Dataset) -> str:
    answer = answer_race(compute_findings({"made": dataset})[0])
    if answer.winner is None:
        return answer.failure
    winner = answer.winner
    return f"{winner.optimizer} at {winner.setting}: {winner.score} {winner.measure}. {' '.join(answer.sentences)}"


def test_a_clear_winner(make_dataset: Callable[..., xr.Dataset], accuracy: dict[str, Any]) -> None:
    noise = np.array([0.01, -0.01] * 4)
    scores = np.stack([[0.5 + noise, 0.9 + noise], [0.3 + noise, 0.6 + noise], [0.2 + noise, 0.2 + noise]])
    text = said(make_dataset(scores, [0.0562, 0.1], ROLES, **accuracy))
    assert text.startswith("optimizer_0 at learning rate 0.1: 90.0 % ± 1.2 test accuracy, after 10 updates")
    assert "It comes first with 95 % confidence, ahead of both others (4 seeds), but the best rates of" in text
    assert "ends of their grids, so better ones may lie beyond; give one wider grid to all, --rates log:LOW" in text
    assert (
        "Its learning rate was chosen on 4 seeds. Other seeds, or another stop, would have led to the same choice."
        in text
    )
    assert "It lies at the end of the grid, so a better one may lie beyond." in text


def test_optimizers_that_cannot_be_told_apart(make_dataset: Callable[..., xr.Dataset]) -> None:
    rng = np.random.default_rng(1)
    alike = 10.0 ** rng.normal(-5, 1, (3, 3, 8))
    text = said(make_dataset(alike, [0.01, 0.1, 1.0], ROLES))
    assert re.search(r"It ranks between 1 and [23] with 95 % confidence \(4 seeds\)\. ", text)
    assert re.search(r"Its lead over optimizer_\d and optimizer_\d is not certain\.", text)
    assert "Other seeds, or another stop, could have led to any choice from " in text


def test_few_seeds_are_said_to_be_few(make_dataset: Callable[..., xr.Dataset]) -> None:
    text = said(make_dataset([[[1e-3, 1e-3], [1.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]], [0.1, 1.0], ["choose", "report"]))
    assert "1 reporting seed is too few to say how sure this rank is: use six seeds or more." in text
    assert "Its learning rate was chosen on 1 seed." in text


def test_one_optimizer_at_one_rate(make_dataset: Callable[..., xr.Dataset]) -> None:
    assert (
        "It is the only optimizer, so there is nothing to compare it with. It ran at one learning rate only."
        in said(make_dataset(np.full((1, 1, 8), 0.1), [0.1], ROLES))
    )


def test_divergence_is_said(make_dataset: Callable[..., xr.Dataset]) -> None:
    assert said(make_dataset([[[NAN] * 8]], [0.1], ROLES)) == "Every optimizer diverged at every learning rate."
    bad = make_dataset([[[NAN] * 8]], [0.1], ROLES)
    bad.final_loss[:] = NAN
    assert said(bad) == (
        "No optimizer has a score: the loss is NaN before the first update; look at the data, the loss and the initial "
        "parameters."
    )
    half = [[[1e-3] * 7 + [NAN]]]
    assert "1 reporting run diverged and is not in this score." in said(make_dataset(half, [0.1], ROLES))
    late = [[[1e-3] * 4 + [NAN] * 4]]
    text = said(make_dataset([[[NAN] * 8], *late], [0.1], ROLES))
    assert text == "No optimizer has a score: the reporting runs diverged, of optimizer_1 at learning rate 0.1."


def test_an_optimizer_that_shares_the_first_rank_is_said_to(make_dataset: Callable[..., xr.Dataset]) -> None:
    text = said(make_dataset([[[1e-3] * 8]] * 3, [0.1], ROLES))
    assert "It shares rank 1 with optimizer_1 and optimizer_2: the scores are equal." in text
