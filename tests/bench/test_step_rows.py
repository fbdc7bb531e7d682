"""A row of the table, at a small size."""

from __future__ import annotations

import json

import jax
import pytest

from gradlab.bench import step_rows
from gradlab.bench.bandwidth import Bandwidths
from gradlab.bench.calls import AS_ARGUMENT, ON_DEVICE, measure_calls
from gradlab.bench.counterparts import COUNTERPARTS
from gradlab.bench.step_rows import estimate_bytes, measure_row
from gradlab.bench.timing import summarize


def test_a_row_has_all_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_rows, "LEAST_BYTES", 2**14)
    row = measure_row("adam", 2**12, 4, ["optax"], 0.001, Bandwidths(0.001))
    assert json.loads(json.dumps(row, allow_nan=False)) == row
    assert (row["optimizer"], row["size"], row["leaves"], row["shape"]) == ("adam", 2**12, 4, [2**10])
    assert row["steps"].keys() == row["programs"].keys() == {"gradlab", "optax"}
    for timing in row["steps"].values():
        assert 0 < timing["quartiles"][0] <= timing["seconds"] <= timing["quartiles"][1]
    assert row["ratios"].keys() == {"optax"}
    assert row["fewest_streams"] == 7
    assert row["limit"]["ratio"] > 0
    cost = row["programs"]["gradlab"]
    assert cost["state_bytes"] == 8 * 2**12 + 8  # two moments, and two weights of the bias correction
    assert cost["streams"] >= 7
    assert cost["kernels"] >= 4
    assert cost["peak_bytes"] >= 4 * 4 * 2**12
    assert cost["equations_per_leaf"] == cost["equations"] / 4
    assert all(cost[part]["seconds"] > 0 for part in ("trace", "lower", "compile"))


@pytest.mark.parametrize(
    ("torch", "limit", "fastest"), [(9.0, 6.0, "bandwidth"), (4.0, 4.0, "torch")], ids=["kernel", "torch"]
)
def test_the_limit_is_at_the_highest_bandwidth(torch: float, limit: float, fastest: str) -> None:
    times = {"gradlab": summarize([12.0]), "torch": summarize([torch]), "bandwidth": summarize([3.0])}
    found = step_rows._find_limit(times, stream_bytes=50, fewest_bytes=100)
    assert (found["seconds"], found["ratio"], found["measured_by"]) == (limit, 12 / limit, fastest)
    assert found["bytes_per_second"] == 100 / limit


def test_small_arrays_have_no_limit_and_optax_can_be_left_out() -> None:
    row = measure_row("momo", 64, 1, [], 0.001, Bandwidths(0.001))
    assert row["limit"] is None
    assert row["ratios"] == {}
    assert row["steps"].keys() == {"gradlab"}


def test_memory_is_estimated() -> None:
    alone = estimate_bytes("adam", 2**20, 1, [])
    assert alone == pytest.approx(4 * 2**20 * (1 + 3 + 2 * 3), rel=1e-3)  # g; x, m and v; twice as much beside
    assert estimate_bytes("adam", 2**20, 1, ["optax", "torch"]) > estimate_bytes("adam", 2**20, 1, ["optax"]) > alone


def test_calls_have_the_optimizer_closed_over_and_as_an_argument() -> None:
    found = measure_calls(COUNTERPARTS["sgd"], ["gradlab", "optax"], 0.001)
    assert found.keys() == {"gradlab", "optax", AS_ARGUMENT, ON_DEVICE}
    assert all(timing.median > 0 for timing in found.values())
    assert jax.config.jax_enable_x64  # type: ignore[attr-defined]  # what the tests set is set again
