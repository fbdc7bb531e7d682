"""A composition as boxes: its links in order, what each reads and keeps, and what combinators hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..base import find_transformations, splits_gradient
from ..boundary import PyTree
from ..composites import Composite, open_value
from ..factories import name_of_maker
from ..selectors.leaves import show_path
from ..states.named_leaves import name_leaves, walk_links
from ..transformation_calls import signals_of
from ..values import Value, show_arguments

_MATRIX = {"kernel": jax.ShapeDtypeStruct((96, 64), jnp.float32)}
# Trees whose state is shown if there are no others. Most selectors divide the first; some links take matrices only.
EXAMPLES = ({**_MATRIX, "bias": jax.ShapeDtypeStruct((96,), jnp.float32)}, _MATRIX)

AS_PARAMETERS, NUMBER, OTHER = "as large as the parameters", "a number", "of another size"

LONG_NUMBER = re.compile(r"\d+\.\d{6,}(e[-+]?\d+)?")


class Kept(NamedTuple):
    """A field of the state of a link."""

    name: str
    size: str  # AS_PARAMETERS, NUMBER or OTHER


class Box(NamedTuple):
    """A link, or a combinator with the transformations that it holds."""

    name: str
    arguments: tuple[str, ...] = ()  # each as Python, with at most six digits, but for the transformations
    kept: tuple[Kept, ...] = ()
    reads: frozenset[str] = frozenset()  # the signals that it reads beside the direction; "grads" is the gradient
    splits: bool = False  # what it returns is a direction, and no longer the gradient
    branches: tuple[Branch, ...] = ()


class Branch(NamedTuple):
    """A transformation within a combinator: its name there, and its links in order (none of an empty chain)."""

    label: str
    boxes: tuple[Box, ...]


def read_boxes(tx: Any, params: PyTree = None) -> tuple[Box, ...]:
    """Return the links of a transformation in order, with chains and recipes opened.

    `params` are parameters or their shapes, whose state is shown. By default, they are a matrix and a vector, or a
    matrix alone; if `tx` takes neither, no state is shown. Raises what `tx.init(params)` raises for those given.
    """
    return _read(tx, (), _find_kept(tx, params) if params is not None else _find_kept_of_examples(tx))


def _read(tx: Any, path: tuple[str, ...], kept: Mapping[tuple[str, ...], tuple[Kept, ...]]) -> tuple[Box, ...]:
    if not isinstance(tx, Value):
        return (Box(name_of_maker(tx.update), kept=kept.get(path, ())),)
    parts = open_value(tx)[0]
    if isinstance(parts, Value):
        return _read(parts, path, kept)
    inner = parts.inner if isinstance(parts, Composite) else {}
    if hasattr(parts, "links"):
        return tuple(box for name, link in inner.items() for box in _read(link, (*path, name), kept))
    branches = tuple(Branch(_label(name, held), _read(held, (*path, name), kept)) for name, held in inner.items())
    own = {name: value for name, value in tx.arguments.items() if not find_transformations(value)}
    arguments = tuple(LONG_NUMBER.sub(_shorten, text) for text in show_arguments(tx.factory, own))
    return (Box(tx.factory.name, arguments, kept.get(path, ()), signals_of(tx), splits_gradient(tx), branches),)


def _shorten(number: re.Match[str]) -> str:
    return f"{float(number[0]):.6g}"


def _label(name: str, held: Any) -> str:
    """Return the name of a branch, with that of the recipe that it is, if it is one."""
    is_recipe = isinstance(held, Value) and isinstance(open_value(held)[0], Value)
    return f"{name}: {held.factory.name}" if is_recipe and name != held.factory.name else name


def _find_kept(tx: Any, params: PyTree) -> dict[tuple[str, ...], tuple[Kept, ...]]:
    """Return the fields of the state of each link that has some, by its path."""
    params = jax.eval_shape(lambda tree: tree, params)
    sizes = {leaf.size for leaf in jax.tree.leaves(params)}
    state = jax.eval_shape(tx.init, params)
    found: dict[str, dict[str, str]] = {}
    for leaf, array in zip(name_leaves(tx, state, params), jax.tree.leaves(state), strict=True):
        size = NUMBER if array.size == 1 else AS_PARAMETERS if array.size in sizes else OTHER
        name = leaf.field if leaf.field not in ("", show_path(())) else "state"  # which is one tree without fields
        found.setdefault(leaf.link, {})[name] = size
    paths = {link: place.path for link, place in walk_links(tx)}
    return {paths[link]: tuple(Kept(*field) for field in fields.items()) for link, fields in found.items()}


def _find_kept_of_examples(tx: Any) -> dict[tuple[str, ...], tuple[Kept, ...]]:
    for params in EXAMPLES:
        try:
            return _find_kept(tx, params)
        except (TypeError, ValueError):  # it is for other trees: for the names in one, or for devices
            continue
    return {}
