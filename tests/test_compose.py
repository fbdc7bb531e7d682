"""The algebra of chains: associative, with an identity, of two signals, in and around optax's own."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import flax.nnx as nnx
import flax.training.train_state
import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.testing import references

B1, B2, EPS, RATE = 0.9, 0.999, 1e-8, 0.1

OPTAX_TRACE: Any = optax.trace(0.5)
LINKS: dict[str, Callable[[], Any]] = {
    "clip": lambda: gl.clip_by_global_norm(1.0),
    "momentum": lambda: gl.scale_by_momentum(B1),
    "rms": lambda: gl.scale_by_rms(B2, EPS),
    "scale": lambda: gl.scale(-RATE),
    "recipe": lambda: gl.rmsprop(RATE, momentum=0.5),
    "isolated": lambda: gl.isolate(gl.scale_by_rms(B2)),
    "preconditioned": lambda: gl.precondition(gl.scale_by_rms(0.5)),
    "scheduled": lambda: gl.scale_by_momentum(gl.schedules.nadam_momentum()),
    "optax": lambda: OPTAX_TRACE,
    "nothing": gl.chain,
}


@pytest.fixture
def gradients(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((6, 4)) * np.array([1.0, 1e-3, 10.0, 0.1])


def in_series(*functions: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """The NumPy reading of a chain that was split from the start: each function takes (direction, gradient)."""

    def run(gradients: np.ndarray) -> np.ndarray:
        direction = gradients
        for function in functions:
            direction = function(direction, gradients)
        return direction

    return run


def momentum(d: np.ndarray, g: np.ndarray, b: float = B1) -> np.ndarray:
    m, out = np.zeros_like(d[0]), []
    for row in d:
        m = b * m + (1 - b) * row
        out.append(m)
    return np.stack(out)


def rms(d: np.ndarray, g: np.ndarray, b: float = B2, eps: float = EPS) -> np.ndarray:
    return d / (np.sqrt(momentum(g * g, g, b)) + eps)


# The laws.


@pytest.mark.parametrize(
    "names",
    [
        ("clip", "momentum", "rms"),
        ("momentum", "rms", "scale"),
        ("rms", "momentum", "isolated"),
        ("recipe", "rms", "scale"),
        ("optax", "momentum", "preconditioned"),
        ("momentum", "optax", "rms"),
        ("scheduled", "nothing", "rms"),
        ("scale", "recipe", "recipe"),
    ],
    ids="-".join,
)
def test_chain_is_associative(names: tuple[str, str, str], rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    a, b, c = (LINKS[name]() for name in names)
    flat, left, right = gl.chain(a, b, c), gl.chain(gl.chain(a, b), c), gl.chain(a, gl.chain(b, c))
    assert flat == left == right
    assert hash(flat) == hash(left) == hash(right)
    assert flat.links == left.links == right.links
    params = jnp.ones(4)
    assert jax.tree.map(jnp.shape, left.init(params)) == jax.tree.map(jnp.shape, right.init(params))
    with jax.numpy_dtype_promotion("standard"):
        expected = rollout(flat, gradients)
        np.testing.assert_array_equal(rollout(left, gradients), expected)
        np.testing.assert_array_equal(rollout(right, gradients), expected)


def leaves_of(nested: Any) -> list[Any]:
    return [leaf for part in nested for leaf in leaves_of(part)] if isinstance(nested, list) else [nested]


def chained(nested: Any) -> Any:
    return gl.chain(*map(chained, nested)) if isinstance(nested, list) else nested


ATOMS = [gl.scale(2.0), gl.scale_by_momentum(B1), gl.scale_by_rms(B2), gl.isolate(gl.scale(3.0)), OPTAX_TRACE]


@hypothesis.given(
    st.recursive(st.sampled_from(ATOMS), lambda inner: st.lists(inner, max_size=4), max_leaves=8).map(lambda x: [x])
)
def test_parentheses_never_matter(nested: Any) -> None:
    tx = chained(nested)
    assert tx == gl.chain(*leaves_of(nested))
    assert tx.links == tuple(leaves_of(nested))
    assert tx.splits_gradient == any(leaf is ATOMS[1] for leaf in leaves_of(nested))


@pytest.mark.parametrize("name", LINKS)
def test_the_empty_chain_is_the_identity(name: str, rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    link = LINKS[name]()
    assert gl.chain(gl.chain(), link) == gl.chain(link) == gl.chain(link, gl.chain())
    assert gl.chain(gl.chain(link)) == gl.chain(link)
    if isinstance(link, gl.Transformation):
        with jax.numpy_dtype_promotion("standard"):
            np.testing.assert_array_equal(rollout(gl.chain(link), gradients), rollout(link, gradients))


def test_the_empty_chain_changes_nothing() -> None:
    tree = {"a": jnp.ones(2), "b": None, "c": jnp.ones((), "bfloat16")}
    state = gl.chain().init(tree)
    assert state == ()
    updates, state = gl.chain().update(tree, state)
    assert state == ()
    assert updates["b"] is None
    assert updates["c"].dtype == jnp.bfloat16
    np.testing.assert_array_equal(updates["a"], tree["a"])


def test_recipes_are_opened(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    before, after = gl.clip_by_global_norm(0.5), gl.scale(2.0)
    nested = gl.chain(before, gl.adam(RATE), after)
    flat = gl.chain(before, *gl.adam(RATE).links, after)
    assert nested.links == flat.links
    np.testing.assert_array_equal(rollout(nested, gradients), rollout(flat, gradients))
    params = jnp.ones(4)
    assert len(nested.init(params)) == len(flat.init(params)) == len(gl.adam(RATE).links) + 2


@pytest.mark.parametrize("groups", [[(0, 2)], [(2, 4)], [(0, 4)], [(0, 1), (1, 4)]])
def test_wherever_a_chain_is_cut_it_computes_the_same(
    groups: list[tuple[int, int]], rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    links = [gl.clip_by_value(1.0), gl.scale_by_momentum(B1), gl.scale_by_rms(B2, EPS), gl.bias_correction(B1, B2)]

    @gl.transformation
    def part(first: int, last: int):
        return gl.chain(*links[first:last])

    covered = {i for first, last in groups for i in range(first, last)}
    pieces = [(first, part(first, last)) for first, last in groups]
    pieces += [(i, link) for i, link in enumerate(links) if i not in covered]
    tx = gl.chain(*[piece for _, piece in sorted(pieces, key=lambda pair: pair[0])])
    assert tx.links == tuple(links)
    np.testing.assert_array_equal(rollout(tx, gradients), rollout(gl.chain(*links), gradients))


# Two signals.


def test_rms_behind_momentum_reads_the_gradient(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.chain(LINKS["momentum"](), LINKS["rms"]()), gradients)
    np.testing.assert_allclose(got, in_series(momentum, rms)(gradients), rtol=1e-12)
    serial = rms(momentum(gradients, gradients), momentum(gradients, gradients))  # what one signal would give
    assert np.abs(got - serial).max() > 0.1


def test_rms_before_momentum_scales_what_momentum_averages(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.chain(LINKS["rms"](), LINKS["momentum"]()), gradients)
    np.testing.assert_allclose(got, momentum(rms(gradients, gradients), gradients), rtol=1e-12)
    assert np.abs(got - in_series(momentum, rms)(gradients)).max() > 1e-3


def test_before_the_split_each_link_rewrites_the_gradient(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.chain(gl.clip_by_value(0.5), LINKS["momentum"](), LINKS["rms"]()), gradients)
    np.testing.assert_allclose(got, in_series(momentum, rms)(np.clip(gradients, -0.5, 0.5)), rtol=1e-12)


def test_behind_the_split_the_direction_only(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.chain(LINKS["momentum"](), gl.clip_by_value(0.05), LINKS["rms"]()), gradients)
    expected = rms(np.clip(momentum(gradients, gradients), -0.05, 0.05), gradients)
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_scaling_links_do_not_split(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.chain(gl.scale(3.0), LINKS["rms"](), gl.scale_by_rms(0.5, EPS)), gradients)
    once = rms(3 * gradients, 3 * gradients)
    np.testing.assert_allclose(got, rms(once, once, 0.5), rtol=1e-12)  # the second RMS measures what the first made


def test_a_second_momentum_averages_the_direction(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.chain(LINKS["momentum"](), gl.scale_by_momentum(0.5)), gradients)
    np.testing.assert_allclose(got, momentum(momentum(gradients, gradients), gradients, 0.5), rtol=1e-12)


@pytest.mark.parametrize(
    ("tx", "splits"),
    [
        (gl.scale_by_momentum(), True),
        (gl.nesterov(), True),
        (gl.running_max(), True),
        (gl.running_sum(), True),
        (gl.scale_by_rms(), False),
        (gl.scale_by_rms(gl.chain(gl.scale_by_momentum(), gl.running_max())), False),
        (gl.scale_by_stddev(), False),
        (gl.clip_by_global_norm(1.0), False),
        (gl.chain(), False),
        (gl.chain(gl.scale(1.0), gl.scale_by_momentum()), True),
        (gl.isolate(gl.scale_by_momentum()), True),
        (gl.isolate(gl.scale_by_rms()), False),
        (gl.isolate(gl.isolate(gl.chain(gl.scale_by_momentum()))), True),
        (gl.precondition(gl.scale_by_momentum()), True),
        (gl.precondition(gl.scale_by_rms()), False),
        (gl.isolate(optax.trace(0.9)), False),
        (gl.chain(optax.scale_by_adam()), False),
        (gl.adam(), True),
        (gl.rmsprop(), False),
        (gl.rmsprop(momentum=0.9), True),
        (gl.adagrad(), False),
        (gl.sgd(0.1), False),
        (gl.sgd(0.1, momentum=0.9), True),
    ],
)
def test_which_links_split(tx: Any, splits: bool) -> None:
    assert tx.splits_gradient is splits


def test_a_link_called_by_hand_takes_its_own_input_or_the_grads_it_is_given() -> None:
    tx = gl.scale_by_rms(0.0, 0.0)
    d, g = jnp.array([6.0, -6.0]), jnp.array([2.0, 3.0])
    np.testing.assert_allclose(tx.update(d, tx.init(d))[0], [1.0, -1.0])
    np.testing.assert_allclose(tx.update(d, tx.init(d), grads=g)[0], [3.0, -2.0])
    chained = gl.chain(gl.scale(2.0), tx)
    np.testing.assert_allclose(chained.update(d, chained.init(d), grads=g)[0], [6.0, -4.0])  # so it is split already


def test_grads_reach_only_links_that_name_them() -> None:
    seen = []

    @gl.transformation
    def any_name():
        def update(updates, state, **extra):
            seen.append(set(extra))
            return updates, state

        return lambda params: (), update

    gl.chain(gl.scale_by_momentum(), any_name()).update(
        jnp.ones(2), gl.chain(gl.scale_by_momentum(), any_name()).init(jnp.ones(2)), other=1
    )
    assert seen == [{"other"}]


# isolate and precondition.


def test_isolate_takes_its_own_input_as_the_gradient(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.chain(LINKS["momentum"](), LINKS["isolated"]()), gradients)
    m = momentum(gradients, gradients)
    np.testing.assert_allclose(got, rms(m, m), rtol=1e-12)


def test_isolate_of_a_chain_hides_the_gradient_from_all_of_it(
    rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    inner = gl.chain(gl.scale_by_momentum(0.5), gl.scale_by_rms(B2, EPS))
    got = rollout(gl.chain(LINKS["momentum"](), gl.isolate(inner)), gradients)
    m = momentum(gradients, gradients)
    np.testing.assert_allclose(got, rms(momentum(m, m, 0.5), m), rtol=1e-12)


def test_behind_an_isolated_split_the_gradient_is_the_one_before(
    rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    got = rollout(gl.chain(gl.isolate(LINKS["momentum"]()), LINKS["rms"]()), gradients)
    np.testing.assert_allclose(got, in_series(momentum, rms)(gradients), rtol=1e-12)


def test_isolate_alone_changes_nothing(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    for tx in (gl.adam(RATE), gl.scale_by_rms()):
        np.testing.assert_array_equal(rollout(gl.isolate(tx), gradients), rollout(tx, gradients))


def test_precondition_multiplies_by_the_rates_of_ones(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    rates = gl.chain(gl.scale_by_rms(B2, EPS), gl.clip_between(5.0, 50.0))
    got = rollout(gl.chain(LINKS["momentum"](), gl.precondition(rates)), gradients)
    bounded = np.clip(rms(np.ones_like(gradients), gradients), 5.0, 50.0)
    np.testing.assert_allclose(got, bounded * momentum(gradients, gradients), rtol=1e-12)
    assert set(np.unique(bounded)) >= {5.0, 50.0}


@pytest.mark.parametrize("inner", [gl.scale_by_rms(0.9, 1e-3), gl.scale_by_infinity_norm(0.9, 1e-3), gl.scale(0.5)])
def test_precondition_is_the_link_itself_for_links_that_scale(
    inner: Any, rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    got = rollout(gl.chain(LINKS["momentum"](), gl.precondition(inner)), gradients)
    np.testing.assert_allclose(got, rollout(gl.chain(LINKS["momentum"](), inner), gradients), rtol=1e-14)


def test_precondition_gives_complex_leaves_real_rates(rollout: Callable[..., Any]) -> None:
    gradients = np.array([[3 + 4j, 1j, 0]])
    got = rollout(gl.precondition(gl.scale_by_rms(0.0, 0.0)), gradients)
    np.testing.assert_allclose(got, [[0.6 + 0.8j, 1j, 0]], atol=1e-15)


# Adam is its parts.


def efficient_adam() -> list[Any]:
    return [
        gl.scale_by_momentum(B1),
        gl.scale_by_rms(B2, EPS),
        gl.bias_correction(B1, B2),
        gl.scale_by_learning_rate(RATE),
    ]


def numpy_efficient_adam(gradients: np.ndarray) -> np.ndarray:
    """The end of section 2 of Kingma & Ba (2015), written out."""
    m = v = np.zeros_like(gradients[0])
    changes = []
    for t, g in enumerate(gradients, start=1):
        m = B1 * m + (1 - B1) * g
        v = B2 * v + (1 - B2) * g * g
        changes.append(-RATE * np.sqrt(1 - B2**t) / (1 - B1**t) * m / (np.sqrt(v) + EPS))
    return np.stack(changes)


def clip_rows(gradients: np.ndarray, limit: float) -> np.ndarray:
    norms = np.linalg.norm(gradients, axis=1, keepdims=True)
    return gradients * np.minimum(1, limit / norms)


@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e-8])
def test_the_efficient_adam_is_a_chain_of_four(
    scale: float, rollout: Callable[..., Any], rng: np.random.Generator
) -> None:
    gradients = scale * rng.standard_normal((60, 4))
    expected = numpy_efficient_adam(gradients)
    distance = np.abs(expected).sum()
    assert np.abs(rollout(gl.chain(*efficient_adam()), gradients) - expected).max() <= 1e-12 * distance
    clipped = numpy_efficient_adam(clip_rows(gradients, scale))
    clip = gl.clip_by_global_norm(scale)
    for tx in (gl.chain(clip, *efficient_adam()), gl.chain(clip, gl.chain(*efficient_adam()))):
        assert np.abs(rollout(tx, gradients) - clipped).max() <= 1e-12 * distance
    assert np.abs(clipped - expected).max() > 1e-4 * distance


def test_the_efficient_adam_agrees_with_its_reference(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((60, 4))
    points = references.trajectory(
        references.adam_efficient, np.zeros(4), gradients, learning_rate=RATE, b1=B1, b2=B2, eps=EPS
    )
    got = np.cumsum(rollout(gl.chain(*efficient_adam()), gradients), axis=0)
    np.testing.assert_allclose(got, points[1:], atol=1e-12 * np.abs(np.diff(points, axis=0)).sum())


@pytest.mark.parametrize("nested", [False, True])
def test_adam_itself_behind_clipping(nested: bool, rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((60, 4))
    adam = gl.adam(RATE, B1, B2, EPS)
    tx = gl.chain(gl.clip_by_global_norm(1.0), *([gl.chain(adam)] if nested else adam.links))
    points = references.trajectory(
        references.adam, np.zeros(4), clip_rows(gradients, 1.0), learning_rate=RATE, b1=B1, b2=B2, eps=EPS
    )
    got = np.cumsum(rollout(tx, gradients), axis=0)
    np.testing.assert_allclose(got, points[1:], atol=1e-12 * np.abs(np.diff(points, axis=0)).sum())


# optax's as links of ours.


def optax_rollout(tx: Any, gradients: np.ndarray) -> np.ndarray:
    with jax.numpy_dtype_promotion("standard"):
        params = jnp.asarray(gradients[0])
        state, update, results = tx.init(params), jax.jit(tx.update), []
        for gradient in gradients:
            updates, state = update(jnp.asarray(gradient), state, params)
            results.append(np.asarray(updates))
    return np.stack(results)


def at_every_second_step(results: np.ndarray) -> np.ndarray:
    spread = np.zeros((2 * len(results), *results.shape[1:]))
    spread[1::2] = results
    return spread


def ours(rollout: Callable[..., Any], tx: Any, gradients: np.ndarray) -> np.ndarray:
    with jax.numpy_dtype_promotion("standard"):  # optax is not strict
        return rollout(tx, gradients)


def test_optax_adam_as_a_link(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    tx = gl.chain(optax.scale_by_adam(B1, B2, EPS), gl.scale_by_learning_rate(RATE))
    np.testing.assert_allclose(ours(rollout, tx, gradients), rollout(gl.adam(RATE), gradients), rtol=1e-10)


def test_an_optax_link_before_the_split_makes_the_new_gradient(
    rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    tx = gl.chain(optax.clip(0.5), LINKS["momentum"](), LINKS["rms"]())
    np.testing.assert_allclose(
        ours(rollout, tx, gradients), in_series(momentum, rms)(np.clip(gradients, -0.5, 0.5)), rtol=1e-12
    )


def test_an_optax_link_never_splits(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    tx = gl.chain(optax.ema(B1, debias=False), LINKS["rms"]())
    m = momentum(gradients, gradients)
    np.testing.assert_allclose(ours(rollout, tx, gradients), rms(m, m), rtol=1e-12)


def test_an_optax_link_behind_the_split_gets_the_direction(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    tx = gl.chain(LINKS["momentum"](), optax.clip(0.05), LINKS["rms"]())
    expected = rms(np.clip(momentum(gradients, gradients), -0.05, 0.05), gradients)
    np.testing.assert_allclose(ours(rollout, tx, gradients), expected, rtol=1e-12)


def test_an_optax_link_is_not_handed_grads_but_every_other_extra() -> None:
    seen = []

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
        seen.append(extra)
        return updates, state

    foreign = optax.GradientTransformationExtraArgs(lambda params: (), update)
    tx = gl.chain(gl.scale_by_momentum(), foreign, gl.isolate(foreign), gl.precondition(foreign))
    tx.update(jnp.ones(2), tx.init(jnp.ones(2)), value=3.0)
    assert seen == [{"value": 3.0}] * 3


def test_an_optax_link_gets_the_parameters(rollout: Callable[..., Any]) -> None:
    tx = gl.chain(optax.add_decayed_weights(0.5), gl.scale(2.0))
    got = rollout(tx, np.ones((1, 2)), jnp.array([2.0, 4.0]))
    np.testing.assert_array_equal(got, [[4.0, 6.0]])


def test_a_pair_of_functions_is_a_link_like_optaxs() -> None:
    pair: Any = (lambda params: (), lambda updates, state, params=None: (2 * updates, state))
    tx = gl.chain(pair, gl.scale(3.0))
    np.testing.assert_array_equal(tx.update(jnp.ones(2), tx.init(jnp.ones(2)))[0], [6.0, 6.0])


# Ours inside optax's and Flax's. Each works on its own input there.


@pytest.mark.parametrize(
    ("wrap", "expected"),
    [
        pytest.param(
            lambda: optax.chain(gl.scale_by_momentum(B1), gl.scale_by_rms(B2, EPS)),
            lambda g: rms(momentum(g, g), momentum(g, g)),
            id="chain",
        ),
        pytest.param(
            lambda: optax.chain(optax.clip(0.5), gl.chain(gl.scale_by_momentum(B1), gl.scale_by_rms(B2, EPS))),
            lambda g: in_series(momentum, rms)(np.clip(g, -0.5, 0.5)),
            id="a chain in chain",
        ),
        pytest.param(
            lambda: optax.masked(gl.chain(gl.scale_by_momentum(B1), gl.scale_by_rms(B2, EPS)), True),
            in_series(momentum, rms),
            id="masked",
        ),
        pytest.param(
            lambda: optax.partition({"x": gl.scale_by_momentum(B1), "y": optax.set_to_zero()}, "x"),
            lambda g: momentum(g, g),
            id="partition",
        ),
        pytest.param(
            lambda: optax.apply_if_finite(gl.scale_by_momentum(B1), 2), lambda g: momentum(g, g), id="apply_if_finite"
        ),
        pytest.param(
            lambda: optax.MultiSteps(gl.scale_by_momentum(B1), 2),
            lambda g: at_every_second_step(momentum((g[::2] + g[1::2]) / 2, g)),
            id="MultiSteps",
        ),
        pytest.param(
            lambda: optax.inject_hyperparams(gl.scale_by_momentum)(decay=B1),
            lambda g: momentum(g, g),
            id="inject_hyperparams",
        ),
        pytest.param(
            lambda: optax.inject_hyperparams(gl.sgd)(learning_rate=optax.linear_schedule(1.0, 0.0, 10)),
            lambda g: -g * (1 - np.arange(6)[:, None] / 10),
            id="inject_hyperparams with a schedule",
        ),
    ],
)
def test_ours_work_inside_optaxs(wrap: Callable[[], Any], expected: Callable[..., Any], gradients: np.ndarray) -> None:
    np.testing.assert_allclose(
        optax_rollout(wrap(), gradients), expected(gradients), rtol=1e-6, atol=1e-7
    )  # optax averages in float32


def test_masked_in_and_around_a_chain(gradients: np.ndarray) -> None:
    tree = {"a": jnp.ones(2), "b": jnp.full(2, 2.0)}
    tx = optax.masked(gl.chain(gl.scale_by_momentum(0.5), gl.scale(2.0)), {"a": True, "b": False})
    updates, _ = tx.update(tree, tx.init(tree))
    np.testing.assert_array_equal(updates["a"], [1.0, 1.0])
    np.testing.assert_array_equal(updates["b"], [2.0, 2.0])
    inside = gl.chain(gl.scale(2.0), optax.masked(gl.scale_by_momentum(0.5), {"a": True, "b": False}))
    updates, _ = inside.update(tree, inside.init(tree))
    np.testing.assert_array_equal(updates["a"], [1.0, 1.0])
    np.testing.assert_array_equal(updates["b"], [4.0, 4.0])


def test_apply_if_finite_skips_the_bad_step() -> None:
    tx = optax.apply_if_finite(gl.sgd(1.0, momentum=0.5), 3)
    params = jnp.ones(2)
    state = tx.init(params)
    for gradient, expected in ((1.0, -1.0), (np.nan, 0.0), (1.0, -1.5)):
        updates, state = tx.update(jnp.full(2, gradient), state, params)
        np.testing.assert_array_equal(updates, [expected, expected])


def test_flax_train_state_takes_ours() -> None:
    state = flax.training.train_state.TrainState.create(apply_fn=None, params={"w": jnp.ones(3)}, tx=gl.adam(RATE))
    for _ in range(2):
        state = jax.jit(lambda s: s.apply_gradients(grads={"w": jnp.array([1.0, -2.0, 0.5])}))(state)
    assert state.step == 2
    np.testing.assert_allclose(state.params["w"], [0.8, 1.2, 0.8], rtol=1e-6)


def test_nnx_optimizer_takes_ours() -> None:
    model: Any = nnx.Linear(2, 3, rngs=nnx.Rngs(0), param_dtype=jnp.float64)
    optimizer = nnx.Optimizer(model, gl.chain(gl.clip_by_global_norm(1e6), gl.sgd(0.5)), wrt=nnx.Param)
    before = np.asarray(model.bias.get_value())

    @nnx.jit
    def step(model: Any, optimizer: Any) -> None:
        gradient = nnx.grad(lambda model: model.bias.get_value().sum())(model)
        optimizer.update(model, gradient)

    step(model, optimizer)
    np.testing.assert_allclose(model.bias.get_value(), before - 0.5)


# Wrong links.


@pytest.mark.parametrize(
    ("link", "pieces"),
    [
        (gl.scale_by_rms, ["link 1", "the function scale_by_rms itself", "call it: scale_by_rms(...)"]),
        (gl.adam, ["link 1", "the function adam itself", "adam(...)"]),
        (optax.scale_by_adam, ["link 1", "scale_by_adam itself"]),
        (0.1, ["link 1", "must be a transformation", "scale_by_rms()", "float: 0.1"]),
        (None, ["link 1", "must be a transformation", "NoneType"]),
        ([gl.scale(1.0)], ["link 1", "a list of 1 transformations", "chain(*links)"]),
        ((gl.scale(1.0), gl.adam(), optax.scale(1.0)), ["link 1", "a tuple of 3 transformations", "chain(*links)"]),
        (gl.adam().update, ["link 1", "is the update of a transformation", "pass the transformation"]),
        (gl.chain, ["link 1", "the function chain itself", "chain(...)"]),
        ([0.1], ["link 1", "must be a transformation", "list: [0.1]"]),
        ((1, 2), ["link 1", "must be a transformation", "tuple: (1, 2)"]),
        (gl.schedules.cosine(0.1, 9), ["link 1", "must be a transformation", "Schedule: cosine(init_value=0.1"]),
    ],
)
def test_what_is_no_link_is_refused(link: Any, pieces: list[str]) -> None:
    with pytest.raises(TypeError) as error:
        gl.chain(gl.scale(1.0), link)
    for piece in ("chain", *pieces):
        assert piece in str(error.value)
    assert "(...)(...)" not in str(error.value)


def test_a_state_of_the_wrong_length_is_refused() -> None:
    tx = gl.chain(gl.scale(1.0), gl.scale_by_momentum())
    for state in (tx.init(jnp.ones(2))[:1], tx.init(jnp.ones(2)) * 2):
        with pytest.raises(ValueError, match=r"this state is not one of chain\("):
            tx.update(jnp.ones(2), state)


def test_the_order_of_links_matters(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    links = [gl.clip_by_value(1.0), LINKS["momentum"](), LINKS["rms"]()]
    results = [rollout(gl.chain(*order), gradients[:2]) for order in itertools.permutations(links)]
    assert all(np.isfinite(result).all() for result in results)
    assert len({result.tobytes() for result in results}) == 6
