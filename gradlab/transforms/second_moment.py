"""Second moments: the division of the direction by a measure of the size of the gradient."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import optax

from ..arithmetic.bounded_gradients import bound_gradient, square_gradient
from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.safe_arithmetic import bounded_square, divide, magnitude, square_root, squared_magnitude
from ..core.claims import ELEMENTWISE, ELEMENTWISE_AND_SYMMETRIC, shared_claims
from ..core.composites import READS_GRADIENT, Composite
from ..core.decorators import recipe, transformation
from ..core.transformation_calls import raw_init, raw_update
from ..equations import Expression, Writer, equation_of, is_zero
from ..values.numeric_arguments import Decay, NonNegative
from .estimators import running_sum
from .momentum import scale_by_momentum


def _as_estimator(decay: Any) -> Any:
    """Return a transformation as it is, and for a number an exponential moving average with that decay."""
    return decay if isinstance(decay, optax.GradientTransformation) else scale_by_momentum(decay)


def _claims(*estimators: Any) -> tuple[str, ...]:
    """Return the claims of a link that squares the gradient: it is elementwise if its estimators are."""
    shared = shared_claims(*map(_as_estimator, estimators))
    return (*(name for name in ELEMENTWISE if name in shared), "bounded squares", "sign symmetric")


def _claims_of_stddev(tx: Any) -> tuple[str, ...]:
    """Return the claims of `scale_by_stddev`, which is symmetric only if the estimator of the mean is."""
    mean = tx.decay if tx.mean_decay is None else tx.mean_decay
    names = _claims(tx.decay, mean)
    return names if "sign symmetric" in shared_claims(_as_estimator(mean)) else names[:-1]


class RmsState(NamedTuple):
    """The state of `scale_by_rms`."""

    second_moment: Any  # the state of the estimator of g^2, real, at least float32


@transformation(squares_gradient=True, claims=lambda tx: _claims(tx.decay))
def scale_by_rms(
    decay: Decay | optax.GradientTransformation = 0.9,
    eps: NonNegative = 1e-8,
    eps_root: NonNegative = 0.0,
    floor: NonNegative | None = None,
):
    r"""Divide by the root of the gradient's second moment, $d' = d / (\sqrt{v_t + \epsilon_r} + \epsilon)$.

    $v_t$ is an estimate of $|g_t|^2$, for the gradient of the chain and not for the direction. A `decay` in [0, 1)
    makes it an exponential moving average. A transformation in its place is the estimator, which is applied to $|g|^2$:
    that of AMSGrad is `chain(scale_by_momentum(b2), bias_correction(b2), running_max())`. `eps` and `eps_root` are in
    [0, inf), in units of the gradient and of its square. `floor` in [0, inf) is the least value of the root, in units
    of the gradient, by default none; ADOPT bounds the root by it instead of adding `eps`. Where the denominator is 0
    the result is 0. A finite gradient whose square would overflow is bounded (see
    `gradlab.arithmetic.safe_arithmetic.bound_for_squaring`); a chain bounds it before it enters a momentum.

    Source: Hinton (2012), lecture 6e of Neural Networks for Machine Learning.

    >>> tx, gradient = gl.scale_by_rms(0.75), jnp.array([2.0, -4.0])
    >>> direction, state = tx.update(gradient, tx.init(gradient))
    >>> print(direction)  # g / sqrt(0.25 g^2)
    [ 2. -2.]
    """
    estimator = _as_estimator(decay)

    def init(params):
        return RmsState(raw_init(estimator, map_by_shape(squared_magnitude, params)))

    def update(updates, state, params=None, *, grads=None, **extra):
        square = square_gradient(updates if grads is None else grads)
        updates = bound_gradient(updates) if grads is None else updates
        v, second_moment = raw_update(estimator, square, state.second_moment, params, extra)

        def divide_by_root(d, v):
            root = square_root(v if is_zero(eps_root) else v + eps_root)
            return divide(d, root if floor is None else jnp.maximum(root, floor), eps)

        return map_by_shape(divide_by_root, updates, v), RmsState(second_moment)

    def states(state):
        return {"second_moment": state.second_moment}

    return Composite(init, update, {"second_moment": estimator}, states, READS_GRADIENT)


@recipe(claims=("link",))
def scale_by_rss(initial: NonNegative = 0.0, eps: NonNegative = 1e-10, eps_root: NonNegative = 0.0):
    r"""Divide by the root of the sum of all squared gradients, $d' = d / (\sqrt{s_t + \epsilon_r} + \epsilon)$.

    $s_t = s_{t-1} + |g_t|^2$, and `initial` is $s_0$ in [0, inf). `eps` and `eps_root` are those of `scale_by_rms`.
    Source: Duchi et al. (2011), figure 1.

    >>> tx, gradient = gl.scale_by_rss(), jnp.array([2.0, -4.0])
    >>> state = tx.init(gradient)
    >>> for _ in range(4):
    ...     direction, state = tx.update(gradient, state)
    >>> print(direction)  # g / sqrt(4 g^2)
    [ 0.5 -0.5]
    """
    return scale_by_rms(running_sum(initial), eps, eps_root)


class StddevState(NamedTuple):
    """The state of `scale_by_stddev`: the states of two estimators."""

    mean: Any  # of g
    second_moment: Any  # of |g|^2, real


@transformation(squares_gradient=True, claims=_claims_of_stddev)
def scale_by_stddev(
    decay: Decay | optax.GradientTransformation = 0.9,
    eps: NonNegative = 1e-8,
    eps_root: NonNegative = 0.0,
    mean_decay: Decay | optax.GradientTransformation | None = None,
):
    r"""Divide by the gradient's standard deviation, $d' = d / (\sqrt{v_t - |\bar g_t|^2 + \epsilon_r} + \epsilon)$.

    It is `scale_by_rms` with the square of the estimated mean $\bar g_t$ subtracted from $v_t$; a difference below 0
    counts as 0. `decay`, in [0, 1) or an estimator, estimates both moments, unless `mean_decay` is given for the mean.
    `eps` and `eps_root` are those of `scale_by_rms`.
    Source: Graves (2013), equations 38 to 40.

    >>> tx, gradient = gl.scale_by_stddev(0.5), jnp.array([2.0, -4.0])
    >>> direction, state = tx.update(gradient, tx.init(gradient))
    >>> print(direction)  # g / sqrt(0.5 g^2 - (0.5 g)^2)
    [ 2. -2.]
    """
    estimator = _as_estimator(decay)
    mean_estimator = estimator if mean_decay is None else _as_estimator(mean_decay)

    def init(params):
        square = map_by_shape(squared_magnitude, params)
        return StddevState(raw_init(mean_estimator, params), raw_init(estimator, square))

    def update(updates, state, params=None, *, grads=None, **extra):
        square = square_gradient(updates if grads is None else grads)
        gradient = bound_gradient(updates if grads is None else grads)
        updates = gradient if grads is None else updates
        mean, mean_state = raw_update(mean_estimator, gradient, state.mean, params, extra)
        v, second_moment = raw_update(estimator, square, state.second_moment, params, extra)

        def divide_by_stddev(d, v, mean):
            variance = jnp.maximum(v - squared_magnitude(mean), 0)
            return divide(d, square_root(variance + eps_root), eps)

        return map_by_shape(divide_by_stddev, updates, v, mean), StddevState(mean_state, second_moment)

    def states(state):
        return {"mean": state.mean, "second_moment": state.second_moment}

    return Composite(init, update, {"mean": mean_estimator, "second_moment": estimator}, states, READS_GRADIENT)


class InfinityNormState(NamedTuple):
    """The state of `scale_by_infinity_norm`."""

    norm: Any  # u, real, like the parameters


@transformation(claims=ELEMENTWISE_AND_SYMMETRIC)
def scale_by_infinity_norm(decay: Decay = 0.999, eps: NonNegative = 0.0, eps_inside: NonNegative = 0.0):
    r"""Divide by a decaying maximum of the gradient, $u_t = \max(\beta u_{t-1}, |g_t| + \epsilon_i)$, $d' = d / (u_t +
    \epsilon)$.

    `decay` is $\beta$ in [0, 1). `eps` is $\epsilon$ and `eps_inside` is $\epsilon_i$, both in [0, inf) and 0 in the
    publication. Where the denominator is 0 the result is 0. Source: Kingma & Ba (2015), algorithm 2 (AdaMax).

    >>> tx, gradient = gl.scale_by_infinity_norm(0.5), jnp.array([2.0, -4.0])
    >>> direction, state = tx.update(gradient, tx.init(gradient))
    >>> print(tx.update(gradient / 4, state)[0])  # divided by half of the first gradient
    [ 0.5 -0.5]
    """

    def init(params):
        return InfinityNormState(map_by_shape(lambda p: jnp.zeros_like(p.real), params))

    def update(updates, state, *, grads=None):
        gradient = updates if grads is None else grads
        norm = map_by_shape(lambda u, g: jnp.maximum(decay * u, magnitude(g) + eps_inside), state.norm, gradient)
        return map_by_shape(lambda d, u: divide(d, u, eps), updates, norm), InfinityNormState(norm)

    return init, update


class UpdateRmsState(NamedTuple):
    """The state of `scale_by_update_rms`."""

    second_moment: Any  # the state of the estimator of d'^2


@transformation(claims=ELEMENTWISE_AND_SYMMETRIC)
def scale_by_update_rms(decay: Decay = 0.9, eps: NonNegative = 1e-6):
    r"""Multiply by the RMS of the results so far, $d'_t = \sqrt{w_{t-1} + \epsilon}\, d_t$, $w_t = \rho w_{t-1} + (1 -
    \rho) |d'_t|^2$.

    `decay` is $\rho$ in [0, 1). `eps` is in [0, inf), in units of the squared parameter; with 0, nothing ever moves.
    This is the second half of Adadelta. It gives a dimensionless direction the units of the parameters.

    Source: Zeiler (2012), algorithm 1.

    >>> tx, gradient = gl.scale_by_update_rms(0.9, eps=0.01), jnp.array([2.0, -4.0])
    >>> direction, state = tx.update(gradient, tx.init(gradient))
    >>> print(direction)  # times sqrt(0 + 0.01)
    [ 0.2 -0.4]
    """

    def init(params):
        return UpdateRmsState(map_by_shape(lambda p: jnp.zeros_like(p.real), params))

    def update(updates, state):
        w = state.second_moment
        scaled = map_by_shape(lambda w, d: square_root(w + eps).astype(d.dtype) * d, w, updates)
        w = map_by_shape(lambda w, d: decay * w + (1 - decay) * bounded_square(d), w, scaled)
        return scaled, UpdateRmsState(w)

    return init, update


_EPSILON = r"\epsilon"


@equation_of(scale_by_rms)
def _(write: Writer, decay: Any, eps: Any, eps_root: Any, floor: Any) -> Expression:
    direction, moment = _write_squares(write, decay)
    return direction.over(_write_root(write, moment, eps, eps_root, floor))


@equation_of(scale_by_stddev)
def _(write: Writer, decay: Any, eps: Any, eps_root: Any, mean_decay: Any) -> Expression:
    mean_of = _as_estimator(decay if mean_decay is None else mean_decay)
    gradient = write.gradient()
    mean = write.inside(mean_of, r"\bar g", "2" if mean_decay is None else "1", gradient, gradient)
    if mean.kind != "atom":
        mean = write.line(write.fresh(r"\bar g"), mean)
    direction, moment = _write_squares(write, decay)
    variance = moment.plus(Expression(rf"{mean}^2", "product", negative=True))
    if mean_decay is not None or isinstance(decay, optax.GradientTransformation):  # the difference may be negative
        variance = variance.inside(r"\max", "0")
    return direction.over(_write_root(write, variance, eps, eps_root))


@equation_of(scale_by_infinity_norm)
def _(write: Writer, decay: Any, eps: Any, eps_inside: Any) -> Expression:
    gradient, beta, norm = write.gradient(), write.decay(decay, "2"), write.fresh("u")
    inside = "" if is_zero(eps_inside) else f" + {write.number(_EPSILON, eps_inside)}"
    write.line(norm, rf"\max({beta} {norm}_{{t-1}}, |{gradient}|{inside})")
    outside = "" if is_zero(eps) else f" + {write.number(_EPSILON, eps)}"
    return write.direction().over(f"{norm}_t{outside}")


@equation_of(scale_by_update_rms)
def _(write: Writer, decay: Any, eps: Any) -> Expression:
    beta, epsilon, moment = write.decay(decay, "2"), write.number(_EPSILON, eps), write.fresh("w")
    result = write.line(write.fresh("d"), write.direction().times(rf"\sqrt{{{moment}_{{t-1}} + {epsilon}}}"))
    square = Expression(f"{result}^2").times(beta.rest)
    write.line(moment, Expression(f"{beta} {moment}_{{t-1}}").plus(square))
    return result


def _write_squares(write: Writer, decay: Any) -> tuple[Expression, Expression]:
    """Write the estimate of the squared gradient, and return the direction and the estimate."""
    square = Expression(f"{write.gradient()}^2", "square")
    return write.direction(), write.inside(_as_estimator(decay), "v", "2", square, square)


def _write_root(write: Writer, moment: Expression, eps: Any, eps_root: Any, floor: Any = None) -> str:
    inside = moment if is_zero(eps_root) else moment.plus(Expression(str(write.number(_EPSILON, eps_root))))
    root = rf"\sqrt{{{inside}}}"
    root = root if floor is None else rf"\max({root}, {write.number(_EPSILON, floor)})"
    return root + ("" if is_zero(eps) else f" + {write.number(_EPSILON, eps)}")
