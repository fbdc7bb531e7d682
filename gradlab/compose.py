"""The combinators: `chain` runs links in series, `precondition` multiplies the direction by rates, and `isolate` keeps
a link from the gradient of the chain.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .base import (
    Transformation,
    _transformation,
    splits_gradient,
    squares_gradient,
    transformation,
)
from .boundary import Boundary
from .claims import ELEMENTWISE, claims_of, shared_claims
from .equations import Expression, Writer, equation_of
from .not_a_transformation import refuse_to_run
from .safe_arithmetic import bound_for_squaring
from .transformation_calls import raw_init, raw_update
from .values import Value


class Chain(NamedTuple):
    """The two functions of a chain and the links that they run."""

    init: Callable[..., Any]
    update: Callable[..., Any]
    links: tuple[optax.GradientTransformation, ...]


def chain(*links: optax.GradientTransformation) -> Transformation:
    r"""Apply links one after another, each to the direction $d$ that the one before it made, $d_i = f_i(d_{i-1}; g)$.

    A chain carries two signals: the gradient $g$ and the direction $d$ that is built from it. They are the same until a
    momentum link splits them. A link before that (clipping, coupled decay, noise) changes both. Links that measure the
    gradient (second moments, Nesterov) read $g$ and scale $d$. So momentum, RMS scaling and bias correction, in this
    order, are Adam.

    In a chain that squares the gradient, a finite element whose square would overflow (in float32, one above $2^{51}$)
    is bounded before the first link that remembers or squares it.

    `links` are transformations of gradlab or of optax, or `(init, update)` pairs. Links of optax receive the direction,
    and not the gradient. Chains and recipes among the links are opened, so `chain` is associative, and `chain()`
    changes nothing. The state is the tuple of the states of all links.

    Raises TypeError for anything else, such as a factory that was not called.
    """
    opened: list[Any] = []
    for position, link in enumerate(links):
        if isinstance(link, Transformation) and link.factory == _chain.factory:
            opened.extend(link.arguments["links"])
        else:
            opened.append(_as_link(link, position))
    return _chain(*opened)


# `links` is both an argument and a property of a chain. The property differs only in that it opens recipes.
@functools.partial(_transformation, name="chain", shadowed=frozenset({"links"}))
def _chain(*links: Any) -> Chain:
    flat = tuple(part for link in links for part in (link.links if isinstance(link, Transformation) else (link,)))

    def init(params):
        return tuple(raw_init(link, params) for link in flat)

    def update(updates, state, params=None, *, grads=None, **extra):
        split = grads is not None
        gradient = grads if split else updates
        if len(state) != len(flat):
            raise ValueError(f"a chain of {len(flat)} links got a state of {len(state)}")
        new_state = []
        bounded_at = _find_bounded_link(flat)
        for position, (link, link_state) in enumerate(zip(flat, state, strict=True)):
            if position == bounded_at:
                updates, gradient = (jax.tree.map(bound_for_squaring, tree) for tree in (updates, gradient))
            updates, link_state = raw_update(link, updates, link_state, params, {"grads": gradient, **extra})
            split = split or splits_gradient(link)
            gradient = gradient if split else updates
            new_state.append(link_state)
        return updates, tuple(new_state)

    return Chain(init, update, flat)


def _find_bounded_link(links: tuple[Any, ...]) -> int | None:
    """Return the position of the first link that remembers or squares the gradient, in a chain that squares it.

    Elements are bounded there, so that the moments of all orders see the same gradient. If only the second moment saw
    bounded elements, the quotient of the moments would be too large.
    """
    if not any(map(squares_gradient, links)):
        return None
    return next(i for i, link in enumerate(links) if splits_gradient(link) or squares_gradient(link))


chain.factory = _chain.factory  # type: ignore[attr-defined]
refuse_to_run(chain, "chain")


@transformation(splits_gradient="tx", claims=lambda isolated: claims_of(isolated.tx))
def isolate(tx: optax.GradientTransformation):
    """Apply a transformation as if it stood alone: the direction that enters it is also its gradient.

    `chain(scale_by_momentum(), isolate(scale_by_rms()))` measures the RMS of the momentum, as a chain of optax does.
    """

    def update(
        updates, state, params=None, **extra
    ):  # does not name `grads`, so it does not receive the gradient of the chain
        return raw_update(tx, updates, state, params, extra)

    return lambda params: raw_init(tx, params), update


@transformation(splits_gradient="tx", claims=lambda scaled: _rate_claims(scaled.tx))
def precondition(tx: optax.GradientTransformation):
    r"""Multiply the direction by the rates that a transformation gives, $d' = f(\mathbf 1; g) \odot d$.

    `tx` transforms a tree of ones and reads the gradient of the chain. Its result is the rate of each parameter, a real
    array with the shape of the parameter. So the rates can be bounded before they are applied, as in AdaBound.
    """

    def init(params):
        return raw_init(tx, _ones(params))

    def update(updates, state, params=None, *, grads=None, **extra):
        gradient = updates if grads is None else grads
        rates, state = raw_update(tx, _ones(updates), state, params, {"grads": gradient, **extra})
        return jax.tree.map(lambda rate, d: rate.astype(d.dtype) * d, rates, updates), state

    return init, update


def _rate_claims(tx: Any) -> tuple[str, ...]:
    """Return the claims of a product with rates: none about signs, because the rates may depend on them."""
    return tuple(name for name in ELEMENTWISE if name in shared_claims(tx))


def _ones(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: jnp.ones_like(leaf.real), tree)


def _as_link(link: Any, position: int) -> Any:
    """Return a link as a transformation. Raises TypeError, with the remedy, for what cannot be one."""
    if isinstance(link, optax.GradientTransformation):
        return link
    where = f"chain: link {position}"
    if isinstance(getattr(link, "__self__", None), Boundary):
        raise TypeError(f"{where} is the {link.__name__} of a transformation; pass the transformation as one link")
    if callable(link) and not isinstance(link, tuple | Value):
        name = getattr(link, "__name__", repr(link))
        raise TypeError(f"{where} is the function {name} itself; call it: {name}(...)")
    if isinstance(link, tuple) and len(link) == 2 and all(map(callable, link)):
        return optax.GradientTransformation(*link)
    if isinstance(link, tuple | list) and all(isinstance(part, optax.GradientTransformation) for part in link):
        raise TypeError(f"{where} is a {type(link).__name__} of {len(link)} transformations; pass each: chain(*links)")
    raise TypeError(
        f"{where} must be a transformation, such as scale_by_rms() or optax.scale(0.1); "
        f"got {type(link).__name__}: {link!r}"
    )


@equation_of(isolate)
def _(write: Writer, tx: Any) -> Expression:
    direction = write.symbol()
    return write.inside(tx, write.letter, write.role, direction, direction)


@equation_of(precondition)
def _(write: Writer, tx: Any) -> Expression:
    direction, gradient = write.direction(), write.gradient()
    rates = write.inside(tx, write.letter, write.role, Expression("1"), gradient)
    return direction.times(rf"{write.line(write.fresh('r'), rates)} \odot")
