"""Every recipe against independent NumPy, and against optax where optax computes the same thing, in float64.

One table drives all of it. The gradient sequences are those that tell look-alikes apart: eps inside or outside a root,
before or after a correction; counts that are off by one; a maximum of the raw or the corrected moment; a rate inside
or outside of the momentum buffer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.testing import references

STEPS, SIZE = 60, 5
RATE = 0.1


class Case(NamedTuple):
    """A recipe with options, and the reference that must agree with it."""

    recipe: Callable[..., gl.Transformation]
    reference: Callable[..., Any]
    options: Mapping[str, Any] = {}
    renamed: Mapping[str, str] = {}  # our name of an option -> the reference's


CASES: dict[str, Case] = {
    "sgd": Case(gl.sgd, references.sgd),
    "sgd, heavy ball": Case(gl.sgd, references.sgd, {"momentum": 0.9}),
    "sgd, damped": Case(gl.sgd, references.sgd, {"momentum": 0.8, "dampening": 0.3}),
    "sgd, nesterov": Case(gl.sgd, references.sgd, {"momentum": 0.9, "nesterov": True}),
    "sgd, damped nesterov": Case(gl.sgd, references.sgd, {"momentum": 0.8, "nesterov": True, "dampening": 0.3}),
    "sign_sgd": Case(gl.sign_sgd, references.sign_sgd),
    "adagrad": Case(gl.adagrad, references.adagrad),
    "adagrad, from 0.1": Case(
        gl.adagrad,
        references.adagrad,
        {"initial_accumulator_value": 0.1, "eps": 1e-3},
        {"initial_accumulator_value": "initial_accumulator"},
    ),
    "adadelta": Case(gl.adadelta, references.adadelta),
    "adadelta, options": Case(gl.adadelta, references.adadelta, {"rho": 0.5, "eps": 1e-3}),
    "adadelta, decay": Case(gl.adadelta, references.adadelta, {"weight_decay": 0.3, "eps": 1e-3}),
    "rmsprop": Case(gl.rmsprop, references.rmsprop),
    "rmsprop, centered": Case(gl.rmsprop, references.rmsprop, {"centered": True, "eps": 1e-4}),
    "rmsprop, momentum": Case(gl.rmsprop, references.rmsprop, {"momentum": 0.9, "decay": 0.99}),
    "rmsprop, nesterov": Case(gl.rmsprop, references.rmsprop, {"momentum": 0.9, "nesterov": True}),
    "rmsprop, all": Case(
        gl.rmsprop, references.rmsprop, {"centered": True, "momentum": 0.8, "nesterov": True, "eps": 1e-3}
    ),
    "rmsprop, eps inside": Case(gl.rmsprop, references.rmsprop, {"eps_in_sqrt": True, "eps": 1e-3}),
    "rmsprop, from 0.1": Case(gl.rmsprop, references.rmsprop, {"initial_scale": 0.1}),
    "rmsprop, corrected": Case(gl.rmsprop, references.rmsprop, {"bias_correction": True, "decay": 0.7}),
    "rmsprop, optax's options": Case(
        gl.rmsprop,
        references.rmsprop,
        {"eps_in_sqrt": True, "initial_scale": 0.1, "centered": True, "bias_correction": True, "momentum": 0.8},
    ),
    "adam": Case(gl.adam, references.adam),
    "adam, options": Case(gl.adam, references.adam, {"b1": 0.5, "b2": 0.7, "eps": 1e-3}),
    "adam, no eps": Case(gl.adam, references.adam, {"eps": 0.0}),
    "adamw": Case(gl.adamw, references.adamw),
    "adamw, options": Case(gl.adamw, references.adamw, {"weight_decay": 0.5, "b1": 0.5, "eps": 1e-3}),
    "adam, eps_root": Case(gl.adam, references.adam, {"eps_root": 1e-3, "b2": 0.7}),
    "adam, nesterov": Case(gl.adam, references.adam, {"nesterov": True, "b1": 0.7, "eps_root": 1e-4}),
    "adamw, eps_root": Case(gl.adamw, references.adamw, {"eps_root": 1e-3, "b2": 0.7}),
    "adamw, nesterov": Case(gl.adamw, references.adamw, {"nesterov": True, "b1": 0.7, "eps_root": 1e-4}),
    "adamax": Case(gl.adamax, references.adamax),
    "adamax, options": Case(gl.adamax, references.adamax, {"b1": 0.5, "b2": 0.7, "eps": 1e-3}),
    "nadam": Case(gl.nadam, references.nadam),
    "nadam, options": Case(gl.nadam, references.nadam, {"b1": 0.5, "b2": 0.7, "eps": 1e-3}),
    "nadam, eps_root": Case(gl.nadam, references.nadam, {"eps_root": 1e-3, "b2": 0.7}),
    "amsgrad": Case(gl.amsgrad, references.amsgrad),
    "amsgrad, options": Case(gl.amsgrad, references.amsgrad, {"b1": 0.5, "b2": 0.7, "eps": 1e-3}),
    "amsgrad, eps_root": Case(gl.amsgrad, references.amsgrad, {"eps_root": 1e-3, "b2": 0.7}),
    "adabound": Case(gl.adabound, references.adabound),
    "adabound, options": Case(gl.adabound, references.adabound, {"final_rate": 0.01, "gamma": 0.1, "b1": 0.5}),
    "amsbound": Case(gl.amsbound, references.amsbound),
    "amsbound, options": Case(gl.amsbound, references.amsbound, {"final_rate": 0.01, "gamma": 0.1, "b2": 0.7}),
}


def sequences() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    dense = rng.standard_normal((STEPS, SIZE)) + 0.3
    sparse = dense * (rng.random(dense.shape) < 0.2)
    sparse[0] = 0.0
    sparse[:, 0] = 0.0  # one that is never moved
    sparse[:7, 1], sparse[7, 1] = 0.0, 1.0
    flipping = np.abs(dense) * np.where(np.arange(STEPS) % 2, 1.0, -1.0)[:, None]
    bursts = dense * np.where(np.arange(STEPS) % 20 == 3, 100.0, 0.01)[:, None]
    return {
        "dense": dense,
        "small": 1e-4 * dense,
        "tiny": 1e-12 * dense,
        "sparse": sparse,
        "flipping": flipping,
        "bursts": bursts,
    }


SEQUENCES = sequences()
DECAYING = gl.schedules.cosine(RATE, STEPS, alpha=0.1)


def decaying(step: int) -> float:
    return RATE * (0.9 * (1 + np.cos(np.pi * step / STEPS)) / 2 + 0.1)


def run(tx: Any, start: Any, gradients: Any) -> Any:
    """All points of a run, [steps + 1, ...]."""

    def step(carry: Any, gradient: Any) -> Any:
        params, state = carry
        updates, state = tx.update(gradient, state, params)
        params = optax.apply_updates(params, updates)
        return (params, state), params

    visited = jax.lax.scan(step, (start, tx.init(start)), gradients)[1]
    return jnp.concatenate([start[None], visited])


points = jax.jit(run)  # one program a recipe, as everything in it is an argument


def assert_same_path(got: Any, expected: np.ndarray, tolerance: float = 1e-12) -> None:
    """Each coordinate stays within a share of the distance that it travels."""
    distance = np.abs(np.diff(expected, axis=0)).sum(axis=0)
    assert distance.max() > 0
    gap = np.abs(np.asarray(got) - expected).max(axis=0)
    assert np.all(gap <= tolerance * distance), f"gap {gap} over the distance {distance}"


def start_of(case: Case) -> np.ndarray:
    """0, where no digits are lost, unless parameters decay."""
    decays = case.recipe is gl.adamw or "weight_decay" in case.options
    return np.full(SIZE, 0.5 if decays else 0.0)


def reference_options(case: Case) -> dict[str, Any]:
    return {case.renamed.get(name, name): value for name, value in case.options.items()}


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize("name", CASES)
def test_recipe_follows_its_reference(name: str, sequence: str) -> None:
    case = CASES[name]
    start = start_of(case)
    gradients = SEQUENCES[sequence]
    expected = references.trajectory(case.reference, start, gradients, learning_rate=RATE, **reference_options(case))
    assert_same_path(points(case.recipe(RATE, **case.options), jnp.asarray(start), jnp.asarray(gradients)), expected)


@pytest.mark.parametrize("sequence", ["dense", "small", "sparse"])
@pytest.mark.parametrize("name", CASES)
def test_recipe_follows_its_reference_under_a_decaying_rate(name: str, sequence: str) -> None:
    case = CASES[name]
    start = start_of(case)
    gradients = SEQUENCES[sequence]
    options = reference_options(case)
    if "bound" in name:
        options["initial_rate"] = RATE
    expected = references.trajectory(case.reference, start, gradients, learning_rate=decaying, **options)
    tx = case.recipe(DECAYING, **case.options)
    assert_same_path(points(tx, jnp.asarray(start), jnp.asarray(gradients)), expected)


@pytest.mark.parametrize("name", ["sgd, heavy ball", "adam", "adamw", "rmsprop, all", "nadam", "amsbound", "sign_sgd"])
def test_recipe_follows_its_reference_on_complex_leaves(name: str) -> None:
    case = CASES[name]
    start = np.full(SIZE, 0.5 + 0.2j)
    gradients = SEQUENCES["dense"] + 1j * SEQUENCES["sparse"]
    expected = references.trajectory(case.reference, start, gradients, learning_rate=RATE, **reference_options(case))
    got = points(case.recipe(RATE, **case.options), jnp.asarray(start), jnp.asarray(gradients))
    assert_same_path(got, expected, 1e-11)


@pytest.mark.parametrize("decay", ["b1", "b2"])
def test_adams_decays_may_be_scheduled(decay: str) -> None:
    # NumPy of its own: under a schedule 1 - b^t becomes one minus the product of the decays so far.
    values = {"b1": np.full(STEPS, 0.9), "b2": np.full(STEPS, 0.99)}
    values[decay] = np.linspace(0.3, 0.9, STEPS)
    m = v = np.zeros(SIZE)
    x, expected = np.zeros(SIZE), [np.zeros(SIZE)]
    for t, g in enumerate(SEQUENCES["dense"]):
        b1, b2 = values["b1"][t], values["b2"][t]
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        m_hat, v_hat = m / (1 - np.prod(values["b1"][: t + 1])), v / (1 - np.prod(values["b2"][: t + 1]))
        x = x - RATE * m_hat / (np.sqrt(v_hat) + 1e-8)
        expected.append(x)
    tx = gl.adam(RATE, b2=0.99).replace(**{decay: gl.schedules.linear(0.3, 0.9, STEPS - 1)})
    assert_same_path(points(tx, jnp.zeros(SIZE), jnp.asarray(SEQUENCES["dense"])), np.stack(expected))


def test_the_table_has_every_recipe() -> None:
    assert {case.recipe.__name__ for case in CASES.values()} == set(registry.of_kind("recipe"))


def test_the_table_tells_recipes_apart() -> None:
    """No two rows agree on all sequences, so that none could be swapped for another unnoticed."""
    runs = {}
    for name, case in CASES.items():
        start = np.full(SIZE, 0.5)
        runs[name] = np.stack(
            [
                references.trajectory(case.reference, start, g, learning_rate=RATE, **reference_options(case))
                for g in SEQUENCES.values()
            ]
        )
    names = list(runs)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            assert np.abs(runs[one] - runs[other]).max() > 1e-6, f"{one} is the same as {other}"


# optax.


def _both(name: str, **options: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A recipe and optax's, with the same arguments."""
    return lambda a: getattr(gl, name)(a, **options), lambda a: getattr(optax, name)(a, **options)


OPTAX: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "sgd": (gl.sgd, optax.sgd),
    "sgd, momentum": (lambda a: gl.sgd(a, momentum=0.9), lambda a: optax.sgd(a, momentum=0.9)),
    "sgd, momentum, nesterov": (
        lambda a: gl.sgd(a, momentum=0.9, nesterov=True),
        lambda a: optax.sgd(a, momentum=0.9, nesterov=True),
    ),
    "sign_sgd": (gl.sign_sgd, optax.sign_sgd),
    "adam": (gl.adam, optax.adam),
    "adam, options": (lambda a: gl.adam(a, 0.5, 0.7, 1e-3), lambda a: optax.adam(a, 0.5, 0.7, 1e-3)),
    "adamw": (lambda a: gl.adamw(a, weight_decay=0.1), lambda a: optax.adamw(a, weight_decay=0.1)),
    "adam, by place": (lambda a: gl.adam(a, 0.5, 0.7, 1e-3, 1e-4), lambda a: optax.adam(a, 0.5, 0.7, 1e-3, 1e-4)),
    "nadam, by place": (lambda a: gl.nadam(a, 0.5, 0.7, 1e-3, 1e-4), lambda a: optax.nadam(a, 0.5, 0.7, 1e-3, 1e-4)),
    "amsgrad, by place": (
        lambda a: gl.amsgrad(a, 0.5, 0.7, 1e-3, 1e-4),
        lambda a: optax.amsgrad(a, 0.5, 0.7, 1e-3, 1e-4),
    ),
    "adam, nesterov": _both("adam", nesterov=True),
    "adam, nesterov, eps_root": _both("adam", nesterov=True, b1=0.5, b2=0.7, eps_root=1e-4),
    "adamw, nesterov": _both("adamw", nesterov=True, weight_decay=0.1, eps_root=1e-4),
    "amsgrad": (gl.amsgrad, optax.amsgrad),
    "nadam": (gl.nadam, optax.nadam),
    "adamax": (
        lambda a: gl.chain(
            gl.scale_by_momentum(0.9),
            gl.scale_by_infinity_norm(0.999, eps_inside=1e-8),
            gl.bias_correction(0.9),
            gl.scale_by_learning_rate(a),
        ),
        optax.adamax,
    ),
    "rmsprop": (
        lambda a: gl.rmsprop(a, 0.9, 1e-3),
        lambda a: optax.rmsprop(a, decay=0.9, eps=1e-3, eps_in_sqrt=False),
    ),
    "rmsprop, centered": (
        lambda a: gl.rmsprop(a, 0.9, 1e-3, centered=True),
        lambda a: optax.rmsprop(a, decay=0.9, eps=1e-3, centered=True, eps_in_sqrt=False),
    ),
    "rmsprop, eps inside": _both("rmsprop", eps_in_sqrt=True),
    "rmsprop, all": _both(
        "rmsprop", initial_scale=0.1, eps_in_sqrt=True, centered=True, momentum=0.9, nesterov=True, bias_correction=True
    ),
    "rmsprop, from 0.1": _both("rmsprop", initial_scale=0.1, eps_in_sqrt=False, eps=1e-3),
    "rmsprop, corrected": _both("rmsprop", bias_correction=True, eps_in_sqrt=False, eps=1e-3),
    "rmsprop, momentum": (
        lambda a: gl.rmsprop(a, 0.9, 1e-3, momentum=0.9),
        lambda a: optax.rmsprop(a, decay=0.9, eps=1e-3, momentum=0.9, eps_in_sqrt=False),
    ),
    "adagrad": (
        lambda a: gl.chain(gl.scale_by_rss(0.1, 0.0, 1e-7), gl.scale_by_learning_rate(a)),
        lambda a: optax.adagrad(a, initial_accumulator_value=0.1, eps=1e-7),
    ),
    "adadelta": (
        lambda a: gl.adadelta(a, 0.9, 1e-6),
        lambda a: optax.adadelta(a, rho=0.9, eps=1e-6),
    ),
    "adadelta, decay": _both("adadelta", weight_decay=0.1, weight_decay_mask=True),
}


@pytest.mark.parametrize("name", OPTAX)
def test_recipe_follows_optax(name: str) -> None:
    ours, theirs = OPTAX[name]
    optimizer = theirs(RATE)
    start = jnp.full(SIZE, 0.5)

    theirs_run = jax.jit(lambda gradients: run(optimizer, start, gradients))
    for sequence in ("dense", "small", "sparse"):
        gradients = jnp.asarray(SEQUENCES[sequence])
        with jax.numpy_dtype_promotion("standard"):  # optax is not strict
            expected = np.asarray(theirs_run(gradients))
        assert expected.dtype == np.float64
        assert_same_path(points(ours(RATE), start, gradients), expected, 1e-11)


@pytest.mark.parametrize("name", ["sgd, momentum", "adam", "adam, nesterov", "amsgrad", "adadelta, decay"])
def test_recipe_follows_optax_under_a_decaying_rate(name: str) -> None:
    ours, theirs = OPTAX[name]
    gradients, start = jnp.asarray(SEQUENCES["dense"]), jnp.full(SIZE, 0.5)
    optimizer = theirs(optax.cosine_decay_schedule(RATE, STEPS, alpha=0.1))
    with jax.numpy_dtype_promotion("standard"):
        expected = np.asarray(jax.jit(lambda g: run(optimizer, start, g))(gradients))
    assert_same_path(points(ours(DECAYING), start, gradients), expected, 1e-11)
