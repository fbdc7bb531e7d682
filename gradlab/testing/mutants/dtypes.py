"""Mutants that get dtypes wrong: promoted states and updates, half-precision accumulators, a vanishing eps."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from gradlab.core.boundary import raise_precision, restore_dtypes
from gradlab.core.tree_differences import require_same_trees

from ...arithmetic.safe_arithmetic import divide as safe_divide
from ..verdicts.law import TRAJECTORY_ON_COMPLEX
from .mutant import breaks
from .right_heavy_ball import heavy_ball, step_down, wide, zeros

_OF = "sgd"


@breaks(
    "stable state",
    of=_OF,
    mistake="the momentum is float32 at first, and has the gradient's dtype from the first step on",
)
def state_takes_the_gradients_dtype():
    def update(updates, state, params=None):
        m = jax.tree.map(lambda m, g: 0.9 * m + g, state["m"], wide(updates, state["m"]))
        return step_down(0.1, m, updates), {"m": restore_dtypes(m, updates)}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks("stable state", of=_OF, mistake="the step count is an integer at first, and a float from the first step on")
def counter_becomes_a_float():
    right = heavy_ball()

    def init(params):
        return right.init(params) | {"count": jnp.zeros((), jnp.int32)}

    def update(updates, state, params=None):
        changed, after = right.update(updates, {"m": state["m"]}, params)
        return changed, after | {"count": state["count"].astype(jnp.float32) + 1.0}

    return optax.GradientTransformation(init, update)


@breaks(
    "stable state",
    of=_OF,
    mistake="a running product is weakly typed at first, and strongly typed from the first step on",
)
def weak_type_is_lost():
    right, decay = heavy_ball(), 0.9

    def init(params):
        return right.init(params) | {"product": jnp.asarray(1.0)}

    def update(updates, state, params=None):
        changed, after = right.update(updates, {"m": state["m"]}, params)
        return changed, after | {"product": state["product"] * jnp.asarray(decay, state["product"].dtype)}

    return optax.GradientTransformation(init, update)


@breaks("stable state", of=_OF, mistake="all gradients are kept in a tuple that grows")
def state_grows():
    right = heavy_ball()

    def init(params):
        return right.init(params) | {"history": ()}

    def update(updates, state, params=None):
        changed, after = right.update(updates, {"m": state["m"]}, params)
        return changed, after | {"history": (*state["history"], updates)}

    return optax.GradientTransformation(init, update)


@breaks("stable state", of=_OF, mistake="the state is a tuple at first, and a list from the first step on")
def state_changes_its_container():
    right = heavy_ball()

    def update(updates, state, params=None):
        changed, after = right.update(updates, {"m": state[0]}, params)
        return changed, [after["m"]]

    return optax.GradientTransformation(lambda params: (zeros(params),), update)


@breaks("stable updates", of=_OF, mistake="the updates have the dtype of the accumulators, not of the gradients")
def updates_stay_wide():
    def update(updates, state, params=None):
        m = jax.tree.map(lambda m, g: 0.9 * m + g, state["m"], wide(updates, state["m"]))
        return jax.tree.map(lambda m: -0.1 * m, m), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks("stable updates", of=_OF, mistake="the updates of scalars are vectors of one element")
def updates_gain_an_axis():
    right = heavy_ball()

    def update(updates, state, params=None):
        changed, after = right.update(updates, state, params)
        return jax.tree.map(jnp.atleast_1d, changed), after

    return optax.GradientTransformation(right.init, update)


@breaks(
    "wide accumulators", of=_OF, mistake="the momentum has the dtype of the parameters, even where that is bfloat16"
)
def half_precision_momentum():
    def init(params):
        zeros(params)
        return {"m": jax.tree.map(jnp.zeros_like, params)}

    def update(updates, state, params=None):
        require_same_trees(updates, state["m"], "the updates", "the state")
        m = jax.tree.map(lambda m, g: (0.9 * m + g).astype(m.dtype), state["m"], restore_dtypes(updates, state["m"]))
        return step_down(0.1, m, updates), {"m": m}

    return optax.GradientTransformation(init, update)


@breaks(
    "wide accumulators",
    of=_OF,
    mistake="the step count has the dtype of the parameters, and bfloat16 cannot count beyond 256",
)
def half_precision_counter():
    right = heavy_ball()

    def init(params):
        dtypes = [leaf.dtype for leaf in jax.tree.leaves(params)]
        return right.init(params) | {"count": jnp.zeros((), dtypes[0] if dtypes else jnp.float32)}

    def update(updates, state, params=None):
        changed, after = right.update(updates, {"m": state["m"]}, params)
        return changed, after | {"count": state["count"] + 1}

    return optax.GradientTransformation(init, update)


@breaks("rounded once", of=_OF, mistake="the momentum is rounded to the gradient's dtype before it is scaled")
def rounded_twice():
    def update(updates, state, params=None):
        m = jax.tree.map(lambda m, g: 0.9 * m + g, state["m"], wide(updates, state["m"]))
        return jax.tree.map(lambda m: -0.1 * m, restore_dtypes(m, updates)), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks("rounded once", of=_OF, mistake="the new gradient is scaled in its own dtype before it is accumulated")
def rounded_before():
    right = heavy_ball(rate=1.0)

    def update(updates, state, params=None):
        return right.update(jax.tree.map(lambda g: 0.1 * g, updates), state, params)

    return optax.GradientTransformation(right.init, update)


def _rms(square, root):
    """Return RMSProp with the given square and root."""

    def init(params):
        return {"v": jax.tree.map(lambda p: square(jnp.zeros_like(p)), raise_precision(params, "the parameter"))}

    def update(updates, state, params=None):
        require_same_trees(updates, state["v"], "the updates", "the state")
        g = raise_precision(updates, "the update")
        v = jax.tree.map(lambda v, g: 0.9 * v + 0.1 * square(g).astype(v.dtype), state["v"], g)
        change = jax.tree.map(lambda g, v: -0.1 * g / root(v).astype(g.dtype), g, v)
        return restore_dtypes(change, updates), {"v": v}

    return optax.GradientTransformation(init, update)


def root_mean_square():
    """Return the right version: |g|^2, and a root whose derivative is finite at zero."""
    return _rms(lambda g: (g * g.conj()).real, lambda v: jnp.sqrt(v + 1e-12))


@breaks(
    "complex leaves",
    of="rmsprop",
    mistake="the conjugation is forgotten: the second moment is a mean of g * g, which is complex",
)
def conjugation_forgotten():
    return _rms(lambda g: g * g, lambda v: jnp.sqrt(v + 1e-12))


@breaks("complex leaves", of="rmsprop", mistake="the second moment is a mean of the real part of g * g, not of |g|^2")
def real_part_of_square():
    return _rms(lambda g: (g * g).real, lambda v: jnp.sqrt(jnp.abs(v) + 1e-12))


@breaks(
    "complex leaves", of="rmsprop", mistake="complex gradients are divided by the magnitude of their real part only"
)
def real_part_only():
    return _rms(lambda g: g.real**2, lambda v: jnp.sqrt(v + 1e-12))


@breaks(
    TRAJECTORY_ON_COMPLEX,
    of="scale_by_sign",
    reference="scale_by_sign",
    mistake="the magnitude of a complex gradient is the sum of those of its two parts",
    claims=("link",),
)
def sign_by_the_sum_of_parts():
    def update(updates, state, params=None):
        return jax.tree.map(lambda g: safe_divide(g, jnp.abs(g.real) + jnp.abs(g.imag)), updates), state

    return optax.GradientTransformation(lambda params: (), update)


@breaks("complex leaves", of=_OF, mistake="complex gradients are conjugated, so they turn the other way")
def conjugated_gradient():
    right = heavy_ball()

    def update(updates, state, params=None):
        return right.update(jax.tree.map(jnp.conj, updates), state, params)

    return optax.GradientTransformation(right.init, update)


@breaks("finite at zero", of="rmsprop", mistake="there is no eps, so a zero gradient is divided by zero")
def no_eps():
    return _rms(lambda g: (g * g.conj()).real, jnp.sqrt)


@breaks(
    "finite at zero",
    of="rmsprop",
    mistake="the root of zero has an infinite derivative, and eps is added only after the root",
)
def root_of_zero():
    return _rms(lambda g: (g * g.conj()).real, lambda v: jnp.sqrt(v) + 1e-8)


@breaks("finite at zero", of="rmsprop", mistake="eps is added in the gradient's dtype, but 1e-8 is zero in float16")
def eps_lost_in_float16():
    right = root_mean_square()

    def update(updates, state, params=None):
        _, after = right.update(updates, state, params)
        root = jax.tree.map(lambda v, g: jnp.sqrt(jnp.maximum(v, 1e-30)).astype(g.real.dtype), after["v"], updates)
        return jax.tree.map(lambda g, r: -0.1 * g / (r + 1e-8).astype(g.dtype), updates, root), after

    return optax.GradientTransformation(right.init, update)
