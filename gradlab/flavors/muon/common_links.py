"""The links that implementations of Muon share."""

from __future__ import annotations

from typing import Any

import optax

from ...combinators.chain import chain
from ...transforms.bias_correction import bias_correction
from ...transforms.decay import add_decayed_weights
from ...transforms.momentum import nesterov as look_ahead
from ...transforms.momentum import scale_by_momentum
from ...transforms.scaling import scale, scale_by_learning_rate
from ...transforms.second_moment import scale_by_rms
from ...transforms.shape_factors import scale_by_shape

JORDAN = (3.4445, -4.7750, 2.0315)
LARGER_SIDE = "sqrt(max(r, c))"


def momentum_links(decay: Any, nesterov: bool, dampening: Any = None) -> tuple[Any, ...]:
    """Return a running mean, or with a dampening of 0 a sum, and the look-ahead along it."""
    return (scale_by_momentum(decay, dampening), *((look_ahead(decay, dampening),) if nesterov else ()))


def factor_links(matches_adam: bool, factor: Any, layout: Any) -> tuple[Any, ...]:
    """Return the links of a factor that makes steps as long as Adam's, or of that of the author of Muon."""
    return (scale_by_shape(LARGER_SIDE, layout), scale(factor)) if matches_adam else (scale_by_shape(layout=layout),)


def adam_links(b1: Any, b2: Any, eps: Any) -> tuple[Any, ...]:
    """Return the links of Adam with epsilon added to the uncorrected root."""
    return scale_by_momentum(b1), scale_by_rms(b2, eps), bias_correction(b1, b2)


def compose_step(*links: optax.GradientTransformation, lr: Any, weight_decay: Any) -> Any:
    return chain(*links, add_decayed_weights(weight_decay), scale_by_learning_rate(lr))
