"""`freeze`, which makes updates zero."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..core.claims import ELEMENTWISE_AND_SYMMETRIC
from ..core.decorators import transformation
from ..core.stateless import init_empty, require_empty
from ..equations import Expression, Writer, equation_of
from ..selectors import Selector, as_selector, everything
from ..selectors.empty_choices import warn_of_no_choice
from ..selectors.leaves import read_leaves
from .rules import claims_about_names


@transformation(
    claims=lambda tx: {
        **dict.fromkeys(ELEMENTWISE_AND_SYMMETRIC if tx.selector is None else ELEMENTWISE_AND_SYMMETRIC[1:], True),
        "link": True,
        **claims_about_names(_read_selector(tx.selector)),
    }
)
def freeze(selector: Any = None):
    r"""Make the direction of the selected leaves zero, $d' = 0$, so that they are not trained.

    `selector` is a selector, or what stands for one, as in `partition`; None selects all leaves. In a chain, `freeze`
    comes last: links after it, such as weight decay, may move the leaves again, and links before it keep a state for
    them. A rule `(selector, freeze())` of `partition` avoids both, as does `only(~selector, tx, otherwise="zero")`.

    Raises TypeError for anything but a selector or what stands for one.

    >>> tx, gradient = gl.freeze("**/bias"), {"kernel": jnp.ones(2), "bias": jnp.ones(2)}
    >>> direction, _ = tx.update(gradient, tx.init(gradient))
    >>> print(direction["kernel"], direction["bias"])
    [1. 1.] [0. 0.]
    """
    chosen = _read_selector(selector)

    def init(params):
        warn_of_no_choice("freeze", chosen, read_leaves(params), "nothing is frozen")
        return init_empty(params)

    def update(updates, state):
        require_empty(state)
        structure: Any = jax.tree.structure(updates)
        frozen = chosen.choose(read_leaves(updates))
        leaves = zip(jax.tree.leaves(updates), frozen, strict=True)
        return structure.unflatten([jnp.zeros_like(d) if zero else d for d, zero in leaves]), state

    return (init_empty if selector is None else init), update


def _read_selector(selector: Any) -> Selector:
    return everything() if selector is None else as_selector(selector, "freeze: selector")


@equation_of(freeze)
def _(write: Writer, selector: Any) -> Expression:
    if selector is None:
        return Expression("0")
    mask = write.mask(write.fresh(r"\chi"), repr(as_selector(selector)))
    return write.direction().times(rf"(1 - {mask}) \odot")
