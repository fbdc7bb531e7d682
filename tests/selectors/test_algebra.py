"""Selectors are values: joined by `&`, `|` and `~`, compared, printed, pickled; and what stands for one."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.selectors import Leaf, Selector, as_selector, everything

TREE = {"a": {"bias": jnp.zeros(3), "kernel": jnp.zeros((2, 3))}, "scale": jnp.zeros(()), "z": jnp.zeros(3, complex)}


def is_small(path: tuple[Any, ...], leaf: Leaf) -> bool:
    return leaf.size < 4 and "kernel" not in path


SELECTORS: dict[str, Selector] = {
    "path": gl.path("**/bias", "scale"),
    "ndim": gl.ndim(0, 2),
    "size": gl.size(at_least=2, at_most=3),
    "dtype": gl.dtype("complexfloating"),
    "labels": gl.labels({"a": "inner", "scale": "outer", "z": "outer"}, "outer"),
    "booleans": gl.labels({"a": {"bias": True, "kernel": False}, "scale": False, "z": True}),
    "function": gl.where(is_small),
    "everything": everything(),
    "joined": (gl.path("a/*") & ~gl.ndim(2)) | gl.size(at_most=1),
}


def choice(selector: Any) -> list[bool]:
    return jax.tree.leaves(selector(TREE))


@pytest.mark.parametrize(
    ("name", "expected"),  # of a/bias, a/kernel, scale, z
    [
        ("path", [True, False, True, False]),
        ("ndim", [False, True, True, False]),
        ("size", [True, False, False, True]),
        ("dtype", [False, False, False, True]),
        ("labels", [False, False, True, True]),
        ("booleans", [True, False, False, True]),
        ("function", [True, False, True, True]),
        ("everything", [True, True, True, True]),
        ("joined", [True, False, True, False]),
    ],
)
def test_each_kind_selects(name: str, expected: list[bool]) -> None:
    assert choice(SELECTORS[name]) == expected
    assert choice(~SELECTORS[name]) == [not chosen for chosen in expected]
    assert SELECTORS[name](TREE).keys() == TREE.keys()


@pytest.mark.parametrize("one", SELECTORS.values(), ids=SELECTORS)
@pytest.mark.parametrize("other", SELECTORS.values(), ids=SELECTORS)
def test_joined_selectors_are_the_sets_of_both(one: Selector, other: Selector) -> None:
    left, right = choice(one), choice(other)
    assert choice(one & other) == [a and b for a, b in zip(left, right, strict=True)]
    assert choice(one | other) == [a or b for a, b in zip(left, right, strict=True)]
    assert choice(~(one | other)) == choice(~one & ~other)


@pytest.mark.parametrize("selector", SELECTORS.values(), ids=SELECTORS)
def test_a_selector_is_a_value(selector: Selector) -> None:
    again = pickle.loads(pickle.dumps(selector))
    rebuilt = eval(repr(selector), vars(gl.selectors) | {"is_small": is_small})
    for other in (again, rebuilt, copy.copy(selector), copy.deepcopy(selector)):
        assert other == selector
        assert hash(other) == hash(selector)
        assert repr(other) == repr(selector)
    assert jax.tree.leaves(selector) == [selector]
    assert jax.tree.leaves(gl.freeze(selector)) == []  # it is part of the structure of transformations that hold it
    assert [other for other in SELECTORS.values() if other == selector] == [selector]


def test_selectors_print_as_they_are_written() -> None:
    assert repr(SELECTORS["joined"]) == "((path('a/*') & ~ndim(2)) | size(at_most=1))"
    assert repr(~gl.path("**/bias")) == "~path('**/bias')"
    assert repr(gl.where(is_small)) == "where(is_small)"
    assert repr(gl.labels({"a": True})) == "labels({'a': True}, True)"


def test_a_selector_has_no_truth_value() -> None:
    for joined in (lambda: gl.ndim(1) and gl.ndim(2), lambda: not gl.ndim(1)):
        with pytest.raises(TypeError, match=r"ndim\(1\) is neither true nor false .* join selectors by &, \| and ~"):
            joined()


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        ("**/bias", gl.path("**/bias")),
        (True, everything()),
        (np.False_, ~everything()),
        (is_small, gl.where(is_small)),
        ({"a": True, "b": False}, gl.labels({"a": True, "b": False})),
        ((True, [False]), gl.labels((True, [False]))),
        (gl.ndim(1), gl.ndim(1)),
    ],
)
def test_what_stands_for_a_selector(thing: Any, expected: Selector) -> None:
    assert as_selector(thing) == expected
    if not isinstance(thing, np.bool_):  # whose own & comes first, and raises
        assert (thing & gl.size(at_most=3)) == (expected & gl.size(at_most=3))
        assert (thing | gl.size(at_most=3)) == (expected | gl.size(at_most=3))
    assert (gl.size(at_most=3) & thing) == (gl.size(at_most=3) & expected)


@pytest.mark.parametrize("thing", [3, None, 2.5, gl.adam, gl.adam(), {"a": "frozen"}, {}, jnp.ndarray, [1]])
def test_what_is_no_selector_is_refused(thing: Any) -> None:
    with pytest.raises(TypeError, match=r"must be a selector, such as .* got"):
        as_selector(thing)
    with pytest.raises(TypeError, match=r"what is joined by & must be a selector"):
        gl.ndim(1) & thing


def test_a_selector_is_a_mask_of_optax_and_of_weight_decay() -> None:
    params = {"bias": jnp.ones(2), "kernel": jnp.ones((2, 2))}
    masked: Any = optax.masked(gl.scale(2.0), gl.path("**/bias"))
    updates, _ = masked.update(params, masked.init(params), params)
    assert jax.tree.map(lambda leaf: float(leaf.max()), updates) == {"bias": 2.0, "kernel": 1.0}
    decayed = gl.chain(gl.freeze(), gl.add_decayed_weights(0.5, mask=~gl.path("**/bias")))
    with pytest.warns(UserWarning, match="moves them, such as kernel; put freeze last"):
        state = decayed.init(params)
    updates, _ = decayed.update(params, state, params)
    assert jax.tree.map(lambda leaf: float(leaf.max()), updates) == {"bias": 0.0, "kernel": 0.5}
    by_only = gl.chain(gl.freeze(), gl.only(~gl.path("**/bias"), gl.add_decayed_weights(0.5)))
    again, _ = by_only.update(params, by_only.init(params), params)
    assert jax.tree.map(jnp.array_equal, again, updates) == {"bias": True, "kernel": True}
    assert gl.adamw(mask=gl.ndim(2)) == gl.adamw(mask=gl.ndim(2)) != gl.adamw(mask=gl.ndim(1))
