"""Scores over a size, from several problems or from a number that was swept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.statistics import describe_size_laws, size_laws

ROLES = ["choose"] * 2 + ["report"] * 4
SIZES = 2.0 ** np.arange(5)


@pytest.fixture
def widths(make_dataset: Callable[..., xr.Dataset]) -> dict[str, xr.Dataset]:
    """Losses of 2 / width at the best rate; the second optimizer diverges from width 4 on."""
    problems = {}
    for size in SIZES:
        scores = np.full((2, 2, 6), 2 / size)
        scores[:, 1] = 0.99
        scores[1, :, 4] = np.nan if size >= 4 else scores[1, :, 4]
        problems[f"net_{size:g}"] = make_dataset(scores, [0.1, 1], ROLES, setup=f"Net(width={size:g})")
    return problems


def test_each_size_is_at_its_best_rate(widths: dict[str, xr.Dataset]) -> None:
    (table,) = size_laws(dict(reversed(widths.items()))).values()
    np.testing.assert_allclose(table["size"], SIZES)
    np.testing.assert_allclose(table.score[0], np.minimum(2 / SIZES, 0.99))
    assert np.isnan(table.score[1, 2:]).all()
    np.testing.assert_allclose(table.low[0], table.score[0])  # all seeds are alike
    assert np.isnan(table.exponent[1])
    said = describe_size_laws(table)
    assert said[0].startswith("optimizer_0: loss = ")
    assert said[1].startswith("Fitted by least squares to the logarithms of the scores at up to 5 sizes, with 95 %")
    assert said[2].startswith("No law of optimizer_1: it needs scores at 3 sizes or more, at which no reporting run")


def test_a_swept_number_is_a_size(make_sweep: Callable[..., xr.Dataset], accuracy: dict[str, object]) -> None:
    rates, budgets = np.array([0.1, 0.2] * 5), np.repeat(SIZES, 2)
    points = {"learning_rate": rates, "budget": budgets}
    scores = 1 - np.where(rates == 0.1, 0.02 + 0.3 / budgets, 0.5)[None, :, None] * np.ones((1, 10, 6))
    swept = make_sweep(scores, points, **accuracy)
    laws = size_laws({"made": swept}, "budget")
    (row,) = laws["made"].optimizer.values
    law = laws["made"].sel(optimizer=row)
    assert float(law.exponent) == pytest.approx(1.0, rel=1e-4)
    assert float(law.offset) == pytest.approx(2.0, rel=1e-4)  # of errors in percent
    assert describe_size_laws(laws["made"])[0].startswith(
        "sgd: test error (%) = 2 + 30 budget^-1 (power -1 to -1, offset 2"
    )
    with pytest.raises(ValueError, match="made do not differ in a size"):
        size_laws({"made": swept})
    with pytest.raises(ValueError, match="budget is 0 at a point, and a size is above zero"):
        size_laws({"made": swept.assign_coords(budget=swept.budget - 1)}, "budget")
