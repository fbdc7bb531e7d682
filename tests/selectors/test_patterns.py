"""Patterns of paths: `*` is one part, `**` any number, and what paths look like in every kind of tree."""

from __future__ import annotations

import re
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.selectors.leaves import read_leaves

X = np.zeros(2)
TREE = {"encoder": [{"bias": X, "kernel": X}, {"bias": X, "norm1": {"scale": X}}], "head": {"bias": X, "w.0": X}}


def selected(pattern: str, tree: Any) -> list[str]:
    leaves = read_leaves(tree)
    return [str(leaf) for leaf, chosen in zip(leaves, gl.path(pattern).choose(leaves), strict=True) if chosen]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("**/bias", ["encoder/0/bias", "encoder/1/bias", "head/bias"]),
        ("*/bias", ["head/bias"]),
        ("*/*/bias", ["encoder/0/bias", "encoder/1/bias"]),
        ("encoder/**", ["encoder/0/bias", "encoder/0/kernel", "encoder/1/bias", "encoder/1/norm1/scale"]),
        ("encoder/0/*", ["encoder/0/bias", "encoder/0/kernel"]),
        ("encoder/**/scale", ["encoder/1/norm1/scale"]),
        ("**/norm*/**", ["encoder/1/norm1/scale"]),
        ("**/norm?/scale", ["encoder/1/norm1/scale"]),
        ("**/encoder/0/kernel", ["encoder/0/kernel"]),  # ** is also no part at all
        ("head/**/bias", ["head/bias"]),
        ("**/*.0", ["head/w.0"]),
        ("head/w?0", ["head/w.0"]),
        ("head/w.*", ["head/w.0"]),
        ("*/scale", []),
        ("*", []),
        ("head/[bw]*", []),  # no classes of characters, so that brackets in keys need no escape
    ],
)
def test_a_pattern_matches_the_whole_path(pattern: str, expected: list[str]) -> None:
    if pattern == "*":
        with pytest.raises(ValueError, match="matches no leaf, but the subtree encoder"):
            selected(pattern, TREE)
    else:
        assert selected(pattern, TREE) == expected


def test_two_stars_match_every_leaf() -> None:
    assert len(selected("**", TREE)) == len(jax.tree.leaves(TREE)) == len(selected("**/*", TREE))
    assert selected("**", X) == ["the root"]
    assert selected("**/*", X) == []
    assert selected("**", {}) == []


@dataclass
class Layer:
    """A user's layer, registered below."""

    weight: Any
    value: Any


jax.tree_util.register_dataclass(Layer, data_fields=["weight", "value"], meta_fields=[])
Pair = namedtuple("Pair", ["left", "right"])


@jax.tree_util.register_pytree_node_class
class Bag:
    """A node without keys of its own, so that JAX numbers its children."""

    def __init__(self, *children: Any):
        self.children = children

    def tree_flatten(self) -> tuple[Any, None]:
        return self.children, None

    @classmethod
    def tree_unflatten(cls, _: None, children: Any) -> Any:
        return cls(*children)


@pytest.mark.parametrize(
    ("tree", "paths"),
    [
        ({"a": {0: X, 10: X}}, ["a/0", "a/10"]),
        ({-1: X, 2: X}, ["-1", "2"]),
        ({"mlp/~/linear_0": {"w": X}}, ["mlp/~/linear_0/w"]),
        ({"layers.0.weight": X}, ["layers.0.weight"]),
        ({("dense", "kernel"): X, ("dense", "bias"): X}, ["dense/bias", "dense/kernel"]),  # of flatten_dict
        ({"w[0]": X, "a b": X, "": X}, ["", "a b", "w[0]"]),
        (Layer(X, Layer(X, None)), ["weight", "value/weight"]),  # an attribute named value is a part like any other
        ([X, (X, Pair(X, None))], ["0", "1/0", "1/1/left"]),
        (Bag(X, Bag(X)), ["0", "1/0"]),
        ({"a": None, "b": ()}, []),
    ],
)
def test_paths_are_keys_attributes_and_indices(tree: Any, paths: list[str]) -> None:
    leaves = read_leaves(tree)
    assert ["/".join(map(str, leaf.path)) for leaf in leaves] == paths
    for path in paths:
        if path:
            assert selected(re.sub(r"[\[\]]", "?", path), tree) == [path]


def test_a_key_with_slashes_counts_as_several_parts() -> None:
    haiku = {"mlp/~/linear_0": {"w": X, "b": X}, "mlp/~/linear_1": {"w": X, "b": X}}
    assert selected("mlp/**/b", haiku) == ["mlp/~/linear_0/b", "mlp/~/linear_1/b"]
    assert selected("mlp/*/linear_1/*", haiku) == ["mlp/~/linear_1/b", "mlp/~/linear_1/w"]
    assert selected("**/w", haiku) == ["mlp/~/linear_0/w", "mlp/~/linear_1/w"]
    assert selected("*/w", haiku) == []


def test_several_patterns_are_alternatives() -> None:
    either = gl.path("**/bias", "**/scale")
    assert either(TREE) == (gl.path("**/bias") | gl.path("**/scale"))(TREE)
    assert either.patterns == ("**/bias", "**/scale")


def test_a_pattern_that_names_a_subtree_would_silently_leave_it_out() -> None:
    for pattern, node in {"encoder": "encoder", "encoder/0": "encoder/0", "**/norm1": "encoder/1/norm1"}.items():
        with pytest.raises(ValueError, match=f"'{re.escape(pattern)}' matches no leaf, but the subtree {node}; write"):
            gl.path(pattern)(TREE)
    assert selected("**/bias", {"bias": X, "mixer": {"bias": {"kernel": X}}}) == ["bias"]  # it matches a leaf, too
    with pytest.raises(ValueError, match="encoder"):
        gl.path("**/bias", "encoder")(TREE)


LAYERS = {"layers": [{"w": X, "b": X}, {"w": X, "b": X}], "head": {"kernel": X}, "block_3": {"w": X}}


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("layer/0/**", "layers/0/**"),
        ("**/kernal", "**/kernel"),
        ("**/Kernel", "**/kernel"),
        ("**/kerne", "**/kernel"),
        ("Head/*", "head/*"),
        ("layers.0.*", "layers/0/*"),
        ("layer.0.w", "layers/0/w"),
        ("layers[0]/**", "layers/0/**"),
        ("['layers'][0]['w']", "layers/0/w"),
        (".layers[0].w", "layers/0/w"),
        ("kernel", "**/kernel"),
        ("kernal", "**/kernel"),
    ],
)
def test_a_pattern_that_matches_nothing_is_named_if_a_similar_one_would(pattern: str, meant: str) -> None:
    leaves = read_leaves(LAYERS)
    with pytest.warns(UserWarning, match=re.escape(f"{pattern!r} matches no leaf; did you mean {meant!r}?")):
        assert gl.path(pattern).choose(leaves) == [False] * 6
    with pytest.warns(UserWarning, match="did you mean"):
        gl.partition((gl.path(pattern), gl.scale(0.5)), default=gl.scale(1.0)).init(LAYERS)


@pytest.mark.parametrize(
    "patterns", [("**/bias",), ("embedding/**",), ("block_4/w",), ("layers/7/**",), ("layer/**", "layers/**")]
)
def test_a_pattern_for_models_that_have_what_this_one_lacks_selects_nothing(patterns: tuple[str, ...]) -> None:
    gl.path(*patterns).choose(read_leaves(LAYERS))  # a warning would be an error


@pytest.mark.parametrize(
    ("patterns", "error", "pieces"),
    [
        ((), TypeError, ["no pattern", 'path("**/bias")']),
        ((3,), TypeError, ["must be a string", "int: 3"]),
        ((["**/bias"],), TypeError, ["must be a string", "list"]),
        (("/bias",), ValueError, ["'/bias' has an empty part", "write 'bias'", "'**/bias' for any depth"]),
        (("a//b",), ValueError, ["write 'a/b'"]),
        (("encoder/",), ValueError, ["write 'encoder'"]),
        (("",), ValueError, ["'' has an empty part", "write '**'"]),
    ],
)
def test_what_is_no_pattern_is_refused(patterns: Any, error: type[Exception], pieces: list[str]) -> None:
    with pytest.raises(error) as raised:
        gl.path(*patterns)
    for piece in pieces:
        assert piece in str(raised.value)


def test_many_stars_do_not_take_long() -> None:
    deep: Any = jnp.zeros(())
    for _ in range(60):
        deep = {"a": deep}
    assert selected("/".join(["**", "a"] * 12) + "/b", deep) == []


@pytest.mark.parametrize(
    "use",
    [
        lambda tree: gl.path("**/bais")(tree),
        lambda tree: gl.partition((gl.path("**/bais"), gl.sgd(0.1)), default=gl.adam(0.1)).init(tree),
        lambda tree: jax.jit(gl.only(gl.path("**/bais"), gl.scale(2.0)).init)(tree),
    ],
)
def test_the_warning_names_the_line_of_the_user(use: Any) -> None:
    with pytest.warns(UserWarning, match="matches no leaf; did you mean") as caught:
        use({"layer": {"bias": jnp.ones(2)}})
    assert {warning.filename for warning in caught} == {__file__}
