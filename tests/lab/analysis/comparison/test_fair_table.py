"""The fair table of a race: mean ranks, edges, the budget, and what it does not show."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.comparison.fair_table import (
    describe_budget,
    describe_limits,
    describe_shared_ranks,
    fair_table,
)

ROLES = ["choose"] * 2 + ["report"] * 4
RATES = [0.01, 0.1, 1.0]
COSTS = {"optimizer_0": {"state_bytes": 8.0, "step_time": 3.0}}


def scores(*best: tuple[int, float]) -> np.ndarray:
    """Scores on (optimizer, rate, seed): a loss of 1, but a given one at the best rate of each optimizer."""
    made = np.ones((len(best), 3, 6))
    for index, (rate, score) in enumerate(best):
        made[index, rate] = score * np.linspace(0.99, 1.01, 6)
    return made


@pytest.fixture
def datasets(make_dataset: Callable[..., xr.Dataset]) -> dict[str, xr.Dataset]:
    """Three optimizers; the last one failed on the second problem."""
    first = make_dataset(scores((1, 0.01), (2, 0.1), (1, 0.001)), RATES, ROLES, problem="first")
    second = make_dataset(scores((1, 0.1), (0, 0.01), (1, 0.5)), RATES, ROLES, problem="second")
    return {"first": first, "second": second.isel(optimizer=slice(2))}


def test_rows_are_in_the_order_of_the_mean_rank(datasets: dict[str, xr.Dataset]) -> None:
    rows = {row.optimizer: row for row in fair_table(datasets, COSTS)}
    # Ranks on the first problem: 2, 3, 1. On the second one: 2, 1, and none. So the last one comes last.
    assert {name: row.mean_rank for name, row in rows.items()} == {
        "optimizer_0": 2.0, "optimizer_1": 2.0, "optimizer_2": 1.0,
    }  # fmt: skip
    assert list(rows) == ["optimizer_0", "optimizer_1", "optimizer_2"]
    assert [row.edges for row in rows.values()] == [0, 2, 0]
    assert (rows["optimizer_0"].state_bytes, rows["optimizer_0"].step_time) == (8.0, 3.0)
    assert np.isnan(rows["optimizer_1"].state_bytes)
    cell = rows["optimizer_1"].cells["second"]
    assert (cell.row.best_rate, cell.rank_low, cell.rank_high) == (0.01, 1, 1)
    assert 0.0099 < cell.score_low < 0.01 < cell.score_high < 0.0102


def test_equals_count_with_the_mean_of_their_places(make_dataset: Callable[..., xr.Dataset]) -> None:
    equal = make_dataset(scores((1, 0.01), (1, 0.1), (1, 0.1), (1, 0.1)), RATES, ROLES)
    apart = make_dataset(scores((1, 0.01), (1, 0.1), (1, 0.2), (1, 0.3)), RATES, ROLES)
    rows = fair_table({"equal": equal, "apart": apart}, {})
    assert [row.cells["equal"].row.rank for row in rows] == [1, 2, 2, 2]
    assert [row.mean_rank for row in rows] == [1.0, 2.5, 3.0, 3.5]  # 3 on the first problem, and 2, 3 and 4
    assert describe_shared_ranks(rows) == (
        " Equals share a rank (1, 2, 2, 4). In a mean rank, each of them counts with the mean of their places "
        "(1, 2.5, 2.5, 4)."
    )
    assert describe_shared_ranks(fair_table({"apart": apart}, {})) == ""


def test_the_budget_is_stated(datasets: dict[str, xr.Dataset], make_dataset: Callable[..., xr.Dataset]) -> None:
    assert describe_budget(datasets) == (
        "Budget of each optimizer on each problem: 3 learning rates over 2 decades, the same for all, times 6 seeds, "
        "half of which choose the rate; 10 updates a run."
    )
    own = make_dataset(scores((1, 0.1), (1, 0.1)), [RATES, [0.1, 1.0, 10.0]], ROLES)
    assert "around a center of its own" in describe_budget({"made": own})


def test_limits_name_edges_failures_and_measurements(datasets: dict[str, xr.Dataset]) -> None:
    rows = fair_table(datasets, COSTS)
    costs = {"tree": "a tree", "rounds": 11, "steps": 10, "device": "cpu"}
    text = "\n".join(describe_limits(datasets, rows, costs, {"second": {"optimizer_2": "no gradient"}}))
    assert "* 2 of 5 best rates lie at the end of the grid" in text
    assert "Left out on second: optimizer_2 (no gradient)." in text
    assert "one update of a tree" in text
    assert "cannot bound a rank" not in text
    few = {"first": datasets["first"].isel(seed=slice(1, 4))}
    assert "2 reporting seeds cannot bound a rank" in "\n".join(describe_limits(few, fair_table(few, {}), {}, {}))
