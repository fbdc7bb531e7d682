"""Wrong links: mistakes that show only where the square of a gradient overflows or vanishes."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import gradlab as gl
from gradlab.core.stateless import map_tree
from gradlab.values.numeric_arguments import Decay, Limit

from .mutant import breaks


class _SquareState(NamedTuple):
    square: Any


def _divide_by_root(decay: Any, square: Any) -> Any:
    """Return the pair that divides by the root of the running mean of a function of the gradient."""

    def init(params):
        return _SquareState(jax.tree.map(lambda p: jnp.zeros_like(p.real), params))

    def update(updates, state):
        v = jax.tree.map(lambda v, g: decay * v + (1 - decay) * square(g), state.square, updates)
        return jax.tree.map(lambda g, v: g / (jnp.sqrt(v) + 1e-8).astype(g.dtype), updates, v), _SquareState(v)

    return init, update


@breaks(
    "bounded squares",
    of="scale_by_rms",
    mistake="the square of a large gradient becomes infinite, and stays in the running mean",
    claims=("bounded squares",),
)
@gl.transformation
def rms_overflows(decay: Decay = 0.9):
    return _divide_by_root(decay, lambda g: (g * g.conj()).real)


@breaks(
    "bounded squares",
    of="scale_by_rms",
    mistake="the square is bounded, but not the gradient that it divides, so the step is too large",
    claims=("bounded squares",),
)
@gl.transformation
def rms_bounds_the_square_only(decay: Decay = 0.9):
    return _divide_by_root(decay, lambda g: jnp.minimum(jnp.abs(g), 2.0**51) ** 2)


@breaks(
    "bounded squares",
    of="scale_by_rms",
    mistake="gradients are bounded at half of the largest number whose square does not overflow",
    claims=("bounded squares",),
)
@gl.transformation
def rms_bounds_too_early(decay: Decay = 0.9):
    init, update = _divide_by_root(decay, lambda g: (g * g.conj()).real)

    def bound(g):
        info, larger = jnp.finfo(g.dtype), jnp.maximum(jnp.abs(g.real), jnp.abs(g.imag))
        most = 2.0 ** ((info.maxexp - info.nmant) // 2 - 2)
        return (g * jnp.where(larger > most, most / jnp.maximum(larger, most), 1)).astype(g.dtype)

    return init, lambda updates, state: update(jax.tree.map(bound, updates), state)


def _shorten(updates: Any, max_norm: Any, tiny: float) -> Any:
    squares = [(d * d.conj()).real.sum().astype(float) for d in jax.tree.leaves(updates)]
    norm = jnp.sqrt(sum(squares, jnp.zeros(())) + tiny)
    return jax.tree.map(lambda d: d * jnp.minimum(1, max_norm / norm).astype(d.dtype), updates)


@breaks(
    "any size",
    of="clip_by_global_norm",
    mistake="the squared norm overflows, so a large gradient becomes zero",
    claims=("any size",),
    max_norm=1.0,
)
@gl.transformation
def clip_norm_overflows(max_norm: Limit):
    return map_tree(lambda updates: _shorten(updates, max_norm, 1e-30))


@breaks(
    "any size",
    of="clip_by_global_norm",
    mistake="the largest element is sought in the real parts only, so the square of a large imaginary part overflows",
    claims=("any size",),
    max_norm=1.0,
)
@gl.transformation
def clip_norm_by_real_parts(max_norm: Limit):
    return map_tree(lambda updates: _shorten_by_largest(updates, max_norm, lambda d: jnp.abs(d.real)))


@breaks(
    "any size",
    of="clip_by_global_norm",
    mistake="the largest element is sought without regard to the sign, so the square of a negative one overflows",
    claims=("any size",),
    max_norm=1.0,
)
@gl.transformation
def clip_norm_by_positive_numbers(max_norm: Limit):
    largest = lambda d: jnp.maximum(d.real, d.imag) if jnp.iscomplexobj(d) else d  # noqa: E731
    return map_tree(lambda updates: _shorten_by_largest(updates, max_norm, largest))


def _shorten_by_largest(updates: Any, max_norm: Any, magnitude: Any) -> Any:
    """Shorten a tree to a norm, in units of its largest element."""
    largest = [magnitude(d).max(initial=0.0) for d in jax.tree.leaves(updates)]
    unit = jnp.stack([jnp.zeros(()), *(number.astype(float) for number in largest)]).max()
    unit = jnp.where(unit > 0, jnp.maximum(unit, 2.0**-120), 1.0)
    scaled = jax.tree.map(lambda d: d * (1 / unit).astype(d.dtype), updates)
    norm = jnp.sqrt(sum(((d * d.conj()).real.sum().astype(float) for d in jax.tree.leaves(scaled)), jnp.zeros(())))
    limit = jnp.minimum(unit, max_norm / jnp.where(norm > 0, norm, 1))
    return jax.tree.map(lambda d: d * limit.astype(d.dtype), scaled)
