"""The bytes of a state, and the time of an update."""

from __future__ import annotations

import gradlab as gl
from gradlab.lab._results.step_costs import count_state_bytes, measure_costs

PARAMETERS = 256 * 128 + 128


def test_state_bytes_are_those_of_the_arrays() -> None:
    assert count_state_bytes(gl.sgd(0.1)) == 0
    assert count_state_bytes(gl.sgd(0.1, momentum=0.9)) == 4
    assert count_state_bytes(gl.adam(0.1)) == (8 * PARAMETERS + 8 + 8) / PARAMETERS  # two weights in float64


def test_costs_of_what_runs_and_the_reason_of_what_fails() -> None:
    def fail() -> gl.Transformation:
        raise ValueError("no such\nthing")

    costs = measure_costs({"adam": lambda: gl.adam(0.1), "broken": fail}, rounds=2)
    assert list(costs["optimizers"]) == ["adam"]
    assert costs["optimizers"]["adam"]["state_bytes"] == count_state_bytes(gl.adam(0.1))
    assert costs["optimizers"]["adam"]["step_time"] > 0
    assert costs["failed"] == {"broken": "ValueError: no such thing"}
    assert costs["rounds"] == 2
