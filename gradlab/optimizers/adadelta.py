"""Adadelta."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..transforms.decay import add_decayed_weights
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms, scale_by_update_rms
from ..values.numeric_arguments import Decay, NonNegative


@recipe(claims=("descends",))
def adadelta(
    learning_rate: NonNegative = 1.0,
    rho: Decay = 0.9,
    eps: NonNegative = 1e-6,
    weight_decay: NonNegative | None = None,
    weight_decay_mask: Any = None,
):
    r"""Adadelta, which scales by the RMS of the gradients and of its own updates, in place of a learning rate.

    It is published with `learning_rate` $\alpha$ = 1. `rho` in [0, 1) is the decay of both running means. `eps` in [0,
    inf) is added inside both roots and sets the size of the first steps; with 0, nothing ever moves. `weight_decay` in
    [0, inf) is added to the gradient in the leaves that `weight_decay_mask` chooses, as in `add_decayed_weights`, and
    needs `params`. None adds nothing.

    Raises ValueError for a mask without a weight decay. Source: Zeiler (2012), algorithm 1.

    >>> tx, gradient = gl.adadelta(), jnp.array([2.0, -4.0])
    >>> step, state = tx.update(gradient, tx.init(gradient))
    >>> print(step)  # sqrt(1e-6) / sqrt(0.1), whatever the gradient
    [-0.0032  0.0032]
    """
    if weight_decay is None and weight_decay_mask is not None:
        raise ValueError(
            "adadelta: weight_decay_mask chooses what decays, and weight_decay is None; "
            "pass weight_decay too, such as 1e-4"
        )
    decay = () if weight_decay is None else (add_decayed_weights(weight_decay, weight_decay_mask),)
    return chain(
        *decay,
        scale_by_rms(rho, eps=0.0, eps_root=eps),
        scale_by_update_rms(rho, eps),
        scale_by_learning_rate(learning_rate),
    )
