"""The flavors under hyperparameters that change from step to step, against what the frameworks computed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.flavors.framework_names import FLAVORS

FILE = Path(__file__).parents[1] / "golden" / "scheduled.npz"
with np.load(FILE, allow_pickle=False) as _file:
    ABOUT = json.loads(str(_file["about"]))
    GRADIENTS, X0, POSITIONS = _file["gradients"], _file["x0"], _file["positions"]
    TABLES = dict(zip(ABOUT["tables"], _file["tables"], strict=True))
NAMES = [
    f"{case['framework']}.{case['optimizer']}-{case['arguments']}-{case['scheduled']}".replace(" ", "").replace("'", "")
    for case in ABOUT["cases"]
]


@gl.schedules.schedule
def recorded(values):
    """The values of a table, one a step: a leaf, so that optimizers with different tables share a program."""
    return lambda step: values[jnp.asarray(step).astype(int)]


def flavor(case: dict[str, Any]) -> gl.Transformation:
    def schedule(name: Any) -> Any:
        if isinstance(name, list):
            return tuple(schedule(one) for one in name)
        return recorded(TABLES[name]) if isinstance(name, str) else name

    changing = {argument: schedule(name) for argument, name in case["scheduled"].items()}
    return getattr(FLAVORS[case["framework"]], case["optimizer"])(**case["arguments"] | changing)


@jax.jit
def path(tx: gl.Transformation) -> Any:
    """The points [101, 7] that an optimizer visits."""

    def step(carry, gradient):
        x, state = carry
        updates, state = tx.update(gradient, state, x)
        return (x + updates, state), x + updates

    return jnp.concatenate([X0[None], jax.lax.scan(step, (X0, tx.init(X0)), GRADIENTS)[1]])


@pytest.mark.parametrize(("case", "positions"), list(zip(ABOUT["cases"], POSITIONS, strict=True)), ids=NAMES)
def test_a_flavor_does_under_schedules_what_its_framework_does(case, positions):
    gap = np.abs(path(flavor(case))[np.array(ABOUT["steps"])] - positions).max()
    looser = 1e-11 if case["arguments"].get("centered") else 1e-12  # see test_keras.CANCELLING
    assert gap <= looser * np.abs(positions - X0).max()


def test_each_optimizer_of_each_framework_has_a_case():
    """Except for sign descent, which has a rate alone."""
    made = {(case["framework"], case["optimizer"]) for case in ABOUT["cases"]}
    shipped = {
        (name, optimizer)
        for name, flavors in FLAVORS.items()
        for optimizer, value in vars(flavors).items()
        if getattr(getattr(value, "factory", None), "name", "") == f"flavors.{name}.{optimizer}"
    }
    assert shipped - made == {("optax", "sign_sgd")}
