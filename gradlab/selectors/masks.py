"""The masks of links: a selector, a pattern, or as in optax a tree of booleans or a function of the parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

import jax
import numpy as np

from ..core.boundary import PyTree
from ..core.stateless import init_empty
from ..values.annotation_evaluation import name_of
from ..values.factories import accepts
from ..values.numeric_arguments import Reader
from ..values.value import Value
from .base import Selector
from .empty_choices import warn_of_no_choice
from .leaves import read_leaves
from .patterns import path

_REMEDY = (
    'to choose by single leaves, pass a selector: gl.ndim(2) for matrices, gl.path("**/kernel") by names, or '
    "gl.where(lambda path, leaf: leaf.ndim >= 2) for a function of the path and the leaf"
)


def init_for(owner: str, mask: Any) -> Callable[[PyTree], PyTree]:
    """Return the `init` of a link without state that has a mask, which examines the mask. Errors call the link `owner`.

    It warns of a selector of names that chooses no leaf. It raises TypeError for a function that fails, and ValueError
    for a tree that is no prefix of the parameters.
    """

    def init(params: PyTree) -> PyTree:
        if isinstance(mask, Selector):
            warn_of_no_choice(owner, mask, read_leaves(params), "no leaf decays")
        elif _is_function(mask):
            _try_out(owner, mask, params)
        else:
            _require_prefix(owner, mask, params)
        return init_empty(params)

    return init


def _try_out(owner: str, mask: Callable[[PyTree], Any], params: PyTree) -> None:
    try:
        mask(params)
    except (AttributeError, TypeError) as error:  # what a function of a leaf raises for a tree
        raise TypeError(
            f"{owner}: mask is called with the whole tree of parameters, and {name_of(mask)} failed with "
            f"{type(error).__name__}: {error}; {_REMEDY}"
        ) from error


def _require_prefix(owner: str, mask: PyTree, params: PyTree) -> None:
    try:
        jax.tree.map(lambda _, part: None, mask, params, is_leaf=lambda node: node is None)
    except ValueError:
        names = [leaf for leaf in jax.tree.leaves(mask) if isinstance(leaf, str)]
        meant = ", ".join(f'"{name}"' for name in names) or '"**/kernel"'
        raise ValueError(
            f"{owner}: mask has another structure than the parameters; pass a tree like them, or one with True "
            f"or False in place of whole branches. To choose leaves by their paths, pass mask=gl.path({meant})"
        ) from None


def _is_function(mask: Any) -> bool:
    """Return whether a mask is called with the parameters. A module that holds booleans is a tree, and is not."""
    return callable(mask) and all(leaf is mask for leaf in jax.tree.leaves(mask))


def _read_mask(where: str, mask: Any) -> Any:
    """Return a pattern as its selector, and another mask with booleans of Python for those of arrays.

    Raises TypeError for a function that cannot be called with the tree of parameters.
    """
    if isinstance(mask, str):
        return path(mask)
    if _is_function(mask) and not isinstance(mask, type) and not accepts(mask, None):
        raise TypeError(
            f"{where} is called with one argument, the whole tree of parameters, which {name_of(mask)} does not take; "
            f"{_REMEDY}"
        )
    return jax.tree.map(_as_bool, mask, is_leaf=lambda node: isinstance(node, Value))


def _as_bool(leaf: Any) -> Any:
    is_array = isinstance(leaf, (np.bool_, np.ndarray, jax.Array)) and not isinstance(leaf, jax.core.Tracer)
    return bool(leaf) if is_array and leaf.dtype == bool and leaf.ndim == 0 else leaf


Mask: TypeAlias = Annotated[Any, Reader(_read_mask)]
