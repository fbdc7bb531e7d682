"""The trees of parameters on which the laws examine a transformation, and random numbers for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

# A small network. Its leaves differ in everything that a transformation may depend on. Two have the same shape, and
# the keys are not inserted in alphabetical order, which is the order in which JAX visits them.
NETWORK: dict[str, Any] = {
    "output": {"kernel": (7, 3), "bias": (3,)},  # a tall matrix
    "attention": [(4, 4), (4, 4)],
    "embedding": (64, 48),
    "input": {"scale": (6,), "kernel": (3, 6)},  # a wide matrix
    "convolution": (2, 3, 4),
    "temperature": (),
    "unused": (0,),
}

# For runs of many steps, or of numbers that cost more.
VECTOR_AND_MATRIX: dict[str, Any] = {"vector": (4,), "matrix": (3, 2)}

# The smallest comes first, so that the first counterexample is the smallest.
TREES: dict[str, Any] = {
    "one number": (),
    "one vector": (3,),
    "one matrix": (3, 2),
    "a network": NETWORK,
}


def is_shape(node: Any) -> bool:
    """Return whether a node of a tree of shapes is the shape of a leaf."""
    return isinstance(node, tuple) and all(isinstance(item, int) for item in node)


def map_shapes(function: Callable[[tuple[int, ...]], Any], shapes: Any) -> Any:
    """Return the tree with a function applied to each shape. Unlike `jax.tree.map`, it keeps the order of the keys."""
    if is_shape(shapes):
        return function(shapes)
    if isinstance(shapes, dict):
        return {key: map_shapes(function, child) for key, child in shapes.items()}
    if isinstance(shapes, tuple | list):
        return type(shapes)(map_shapes(function, child) for child in shapes)
    return shapes


def select_leaves(shapes: Any, condition: Callable[[tuple[int, ...]], bool]) -> Any:
    """Return the tree of those leaves whose shape meets a condition, without containers that become empty."""
    if is_shape(shapes):
        return shapes if condition(shapes) else {}
    if isinstance(shapes, dict):
        children = {key: select_leaves(child, condition) for key, child in shapes.items()}
        return {key: child for key, child in children.items() if child != {}}
    return [child for child in (select_leaves(child, condition) for child in shapes) if child != {}]


def list_shapes(shapes: Any) -> list[tuple[int, ...]]:
    """Return the shapes of the leaves, in the order of the keys."""
    found: list[tuple[int, ...]] = []
    map_shapes(found.append, shapes)
    return found


def select_ranks(shapes: Any, like: Any) -> Any:
    """Return the tree of those leaves that have as many axes as some leaf of another tree."""
    ranks = set(map(len, list_shapes(like)))
    return select_leaves(shapes, lambda shape: len(shape) in ranks)


def by_path(tree: Any) -> dict[str, np.ndarray]:
    """Return the leaves of a tree by their paths, such as "output/kernel". A single array has the path ""."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): np.asarray(leaf) for path, leaf in leaves}


def sample(shapes: Any, dtype: str = "float32", seed: int = 0, scale: float = 1.0) -> Any:
    """Draw a tree of normal numbers. In `shapes`, a tuple of integers is the shape of a leaf."""
    random = np.random.default_rng(seed)

    def leaf(shape: tuple[int, ...]) -> jax.Array:
        numbers = scale * random.standard_normal(shape)
        if "complex" in dtype:
            numbers = numbers + 1j * scale * random.standard_normal(shape)
        return to_array(numbers, dtype)

    return map_shapes(leaf, shapes)


def to_array(numbers: Any, dtype: Any) -> jax.Array:
    """Return numbers as a new array of JAX. Unlike `jnp.asarray`, it compiles nothing, because NumPy rounds them."""
    with np.errstate(over="ignore", invalid="ignore"):
        return jax.device_put(np.asarray(numbers).astype(jnp.dtype(dtype)))


def move(params: Any, updates: Any) -> Any:
    """Return the parameters plus the updates, in the dtypes of the parameters. NumPy adds, so nothing is compiled."""
    with np.errstate(over="ignore", invalid="ignore"):
        return jax.tree.map(lambda p, u: to_array(np.asarray(p) + np.asarray(u), p.dtype), params, updates)


def samples(shapes: Any, dtype: str = "float32", steps: int = 3) -> list[Any]:
    """Draw a sequence of gradients."""
    return [sample(shapes, dtype, seed=7 + step) for step in range(steps)]
