"""A partition sends each leaf through one transformation, as if its group were the whole tree."""

# ruff: noqa: RUF001  (Greek letters are meant)

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import public_names
from gradlab.equations import equations_of
from tests.values.calls import structure_of

SHAPES = {"embed": {"table": (5, 2)}, "layers": [{"bias": (3,), "kernel": (2, 3)}, {"bias": (2,), "kernel": (3, 2)}]}
IS_SHAPE: Any = {"is_leaf": lambda node: isinstance(node, tuple)}


def draw(rng: np.random.Generator, steps: int = 5) -> Any:
    return jax.tree.map(lambda shape: rng.standard_normal((steps, *shape)), SHAPES, **IS_SHAPE)


def label(path: tuple[Any, ...]) -> str:
    return "embed" if path[0].key == "embed" else path[-1].key


def labels_of(tree: Any) -> Any:
    return jax.tree_util.tree_map_with_path(lambda path, _: label(path), tree)


def group(**txs: Any) -> Any:
    """The same three groups in gradlab, by path patterns."""
    return gl.partition((gl.path("embed/**"), txs["embed"]), (gl.path("**/bias"), txs["bias"]), default=txs["kernel"])


def assert_equal(got: Any, expected: Any, tolerance: float = 0.0) -> None:
    assert structure_of(got) == structure_of(expected)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance), got, expected)


def run(tx: Any, gradients: Any) -> Any:
    """The updates at moving parameters, uncompiled by `rollout`, which takes values only."""
    params = jax.tree.map(lambda g: jnp.asarray(g[0]), gradients)

    @jax.jit
    def loop(gradients: Any) -> Any:
        def step(carry: Any, gradient: Any) -> Any:
            params, state = carry
            updates, state = tx.update(gradient, state, params)
            return (optax.apply_updates(params, updates), state), updates

        return jax.lax.scan(step, (params, tx.init(params)), gradients)[1]

    return loop(jax.tree.map(jnp.asarray, gradients))


@pytest.mark.parametrize(
    "txs",
    [
        {"embed": gl.adagrad(0.1), "bias": gl.sgd(0.1, momentum=0.9), "kernel": gl.adamw(0.1, weight_decay=0.1)},
        {"embed": optax.set_to_zero(), "bias": optax.clip_by_global_norm(0.1), "kernel": optax.adamw(0.1)},
        {"embed": gl.freeze(), "bias": gl.chain(), "kernel": gl.clip_by_global_norm(0.1)},
    ],
    ids=["gradlab", "optax", "links"],
)
def test_it_equals_optaxs_partition(txs: dict[str, Any], rng: np.random.Generator) -> None:
    gradients = draw(rng)
    with jax.numpy_dtype_promotion("standard"):
        assert_equal(run(group(**txs), gradients), run(optax.partition(txs, labels_of), gradients), 1e-14)


@pytest.mark.parametrize("otherwise", ["pass", "zero"])
def test_only_equals_optaxs_masked(otherwise: str, rng: np.random.Generator) -> None:
    gradients, mask = draw(rng), jax.tree.map(lambda shape: len(shape) == 2, SHAPES, **IS_SHAPE)
    tx = gl.chain(gl.clip_by_global_norm(0.5), gl.scale_by_momentum(0.9))
    expected: Any = optax.masked(tx, mask)
    if otherwise == "zero":
        expected = optax.chain(expected, optax.masked(optax.set_to_zero(), jax.tree.map(lambda on: not on, mask)))
    selector = mask if otherwise == "pass" else lambda path, leaf: leaf.ndim == 2
    assert_equal(run(gl.only(selector, tx, otherwise), gradients), run(expected, gradients), 1e-14)


def test_each_group_is_as_if_it_were_the_whole_tree(rng: np.random.Generator) -> None:
    gradients = draw(rng)
    txs = {name: gl.chain(gl.clip_by_global_norm(0.3), gl.adamw(0.1)) for name in ("embed", "bias", "kernel")}
    got = run(group(**txs), gradients)
    parts = {
        "embed": lambda tree: tree["embed"],
        "bias": lambda tree: [layer["bias"] for layer in tree["layers"]],
        "kernel": lambda tree: [layer["kernel"] for layer in tree["layers"]],
    }
    for name, part in parts.items():
        assert_equal(part(got), run(txs[name], part(gradients)), 1e-14)
    whole = run(gl.chain(gl.clip_by_global_norm(0.3), group(**dict.fromkeys(txs, gl.sgd(0.1)))), gradients)
    assert_equal(whole, run(gl.chain(gl.clip_by_global_norm(0.3), gl.sgd(0.1)), gradients), 1e-14)


def test_the_first_rule_that_selects_decides() -> None:
    tx = gl.partition(
        ("**/bias", gl.scale(2.0)), (gl.ndim(1), gl.scale(3.0)), ("**", gl.scale(4.0)), default=gl.scale(5.0)
    )
    tree = {"a": {"bias": jnp.ones(1), "scale": jnp.ones(1), "w": jnp.ones((1, 1))}}
    updates, _ = tx.update(tree, tx.init(tree))
    assert jax.tree.map(float, jax.tree.map(jnp.sum, updates)) == {"a": {"bias": 2.0, "scale": 3.0, "w": 4.0}}


def test_the_state_is_for_the_leaves_of_the_group(rng: np.random.Generator) -> None:
    params = jax.tree.map(lambda g: jnp.asarray(g[0]), draw(rng))
    tx = group(embed=gl.freeze(), bias=gl.sgd(0.1), kernel=gl.scale_by_momentum(0.9))
    state = tx.init(params)
    assert [leaf.shape for leaf in jax.tree.leaves(state)] == [(2, 3), (3, 2)]
    assert state.groups[2].moment["layers"][0]["bias"] is None
    assert jax.eval_shape(tx.init, params) == jax.eval_shape(lambda: state)
    after = jax.eval_shape(tx.update, params, state, params)[1]
    assert structure_of(after) == structure_of(state)


def test_a_partition_is_a_value(rng: np.random.Generator) -> None:
    gradients = draw(rng, steps=2)

    def make(rate: Any) -> Any:
        return gl.chain(
            gl.clip_by_global_norm(1.0),
            group(embed=gl.freeze(), bias=gl.sgd(rate), kernel=gl.only(gl.size(at_least=2), gl.adam(rate, b1=0.5))),
        )

    traces = 0

    @jax.jit
    def last(tx: Any) -> Any:
        nonlocal traces
        traces += 1
        state = tx.init(jax.tree.map(lambda g: g[0], gradients))
        _, state = tx.update(jax.tree.map(lambda g: g[0], gradients), state)
        return tx.update(jax.tree.map(lambda g: g[1], gradients), state)[0]

    rates = np.linspace(0.01, 0.1, 10)
    results = [last(make(rate)) for rate in rates]
    assert traces == 1
    stack = jax.tree.map(lambda *leaves: jnp.stack([jnp.asarray(leaf) for leaf in leaves]), *map(make, rates))
    mapped = jax.vmap(last)(stack)
    for number, result in enumerate(results):
        assert_equal(jax.tree.map(lambda leaf, number=number: leaf[number], mapped), result, 1e-14)
    tx = make(0.1)
    assert tx == make(0.1) != make(0.2)
    assert hash(tx) == hash(make(0.1))
    assert pickle.loads(pickle.dumps(tx)) == tx == eval(repr(tx), vars(public_names))
    assert len(jax.tree.leaves(tx)) == len(jax.tree.leaves((gl.clip_by_global_norm(1.0), gl.sgd(0.1), gl.adam(0.1))))


def test_the_composition_shows_the_rules() -> None:
    tx = group(embed=gl.freeze(), bias=gl.sgd(0.1), kernel=gl.adamw(0.1))
    assert str(tx) == (
        "partition(\n    (path('embed/**'), freeze()),\n    (path('**/bias'), sgd(learning_rate=0.1)),\n"
        "    default=adamw(learning_rate=0.1, b1=0.9, b2=0.999, eps=1e-08, weight_decay=0.01),\n)"
    )
    assert eval(str(tx), vars(public_names)) == tx


@pytest.mark.parametrize(
    ("make", "pieces"),
    [
        (lambda: gl.partition(gl.adam()), ["rule 0 must be a pair", 'such as (path("**/bias"), adam())', "adam("]),
        (lambda: gl.partition(("a", gl.adam()), "b"), ["rule 1 must be a pair", "str: 'b'"]),
        (lambda: gl.partition({"a": gl.adam()}), ["is a dictionary, as optax", "(labels(tree, name), tx)"]),
        (lambda: gl.partition((gl.adam(), "a")), ["begins with a transformation", "selector first"]),
        (lambda: gl.partition(("a", gl.adam)), ["the factory adam itself", "adam(...)"]),
        (lambda: gl.partition(("a", 3)), ["rule 0 must end with a transformation", "int: 3"]),
        (lambda: gl.partition((3, gl.adam())), ["rule 0: the first of the pair must be a selector", "int: 3"]),
        (lambda: gl.partition(default=3), ["partition: default must be a transformation", "3"]),
        (lambda: gl.partition(default=gl.adam), ["default got the factory adam itself"]),
        (lambda: gl.only(3, gl.adam()), ["must be a selector"]),
        (lambda: gl.freeze(3), ["freeze: selector must be a selector"]),
    ],
)
def test_what_is_no_rule_is_refused(make: Callable[[], Any], pieces: list[str]) -> None:
    with pytest.raises(TypeError) as error:
        make()
    for piece in pieces:
        assert piece in str(error.value)


def test_a_leaf_that_no_rule_selects_is_named() -> None:
    tree = {name: {"kernel": jnp.ones(2), "bias": jnp.ones(2)} for name in "abcde"}
    tx = gl.partition(("**/bias", gl.adam()))
    for call in (lambda: tx.init(tree), lambda: gl.chain(gl.scale(1.0), tx).init(tree)):
        with pytest.raises(ValueError, match=r"no rule selects a/kernel, b/kernel, c/kernel and 2 others; add a rule"):
            call()
    with pytest.raises(ValueError, match='otherwise must be "pass" or "zero", got \'drop\''):
        gl.only("**/bias", gl.adam(), "drop")


def test_its_equation_shows_the_groups() -> None:
    shown = equations_of(
        gl.chain(gl.clip_by_global_norm(1.0), group(embed=gl.freeze(), bias=gl.sgd(0.1), kernel=gl.adagrad(0.2)))
    )
    assert list(shown.plain) == [
        "g̃ₜ = min(1, c / ‖gₜ‖ₐₗₗ) gₜ",
        "sₜ = sₜ₋₁ + g̃ₜ²",
        "xₜ = xₜ₋₁ + χ₁ ⊙ 0 - χ₂ ⊙ α g̃ₜ - χ₃ ⊙ α' g̃ₜ/(√sₜ + ε)",
    ]
    assert [str(symbol) for symbol in shown.symbols][-3:] == [
        "χ₁ = 1 at path('embed/**'), else 0",
        "χ₂ = 1 at path('**/bias'), else 0",
        "χ₃ = 1 at all other leaves, else 0",
    ]
    frozen = equations_of(gl.chain(gl.sgd(0.1), gl.freeze("a/*")))
    assert list(frozen.plain) == ["xₜ = xₜ₋₁ - (1 - χ) ⊙ α gₜ"]


def test_what_does_not_fit_is_refused() -> None:
    tree = {"a": jnp.ones(2), "b": jnp.ones(3)}
    tx = gl.partition(("a", gl.scale_by_momentum(0.9)), default=gl.scale(2.0))
    other = gl.partition(("b", gl.scale_by_momentum(0.9)), default=gl.scale(2.0))
    for state in (other.init(tree), gl.adam().init(tree), (), None):
        with pytest.raises(ValueError, match=r"this state is not one of partition\("):
            tx.update(tree, state)
    for wrong in ({}, tree):
        changes = optax.GradientTransformation(lambda params: (), lambda *_, wrong=wrong: (wrong, ()))
        tx = gl.partition(("a", changes), default=gl.scale(2.0))
        with pytest.raises(ValueError, match=r"within a partition returned updates of another structure than it got"):
            tx.update(tree, tx.init(tree))
