"""Differences between trees: in their structure, and in the shapes of their leaves."""

from __future__ import annotations

from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

PyTree: TypeAlias = Any


def require_same_trees(left: PyTree, right: PyTree, left_name: str, right_name: str) -> None:
    """Raise ValueError, naming the first difference, unless two trees have the same structure and shapes."""
    difference = find_difference(left, right)
    if difference:
        path, left_leaf, right_leaf = difference
        raise ValueError(
            f"{left_name} and {right_name} must be trees of the same structure and shapes, but differ at "
            f"{path}: {left_leaf} in {left_name}, {right_leaf} in {right_name}"
            f"{say_order(left, right) if left_name == 'updates' else ''}"
        )


def say_order(updates: PyTree, other: PyTree) -> str:
    """Return the order of the arguments of `update`, as a sentence, where the updates look like a state; else ""."""
    if not _holds_state(updates) or _holds_state(other):
        return ""
    return ". If the first is the state, the order is update(updates, state, params)"


def _holds_state(tree: PyTree) -> bool:
    def is_state(node: Any) -> bool:
        return hasattr(node, "_fields")

    return any(map(is_state, jax.tree.leaves(tree, is_leaf=is_state)))


def require_one_gradient(updates: PyTree, single: PyTree) -> None:
    """Raise ValueError for a batch of gradients, one for each example, in place of one gradient like `single`."""
    if not have_same_structure(updates, single):
        return
    shapes, expected = ([shape_of(leaf) for leaf in jax.tree.leaves(tree)] for tree in (updates, single))
    if shapes and shapes != expected and [shape[1:] for shape in shapes] == expected and all(shapes) and any(expected):
        raise ValueError(
            f"the updates hold {shapes[0][0]} gradients, one for each example, and one gradient was expected; average "
            f"them, or put what aggregates them in front, as in "
            f"optax.chain(optax.contrib.differentially_private_aggregate(...), tx)"
        )


def find_difference(left: PyTree, right: PyTree) -> tuple[str, str, str] | None:
    """Return the first path at which two trees differ in structure or shape, and what each has there, or None."""
    left_leaves, right_leaves = jax.tree.leaves(left), jax.tree.leaves(right)
    if have_same_structure(left, right) and all(map(_have_same_shape, left_leaves, right_leaves)):
        return None
    left_by_path, right_by_path = (dict(jax.tree_util.tree_flatten_with_path(tree)[0]) for tree in (left, right))
    for path in left_by_path | right_by_path:
        missing = path not in left_by_path or path not in right_by_path
        if missing or not _have_same_shape(left_by_path[path], right_by_path[path]):
            return _show_path(path), _describe(left_by_path, path), _describe(right_by_path, path)
    return "the root", str(jax.tree.structure(left)), str(jax.tree.structure(right))


def have_same_structure(left: PyTree, right: PyTree) -> bool:
    """Return whether two trees have the same structure."""
    structure: Any = jax.tree.structure(left)
    return structure == jax.tree.structure(right)


def _have_same_shape(left: Any, right: Any) -> bool:
    return shape_of(left) == shape_of(right)


def shape_of(leaf: Any) -> Any:
    """Return the shape of an array or a number. For anything else return its type, which equals no shape."""
    return jnp.shape(leaf) if hasattr(leaf, "dtype") or isinstance(leaf, int | float | complex) else type(leaf)


def _describe(leaves: dict[Any, Any], path: Any) -> str:
    if path not in leaves:
        return "nothing"
    leaf, shape = leaves[path], shape_of(leaves[path])
    if not isinstance(shape, tuple):
        return f"the {type(leaf).__name__} {getattr(leaf, '__qualname__', repr(leaf))}"
    return show_array(leaf)


def show_array(x: Any) -> str:
    """Return the dtype and the shape of an array or a number as text, such as `float32[3,2]`."""
    dtype = getattr(x, "dtype", None) or jnp.result_type(x)
    return f"{dtype.name}[{','.join(map(str, jnp.shape(x)))}]"


def describe_tree(tree: PyTree) -> str:
    leaves = jax.tree.leaves(tree)
    return _describe({0: leaves[0]}, 0) if len(leaves) == 1 else f"a tree of {len(leaves)} leaves"


def _show_path(path: Any) -> str:
    return jax.tree_util.keystr(path) or "the root"


def show_place(what: str, path: Any) -> str:
    return f"{what} at {_show_path(path)}" if path else what
