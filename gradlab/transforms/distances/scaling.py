"""Scaling by a signal that a combinator around the link measures: the distance, or rates."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ...arithmetic.leaf_maps import map_by_shape
from ...core.claims import ELEMENTWISE_AND_SYMMETRIC
from ...core.decorators import transformation
from ...core.stateless import init_empty, require_empty
from ...equations import Expression, Writer, equation_of
from ...values.numeric_arguments import Hyperparameter


@transformation(splits_gradient=True, claims=dict.fromkeys(ELEMENTWISE_AND_SYMMETRIC, True) | {"link": True})
def scale_by_distance(power: Hyperparameter = 1.0):
    r"""Multiply the direction by a power of the distance that a combinator around it estimates, $d' = D^p d$.

    `power` is $p$, finite. The distance $D$, above 0, is the signal `distance`, which a combinator around the link
    measures: `distance_from_start`, `prodigy_distance` or `d_adaptation`. The gradient of the chain stays what it is.

    `update` raises ValueError without `distance`.

    >>> print(gl.scale_by_distance(power=2.0).update(jnp.array([2.0, -4.0]), (), distance=3.0)[0])
    [ 18. -36.]
    """

    def update(updates, state, *, distance=None):
        require_empty(state)
        if distance is None:
            raise ValueError(
                "scale_by_distance reads the distance, which a combinator around it measures; put its chain inside "
                "distance_from_start, prodigy_distance or d_adaptation"
            )
        factor = distance**power
        return map_by_shape(lambda d: factor * d, updates), state

    return init_empty, update


@transformation(splits_gradient=True, claims=dict.fromkeys(ELEMENTWISE_AND_SYMMETRIC, True) | {"link": True})
def scale_by_rates():
    r"""Multiply the direction by the rates that `d_adaptation` around the link estimates, $d' = a \odot d$.

    The rates $a$, a tree like the parameters or a prefix of one, are the signal `rates`, which `d_adaptation` measures.
    `update` raises ValueError without it.

    >>> tx, gradient = gl.scale_by_rates(), jnp.array([2.0, -4.0])
    >>> print(tx.update(gradient, tx.init(gradient), rates=jnp.array([10.0, 1.0]))[0])
    [20. -4.]
    """

    def update(updates, state, *, rates=None):
        require_empty(state)
        if rates is None:
            raise ValueError(
                "scale_by_rates reads rates, which a combinator around it measures; put its chain inside d_adaptation"
            )
        rates = jax.tree.broadcast(rates, updates)
        return map_by_shape(lambda a, d: jnp.asarray(a).astype(d.dtype) * d, rates, updates), state

    return init_empty, update


@equation_of(scale_by_distance)
def _(write: Writer, power: Any) -> Expression:
    distance = write.signals.get("distance", "D_t")
    if not isinstance(power, float):
        return write.whole().times(f"{distance}^{{{write.number('p', power)}}}")
    exponent = "" if abs(power) == 1 else f"^{{{abs(power):g}}}" if abs(power) >= 10 else f"^{abs(power):g}"
    factor = f"{distance}{exponent}"
    return write.direction().over(factor) if power < 0 else write.whole().times(factor)


@equation_of(scale_by_rates)
def _(write: Writer) -> Expression:
    return write.direction().times(rf"{write.signals.get('rates', 'a_t')} \odot")
