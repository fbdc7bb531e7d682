"""Chains are associative, have an identity, and open the chains and recipes among their links."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from tests.combinators.links import B1, B2, EPS, LINKS, OPTAX_TRACE, RATE, chained


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


ATOMS = [gl.scale(2.0), gl.scale_by_momentum(B1), gl.scale_by_rms(B2), gl.isolate(gl.scale(3.0)), OPTAX_TRACE]


@hypothesis.given(
    st.recursive(st.sampled_from(ATOMS), lambda inner: st.lists(inner, max_size=4), max_leaves=8).map(lambda x: [x])
)
def test_parentheses_never_matter(nested: Any) -> None:
    tx = chained(nested)
    assert tx == gl.chain(*leaves_of(nested))
    assert tx.links == gl.chain(*leaves_of(nested)).links
    assert len(tx.links) == len(leaves_of(nested))
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
