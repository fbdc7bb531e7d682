"""A run of PyTorch goes on in gradlab: the states in `tests/golden/torch_states.json`, and the steps after them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

CASES = json.loads((Path(__file__).parents[1] / "golden" / "torch_states.json").read_text())["cases"]
PATHS: list[Any] = [("dense/kernel", np.transpose), "dense/bias"]  # torch keeps a weight as [out, in]
torch = gl.flavors.torch
SAME = {
    "adam": (torch.adam(0.1), gl.adam(0.1)),
    "adamw_amsgrad": (torch.adamw(0.1, weight_decay=0.1, amsgrad=True),),
    "sgd": (gl.sgd(0.1), gl.sgd(gl.schedules.linear(0.1, 0.1, 10))),
    "sgd_momentum": (torch.sgd(0.1, 0.9, 0.5), gl.sgd(0.1, momentum=0.9, dampening=0.5)),
    "sgd_nesterov": (gl.sgd(0.1, momentum=0.9, nesterov=True), torch.sgd(0.1, 0.9, nesterov=True)),
    "rmsprop": (torch.rmsprop(0.1, centered=True, momentum=0.9),),
    "adagrad": (gl.adagrad(0.1),),
    "adadelta": (gl.adadelta(0.1, rho=0.9, eps=1e-6),),
    "adamax": (torch.adamax(0.1),),
    "nadam": (torch.nadam(0.1),),
}


def as_params(arrays: Any) -> Any:
    weight, bias = map(jnp.asarray, arrays)
    return {"dense": {"bias": bias, "kernel": weight.T}}


def gradient(step: int) -> Any:
    return as_params([jnp.cos(step + jnp.arange(1.0, n + 1)).reshape(shape) for n, shape in ((6, (3, 2)), (3, (3,)))])


def state_dict(case: Any) -> Any:
    def as_array(value: Any) -> Any:
        return None if value is None else np.asarray(value)

    state = {int(index): {key: as_array(v) for key, v in arrays.items()} for index, arrays in case["state"].items()}
    return {"state": state, "param_groups": [{"params": [0, 1], **case["arguments"]}]}


@jax.jit
def continue_from(tx: Any, params: Any, state: Any) -> Any:
    positions = []
    for step in range(5, 8):
        updates, state = tx.update(gradient(step), state, params)
        params = gl.apply_updates(params, updates)
        positions.append(params)
    return positions


@pytest.mark.parametrize(
    ("name", "tx"), [pytest.param(name, tx, id=f"{name}-{tx!r}") for name, txs in SAME.items() for tx in txs]
)
def test_the_next_steps_are_those_of_torch(name: str, tx: Any) -> None:
    case = CASES[name]
    params = as_params(case["params"][0])
    state, report = gl.state_from_torch(tx, params, state_dict(case), PATHS, step=5)
    assert not report.missing
    assert not report.remarks
    assert {entry.split(":")[1] for entry, _ in report.extra} <= {"step", "mu_product"}
    rtol = 1e-7 if name == "nadam" else 1e-12  # torch keeps the product of the decays in float32
    found, expected = continue_from(tx, params, state), [as_params(point) for point in case["params"][1:]]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol), found, expected)


def test_what_cannot_be_converted_is_reported() -> None:
    params = as_params(CASES["adamw_amsgrad"]["params"][0])
    _, report = gl.state_from_torch(gl.amsgrad(0.1), params, state_dict(CASES["adamw_amsgrad"]), PATHS)
    assert "running_max:maximum (2 arrays): one library takes the maximum before the bias correction" in str(report)
    nesterov = gl.sgd(gl.schedules.linear(0.1, 0.0, 10), momentum=0.9, nesterov=True)
    _, report = gl.state_from_torch(nesterov, params, state_dict(CASES["sgd_nesterov"]), PATHS)
    assert "momentum of steps and the other one of directions, and the learning rate is no constant" in str(report)


def test_wrong_arguments_say_what_to_do() -> None:
    case = CASES["adam"]
    params = as_params(case["params"][0])
    with pytest.raises(
        ValueError, match=r"there is no parameter 'kernel'; the parameters are dense/bias, dense/kernel"
    ):
        gl.state_from_torch(gl.adam(), params, state_dict(case), ["kernel", "dense/bias"])
    with pytest.raises(ValueError, match=r"has 2 parameters, and 1 paths were passed; pass one for each, in its order"):
        gl.state_from_torch(gl.adam(), params, state_dict(case), ["dense/bias"])
    uneven = state_dict(case)
    uneven["state"][1]["step"] = np.array(3.0)
    with pytest.raises(ValueError, match=r"took different numbers of steps, 3, 5, and gradlab keeps one for all"):
        gl.state_from_torch(gl.adam(), params, uneven, PATHS)
    _, report = gl.state_from_torch(gl.adam(), params, state_dict(case), ["dense/kernel", "dense/bias"])
    assert "it has the shape [3, 2] here and [2, 3] in the state" in str(report)


GROUP = {"lr": 0.01, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.1}
DECAY = "the checkpoint has weight_decay=0.1, and "


@pytest.mark.parametrize(
    ("tx", "differences"),
    [
        (torch.adamw(0.01, (0.9, 0.95), weight_decay=0.1), []),
        (gl.adamw(0.01, b2=0.95, weight_decay=0.1), []),
        (gl.adamw(gl.schedules.linear(0.5, 0.0, 10), b2=0.95, weight_decay=0.1), []),
        (
            torch.adamw(0.5, weight_decay=0.1),
            [
                "the checkpoint has lr=0.01, and lr is 0.5 here; pass lr=0.01 to go on as before",
                "the checkpoint has betas/1=0.95, and betas/1 is 0.999 here; pass 0.95 in betas to go on as before",
            ],
        ),
        (
            gl.adamw(0.5, b2=0.95, weight_decay=0.01),
            [
                "the checkpoint has lr=0.01, and learning_rate is 0.5 here; pass learning_rate=0.01 to go on as before",
                f"{DECAY}weight_decay is 0.01 here; pass weight_decay=0.1 to go on as before",
            ],
        ),
        (gl.adam(0.01, b2=0.95), [f"{DECAY}the optimizer here decays no weights; pass one that does"]),
    ],
    ids=["flavor", "recipe", "schedule", "flavor of others", "recipe of others", "no decay"],
)
def test_hyperparameters_that_differ_from_those_of_the_checkpoint_are_listed(tx: Any, differences: list[str]) -> None:
    case = CASES["adam"]
    groups = [{"params": [0], **GROUP}, {"params": [1], **GROUP, "lr": np.asarray(0.01)}]
    saved = {**state_dict(case), "param_groups": groups}
    _, report = gl.state_from_torch(tx, as_params(case["params"][0]), saved, PATHS)
    assert list(report.differences) == differences
    report.require_complete()  # a new learning rate is usually meant
    assert all(f"  differs    {text}" in str(report) for text in differences)


def test_arrays_in_the_layout_of_torch_are_named_with_the_remedy() -> None:
    case = CASES["adam"]
    params = as_params(case["params"][0])
    _, report = gl.state_from_torch(gl.adam(0.1), params, state_dict(case), ["dense/kernel", "dense/bias"])
    assert report.remarks == (
        "dense/kernel has the shape [2, 3] and its arrays from PyTorch [3, 2]; pass the pair ('dense/kernel', "
        "np.transpose) among the parameters",
    )
    _, report = gl.state_from_torch(gl.adam(0.1), params, state_dict(case), [("dense/kernel", np.ravel), "dense/bias"])
    (remark,) = report.remarks
    assert "its arrays from PyTorch [6]; pass the pair ('dense/kernel', function) among" in remark
    assert gl.state_from_torch(gl.adam(0.1), params, state_dict(case), PATHS)[1].remarks == ()
