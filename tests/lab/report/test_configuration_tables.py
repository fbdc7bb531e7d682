"""The report of sweeps and searches: optimizers at their best configurations first."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab._report.configuration_tables import configuration_table
from gradlab.lab._report.page import render_page

OWN = 0.01 * np.arange(8)
AT = {"learning_rate": [0.1, 0.1, 1.0, 1.0], "b1": [0.8, 0.9, 0.8, 0.9]}
DECADES = np.array([[-1.0, -2, -1, -1], [-4, -5, -6, -3]])[..., None] + OWN


def text_of(dataset: xr.Dataset) -> str:
    loss = np.ones((*dataset.diverged.shape, dataset.sizes["step"]))
    html = render_page({"made": dataset.assign(loss=((*dataset.diverged.dims, "step"), loss))}, {})
    return unescape(re.sub(r"<[^>]+>", " ", html.partition("<style>")[0] + html.partition("</style>")[2]))


@pytest.mark.parametrize("sampler", ["grid", "sobol", "tpe"])
def test_two_optimizers_are_compared_at_their_best(make_sweep: Callable[..., xr.Dataset], sampler: str) -> None:
    text = " ".join(text_of(make_sweep(10.0**DECADES, AT, sampler)).split())
    assert "adam at learning_rate = 1, b1 = 0.8 : 1.1×10⁻⁶" in text  # noqa: RUF001
    assert "adam comes first with 95 % confidence, ahead of sgd (4 seeds)." in text
    assert (
        "The configuration of each optimizer (learning_rate and b1) was chosen among 4 points on 4 seeds, and the "
        "score is of 4 others." in text
    )
    table = text.partition("Optimizers, each at its best configuration")[2]
    assert re.search(r"1 adam 1 0\.8 1\.1×10⁻⁶ ×÷ 1\.0\d+ 1 0/8 2 sgd 0\.1 0\.9 ", table)  # noqa: RUF001
    assert ("Configurations" in text) == (sampler != "grid")
    assert "2 optimizers" in text


def test_a_grid_without_learning_rates_has_a_report(make_sweep: Callable[..., xr.Dataset]) -> None:
    text = " ".join(text_of(make_sweep(10.0 ** DECADES[:1], {"b1": [0.5, 0.6, 0.7, 0.8]})).split())
    assert "sgd at b1 = 0.6" in text
    assert "sgd is the only optimizer, so there is nothing to compare it with." in text
    assert "1 optimizer × 4 points × 8 seeds = 32 runs" in text  # noqa: RUF001
    assert "points chosen on seeds 0 to 3, reported on seeds 4 to 7" in text


def test_the_best_scores_sort_first_whatever_is_better(
    make_sweep: Callable[..., xr.Dataset], accuracy: dict[str, Any]
) -> None:
    shares = make_sweep(np.array([[0.5], [0.9], [0.7], [0.8]])[None] + OWN / 10, AT, **accuracy)
    losses = make_sweep(10.0 ** DECADES[:1], AT)
    for dataset, falling in ((shares, ["Test accuracy"]), (losses, [])):
        table = configuration_table(dataset)
        keys = [row.cells[2].key for row in table.rows]
        assert keys == sorted(keys)
        assert keys[0] < keys[-1]
        assert [heading.text for heading in table.headings if heading.is_falling] == falling
