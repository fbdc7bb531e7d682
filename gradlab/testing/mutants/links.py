"""Wrong links: mistakes in clipping, centralization and noise."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import gradlab as gl
from gradlab.core.stateless import map_leaves, map_tree
from gradlab.values.numeric_arguments import Limit, NonNegative

from .mutant import breaks, mutates

_TREE: Any = {"shows_on_a_vector": False}  # the reference is that of a whole tree, or of kernels


@mutates("clip_by_value", "it bounds only from above", limit=0.5)
def clip_one_sided(limit: Limit):
    return map_leaves(lambda d: jnp.minimum(d, limit))


@mutates("clip_by_value", "elements out of bounds are set to zero, not to the bound", limit=0.5)
def clip_drops(limit: Limit):
    return map_leaves(lambda d: jnp.where(jnp.abs(d) > limit, 0, d))


@mutates("clip_by_global_norm", "the norm is that of each leaf, not of the whole tree", max_norm=1.0, **_TREE)
def clip_norm_of_each_leaf(max_norm: Limit):
    return gl.clip_by_norm(max_norm)


@mutates("clip_by_global_norm", "each element is bounded instead of the norm", max_norm=1.0, **_TREE)
def clip_norm_by_elements(max_norm: Limit):
    return gl.clip_by_value(max_norm)


def _clipped(factor_of_squared_norm):
    """Return a link that multiplies the whole tree by a factor of its squared norm."""

    def clipped(updates):
        squares = [(d * d.conj()).real.sum().astype(float) for d in jax.tree.leaves(updates)]
        squared = sum(squares, jnp.zeros(()))
        return jax.tree.map(lambda d: d * factor_of_squared_norm(squared).astype(d.dtype), updates)

    return map_tree(clipped)


@mutates("clip_by_global_norm", "the root of the squared norm is not taken", max_norm=1.0, **_TREE)
def clip_norm_without_root(max_norm: Limit):
    def factor(squared):
        longer = squared > max_norm
        return jnp.where(longer, max_norm / jnp.where(longer, squared, 1), 1)

    return _clipped(factor)


@mutates("clip_by_global_norm", "gradients that are shorter than the bound are made longer", max_norm=1.0, **_TREE)
def clip_norm_always(max_norm: Limit):
    return _clipped(lambda squared: jnp.where(squared > 0, max_norm / jnp.sqrt(jnp.where(squared > 0, squared, 1)), 1))


@mutates("clip_by_global_norm", "gradients are clipped where they are shorter than the bound", max_norm=1.0, **_TREE)
def clip_norm_when_shorter(max_norm: Limit):
    def factor(squared):
        norm = jnp.sqrt(jnp.where(squared > 0, squared, 1))
        return jnp.where((norm < max_norm) & (squared > 0), max_norm / norm, 1)

    return _clipped(factor)


@breaks(
    "finite at zero", of="clip_by_global_norm", mistake="a zero gradient has norm 0, which gives 0 / 0", max_norm=1.0
)
@gl.transformation
def clip_norm_divides_by_zero(max_norm: Limit):
    return _clipped(lambda squared: jnp.minimum(1, max_norm / jnp.sqrt(squared)))


def _mean_of_outputs(d):
    return d.mean(axis=tuple(range(d.ndim - 1)), keepdims=True)


@mutates("centralize", "the mean is that of each input, not of each output", **_TREE)
def centralize_other_axis():
    return gl.centralize(output_axis=0)


@mutates("centralize", "the mean is that of the whole matrix, not of each output", **_TREE)
def centralize_whole_matrix():
    return map_leaves(lambda d: d - d.mean() if d.ndim > 1 else d)


@mutates("centralize", "vectors are centralized too", **_TREE)
def centralize_vectors():
    return map_leaves(lambda d: d - _mean_of_outputs(d) if d.ndim > 1 else d - d.mean() if d.size else d)


@mutates("centralize", "the mean is added instead of subtracted", **_TREE)
def centralize_adds():
    return map_leaves(lambda d: d + _mean_of_outputs(d) if d.ndim > 1 else d)


NO_TURN = {"except": ("turns with i",)}  # multiplying the gradient by i does not multiply the noise by i


class _CountState(NamedTuple):
    step: jax.Array


def _noisy(deviation_at, keys_at):
    """Return a link that adds noise, given its standard deviation at a step and the keys of all leaves at a step."""

    def init(params):
        return _CountState(jnp.zeros((), jnp.int32))

    def update(updates, state):
        leaves, structure = jax.tree.flatten(updates)
        deviation = jnp.asarray(deviation_at(state.step.astype(float)))
        drawn = [
            d + deviation.astype(d.dtype) * jax.random.normal(key, d.shape, d.dtype)
            for d, key in zip(leaves, keys_at(state.step, len(leaves)))
        ]
        return jax.tree.unflatten(structure, drawn), _CountState(optax.safe_increment(state.step))

    return init, update


def _keys(step, leaves):
    return list(jax.random.split(jax.random.fold_in(jax.random.key(0), step), max(leaves, 1)))


@mutates("add_noise", "the variance of the noise does not fade", eta=0.01, gamma=0.55, claims=NO_TURN, **_TREE)
def noise_unfaded(eta: NonNegative, gamma: NonNegative):
    return _noisy(lambda step: eta**0.5, _keys)


@mutates("add_noise", "the variance is used as the standard deviation", eta=0.01, gamma=0.55, claims=NO_TURN, **_TREE)
def noise_of_variance(eta: NonNegative, gamma: NonNegative):
    return _noisy(lambda step: eta / (1 + step) ** gamma, _keys)


@mutates(
    "add_noise",
    "the fading starts one step late: the variance divides by t instead of 1 + t",
    eta=0.01,
    gamma=0.55,
    claims=NO_TURN,
    **_TREE,
)
def noise_fades_late(eta: NonNegative, gamma: NonNegative):
    return _noisy(lambda step: (eta / jnp.maximum(step, 1) ** gamma) ** 0.5, _keys)


@mutates("add_noise", "every leaf gets the same noise", eta=0.01, gamma=0.55, claims=NO_TURN, **_TREE)
def noise_alike_in_every_leaf(eta: NonNegative, gamma: NonNegative):
    return _noisy(lambda step: (eta / (1 + step) ** gamma) ** 0.5, lambda step, leaves: [_keys(step, 2)[0]] * leaves)


@mutates("add_noise", "every step gets the same noise", eta=0.01, gamma=0.55, claims=NO_TURN, **_TREE)
def noise_alike_at_every_step(eta: NonNegative, gamma: NonNegative):
    return _noisy(lambda step: (eta / (1 + step) ** gamma) ** 0.5, lambda step, leaves: _keys(0, leaves))
