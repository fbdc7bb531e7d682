"""`chain`, which applies transformations one after another, and carries the gradient beside the direction."""

from __future__ import annotations

import functools
from typing import Any

import optax

from ..arithmetic.bounded_gradients import bound_gradient, having_bounded
from ..core.base import Transformation, splits_gradient, squares_gradient
from ..core.boundary import Boundary
from ..core.composites import Composite, name_each
from ..core.decorators import decorate_factory
from ..core.not_a_transformation import refuse_to_run
from ..core.transformation_calls import raw_init, raw_update
from ..remedies.optax_names import suggest_wrapped
from ..values.value import Value
from .checks.order_of_links import warn_of_order
from .splits import Split, find_split, join_splits, keep_gradient, require_known_gradient


class Chain(Composite):
    """The functions of a chain and the links that they run."""

    @property
    def links(self) -> tuple[optax.GradientTransformation, ...]:
        """The links in order, with recipes and chains opened."""
        return tuple(self.inner.values())


def chain(*links: optax.GradientTransformation) -> Transformation:
    r"""Apply links one after another, each to the direction $d$ that the one before it made, $d_i = f_i(d_{i-1}; g)$.

    A chain carries two signals: the gradient $g$ and the direction $d$ that is built from it. They are the same until a
    momentum link splits them. A link before that (clipping, coupled decay, noise) changes both. Links that measure the
    gradient (second moments, Nesterov) read $g$ and scale $d$. So momentum, RMS scaling and bias correction, in this
    order, are Adam.

    In a chain that squares the gradient, a finite element of more than $2^{51}$ in float32, or $2^{484}$ in float64, is
    bounded before the first link that remembers or squares it, so that no sum of squares overflows.

    `links` are transformations of gradlab or of optax, or `(init, update)` pairs. Links of optax receive the direction,
    and not the gradient. Chains and recipes among the links are opened, so `chain` is associative, and `chain()`
    changes nothing. The state is the tuple of the states of all links.

    Raises TypeError for anything else, such as a factory that was not called. `init` warns of a link behind `freeze`,
    `accumulate` or an average that changes what these have made, such as a weight decay behind `freeze`. It warns of a
    second learning rate, as in `chain(adam(), scale_by_learning_rate(0.1))`, which turns descent into ascent, and of a
    weight decay on the wrong side of the learning rate, as in `chain(adam(), add_decayed_weights())`, with which the
    weights grow. It raises ValueError for a link that reads the gradient behind a wrapper within which another link has
    changed it.

    >>> momentum_first = gl.chain(gl.scale_by_momentum(0.9), gl.clip_by_value(0.5))
    >>> clip_first = gl.chain(gl.clip_by_value(0.5), gl.scale_by_momentum(0.9))
    >>> gradient = jnp.array([2.0, -40.0])
    >>> for tx in (momentum_first, clip_first):
    ...     print(tx.update(gradient, tx.init(gradient))[0])
    [ 0.2 -0.5]
    [ 0.05 -0.05]
    """
    opened: list[Any] = []
    for position, link in enumerate(links):
        if isinstance(link, Transformation) and link.factory == _chain.factory:
            opened.extend(link.arguments["links"])
        else:
            opened.append(_as_link(link, position))
    return _chain(*opened)


# `links` is both an argument and a property of a chain. The property differs only in that it opens recipes.
@functools.partial(decorate_factory, name="chain", shadowed=frozenset({"links"}))
def _chain(*links: Any) -> Chain:
    flat = tuple(part for link in links for part in (link.links if isinstance(link, Transformation) else (link,)))

    def init(params):
        require_known_gradient(flat)
        states = tuple(raw_init(link, params) for link in flat)
        warn_of_order(inner, links, dict(zip(names, states, strict=True)), params)
        return states

    def update(updates, state, params=None, *, grads=None, **extra):
        split: Split = grads is not None
        gradient = keep_gradient(split, grads, updates)
        if len(state) != len(flat):
            raise ValueError(f"a chain of {len(flat)} links got a state of {len(state)}")
        new_state = []
        bounded_at = _find_bounded_link(flat)
        bounded: Any = ()
        raw: Any = ()
        for position, (link, link_state) in enumerate(zip(flat, state, strict=True)):
            if position == bounded_at:
                raw = (updates, gradient) if split else updates
                bounded = bound_gradient(raw)
                updates, gradient = bounded if split else (bounded, bounded)
                gradient = keep_gradient(split, gradient, updates)
            signals = {"grads": gradient, **extra} if split else extra
            with having_bounded(bounded, raw):
                updates, link_state = raw_update(link, updates, link_state, params, signals)
            split = join_splits(split, find_split(link, updates))
            gradient = keep_gradient(split, gradient, updates)
            new_state.append(link_state)
        return updates, tuple(new_state)

    names = name_each(flat)
    inner = dict(zip(names, flat, strict=True))
    return Chain(init, update, inner, lambda state: dict(zip(names, state, strict=True)))


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
    if remedy := suggest_wrapped(link):
        raise TypeError(f"{where} is a {type(link).__name__}; {remedy}")
    raise TypeError(
        f"{where} must be a transformation, such as scale_by_rms() or optax.scale(0.1); "
        f"got {type(link).__name__}: {link!r}"
    )
