"""The references against numbers worked out by hand, optax in float64, and algebraic identities."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gradlab.testing import references

run = references.trajectory
STEPS = 100
QUICK: dict[str, Any] = {
    "learning_rate": 0.1,
    "b1": 0.5,
    "b2": 0.75,
}  # decays that make round numbers
ALL: dict[
    str, tuple[Any, dict[str, Any]]
] = {  # every reference, with each of its switches; eps = 0 wherever there is one
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
}
each_reference = pytest.mark.parametrize(
    ("step", "hyperparameters"), [pytest.param(*case, id=name) for name, case in ALL.items()]
)


def gradients_of(scale, *, sparse=False, seed=0):
    """100 gradients [100, 6]; sparse ones have the first column zero, and 8 of 10 of the others."""
    rng = np.random.default_rng(seed)
    g = scale * (rng.standard_normal((STEPS, 6)) + 0.3)
    if sparse:
        g *= rng.random(g.shape) < 0.2
        g[:, 0] = 0.0
        g[:5, 1] = 0.0
    return g


def assert_same_path(got, expected, tolerance=1e-12):
    """Each coordinate's gap stays within `tolerance` of the distance that coordinate travels."""
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


# Numbers worked out by hand. The trajectories start at 0, and list the change of each step.


def changes(step, gradients, x0=0.0, **hyperparameters):
    return np.diff(run(step, x0, gradients, **hyperparameters), axis=0)


@pytest.mark.parametrize(
    ("step", "gradients", "hyperparameters", "expected"),
    [
        (references.sgd, [2.0, -3.0], {}, [-0.02, 0.03]),
        (references.sgd, [2.0, -3.0], {"learning_rate": 0.5}, [-1.0, 1.5]),
        # v = 2, then .5 * 2 - 3 = -2
        (references.sgd, [2.0, -3.0], {"learning_rate": 0.1, "momentum": 0.5}, [-0.2, 0.2]),
        # v = .75 * 2 = 1.5, then .5 * 1.5 - .75 * 3 = -1.5
        (
            references.sgd,
            [2.0, -3.0],
            {"learning_rate": 0.1, "momentum": 0.5, "dampening": 0.25},
            [-0.15, 0.15],
        ),
        # v = -.2, change -.1 - .2; v = -.1 + .3 = .2, change .1 + .3
        (
            references.sgd,
            [2.0, -3.0],
            {"learning_rate": 0.1, "momentum": 0.5, "nesterov": True},
            [-0.3, 0.4],
        ),
        # 3/4 of the gradients: all of it is linear
        (
            references.sgd,
            [2.0, -3.0],
            {"learning_rate": 0.1, "momentum": 0.5, "nesterov": True, "dampening": 0.25},
            [-0.225, 0.3],
        ),
        # without momentum nothing else matters
        (references.sgd, [2.0], {"nesterov": True, "dampening": 0.25}, [-0.02]),
        # m = .1 * 2, then .9 * .2 - .1 * 3 = -.12
        (references.momentum_average, [2.0, -3.0], {"learning_rate": 0.5}, [-0.1, 0.06]),
        (references.sign_sgd, [2.0, -3e-9, 0.0], {"learning_rate": 0.5}, [-0.5, 0.5, 0.0]),
        # s = 9, then 25
        (
            references.adagrad,
            [3.0, -4.0],
            {"learning_rate": 1.0, "eps": 0.5},
            [-3 / 3.5, 4 / 5.5],
        ),
        # s = 7 + 9
        (
            references.adagrad,
            [3.0],
            {"learning_rate": 1.0, "eps": 0.5, "initial_accumulator": 7.0},
            [-3 / 4.5],
        ),
        (references.adagrad, [1e-10], {"learning_rate": 1.0}, [-0.5]),
        # v = 2, d = sqrt(1/3) 2, w = 2/3; v = 3, d = -sqrt((2/3 + 1) / 4) 2
        (
            references.adadelta,
            [2.0, -2.0],
            {"learning_rate": 0.5, "rho": 0.5, "eps": 1.0},
            [-np.sqrt(1 / 3), 0.5 * np.sqrt(5 / 3)],
        ),
        # v = .1 * 4
        (references.adadelta, [2.0], {}, [-2 * np.sqrt(1e-6 / (0.4 + 1e-6))]),
        # v = .1 * 4
        (references.rmsprop, [2.0], {}, [-0.01 * 2 / (np.sqrt(0.4) + 1e-8)]),
        # v = 1, then 1.75
        (
            references.rmsprop,
            [2.0, -2.0],
            {"learning_rate": 0.1, "decay": 0.75, "eps": 0.5},
            [-0.2 / 1.5, 0.2 / (np.sqrt(1.75) + 0.5)],
        ),
        # v = 2, mean = 1, difference 1; v = 3, mean = -.5, difference 2.75
        (
            references.rmsprop,
            [2.0, -2.0],
            {"learning_rate": 0.1, "decay": 0.5, "eps": 0.5, "centered": True},
            [-0.2 / 1.5, 0.2 / (np.sqrt(2.75) + 0.5)],
        ),
        # v = 4, then 1, so d = 1, then -1; b = 1, then .75 - 1 = -.25
        (
            references.rmsprop,
            [2.0, -1.0],
            {"learning_rate": 0.1, "decay": 0.0, "eps": 0.0, "momentum": 0.75},
            [-0.1, 0.025],
        ),
        # d + .75 b = 1.75, then -1 - .1875
        (
            references.rmsprop,
            [2.0, -1.0],
            {"learning_rate": 0.1, "decay": 0.0, "eps": 0.0, "momentum": 0.75, "nesterov": True},
            [-0.175, 0.11875],
        ),
        # the first step is -a g / (|g| + eps)
        (references.adam, [-3e-8], {}, [1e-3 * 3 / 4]),
        # m = 1, v = 1: m^ = 2, v^ = 4; m = -.5, v = 1.75: m^ = -2/3, v^ = 4
        (references.adam, [2.0, -2.0], {**QUICK, "eps": 0.5}, [-0.08, 0.08 / 3]),
        # sqrt(4 + 5) = 3
        (references.adam, [2.0, -2.0], {**QUICK, "eps": 0.5, "eps_root": 5.0}, [-0.2 / 3.5, 0.2 / 10.5]),
        (references.amsgrad, [2.0, -2.0], {**QUICK, "eps": 0.5, "eps_root": 5.0}, [-0.2 / 3.5, 0.2 / 10.5]),
        # m^ = .5 * 1 / .75 + .5 * 2 / .5 = 8/3, then -.5 * .5 / .875 - .5 * 2 / .75 = -34/21, both over 3.5
        (
            references.adam,
            [2.0, -2.0],
            {**QUICK, "eps": 0.5, "eps_root": 5.0, "nesterov": True},
            [-0.8 / 10.5, 3.4 / 73.5],
        ),
        (references.nadam, [2.0, -2.0], {**QUICK, "eps": 0.5, "eps_root": 5.0}, [-0.8 / 10.5, 3.4 / 73.5]),
        # v = 6: sqrt(6 + 3) = 3; 12 with the correction; 6 - 1 centered
        (references.rmsprop, [2.0], {"decay": 0.5, "eps": 3.0, "initial_scale": 8.0, "eps_in_sqrt": True}, [-0.02 / 3]),
        (
            references.rmsprop,
            [2.0],
            {"decay": 0.5, "eps": 0.0, "initial_scale": 8.0, "bias_correction": True},
            [-0.02 / np.sqrt(12)],
        ),
        (
            references.rmsprop,
            [2.0],
            {"decay": 0.5, "eps": 0.0, "initial_scale": 8.0, "centered": True},
            [-0.02 / np.sqrt(5)],
        ),
        (references.adam_efficient, [-3e-8], {}, [1e-3 * 3 / (3 + 1 / np.sqrt(1e-3))]),
        (
            references.adam_efficient,
            [2.0, -2.0],
            {**QUICK, "eps": 0.5},
            [-0.1 / 1.5, 0.1 * np.sqrt(0.4375) / 0.75 * 0.5 / (np.sqrt(1.75) + 0.5)],
        ),
        (references.adamax, [-3e-8], {}, [2e-3]),
        # m = 1, .75, -1.625 and u = 2, 1, 4
        (
            references.adamax,
            [2.0, 0.5, -4.0],
            {"learning_rate": 0.1, "b1": 0.5, "b2": 0.5},
            [-0.1, -0.1, 0.1 * (1.625 / 0.875) / 4],
        ),
        (references.adamax, [2.0], {"learning_rate": 0.1, "eps": 0.5}, [-0.2 / 2.5]),
        # m^ = .9 * .1 g / (1 - .81) + g
        (references.nadam, [-3.0], {"eps": 1.0}, [2e-3 * 3 * (9 / 19 + 1) / 4]),
        # u = .5, then .25, then .5: products .5, .125, .0625; v^ = 4 at both steps
        # m = 1: m^ = .25 / .875 + .5 * 2 / .5 = 16/7
        # m = .25 - 1.5: m^ = -.625 / .9375 - .75 * 2 / .875 = -2/3 - 12/7
        (
            references.nadam,
            [2.0, -2.0],
            {
                "learning_rate": 0.1,
                "b1": lambda k: [0.5, 0.25][k],
                "next_b1": lambda k: [0.25, 0.5][k],
                "b2": 0.75,
                "eps": 0.5,
            },
            [-0.04 * 16 / 7, 0.04 * (2 / 3 + 12 / 7)],
        ),
        (references.amsgrad, [-3e-8], {}, [1e-3 * 3 / 4]),
        # v^ = 4; then m^ = .5 / .75, v^ = .75 / .4375 < 4, so that 4 stays
        (references.amsgrad, [2.0, 0.0], {**QUICK, "eps": 0.5}, [-0.08, -0.08 / 3]),
        # f = .1, c = .5: lower = 1/30, then .05; upper = .3, then .2; inside: s = .1, v = 1,
        # m = 1; s = .1 sqrt(.4375) / .75, v = 1.75, m = -.5
        (
            references.adabound,
            [2.0, -2.0],
            {**QUICK, "gamma": 0.5, "eps": 0.0},
            [-0.1, 0.5 * 0.1 * np.sqrt(0.4375 / 1.75) / 0.75],
        ),
        # eps is added to the root, before the clip: .1 / (1 + 1)
        (references.adabound, [2.0], {**QUICK, "gamma": 0.5, "eps": 1.0}, [-0.05]),
        # below: .1 / 100 < 1/30, m = 100; above: .1 / .01 > .3, m = .01
        (references.adabound, [200.0], {**QUICK, "gamma": 0.5}, [-100 / 30]),
        (references.adabound, [0.02], {**QUICK, "gamma": 0.5}, [-0.003]),
        # half of both bounds, at half of the initial rate
        (
            references.adabound,
            [200.0],
            {**QUICK, "gamma": 0.5, "initial_rate": 0.2},
            [-50 / 30],
        ),
        (references.adabound, [0.02], {**QUICK, "gamma": 0.5, "initial_rate": 0.2}, [-0.0015]),
        # as published: f = .1, c = 1e-3, so that the lower bound is .1 (1 - 1 / 1.001)
        (references.adabound, [2e3], {}, [-0.1 * (1 - 1 / 1.001) * 200]),
        # v = 1, then max(1, .75), where adabound has .75; m = .5
        (
            references.amsbound,
            [2.0, 0.0],
            {**QUICK, "gamma": 0.5, "eps": 0.0},
            [-0.1, -0.5 * 0.1 * np.sqrt(0.4375) / 0.75],
        ),
        (
            references.adabound,
            [2.0, 0.0],
            {**QUICK, "gamma": 0.5, "eps": 0.0},
            [-0.1, -0.5 * 0.1 * np.sqrt(0.4375 / 0.75) / 0.75],
        ),
        (references.amsbound, [2.0], {**QUICK, "gamma": 0.5, "eps": 1.0}, [-0.05]),
        (references.amsbound, [2e3], {}, [-0.1 * (1 - 1 / 1.001) * 200]),
        (references.amsbound, [0.02], {**QUICK, "gamma": 0.5, "initial_rate": 0.2}, [-0.0015]),
    ],
)
def test_first_steps_by_hand(step, gradients, hyperparameters, expected):
    got = changes(step, gradients, **hyperparameters)
    np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_adamw_decays_the_parameters_before_the_step():
    points = run(references.adamw, 3.0, [2.0, -2.0], **QUICK, eps=0.5, weight_decay=0.2)
    first = 3.0 - 0.08 - 0.1 * 0.2 * 3.0
    second = first + 0.08 / 3 - 0.1 * 0.2 * first
    np.testing.assert_allclose(points, [3.0, first, second], rtol=1e-14)
    default, _ = references.adamw(np.array(0.0), {}, 1, np.array(3.0))
    np.testing.assert_allclose(default, -1e-3 * 1e-2 * 3.0, rtol=1e-14)


def test_sign_of_a_complex_gradient_is_its_direction():
    change = changes(references.sign_sgd, [3.0 + 4.0j, -2.0j, 0.0], learning_rate=1.0)
    np.testing.assert_allclose(change, [-0.6 - 0.8j, 1.0j, 0.0], rtol=1e-15)


# The same path as optax, where optax computes the same. Some of its optimizers have eps inside the
# root or the maximum, or the rate inside the buffer; those are compared without eps, or composed.

A, U = 0.1, 0.9  # the rate and the momentum
RATES = {"constant": (A, A), "decaying": (lambda k: A * 0.97**k,) * 2}
TINY = 1e-300  # an eps that only keeps optax from 0 / 0

OPTAX: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "sgd": (references.sgd, {}, optax.sgd),
    "heavy ball": (references.sgd, {"momentum": U}, lambda a: optax.sgd(a, momentum=U)),
    "nesterov": (
        references.sgd,
        {"momentum": U, "nesterov": True},
        lambda a: optax.chain(optax.scale_by_learning_rate(a), optax.trace(U, nesterov=True)),
    ),
    "momentum_average": (
        references.momentum_average,
        {"decay": U},
        lambda a: optax.chain(optax.ema(U, debias=False), optax.scale_by_learning_rate(a)),
    ),
    "sign_sgd": (references.sign_sgd, {}, optax.sign_sgd),
    "adagrad": (
        references.adagrad,
        {"eps": 0.0},
        lambda a: optax.adagrad(a, initial_accumulator_value=0.0, eps=0.0),
    ),
    "adagrad, accumulator": (
        references.adagrad,
        {"eps": 0.0, "initial_accumulator": 0.1},
        lambda a: optax.adagrad(a, initial_accumulator_value=0.1, eps=0.0),
    ),
    "adadelta": (references.adadelta, {}, optax.adadelta),
    "adadelta, decay": (
        references.adadelta,
        {"weight_decay": 0.1},
        lambda a: optax.adadelta(a, weight_decay=0.1),
    ),
    "adadelta, other": (
        references.adadelta,
        {"rho": 0.7, "eps": 1e-9},
        lambda a: optax.adadelta(a, rho=0.7, eps=1e-9),
    ),
    "rmsprop": (references.rmsprop, {}, lambda a: optax.rmsprop(a, eps_in_sqrt=False)),
    "rmsprop, centered": (
        references.rmsprop,
        {"decay": 0.8, "centered": True},
        lambda a: optax.rmsprop(a, decay=0.8, eps_in_sqrt=False, centered=True),
    ),
    "rmsprop, momentum": (
        references.rmsprop,
        {"momentum": U},
        lambda a: optax.chain(
            optax.scale_by_rms(0.9, 1e-8, eps_in_sqrt=False),
            optax.trace(U),
            optax.scale_by_learning_rate(a),
        ),
    ),
    "rmsprop, nesterov": (
        references.rmsprop,
        {"momentum": U, "nesterov": True},
        lambda a: optax.chain(
            optax.scale_by_rms(0.9, 1e-8, eps_in_sqrt=False),
            optax.trace(U, nesterov=True),
            optax.scale_by_learning_rate(a),
        ),
    ),
    "adam": (references.adam, {}, optax.adam),
    "adam, other": (
        references.adam,
        {"b1": 0.7, "b2": 0.9, "eps": 1e-5},
        lambda a: optax.adam(a, b1=0.7, b2=0.9, eps=1e-5),
    ),
    "adam_efficient": (
        references.adam_efficient,
        {"eps": TINY},
        lambda a: optax.adam(a, eps=TINY),
    ),
    "adamw": (
        references.adamw,
        {"weight_decay": 0.01},
        lambda a: optax.adamw(a, weight_decay=0.01),
    ),
    "adamw, nesterov": (
        references.adamw,
        {"weight_decay": 0.1, "nesterov": True, "eps_root": 1e-3},
        lambda a: optax.adamw(a, weight_decay=0.1, nesterov=True, eps_root=1e-3),
    ),
    "rmsprop, all": (
        references.rmsprop,
        {"eps_in_sqrt": True, "initial_scale": 0.1, "bias_correction": True, "centered": True},
        lambda a: optax.rmsprop(a, initial_scale=0.1, bias_correction=True, centered=True),
    ),
    "adamax": (references.adamax, {"eps": TINY}, lambda a: optax.adamax(a, eps=TINY)),
    "nadam": (references.nadam, {}, optax.nadam),
    "amsgrad": (references.amsgrad, {"b2": 0.9}, lambda a: optax.amsgrad(a, b2=0.9)),
}


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", OPTAX)
def test_same_path_as_optax(name, rate):
    step, hyperparameters, make_optax = OPTAX[name]
    ours, theirs = RATES[rate]
    g = np.hstack(  # all of them work by element, so that six kinds of gradient fit in one run
        [gradients_of(scale, sparse=sparse) for scale in (1, 1e-4, 1e-12) for sparse in (0, 1)]
    )
    x0 = np.zeros(36)  # no digits are lost
    if "weight_decay" in hyperparameters:
        x0 += np.linspace(-1.0, 2.0, 36)
    expected = optax_trajectory(make_optax(theirs), x0, g)
    got = run(step, x0, g, learning_rate=ours, **hyperparameters)
    assert_same_path(got, expected)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("centered", [False, True])
def test_whole_optax_recipes_at_a_constant_rate(centered, nesterov):
    g = gradients_of(1e-4)
    got = run(references.sgd, np.zeros(6), g, momentum=U, nesterov=nesterov)
    expected = optax_trajectory(optax.sgd(1e-2, U, nesterov), np.zeros(6), g)
    assert_same_path(got, expected)
    switches: dict[str, Any] = {"centered": centered, "momentum": U, "nesterov": nesterov}
    got = run(references.rmsprop, np.zeros(6), g, **switches)
    tx = optax.rmsprop(1e-2, 0.9, 1e-8, eps_in_sqrt=False, **switches)
    assert_same_path(got, optax_trajectory(tx, np.zeros(6), g))


@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_adamax_is_near_optax_with_its_eps_inside_the_maximum(scale):
    g = scale * np.sign(gradients_of(1.0)) * np.linspace(1.0, 2.0, 6)  # no |g| near eps
    got = run(references.adamax, np.zeros(6), g, eps=1e-8)
    expected = optax_trajectory(optax.adamax(2e-3, eps=1e-8), np.zeros(6), g)
    assert_same_path(got, expected, tolerance=1e-11 / scale)


@pytest.mark.parametrize("name", ["heavy ball", "rmsprop", "adam", "adamax", "nadam", "amsgrad"])
def test_same_complex_path_as_optax(name):
    step, hyperparameters, make_optax = OPTAX[name]
    g = gradients_of(1.0) + 1j * gradients_of(1.0, seed=1)
    expected = optax_trajectory(make_optax(A), np.zeros(6, complex), g)
    got = run(step, np.zeros(6), g, learning_rate=A, **hyperparameters)
    assert_same_path(got, expected)


# Identities.

CURVATURE = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 0.3]])  # positive definite
START = np.array([1.0, -2.0, 0.5])


def quadratic_gradient(x):
    return CURVATURE @ x


def nesterov_by_looking_ahead(rate, u):
    """Nesterov as published: returns the points x + u v at which the gradient is taken."""
    x, v = START, np.zeros(3)
    points = [x + u * v]
    for k in range(STEPS):
        v = u * v - rate(k) * quadratic_gradient(x + u * v)
        x = x + v
        points.append(x + u * v)
    return np.stack(points)


@pytest.mark.parametrize("decay", [1.0, 0.97, 1.01], ids=["constant", "decaying", "growing"])
def test_nesterov_stores_the_look_ahead_point_at_any_rate(decay):
    def rate(k):
        return 0.05 * decay**k

    got = run(
        references.sgd,
        START,
        quadratic_gradient,
        steps=STEPS,
        learning_rate=rate,
        momentum=0.8,
        nesterov=True,
    )
    assert_same_path(got, nesterov_by_looking_ahead(rate, 0.8))


@pytest.mark.parametrize(("decay", "exact"), [(1.0, True), (0.97, False)])
def test_nesterov_with_the_rate_outside_is_exact_at_a_constant_rate_only(decay, exact):
    y, b = START, np.zeros(3)
    points = [y]
    for k in range(STEPS):
        g = quadratic_gradient(y)
        b = 0.8 * b + g
        y = y - 0.05 * decay**k * (g + 0.8 * b)
        points.append(y)
    got = run(
        references.sgd,
        START,
        quadratic_gradient,
        steps=STEPS,
        learning_rate=lambda k: 0.05 * decay**k,
        momentum=0.8,
        nesterov=True,
    )
    gap = np.abs(got - np.stack(points)).max() / np.abs(np.diff(points, axis=0)).sum()
    assert gap < 1e-14 if exact else gap > 1e-3


def test_descent_on_a_quadratic_is_a_power_of_the_matrix():
    points = run(references.sgd, START, quadratic_gradient, steps=20, learning_rate=0.1)
    shrink = np.linalg.matrix_power(np.eye(3) - 0.1 * CURVATURE, 20)
    np.testing.assert_allclose(points[-1], shrink @ START, rtol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e-12])
def test_sign_descent_is_rmsprop_without_memory(scale):
    g = gradients_of(scale, sparse=True) * (1 + 2j)
    sign = run(references.sign_sgd, np.zeros(6), g, learning_rate=0.1)
    rms = run(references.rmsprop, np.zeros(6), g, learning_rate=0.1, decay=0.0, eps=0.0)
    assert_same_path(rms, sign, tolerance=1e-14)


def test_running_mean_is_a_dampened_heavy_ball():
    g = gradients_of(1.0)
    mean = run(references.momentum_average, np.zeros(6), g, learning_rate=RATES["decaying"][0])
    ball = run(
        references.sgd,
        np.zeros(6),
        g,
        learning_rate=RATES["decaying"][0],
        momentum=0.9,
        dampening=0.1,
    )
    other = run(references.sgd, np.zeros(6), g, learning_rate=0.1, momentum=0.9, dampening=0.9)
    same = run(references.momentum_average, np.zeros(6), g, learning_rate=0.1)
    assert_same_path(other, same)
    assert_same_path(ball / 0.9, mean / 0.1)


def test_adam_efficient_is_adam_with_a_larger_eps():
    g = gradients_of(1e-6)
    efficient = run(references.adam_efficient, np.zeros(6), g, eps=1e-8)
    adam = run(references.adam, np.zeros(6), g, eps=lambda k: 1e-8 / np.sqrt(1 - 0.999 ** (k + 1)))
    assert_same_path(efficient, adam)


def test_adam_without_momentum_is_corrected_rmsprop():
    g = gradients_of(1.0)
    adam = run(references.adam, np.zeros(6), g, b1=0.0, eps=0.0)
    rms = run(
        references.rmsprop,
        np.zeros(6),
        g,
        decay=0.999,
        eps=0.0,
        learning_rate=lambda k: 1e-3 * np.sqrt(1 - 0.999 ** (k + 1)),
    )
    assert_same_path(adam, rms)


def test_nadam_under_a_schedule_remembers_the_product_of_the_momenta():
    def u(k):  # as in the paper, k = 0 at the first step
        return 0.9 * (1 - 0.5 * 0.96 ** ((k + 1) / 10))

    g = gradients_of(1.0)
    got = run(references.nadam, np.zeros(6), g, b1=u, next_b1=lambda k: u(k + 1), eps=1e-3)
    us = np.array([u(k) for k in range(STEPS + 1)])
    points = [np.zeros(6)]
    for t in range(1, STEPS + 1):  # the sums instead of the recursions
        weights = np.array([(1 - us[i]) * np.prod(us[i + 1 : t]) for i in range(t)])
        m = weights @ g[:t]
        v_hat = 1e-3 * 0.999 ** np.arange(t - 1, -1, -1) @ g[:t] ** 2 / (1 - 0.999**t)
        m_hat = us[t] * m / (1 - np.prod(us[: t + 1]))
        m_hat = m_hat + (1 - us[t - 1]) * g[t - 1] / (1 - np.prod(us[:t]))
        points.append(points[-1] - 2e-3 * m_hat / (np.sqrt(v_hat) + 1e-3))
    assert_same_path(got, np.stack(points))


def test_amsgrad_is_adam_while_the_gradient_grows():
    g = np.geomspace(1.0, 1e3, STEPS)[:, None] * np.array([1.0, -2.0, 3.0])
    ams = run(references.amsgrad, np.zeros(3), g)
    assert_same_path(ams, run(references.adam, np.zeros(3), g))
    bound = run(references.amsbound, np.zeros(3), g, gamma=1e-9)
    assert_same_path(bound, run(references.adabound, np.zeros(3), g, gamma=1e-9))


@pytest.mark.parametrize("step", [references.adabound, references.amsbound])
def test_adabound_goes_from_adam_to_gradient_descent(step):
    g = gradients_of(1.0)
    loose = run(step, np.zeros(6), g, gamma=1e-15)
    tight = run(step, np.zeros(6), g, gamma=1e15, final_rate=0.3)
    if step is references.adabound:
        adam = run(references.adam_efficient, np.zeros(6), g)
        assert_same_path(loose, adam)
    descent = run(references.momentum_average, np.zeros(6), g, learning_rate=0.3)
    assert_same_path(tight, descent)


@pytest.mark.parametrize("step", [references.adabound, references.amsbound])
def test_adabound_stays_within_its_bounds_and_reaches_both(step):
    g = gradients_of(1.0) * np.array([1e-12, 1e-3, 1.0, 1.0, 10.0, 1e6])

    def rate(k):
        return 1e-2 * 0.99**k

    change = changes(step, g, np.zeros(6), learning_rate=rate, initial_rate=1e-2, gamma=0.1)
    m = changes(references.momentum_average, g, np.zeros(6), learning_rate=1.0)
    effective = change / m  # the rate of each coordinate at each step
    t = np.arange(1, STEPS + 1)[:, None]
    f = 0.1 * 0.99 ** (t - 1)
    lower, upper = f * (1 - 1 / (0.1 * t + 1)), f * (1 + 1 / (0.1 * t))
    slack = 1e-9  # differences of positions have lost digits
    assert np.all(effective >= lower * (1 - slack))
    assert np.all(effective <= upper * (1 + slack))
    np.testing.assert_allclose(effective[:, :1], upper, rtol=slack)
    np.testing.assert_allclose(effective[:, -1:], lower, rtol=slack)
    inside = (effective > lower * (1 + 1e-3)) & (effective < upper * (1 - 1e-3))
    assert inside.any()


# What holds for all of them. Warnings are errors here, whatever the runner is told.


@each_reference
@pytest.mark.filterwarnings("error")
def test_zero_gradients_give_zero_change(step, hyperparameters):
    zeros = np.zeros((3, 2))
    decay: dict[str, Any] = {"weight_decay": 0.0} if step is references.adamw else {}
    points = run(step, np.ones(2), zeros, **hyperparameters, **decay)
    np.testing.assert_array_equal(points, 1.0)
    points = run(step, np.ones(2), zeros + 0j, **hyperparameters, **decay)
    np.testing.assert_array_equal(points, 1.0)


@each_reference
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1e6, 1.0, 1e-12])
def test_sparse_gradients_give_finite_paths(step, hyperparameters, scale):
    g = gradients_of(scale, sparse=True)
    points = run(step, np.zeros(6), g, **hyperparameters)
    assert np.all(np.isfinite(points))
    np.testing.assert_array_equal(points[:, 0], 0.0)
    with_zeros_first = run(step, np.zeros(6), g[:6], **hyperparameters)
    np.testing.assert_array_equal(with_zeros_first[:6, 1], 0.0)


@pytest.mark.filterwarnings("error")
def test_centered_rmsprop_takes_no_root_of_a_rounding_error():
    g = np.tile(np.linspace(0.1, 3.0, 50), (STEPS, 1))  # constant: v - mean^2 tends to zero
    points = run(references.rmsprop, np.zeros(50), g, decay=0.5, centered=True)
    assert np.all(np.isfinite(points))


@each_reference
def test_first_step_descends(step, hyperparameters):
    g = np.array([2.0, -3e-4])
    change, _ = step(g, {}, 1, np.zeros(2), **hyperparameters)
    if step is references.adadelta and hyperparameters == {"eps": 0.0}:
        np.testing.assert_array_equal(change, 0.0)  # w = 0 stays 0
    else:
        np.testing.assert_array_equal(np.sign(change), -np.sign(g))


@each_reference
def test_steps_are_pure(step, hyperparameters):
    g, x = np.array([2.0, -3.0]), np.array([0.5, 1.0])
    state: dict[str, Any] = {}
    for t in range(1, 4):
        kept = {name: np.copy(value) for name, value in state.items()}
        first = step(g, state, t, x, **hyperparameters)
        second = step(g, state, t, x, **hyperparameters)
        np.testing.assert_array_equal(first[0], second[0])
        np.testing.assert_array_equal(g, [2.0, -3.0])
        np.testing.assert_array_equal(x, [0.5, 1.0])
        assert list(state) == list(kept)
        for name in kept:
            np.testing.assert_array_equal(state[name], kept[name])
        assert first[0].dtype == np.float64
        state = first[1]


@each_reference
def test_complex_gradients_turn_with_the_plane(step, hyperparameters):
    g = gradients_of(1.0, sparse=True) + 1j * gradients_of(1.0, sparse=True, seed=1)
    x0 = np.linspace(-1.0, 2.0, 6) + 1j
    turn = np.exp(0.7j)
    straight = run(step, x0, g, **hyperparameters)
    turned = run(step, turn * x0, turn * g, **hyperparameters)
    np.testing.assert_allclose(turned, turn * straight, rtol=1e-9, atol=1e-9)
    real = run(step, x0.real, g.real, **hyperparameters)
    as_complex = run(step, x0.real, g.real + 0j, **hyperparameters)
    assert real.dtype == np.float64
    assert as_complex.dtype == np.complex128
    np.testing.assert_allclose(as_complex, real, rtol=1e-12, atol=1e-15)


@each_reference
def test_moments_of_a_complex_gradient_are_real(step, hyperparameters):
    state: dict[str, Any] = {}
    for t in (1, 2):
        _, state = step(np.array([1.0 + 2.0j]), state, t, np.zeros(1), **hyperparameters)
    for name in {"v", "w", "s", "u"} & set(state) - ({"v"} if step is references.sgd else set()):
        assert not np.iscomplexobj(state[name]), name


# The runner.


def test_trajectory_starts_at_x0_and_evaluates_schedules_from_zero():
    seen = []

    def rate(k):
        seen.append(k)
        return [1.0, 10.0, 100.0][k]

    x0 = np.array([[1.0], [2.0]], np.float32)
    points = run(references.sgd, x0, np.ones((3, 2, 1), np.float32), learning_rate=rate)
    assert seen == [0, 1, 2]
    assert points.shape == (4, 2, 1)
    assert points.dtype == np.float64
    np.testing.assert_array_equal(points[:, 0, 0], [1.0, 0.0, -10.0, -110.0])
    np.testing.assert_array_equal(x0, [[1.0], [2.0]])


def test_trajectory_passes_the_step_and_the_point():
    def step(g, state, t, x):
        return g + t, {**state, t: x}

    points = run(step, 1.0, lambda x: 10 * x, steps=2)
    np.testing.assert_array_equal(points, [1.0, 12.0, 134.0])


def test_trajectory_takes_jax_arrays_and_functions():
    with jax.enable_x64(True):
        gradient = jax.grad(lambda x: jnp.sum(x**3))
        points = run(references.sgd, jnp.array([1.0, 0.5]), gradient, steps=1, learning_rate=0.1)
    np.testing.assert_allclose(points[1], [0.7, 0.425], rtol=1e-15)


def test_trajectory_with_no_gradients_is_its_start():
    points = run(references.sgd, [1.0, 2.0], np.zeros((0, 2)))
    np.testing.assert_array_equal(points, [[1.0, 2.0]])


@pytest.mark.parametrize(
    ("gradients", "steps", "message"),
    [
        (lambda x: x, None, "no `steps`"),
        (np.ones((3, 2)), 4, "steps=4, 3 gradients"),
        (np.ones((3, 1)), None, r"shape \(1,\), expected x0's shape \(2,\)"),
        (lambda x: x[0], 3, r"shape \(\), expected x0's shape \(2,\)"),
    ],
)
def test_trajectory_refuses_what_does_not_fit(gradients, steps, message):
    with pytest.raises(ValueError, match=message):
        run(references.sgd, np.zeros(2), gradients, steps=steps)
