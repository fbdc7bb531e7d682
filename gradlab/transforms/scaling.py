"""Scaling by a number, by the learning rate, or to the sign alone."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from ..arithmetic.safe_arithmetic import divide, magnitude
from ..core.claims import ELEMENTWISE_AND_SYMMETRIC
from ..core.decorators import transformation
from ..core.stateless import map_leaves
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import Hyperparameter, NonNegative


@transformation(claims=ELEMENTWISE_AND_SYMMETRIC)
def scale(factor: Hyperparameter):
    """Multiply by a number, $d' = c d$. `factor` is $c$, finite and of either sign.

    >>> print(gl.scale(-0.5).update(jnp.array([2.0, -4.0]), ())[0])
    [-1.  2.]
    """
    return map_leaves(lambda d: factor * d)


@transformation(claims=ELEMENTWISE_AND_SYMMETRIC)
def scale_by_learning_rate(learning_rate: NonNegative):
    r"""Turn a direction into a step of descent, $d' = -\alpha d$. `learning_rate` is $\alpha$ in [0, inf).

    >>> print(gl.scale_by_learning_rate(0.1).update(jnp.array([2.0, -4.0]), ())[0])
    [-0.2  0.4]
    """
    return map_leaves(lambda d: -learning_rate * d)


@transformation(claims=ELEMENTWISE_AND_SYMMETRIC)
def scale_by_sign():
    r"""Keep the sign only, $d' = d / |d|$, with 0 at 0. A complex number keeps its phase.

    Source: Riedmiller & Braun (1993), Rprop; Bernstein et al. (2018), signSGD.

    >>> print(gl.scale_by_sign().update(jnp.array([2.0, -4.0]), ())[0])
    [ 1. -1.]
    """
    return map_leaves(lambda d: divide(d, magnitude(d)) if jnp.iscomplexobj(d) else jnp.sign(d))


@equation_of(scale)
def _(write: Writer, factor: Any) -> Expression:
    if isinstance(factor, float) and abs(factor) == 1:
        return write.whole().times("", negative=factor < 0)
    is_negative = isinstance(factor, float) and factor < 0
    return write.whole().times(write.number(r"\alpha", -factor if is_negative else factor), is_negative)


@equation_of(scale_by_learning_rate)
def _(write: Writer, learning_rate: Any) -> Expression:
    return write.whole().times(write.number(r"\alpha", learning_rate), negative=True)


@equation_of(scale_by_sign)
def _(write: Writer) -> Expression:
    return write.whole().inside(r"\operatorname{sign}")
