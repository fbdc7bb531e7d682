"""Recipes against optax, where optax computes the same thing, in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest

import gradlab as gl
from tests.optimizers.runs import DECAYING, RATE, SEQUENCES, SIZE, STEPS, assert_same_path, points, run


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
    "signum": _both("signum"),
    "lion": _both("lion", weight_decay=0.1),
    "lion, decays": _both("lion", b1=0.8, b2=0.5, weight_decay=0.1),
    "adabelief": _both("adabelief"),
    "adabelief, options": _both("adabelief", b1=0.5, b2=0.7, eps=1e-3, eps_root=1e-2),
    # optax starts the first moment at the initial value of the second, so without a gradient its parameters move.
    "yogi": (
        lambda a: gl.chain(
            gl.scale_by_momentum(0.9, initial=1e-6),
            gl.bias_correction(0.9),
            gl.scale_by_rms(gl.chain(gl.additive_mean(0.999, 1e-6), gl.bias_correction(0.999)), 1e-3),
            gl.scale_by_learning_rate(a),
        ),
        optax.yogi,
    ),
    "radam": _both("radam"),
    "radam, options": _both("radam", b1=0.5, b2=0.9, eps=1e-3, threshold=4.5),
    "nadamw": (gl.nadamw, lambda a: optax.adamw(a, weight_decay=1e-2, nesterov=True)),
    "ademamix": (
        lambda a: gl.ademamix(a, weight_decay=0.1),
        lambda a: optax.contrib.ademamix(a, weight_decay=0.1),
    ),
    "adopt": (gl.adopt, optax.contrib.adopt),
    "adopt, options": (
        lambda a: gl.adopt(a, 0.5, 0.7, 1e-2),
        lambda a: optax.contrib.adopt(a, 0.5, 0.7, 1e-2),
    ),
    "lamb, defaults": (lambda a: gl.lamb(a, weight_decay=0.0), optax.lamb),
    "dog": (lambda a: gl.dog(10 * a, weight_decay=0.1), lambda a: optax.contrib.dog(10 * a, weight_decay=0.1)),
    "dowg": (
        lambda a: gl.dowg(10 * a, initial=1e-2, eps=1e-4, relative=False),
        lambda a: optax.contrib.dowg(10 * a),
    ),
    "lamb": (lambda a: gl.lamb(a, weight_decay=0.1), lambda a: optax.lamb(a, weight_decay=0.1)),
    "lars": (gl.lars, optax.lars),  # with a decay, optax divides by the norm of the sum, not by the sum of the norms
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


def test_optax_multiplies_by_the_complement_of_the_second_decay_of_adan() -> None:
    """The paper's factor is 1 minus its beta, which is the 0.92 of the code; optax 0.2.8 has 1 - 0.92 there."""
    gradients, start = jnp.asarray(SEQUENCES["dense"]), jnp.full(SIZE, 0.5)
    with jax.numpy_dtype_promotion("standard"):
        theirs = np.asarray(run(optax.adan(RATE, eps_root=0.0), start, gradients))
    change = gl.add(gl.chain(), gl.chain(gl.delay(), gl.scale(-1.0)))
    mean, slope, square = (gl.chain(gl.scale_by_momentum(b), gl.bias_correction(b)) for b in (0.98, 0.92, 0.99))
    ahead = gl.add(gl.chain(), gl.chain(change, gl.scale(1 - 0.92)))
    direction = gl.add(mean, gl.chain(gl.add(gl.gradient(), gl.scale(-1.0)), slope))
    as_optax = gl.chain(
        gl.measure(gl.chain(gl.gradient(), ahead), gl.chain(direction, gl.scale_by_rms(square, 1e-8))),
        gl.scale_by_learning_rate(RATE),
    )
    assert_same_path(points(as_optax, start, gradients), theirs, 1e-11)
    gap = np.abs(np.asarray(points(gl.adan(RATE), start, gradients)) - theirs).max()
    assert gap > RATE, f"optax agrees to {gap}; it may be mended"


@pytest.mark.parametrize("name", ["sgd, momentum", "adam", "adam, nesterov", "amsgrad", "adadelta, decay"])
def test_recipe_follows_optax_under_a_decaying_rate(name: str) -> None:
    ours, theirs = OPTAX[name]
    gradients, start = jnp.asarray(SEQUENCES["dense"]), jnp.full(SIZE, 0.5)
    optimizer = theirs(optax.cosine_decay_schedule(RATE, STEPS, alpha=0.1))
    with jax.numpy_dtype_promotion("standard"):
        expected = np.asarray(jax.jit(lambda g: run(optimizer, start, g))(gradients))
    assert_same_path(points(ours(DECAYING), start, gradients), expected, 1e-11)


def _correct(rate: float, b1: float = 0.9, b2: float = 0.999) -> Callable[[Any], Any]:
    """A rate that corrects both moments of Adam, as optax does where the methods below have no correction."""

    def correct(step: Any) -> Any:
        t = jnp.asarray(step).astype(float) + 1
        return rate * jnp.sqrt(1 - b2**t) / (1 - b1**t)

    return correct


@pytest.mark.parametrize("sequence", ["dense", "small"])
@pytest.mark.parametrize("name", ["prodigy", "dadapt_adam"])
def test_estimates_of_the_distance_are_optaxs_where_its_corrections_are_in_the_rate(name: str, sequence: str) -> None:
    """optax 0.2.8 has the new distance beside the epsilon of Prodigy, and the paper the old one, so it is 0 here."""
    gradients, start = jnp.asarray(SEQUENCES[sequence]), jnp.zeros(SIZE)
    if name == "prodigy":
        ours: Any = gl.prodigy(_correct(1.0), eps=0.0, weight_decay=0.1, initial=0.1)
        theirs: Any = optax.contrib.prodigy(1.0, eps=0.0, weight_decay=0.1, estim_lr0=0.1)
    else:
        ours = gl.dadapt_adam(_correct(1.0), weight_decay=0.1, initial=0.1)
        theirs = optax.contrib.dadapt_adamw(1.0, weight_decay=0.1, estim_lr0=0.1)
    with jax.numpy_dtype_promotion("standard"):
        expected = np.asarray(jax.jit(lambda g: run(theirs, start, g))(gradients))
    assert_same_path(points(ours, start, gradients), expected, 1e-11)


def test_optax_divides_zero_by_zero_while_all_gradients_are_zero() -> None:
    start = jnp.zeros(SIZE)
    for ours, theirs in (
        (gl.prodigy(), optax.contrib.prodigy()),
        (gl.dadapt_adam(), optax.contrib.dadapt_adamw()),
    ):
        with jax.numpy_dtype_promotion("standard"):
            _, state = theirs.update(start, theirs.init(start), start)
        assert np.isnan(state.estim_lr)
        updates, after = ours.update(start, ours.init(start), start)
        np.testing.assert_array_equal(updates, 0.0)
        np.testing.assert_array_equal(after.distance, 1e-6)


CURVATURES = jnp.array([0.3, 1.0, 3.0])


def _find_path(tx: Any) -> Any:
    """The points of a run on a bowl whose lowest loss is 0.2, with the loss."""

    def step(carry: Any, _: Any) -> Any:
        x, state = carry
        value, gradient = jax.value_and_grad(lambda x: 0.5 * (CURVATURES * (x - 1.0) ** 2).sum() + 0.2)(x)
        updates, state = tx.update(gradient, state, x, value=value)
        return (x + updates, state), x + updates

    start = jnp.array([-0.4, 0.3, 1.2])
    return np.asarray(jax.lax.scan(step, (start, tx.init(start)), None, length=40)[1])


@pytest.mark.parametrize("options", [{}, {"lower_bound": 0.2}, {"adapt_lower_bound": True}], ids=str)
@pytest.mark.parametrize(("name", "rate"), [("momo", 1.0), ("momo_adam", 0.1)])
def test_models_of_the_loss_are_optaxs(name: str, rate: float, options: dict[str, Any]) -> None:
    with jax.numpy_dtype_promotion("standard"):
        expected = _find_path(getattr(optax.contrib, name)(rate, **options))
    assert_same_path(_find_path(getattr(gl, name)(rate, **options)), expected, 1e-12)


def test_optax_lets_the_step_of_momo_out_of_the_division_by_the_decay() -> None:
    """The minimum of the model with the penalty is (x - s d) / (1 + a l); optax 0.2.8 has x / (1 + a l) - s d."""
    x, gradient = jnp.array([1.0]), jnp.array([1.0])
    theirs, ours = optax.contrib.momo(1.0, weight_decay=1.0), gl.momo(1.0, weight_decay=1.0)
    with jax.numpy_dtype_promotion("standard"):
        step, _ = theirs.update(gradient, theirs.init(x), x, value=jnp.array(9.0))
    np.testing.assert_allclose(x + step, 1 / 2 - 1)  # the rate is 1, as the loss is high
    step, _ = ours.update(gradient, ours.init(x), x, value=jnp.array(9.0))
    np.testing.assert_allclose(x + step, (1 - 1) / 2, atol=1e-15)
    # The penalized model 9 + (y - 1) + (y - 1)^2 / 2 + y^2 / 2 is lowest at 0, and not at -1/2.


def test_optax_stops_momo_where_gradients_are_small() -> None:
    x, gradient = jnp.array([1.0]), jnp.array([1e-8])
    theirs, ours = optax.contrib.momo(), gl.momo()
    with jax.numpy_dtype_promotion("standard"):
        step, _ = theirs.update(gradient, theirs.init(x), x, value=jnp.array(1.0))
    np.testing.assert_array_equal(step, 0.0)
    np.testing.assert_allclose(ours.update(gradient, ours.init(x), x, value=jnp.array(1.0))[0], -1e-8)


def test_optax_takes_the_first_step_of_sophia_without_curvature() -> None:
    """The paper divides by the curvature that it has just estimated; optax 0.2.8 by that of before, at first 0."""
    x, gradient = jnp.array([1.0]), jnp.array([0.1])
    options: dict[str, Any] = {"b1": 0.0, "b2": 0.0, "gamma": 1.0}
    theirs, ours = optax.contrib.sophia(1.0, weight_decay=0.0, **options), gl.sophia(1.0, **options)
    with jax.numpy_dtype_promotion("standard"):
        step, _ = theirs.update(gradient, theirs.init(x), x, obj_fn=lambda x: 0.5 * jnp.sum(x**2))
    np.testing.assert_allclose(step, -1.0)  # the bound
    np.testing.assert_allclose(ours.update(gradient, ours.init(x), x, gradient_fn=lambda x: x)[0], -0.1)
