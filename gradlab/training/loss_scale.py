"""`loss_scale`, the number by which a training step multiplies the loss, for `dynamic_loss_scale`."""

from __future__ import annotations

from typing import Any

from ..combinators.dynamic_loss_scale import dynamic_loss_scale
from ..core.composites import Composite, Place, walk, walk_hidden
from ..core.transformation_calls import signals_of


def loss_scale(tx: Any, state: Any) -> Any:
    """Return the number to multiply the next loss by before its gradient is taken, a float32 scalar.

    It is 1.0 for an optimizer without `dynamic_loss_scale`. `state` is that after the last update, or after `init`.

    Raises ValueError if `dynamic_loss_scale` holds only a part of the optimizer, because the other parts would receive
    the scaled gradient, or if a wrapper of another library holds it.

    >>> tx, x = gl.dynamic_loss_scale(gl.sgd(0.1), initial=1024.0), jnp.array([1.0, 2.0])
    >>> state = tx.init(x)
    >>> scale = gl.loss_scale(tx, state)
    >>> gradient = jax.grad(lambda x: scale * (x**2).sum() / 2)(x)  # 1024 times that of the loss
    >>> print(tx.update(gradient, state, x, loss_scale=scale)[0])  # the optimizer divides by the scale
    [-0.1 -0.2]
    """
    if "loss_scale" not in signals_of(tx):
        return 1.0
    places = list(walk(tx, state))
    factory = dynamic_loss_scale.factory  # type: ignore[attr-defined]
    found = [place for place in places if getattr(place.tx, "factory", None) == factory]
    hidden = [wrapper for wrapper, held in walk_hidden(tx) if getattr(held, "factory", None) == factory]
    if hidden:
        raise ValueError(
            f"{hidden[0]}, a wrapper of another library, holds dynamic_loss_scale and does not hand its scale out; put "
            f"it around the whole optimizer: dynamic_loss_scale(chain({hidden[0]}(tx)))"
        )
    if not found:
        return 1.0
    shared = [place.tx.factory.name for place in places if _holds_among_others(place, found[0])]
    if shared or len(found) > 1:
        raise ValueError(
            f"dynamic_loss_scale stands beside other parts of {(shared or ['itself'])[0]}, which would receive the "
            f"scaled gradient; put one around the whole optimizer: dynamic_loss_scale(chain(...))"
        )
    return found[0].state.scale


def _holds_among_others(outer: Place, place: Place) -> bool:
    """Return whether a combinator holds a place within one of several transformations."""
    is_within = len(place.path) > len(outer.path) and place.path[: len(outer.path)] == outer.path
    return is_within and isinstance(outer.parts, Composite) and len(outer.parts.inner) > 1
