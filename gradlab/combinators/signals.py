"""Combinators that choose the signals of a transformation.

`isolate` keeps the gradient of the chain from it, `measure` gives it another one to read, and `precondition` makes it
the rates that multiply the direction.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..core.claims import ELEMENTWISE, claims_of, shared_claims
from ..core.composites import Composite
from ..core.decorators import transformation
from ..core.transformation_calls import hand_on, raw_init, raw_update
from ..equations import Expression, Writer, equation_of


@transformation(splits_gradient="tx", claims=lambda isolated: claims_of(isolated.tx))
def isolate(tx: optax.GradientTransformation):
    """Apply a transformation as if it stood alone: the direction that enters it is also its gradient.

    `chain(scale_by_momentum(), isolate(scale_by_rms()))` measures the RMS of the momentum, as a chain of optax does.

    >>> gradient = jnp.array([2.0, -4.0])
    >>> for tx in (gl.scale_by_rms(0.0), gl.isolate(gl.scale_by_rms(0.0))):  # by |g|, or by the momentum
    ...     tx = gl.chain(gl.scale_by_momentum(0.9), tx)
    ...     print(tx.update(gradient, tx.init(gradient))[0])
    [ 0.1 -0.1]
    [ 1. -1.]
    """

    def init(params):
        return raw_init(tx, params)

    def update(updates, state, params=None, **extra):  # does not name `grads`, so it does not receive the gradient
        return raw_update(tx, updates, state, params, extra)

    return Composite(init, update, {"tx": tx}, lambda state: {"tx": state}, gradient="own")


class MeasureState(NamedTuple):
    """The state of `measure`: the states of the signal and of the transformation that reads it."""

    signal: Any
    inner: Any


@transformation(splits_gradient="tx", claims=lambda measured: shared_claims(measured.signal, measured.tx))
def measure(signal: optax.GradientTransformation, tx: optax.GradientTransformation):
    r"""Apply a transformation that reads another signal in place of the gradient, $d' = f(d; s)$ with $s = h(d; g)$.

    `signal` is the transformation $h$, which makes the signal of the direction and the gradient of the chain. `tx` is
    $f$, which transforms the direction and reads the signal as its gradient. AdaBelief measures how far the gradient is
    from the momentum, `measure(add(gradient(), scale(-1.0)), scale_by_rms(0.999))`. Links after it read the gradient of
    the chain as before.

    >>> tx, gradient = gl.measure(gl.scale(10.0), gl.scale_by_rms(0.0)), jnp.array([2.0, -4.0])
    >>> print(tx.update(gradient, tx.init(gradient))[0])  # divided by |10 g|
    [ 0.1 -0.1]
    """

    def init(params):
        return MeasureState(raw_init(signal, params), raw_init(tx, params))

    def update(updates, state, params=None, *, grads=None, **extra):
        signals = hand_on(extra, grads)
        measured, signal_state = raw_update(signal, updates, state.signal, params, signals)
        updates, inner = raw_update(tx, updates, state.inner, params, {"grads": measured, **extra})
        return updates, MeasureState(signal_state, inner)

    def states(state):
        return {"signal": state.signal, "tx": state.inner}

    return Composite(init, update, {"signal": signal, "tx": tx}, states, gradient="own")


@transformation(splits_gradient="tx", claims=lambda scaled: _rate_claims(scaled.tx))
def precondition(tx: optax.GradientTransformation):
    r"""Multiply the direction by rates that a transformation computes from the gradient, $d' = f(\mathbf 1; g) \odot
    d$.

    `tx` transforms a tree of ones and reads the gradient of the chain. Its result is the rate of each parameter, a real
    array with the shape of the parameter. So the rates can be bounded before they are applied, as in AdaBound.

    >>> tx = gl.precondition(gl.chain(gl.scale_by_rms(0.0), gl.clip_between(0.0, 0.4)))
    >>> print(tx.update(jnp.array([2.0, -4.0]), tx.init(jnp.zeros(2)))[0])  # rates 0.4 and 0.25
    [ 0.8 -1. ]
    """

    def init(params):
        return raw_init(tx, _ones(params))

    def update(updates, state, params=None, *, grads=None, **extra):
        gradient = updates if grads is None else grads
        rates, state = raw_update(tx, _ones(updates), state, params, {"grads": gradient, **extra})
        return jax.tree.map(lambda rate, d: rate.astype(d.dtype) * d, rates, updates), state

    return Composite(init, update, {"tx": tx}, lambda state: {"tx": state}, gradient="own")


def _rate_claims(tx: Any) -> tuple[str, ...]:
    """Return the claims of a product with rates: none about signs, because the rates may depend on them."""
    return tuple(name for name in ELEMENTWISE if name in shared_claims(tx))


def _ones(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: jnp.ones_like(leaf.real), tree)


@equation_of(isolate)
def _(write: Writer, tx: Any) -> Expression:
    direction = write.symbol()
    return write.inside(tx, write.letter, write.role, direction, direction)


@equation_of(measure)
def _(write: Writer, signal: Any, tx: Any) -> Expression:
    direction, gradient = write.symbol(), write.gradient()
    measured = write.inside(signal, "s", write.role, direction, gradient)
    if measured.kind != "atom" or measured.negative:
        measured = write.line(write.fresh("s"), measured)
    return write.inside(tx, write.letter, write.role, direction, measured)


@equation_of(precondition)
def _(write: Writer, tx: Any) -> Expression:
    direction, gradient = write.direction(), write.gradient()
    rates = write.inside(tx, write.letter, write.role, Expression("1"), gradient)
    return direction.times(rf"{write.line(write.fresh('r'), rates)} \odot")
