"""The leaves of a tree as selectors see them: where each stands, and its shape and dtype, but not its numbers."""

from __future__ import annotations

import functools
import math
from collections.abc import Hashable, Iterator
from typing import Any

import jax
import jax.numpy as jnp

from ..core.boundary import PyTree
from ..core.running_calls import find_entered_dtype


class Leaf:
    """A leaf of a tree of parameters: its path, shape and dtype.

    `path` is the tuple of the keys, attributes and indices on the way to it, such as `("layers", 0, "bias")`, and
    `keys` is the same as `jax.tree_util.tree_flatten_with_path` returns it. `shape` is the shape of the array.

    >>> selector = gl.where(lambda path, leaf: leaf.ndim == 2 and path[-1] == "kernel")
    >>> selector({"kernel": jnp.ones((2, 2)), "embedding": jnp.ones((2, 2))})
    {'embedding': False, 'kernel': True}
    """

    __slots__ = ("_array", "keys", "path", "shape")

    def __init__(self, path: tuple[Hashable, ...], keys: tuple[Any, ...], array: Any):
        self.path = path  # the keys, attributes and indices on the way to it: ("layers", 0, "bias")
        self.keys = keys  # the same as `jax.tree_util.tree_flatten_with_path` returns it
        self.shape: tuple[int, ...] = jnp.shape(array)
        self._array = array

    @property
    def name(self) -> str:
        """The path as one text, as `show_path` writes it, but "" for a tree that is one leaf."""
        return show_path(self.path) if self.path else ""

    @property
    def ndim(self) -> int:
        """The number of its axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of its elements."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> Any:
        """The dtype of the parameter, as the optimizer received it. Inside, links compute in at least float32.

        Raises ValueError in an update that did not receive the parameters, since gradients may have another dtype.
        """
        return find_entered_dtype(self.keys, self._array)

    def __str__(self) -> str:
        return show_path(self.path)

    def __repr__(self) -> str:
        return f"Leaf({show_path(self.path)!r}, {self.shape})"


def read_leaves(tree: PyTree) -> list[Leaf]:
    """Return the leaves of a tree in the order of `jax.tree.leaves`.

    A variable or a box of Flax is a leaf to its user, so the key of the array inside it (`value`) is not part of the
    path.
    """
    return [Leaf(path, keys, array) for path, keys, array in read_paths(tree)]


def read_paths(tree: PyTree) -> Iterator[tuple[tuple[Hashable, ...], tuple[Any, ...], Any]]:
    """Yield the path of each leaf of a tree, its keys as JAX has them, and the leaf itself, of whatever kind."""
    for keys, node in jax.tree_util.tree_flatten_with_path(tree, is_leaf=_is_box)[0]:
        path = tuple(part for key in keys for part in _parts_of(key))
        if not _is_box(node):
            yield path, keys, node
            continue
        for inner, array in jax.tree_util.tree_flatten_with_path(node)[0]:
            below = tuple(part for key in inner[1:] for part in _parts_of(key))
            yield (*path, *below), (*keys, *inner), array


def unbox(tree: PyTree) -> PyTree:
    """Return a tree with the array in the place of each variable or box of Flax."""

    def open_box(node: Any) -> Any:
        arrays = jax.tree.leaves(node) if _is_box(node) else [node]
        return arrays[0] if len(arrays) == 1 else node

    return jax.tree.map(open_box, tree, is_leaf=_is_box)


def show_path(path: tuple[Hashable, ...]) -> str:
    """Return a path as patterns see it, joined by slashes, such as `layers/0/bias`."""
    return "/".join(map(str, path)) or "the root"


def _is_box(node: Any) -> bool:
    cls: Any = type(node)
    return _is_class_of_box(cls)


@functools.lru_cache(maxsize=512)
def _is_class_of_box(cls: type) -> bool:
    """Return whether a class is one of Flax's that hold one array: variables of nnx, boxes with metadata of linen."""
    return any(
        base.__name__ in ("Variable", "AxisMetadata") and base.__module__.startswith("flax.") for base in cls.__mro__
    )


def _parts_of(key: Any) -> tuple[Hashable, ...]:
    """Return the part of a path that a key of JAX stands for; for a tuple, all its parts (`flatten_dict` of Flax)."""
    for attribute in ("key", "idx", "name"):
        if hasattr(key, attribute):
            part = getattr(key, attribute)
            return part if isinstance(part, tuple) else (part,)
    return (str(key),)
