"""Mutants that fail on some trees of parameters, accept trees that do not match, or mix leaves."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

from gradlab.core.boundary import raise_precision, restore_dtypes
from gradlab.core.tree_differences import require_same_trees

from .mutant import breaks
from .right_heavy_ball import heavy_ball, step_down, wide, zeros

_OF = "sgd"


@breaks("any tree", of=_OF, mistake="the parameters are assumed to be a dict of arrays")
def assumes_a_dict():
    def init(params):
        zeros(params)
        if not isinstance(params, dict):
            params = dict(params)
        return {name: zeros(p) for name, p in params.items()}

    def update(updates, state, params=None):
        m = {
            name: jax.tree.map(lambda m, g: 0.9 * m + g, state[name], wide(g, state[name]))
            for name, g in updates.items()
        }
        return {name: step_down(0.1, m[name], g) for name, g in updates.items()}, m

    return optax.GradientTransformation(init, update)


@breaks("any tree", of=_OF, mistake="a None in the tree is treated as an array")
def stumbles_over_none():
    right = heavy_ball()

    def init(params):
        jax.tree.map(lambda p: p.shape, params, is_leaf=lambda p: p is None)
        return right.init(params)

    return optax.GradientTransformation(init, right.update)


@breaks("any tree", of="clip_by_global_norm", mistake="the largest element of a tree without leaves is taken")
def stumbles_over_nothing():
    right = heavy_ball()

    def update(updates, state, params=None):
        largest = jnp.stack([jnp.abs(g).max(initial=0.0) for g in jax.tree.leaves(updates)]).max()
        del largest
        return right.update(updates, state, params)

    return optax.GradientTransformation(right.init, update)


@breaks("any tree", of="centralize", mistake="a scalar is assumed to have an axis")
def stumbles_over_scalars():
    right = heavy_ball()

    def update(updates, state, params=None):
        centered = jax.tree.map(lambda g: g - g.mean(axis=-1, keepdims=True) if g.shape[0] > 1 else g, updates)
        return right.update(centered, state, params)

    return optax.GradientTransformation(right.init, update)


@breaks("any tree", of="clip_by_norm", mistake="the largest element of an array without elements is taken")
def stumbles_over_no_elements():
    right = heavy_ball()

    def update(updates, state, params=None):
        sizes = jax.tree.map(lambda g: jnp.abs(g).max(), updates)
        bounded = jax.tree.map(lambda g, s: g / jnp.maximum(s, 1).astype(g.dtype), updates, sizes)
        return right.update(bounded, state, params)

    return optax.GradientTransformation(right.init, update)


def _at_least_single(dtype):
    """Return the dtype of a moment for a leaf of any dtype."""
    return dtype if jnp.issubdtype(dtype, jnp.inexact) and jnp.finfo(dtype).bits >= 32 else jnp.float32


@breaks("integer leaves", of=_OF, mistake="the updates of integer leaves are silently truncated to integers")
def truncates_integers():
    def init(params):
        return {"m": jax.tree.map(lambda p: jnp.zeros(p.shape, _at_least_single(p.dtype)), params)}

    def update(updates, state, params=None):
        require_same_trees(updates, state["m"], "the updates", "the state")
        m = jax.tree.map(lambda m, g: 0.9 * m + g.astype(m.dtype), state["m"], updates)
        return jax.tree.map(lambda m, g: (-0.1 * m).astype(g.dtype), m, updates), {"m": m}

    return optax.GradientTransformation(init, update)


@breaks("integer leaves", of=_OF, mistake="integer leaves get floating-point updates")
def promotes_integers():
    def init(params):
        return {"m": jax.tree.map(lambda p: jnp.zeros(p.shape, _at_least_single(p.dtype)), params)}

    def update(updates, state, params=None):
        require_same_trees(updates, state["m"], "the updates", "the state")
        m = jax.tree.map(lambda m, g: 0.9 * m + g.astype(m.dtype), state["m"], updates)
        return jax.tree.map(
            lambda m, g: (-0.1 * m).astype(g.dtype if jnp.issubdtype(g.dtype, jnp.inexact) else m.dtype), m, updates
        ), {"m": m}

    return optax.GradientTransformation(init, update)


@breaks("mismatched trees", of=_OF, mistake="a gradient of another shape is broadcast to that of the momentum")
def broadcasts():
    def update(updates, state, params=None):
        g = restore_dtypes(raise_precision(updates, "the update"), state["m"])
        m = jax.tree.map(lambda m, g: 0.9 * m + g, state["m"], g)
        return step_down(0.1, m, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks("mismatched trees", of=_OF, mistake="leaves are paired by zip, which stops at the shorter list")
def zips_leaves():
    def update(updates, state, params=None):
        structure: Any
        leaves, structure = jax.tree.flatten(raise_precision(updates, "the update"))
        paired = [0.9 * m + g.astype(m.dtype) for m, g in zip(jax.tree.leaves(state["m"]), leaves, strict=False)]
        m = structure.unflatten(paired[: structure.num_leaves])
        return step_down(0.1, m, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks(
    "mismatched trees", of=_OF, mistake="the shapes are checked by assert instead of raising ValueError or TypeError"
)
def asserts_shapes():
    right = heavy_ball()

    def update(updates, state, params=None):
        shapes = [jnp.shape(leaf) for leaf in jax.tree.leaves(updates)]
        assert shapes == [jnp.shape(leaf) for leaf in jax.tree.leaves(state["m"])]
        return right.update(updates, state, params)

    return optax.GradientTransformation(right.init, update)


@breaks(
    "contained",
    of=_OF,
    mistake="the rate is divided by the mean over the whole tree, which a NaN spoils",
    claims=("contained",),
)
def mean_over_the_tree():
    right = heavy_ball()

    def update(updates, state, params=None):
        sizes = [jnp.abs(g).sum().astype(jnp.float32) for g in jax.tree.leaves(updates)]
        mean = sum(sizes, jnp.float32(0)) / max(1, sum(g.size for g in jax.tree.leaves(updates)))
        scaled = jax.tree.map(lambda g: g / (1 + mean.astype(g.dtype)), raise_precision(updates, "the update"))
        changed, after = right.update(scaled, state, params)
        return restore_dtypes(changed, updates), after

    return optax.GradientTransformation(right.init, update)


@breaks(
    "elementwise",
    of="adam",
    mistake="the second moment is one number for each leaf, not for each element",
    claims=("elementwise",),
)
def one_rate_a_leaf():
    def init(params):
        return {
            "v": jax.tree.map(lambda p: jnp.zeros((), p.real.dtype), raise_precision(params, "the parameter")),
            "m": zeros(params),
        }

    def update(updates, state, params=None):
        g = wide(updates, state["m"])
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state["m"], g)
        square = jax.tree.map(lambda g: (g * g.conj()).real.sum() / max(1, g.size), g)
        v = jax.tree.map(lambda v, s: 0.999 * v + 0.001 * s, state["v"], square)
        d = jax.tree.map(lambda m, v: m / jnp.sqrt(v + 1e-12).astype(m.dtype), m, v)
        return step_down(0.001, d, updates), {"v": v, "m": m}

    return optax.GradientTransformation(init, update)


@breaks(
    "permutation equivariant",
    of="adagrad",
    mistake="squares are summed along the array instead of over the steps",
    claims=("permutation equivariant",),
)
def sums_along_the_array():
    def init(params):
        return {"s": jax.tree.map(lambda p: jnp.zeros_like(p.real), raise_precision(params, "the parameter"))}

    def update(updates, state, params=None):
        require_same_trees(updates, state["s"], "the updates", "the state")
        g = raise_precision(updates, "the update")
        s = jax.tree.map(
            lambda s, g: s + (g * g.conj()).real.ravel().cumsum().reshape(g.shape).astype(s.dtype), state["s"], g
        )
        change = jax.tree.map(lambda g, s: -0.1 * g / jnp.sqrt(s + 1e-10).astype(g.dtype), g, s)
        return restore_dtypes(change, updates), {"s": s}

    return optax.GradientTransformation(init, update)


@breaks(
    "sign symmetric",
    of="adamax",
    mistake="the denominator is the largest gradient so far, not the largest magnitude",
    claims=("sign symmetric",),
)
def signed_size():
    def init(params):
        return {"u": jax.tree.map(lambda p: jnp.zeros_like(p.real), raise_precision(params, "the parameter"))}

    def update(updates, state, params=None):
        require_same_trees(updates, state["u"], "the updates", "the state")
        g = raise_precision(updates, "the update")
        u = jax.tree.map(lambda u, g: jnp.maximum(0.9 * u, _signed(g).astype(u.dtype)), state["u"], g)
        change = jax.tree.map(lambda g, u: -0.1 * g / (u + 0.1).astype(g.dtype), g, u)
        return restore_dtypes(change, updates), {"u": u}

    def _signed(g):
        return jnp.abs(g) if jnp.iscomplexobj(g) else g

    return optax.GradientTransformation(init, update)
