"""A composition as boxes: its links in order, what each reads and keeps, and what combinators hold."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..core.base import find_transformations, splits_gradient
from ..core.boundary import PyTree
from ..core.composites import Composite, open_value
from ..core.transformation_calls import signals_of
from ..selectors.empty_choices import on_trees_of_others
from ..selectors.leaves import show_path
from ..states.named_leaves import name_leaves, walk_links
from ..values.factories import name_of_maker
from ..values.value import Value, show_arguments
from .long_numbers import shorten_numbers

_MATRIX = {"kernel": jax.ShapeDtypeStruct((256, 192), jnp.float32)}  # large enough to be factored
# Trees whose state is shown if there are no others. Most selectors divide the first; some links take matrices only. No
# side of the matrix is as large as the vector, so that a row of it does not pass for all parameters.
EXAMPLES = ({**_MATRIX, "bias": jax.ShapeDtypeStruct((320,), jnp.float32)}, _MATRIX)

# Combinators of which one transformation makes what the links of another read as their gradient -> these two.
MEASURED = {"measure": ("signal", "tx")}

AS_PARAMETERS, NUMBER, OTHER = "as large as the parameters", "a number", "of another size"


class Kept(NamedTuple):
    """A field of the state of a link."""

    name: str
    size: str  # AS_PARAMETERS, NUMBER or OTHER


class Box(NamedTuple):
    """A link, a combinator with the transformations that it holds, or a recipe of one link in a chain."""

    name: str
    arguments: tuple[str, ...] = ()  # each as Python, with at most six digits, but for the transformations
    kept: tuple[Kept, ...] = ()
    reads: frozenset[str] = frozenset()  # the signals that it reads beside the direction; "grads" is the gradient
    splits: bool = False  # what it returns is a direction, and no longer the gradient
    branches: tuple[Branch, ...] = ()


class Branch(NamedTuple):
    """A transformation within a combinator: its name there, and its links in order (none of an empty chain)."""

    label: str  # "" of the links of a recipe
    boxes: tuple[Box, ...]
    signal: str = ""  # the label of the branch whose result these links read as their gradient


@on_trees_of_others()  # the parameters of the example have names that no selector knows
def read_boxes(tx: Any, params: PyTree = None) -> tuple[Box, ...]:
    """Return the links of a transformation in order, with chains and recipes opened.

    A recipe of one link in a chain has a box of its own around it.

    `params` are parameters or their shapes, whose state is shown. By default, they are a matrix and a vector, or a
    matrix alone, and a group that selects neither is shown as if it selected the matrix; if `tx` takes neither tree, no
    state is shown. Raises what `tx.init(params)` raises for those given.
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
        boxes = iter([_read(link, (*path, name), kept) for name, link in inner.items()])
        return tuple(
            box for recipe, size in _list_recipes(tx) for box in _surround(recipe, itertools.islice(boxes, size))
        )
    signal, reader = MEASURED.get(tx.factory.name, ("", None))
    branches = tuple(
        Branch(_label(name, held), _read(held, (*path, name), kept), signal if name == reader else "")
        for name, held in inner.items()
    )
    return (_make_box(tx, kept.get(path, ()), branches),)


def _list_recipes(tx: Any) -> Iterator[tuple[Any, int]]:
    """Yield each recipe that a chain was made of, or None for another link, with the number of links that it is."""
    for link in tx.arguments["links"]:
        if isinstance(link, Value) and link.factory is tx.factory:
            yield from _list_recipes(link)
        else:
            yield (link if _is_recipe(link) else None), len(getattr(link, "links", (link,)))


def _surround(recipe: Any, links: Iterable[tuple[Box, ...]]) -> tuple[Box, ...]:
    """Return the boxes of a recipe in one with its name, as in the text of the chain, where it is a single link.

    Several links of it stand in the chain as they are, since they read the gradient of the chain.
    """
    boxes = tuple(box for link in links for box in link)
    return (_make_box(recipe, (), (Branch("", boxes),)),) if recipe is not None and len(boxes) == 1 else boxes


def _make_box(tx: Any, kept: tuple[Kept, ...], branches: tuple[Branch, ...]) -> Box:
    own = {name: value for name, value in tx.arguments.items() if not find_transformations(value)}
    arguments = tuple(shorten_numbers(text) for text in show_arguments(tx.factory, own))
    return Box(tx.factory.name, arguments, kept, signals_of(tx), splits_gradient(tx), branches)


def _label(name: str, held: Any) -> str:
    """Return the name of a branch, as paths in the state have it, with that of the recipe that it is, if it is one."""
    return f"{name}: {held.factory.name}" if _is_recipe(held) and name != held.factory.name else name


def _is_recipe(tx: Any) -> bool:
    return isinstance(tx, Value) and isinstance(open_value(tx)[0], Value)


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


def _find_kept_of_examples(tx: Any, examples: Iterable[PyTree] = EXAMPLES) -> dict[tuple[str, ...], tuple[Kept, ...]]:
    found = next((kept for params in examples if (kept := _try_to_find_kept(tx, params)) is not None), None)
    return {} if found is None else found | _find_kept_of_empty_groups(tx, found)


def _find_kept_of_empty_groups(
    tx: Any, found: Mapping[tuple[str, ...], tuple[Kept, ...]]
) -> dict[tuple[str, ...], tuple[Kept, ...]]:
    """Return what the groups keep of which no more than numbers was found, because they select no leaf of the example.

    Each is seen alone, with the matrix first, and stored as it is within `tx`.
    """
    kept = {}
    full = [path for path, fields in found.items() if any(field.size != NUMBER for field in fields)]
    places = [place for _, place in walk_links(tx)]
    for place in places:
        for name, group in place.parts.inner.items() if place.name == "partition" else ():
            path = (*place.path, name)
            if any(other[: len(path)] == path for other in full):
                continue
            stores = [each.tx for each in places if each.name == "store" and each.path == path[: len(each.path)]]
            stored = functools.reduce(_store_alone, reversed(stores), group)
            for inside, fields in _find_kept_of_examples(stored, reversed(EXAMPLES)).items():
                if len(inside) >= len(stores):  # else the step of a store with a key, which is not the group's
                    kept[(*path, *inside[len(stores) :])] = fields
    return kept


def _store_alone(tx: Any, store: Any) -> Any:
    """Return a transformation stored as a `store` does that holds it among others, without the slots of the others."""
    if not isinstance(codec := store.codec, dict):
        return store.replace(tx=tx)
    stored = [store.replace(tx=tx, codec={slot: one}) for slot, one in codec.items()]
    own = [one.codec for one in stored if any(_try_to_find_kept(one, params) is not None for params in EXAMPLES)]
    return store.replace(tx=tx, codec=dict(itertools.chain.from_iterable(one.items() for one in own)))


def _try_to_find_kept(tx: Any, params: PyTree) -> dict[tuple[str, ...], tuple[Kept, ...]] | None:
    """Return what `_find_kept` returns, or None if `tx` is for other trees: for the names in one, or for devices."""
    try:
        return _find_kept(tx, params)
    except (TypeError, ValueError):
        return None
