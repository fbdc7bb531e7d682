"""`only`, which applies a transformation to some leaves."""

from __future__ import annotations

from typing import Any

import optax

from ..core.decorators import recipe
from .chain import chain
from .freeze import freeze
from .partition import partition


@recipe
def only(selector: Any, tx: optax.GradientTransformation, otherwise: str = "pass"):
    """Apply a transformation to the selected leaves alone.

    `selector` is a selector, or what stands for one, as in `partition`. `otherwise` says what becomes of the other
    leaves: `"pass"` leaves their direction as it is, and `"zero"` makes it zero, so that they are not trained. Either
    way they are absent in `tx`, which has no state for them. `only(~path("**/bias"), add_decayed_weights(0.1))` is a
    link that decays all but biases.

    Raises ValueError for any other word, and TypeError for what is no selector.

    >>> tx = gl.only(gl.ndim(2), gl.scale(10.0))
    >>> gradient = {"kernel": jnp.ones((1, 2)), "bias": jnp.ones(2)}
    >>> direction, _ = tx.update(gradient, tx.init(gradient))
    >>> print(direction["kernel"], direction["bias"])
    [[10. 10.]] [1. 1.]
    """
    if otherwise not in ("pass", "zero"):
        raise ValueError(f'only: otherwise must be "pass" or "zero", got {otherwise!r}')
    return partition((selector, tx), default=chain() if otherwise == "pass" else freeze())
