"""Every reference with hyperparameters to try it with, and gradients to run it on."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gradlab.testing import references

run = references.trajectory
STEPS = 100
QUICK: dict[str, Any] = {"learning_rate": 0.1, "b1": 0.5, "b2": 0.75}  # decays that make round numbers
# Every reference, with each of its options, except adopt, which does not move at the first step and bounds the parts of
# a complex number. eps is 0 wherever there is one.
ALL: dict[str, tuple[Any, dict[str, Any]]] = {
    "sgd": (references.sgd, {}),
    "sgd, heavy ball": (references.sgd, {"momentum": 0.9, "dampening": 0.5}),
    "sgd, nesterov": (references.sgd, {"momentum": 0.9, "nesterov": True}),
    "momentum_average": (references.momentum_average, {"learning_rate": 0.1}),
    "adagrad": (references.adagrad, {"learning_rate": 0.1, "eps": 0.0}),
    "adadelta": (references.adadelta, {"eps": 0.0}),
    "adadelta, eps": (references.adadelta, {}),
    "rmsprop": (references.rmsprop, {"eps": 0.0}),
    "rmsprop, centered": (references.rmsprop, {"eps": 0.0, "centered": True}),
    "rmsprop, momentum": (references.rmsprop, {"eps": 0.0, "momentum": 0.9}),
    "rmsprop, nesterov": (references.rmsprop, {"eps": 0.0, "momentum": 0.9, "nesterov": True}),
    "sign_sgd": (references.sign_sgd, {"learning_rate": 0.1}),
    "adam": (references.adam, {"eps": 0.0}),
    "adamw": (references.adamw, {"eps": 0.0}),
    "adam_efficient": (references.adam_efficient, {"eps": 0.0}),
    "adamax": (references.adamax, {}),
    "nadam": (references.nadam, {"eps": 0.0}),
    "amsgrad": (references.amsgrad, {"eps": 0.0}),
    "adabound": (references.adabound, {"eps": 0.0}),
    "amsbound": (references.amsbound, {"eps": 0.0}),
    "signum": (references.signum, {}),
    "lion": (references.lion, {}),
    "cautious_lion": (references.cautious_lion, {}),
    "adabelief": (references.adabelief, {"eps": 0.0, "eps_root": 0.0}),
    "yogi": (references.yogi, {"eps": 0.0}),
    "radam": (references.radam, {"eps": 0.0}),
    "nadamw": (references.nadamw, {"eps": 0.0, "weight_decay": 0.0}),
    "cautious_adamw": (references.cautious_adamw, {"eps": 0.0, "weight_decay": 0.0}),
    "qhm": (references.qhm, {}),
    "qhadam": (references.qhadam, {"eps": 0.0, "nu2": 0.5}),
    "adan": (references.adan, {"eps": 0.0}),
    "ademamix": (references.ademamix, {"eps": 0.0, "warmup_steps": 20}),
    "mars": (references.mars, {"eps": 0.0}),
}
each_reference = pytest.mark.parametrize(
    ("step", "hyperparameters"), [pytest.param(*case, id=name) for name, case in ALL.items()]
)


def decaying_rate(step):
    """A learning rate that decays by 3 percent a step."""
    return 0.1 * 0.97**step


def list_changes(step, gradients, x0=0.0, **hyperparameters):
    """The change of the point at each step."""
    return np.diff(run(step, x0, gradients, **hyperparameters), axis=0)


def gradients_of(scale, *, sparse=False, seed=0):
    """Draw 100 gradients [100, 6]. Sparse ones are zero in the first column, and in 8 of 10 places elsewhere."""
    rng = np.random.default_rng(seed)
    g = scale * (rng.standard_normal((STEPS, 6)) + 0.3)
    if sparse:
        g *= rng.random(g.shape) < 0.2
        g[:, 0] = 0.0
        g[:5, 1] = 0.0
    return g


def assert_same_path(got, expected, tolerance=1e-12):
    """Require that the gap in each coordinate is at most `tolerance` times the distance that the coordinate travels."""
    assert got.shape == expected.shape
    distance = np.abs(np.diff(expected, axis=0)).sum(axis=0)
    assert distance.max() > 0
    assert np.all(np.abs(got - expected) <= tolerance * distance), (
        f"gap {np.abs(got - expected).max(axis=0)} over the distance {distance}"
    )


def optax_trajectory(tx, x0, gradients):
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):  # optax needs the latter
        params = jnp.asarray(x0)
        state, points = tx.init(params), [params]
        update = jax.jit(tx.update)
        for g in gradients:
            updates, state = update(jnp.asarray(g), state, params)
            params = optax.apply_updates(params, updates)
            points.append(params)
        assert params.dtype in (jnp.float64, jnp.complex128)
        return np.stack([np.asarray(p) for p in points])
