"""Scaling by the diagonal of the Hessian, estimated in some steps only, for Sophia."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.safe_arithmetic import bound_for_squaring, divide, squared_magnitude
from ..core.claims import leave_out, shared_claims
from ..core.composites import Composite
from ..core.decorators import transformation
from ..core.stateless import init_empty, require_empty
from ..core.transformation_calls import hand_on, raw_init, raw_update
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import Decay, NonNegative, Positive, Seed, draw_keys
from .intervals import choose, require_interval


class HutchinsonState(NamedTuple):
    """The state of `hutchinson`."""

    step: jax.Array  # int32 scalar, the number of estimates so far


@transformation(claims={"link": True, "domain": ("real", "stochastic")})
def hutchinson(key: Seed = 0):
    r"""Replace the direction by an estimate of the diagonal of the Hessian, $d' = z \odot \nabla^2 f(x_{t-1}) z$, $z
    \sim \{-1, 1\}$.

    Each estimate costs about two gradients. The gradient as a function of the parameters comes from the extra argument
    `gradient_fn`, which `make_step` passes, and is differentiated along $z$. The signs follow from `key`, an integer or
    a `jax.random.key`, and from the number of estimates before. Leaves must be real.

    `update` raises ValueError without `params` or `gradient_fn`. Source: Hutchinson (1989); Bekas et al. (2007).

    >>> tx, x = gl.hutchinson(), jnp.array([1.0, 2.0])
    >>> gradient = lambda x: jnp.array([1.0, 4.0]) * x  # the Hessian is diagonal: one estimate is exact
    >>> print(tx.update(gradient(x), tx.init(x), x, gradient_fn=gradient)[0])
    [1. 4.]
    """

    def init(params):
        return HutchinsonState(jnp.zeros((), jnp.int32))

    def update(updates, state, params, *, gradient_fn=None):
        if gradient_fn is None:
            raise ValueError(
                "hutchinson needs the gradient as a function of the parameters: gl.make_step passes it, or call "
                "update(updates, state, params, gradient_fn=lambda params: jax.grad(loss)(params, batch))"
            )
        leaves, structure = jax.tree.flatten(params)
        keys = draw_keys(key, state.step, len(leaves))
        signs = [jax.random.rademacher(one, x.shape, x.dtype) for one, x in zip(keys, leaves, strict=False)]
        z = jax.tree.unflatten(structure, signs)
        _, product = jax.jvp(gradient_fn, (params,), (z,))
        estimate = jax.tree.map(lambda z, h, d: (z * h.astype(z.dtype)).astype(d.dtype), z, product, updates)
        return estimate, HutchinsonState(optax.safe_increment(state.step))

    return init, update


@transformation(claims={"link": True, "permutation equivariant": True, "except": ("turns with i",)})
def gauss_newton_bartlett(batch_size: Positive = 1.0):
    r"""Replace the direction by an estimate of the diagonal of the Gauss-Newton matrix, $d' = B \hat g^2$.

    $\hat g$ is the gradient of the mean loss of a batch whose labels are drawn from the distribution that the model
    predicts. (With the labels of the data it would be another method.) It comes from the extra argument
    `sampled_gradient`, a tree like the parameters, which the training loop computes in the steps in which it is read,
    and may fill with zeros in the others. `batch_size` is $B$, in (0, inf).

    `update` raises ValueError without `sampled_gradient`. Source: Liu et al. (2023), algorithm 2.

    >>> tx, gradient = gl.gauss_newton_bartlett(batch_size=10), jnp.array([2.0, -4.0])
    >>> sampled = jnp.array([0.1, 0.2])  # with labels that the model predicts
    >>> print(tx.update(gradient, tx.init(gradient), sampled_gradient=sampled)[0])  # 10 * [0.01, 0.04]
    [0.1 0.4]
    """

    def update(updates, state, *, sampled_gradient=None):
        require_empty(state)
        if sampled_gradient is None:
            raise ValueError(
                "gauss_newton_bartlett needs the gradient for labels that are drawn from the model: pass it as "
                "update(updates, state, params, sampled_gradient=gradient), or through the step of gl.make_step"
            )
        sampled_gradient = jax.tree.broadcast(sampled_gradient, updates)

        def estimate(g, d):
            square = squared_magnitude(bound_for_squaring(jnp.asarray(g).astype(d.dtype)))
            return jnp.broadcast_to((batch_size * square).astype(d.dtype), d.shape)

        return jax.tree.map(estimate, sampled_gradient, updates), state

    return init_empty, update


class CurvatureState(NamedTuple):
    """The state of `scale_by_curvature`."""

    step: jax.Array  # int32 scalar, the number of updates so far
    curvature: Any  # $h$, like the parameters, at least float32
    signal: Any  # the state of the estimator


@transformation(claims=lambda scaled: {**_claims(scaled), "link": True})
def scale_by_curvature(
    signal: optax.GradientTransformation,
    decay: Decay = 0.99,
    gamma: NonNegative = 0.01,
    eps: NonNegative = 1e-12,
    every: int = 10,
):
    r"""Divide by a running mean of the curvature, $h_t = \beta h_{t-1} + (1 - \beta) \hat h_t$, $d' = d / \max(\gamma
    h_t, \epsilon)$.

    `signal` estimates $\hat h_t$, such as `hutchinson()`. It runs at the first update, and again after `every` updates;
    between them $h$ stays. `decay` is $\beta$ in [0, 1), `gamma` is $\gamma$ and `eps` is $\epsilon$, both in [0, inf).
    Where the curvature is negative, the denominator is $\epsilon$, so place `clip_by_value` behind this link.

    Needs what `signal` needs. Raises ValueError for an `every` below 1. Source: Liu et al. (2023), algorithm 3.

    >>> tx, x = gl.scale_by_curvature(gl.hutchinson(), decay=0.0, gamma=1.0), jnp.array([1.0, 2.0])
    >>> gradient = lambda x: jnp.array([1.0, 4.0]) * x  # of a quadratic with the curvatures 1 and 4
    >>> print(tx.update(gradient(x), tx.init(x), x, gradient_fn=gradient)[0])  # x, the way from the minimum
    [1. 2.]
    """
    require_interval("scale_by_curvature", every, "estimates")

    def init(params):
        zeros = jax.tree.map(jnp.zeros_like, params)
        return CurvatureState(jnp.zeros((), jnp.int32), zeros, raw_init(signal, params))

    def update(updates, state, params=None, *, grads=None, **extra):
        def refresh():
            gradient = updates if grads is None else grads
            estimate, after = raw_update(signal, gradient, state.signal, params, hand_on(extra, None))
            mean = map_by_shape(lambda h, new: decay * h + (1 - decay) * new.astype(h.dtype), state.curvature, estimate)
            return mean, after

        curvature, after = choose(state.step % every == 0, refresh, lambda: (state.curvature, state.signal))
        scaled = map_by_shape(lambda d, h: divide(d, jnp.maximum(gamma * h.real, eps)), updates, curvature)
        return scaled, CurvatureState(optax.safe_increment(state.step), curvature, after)

    def states(state):
        return {"signal": state.signal}

    return Composite(init, update, {"signal": signal}, states, reads=frozenset({"grads"}), gradient="own")


def _claims(scaled: Any) -> dict[str, Any]:
    """Return the claims of the signal, but none about signs and places."""
    return leave_out(shared_claims(scaled.signal), "elementwise", "contained", "sign symmetric")


@equation_of(hutchinson)
def _(write: Writer, key: Any) -> Expression:
    signs = write.distribution(write.fresh("z"), r"\{-1, 1\}")
    return write.line(write.fresh(r"\hat h"), rf"{signs} \odot \nabla^2 f(x_{{t-1}}) {signs}")


@equation_of(gauss_newton_bartlett)
def _(write: Writer, batch_size: Any) -> Expression:
    write.given(r"\hat g_t", "the gradient for labels drawn from the model")
    return Expression(rf"{write.number('B', batch_size)} \hat g_t^2", "product")


@equation_of(scale_by_curvature)
def _(write: Writer, signal: Any, decay: Any, gamma: Any, eps: Any, every: int) -> Expression:
    gradient, direction = write.gradient(), write.direction()
    estimate = write.inside(signal, r"\hat h", "2", gradient, gradient)
    beta, curvature = write.decay(decay, "2"), write.fresh("h")
    mean = rf"{beta} {curvature}_{{t-1}} + {beta.rest} {estimate}"
    write.line_every(every, curvature, mean)
    scale, epsilon = write.number(r"\gamma", gamma), write.number(r"\epsilon", eps)
    return direction.over(rf"\max({scale} {curvature}_t, {epsilon})")
