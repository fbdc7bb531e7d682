"""Mistakes that other libraries released from 2023 to 2026: in arithmetic, arguments, trees, counts and dtypes."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from gradlab.arithmetic.safe_arithmetic import divide, square_root, squared_magnitude

from .modern_references import (
    adabelief,
    adafactor,
    adafactor_equations,
    adan,
    adan_equations,
    adopt,
    lamb,
    lion,
    right_lamb,
)
from .mutant import breaks, from_equations, mutates
from .right_heavy_ball import heavy_ball, step_down, wide, zeros


@mutates(
    adabelief,
    "the surprise is measured from the first moment of the previous step, not of this step",
    source="optax, pull request 1130, 2024",
)
def adabelief_stale_mean(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-16):
    def step(g, t, x, m, s):
        s = b2 * s + (1 - b2) * squared_magnitude(g - m) + eps
        m = b1 * m + (1 - b1) * g
        return -learning_rate * divide(m / (1 - b1**t), square_root(s / (1 - b2**t)) + eps), m, s

    return from_equations(step)


@mutates(
    adopt,
    "the gradient is divided by a second moment that includes it, not by that of the step before",
    source="pytorch_optimizer, issue 346, 2025",
)
def adopt_divides_by_its_own_moment(learning_rate=1e-3, b1=0.9, b2=0.9999, eps=1e-6):
    def step(g, t, x, m, v):
        limit = jnp.maximum(t - 1, 0) ** 0.25
        v = jnp.where(t == 1, 1, b2) * v + jnp.where(t == 1, 1, 1 - b2) * squared_magnitude(g)
        u = jnp.clip(g / jnp.maximum(square_root(v), eps), -limit, limit)
        m = jnp.where(t == 1, 0, b1 * m + (1 - b1) * u)
        return -learning_rate * m, m, v

    return from_equations(step)


@mutates(
    adan,
    "the change of the gradient is weighted by 1 - b2, not by b2",
    source="optax, pull request 1715, 2026",
)
def adan_complement(learning_rate=1e-3, b1=0.98, b2=0.92, b3=0.99, eps=1e-8):
    return adan_equations(learning_rate, b1, b2, b3, eps, 1 - b2)


@mutates(
    lion,
    "the decay is coupled: it is added to the gradient, inside the sign",
    source="bitsandbytes, issue 1992, 2026",
)
def lion_coupled(learning_rate=1e-4, b1=0.9, b2=0.99, weight_decay=1e-3):
    def step(g, t, x, m):
        g = g + weight_decay * x
        return -learning_rate * jnp.sign(b1 * m + (1 - b1) * g), b2 * m + (1 - b2) * g

    return from_equations(step)


@mutates(lion, "the mean under the sign is the one that is stored, so b1 is never used")
def lion_one_decay(learning_rate=1e-4, b1=0.9, b2=0.99, weight_decay=1e-3):
    def step(g, t, x, m):
        m = b2 * m + (1 - b2) * g
        return -learning_rate * (jnp.sign(m) + weight_decay * x), m

    return from_equations(step)


@mutates(
    lamb,
    "the moments are corrected although bias_correction is off: the option reaches nothing",
    source="bitsandbytes, pull request 2088, 2026",
    bias_correction=False,
)
def lamb_ignores_its_option(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-6, bias_correction: bool = True):
    return right_lamb(learning_rate, b1, b2, eps)


@mutates(
    "adam",
    "the corrections divide by the power of the decay, not by 1 minus it",
    source="pytorch_optimizer, pull requests 308 (2024) and 525 (2026)",
)
def adam_corrected_by_the_power(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        return -learning_rate * divide(m / b1**t, square_root(v / b2**t) + eps), m, v

    return from_equations(step)


@mutates(
    adafactor,
    "a tall matrix loses the means over its columns: they are divided by themselves",
    source="timm, pull request 2749, 2026",
    shows_on_a_vector=False,
)
def adafactor_forgets_columns_of_tall_matrices(learning_rate=1e-2, eps=1e-30):
    return adafactor_equations(learning_rate, eps, lambda r, c: r if r.size > c.size else r * c / r.mean())


@mutates(
    "adam",
    "one step count serves the whole tree, and each leaf increases it",
    source="DeepSpeed, pull request 8471, 2026",
    shows_on_a_vector=False,
)
def adam_counts_leaves(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    def init(params):
        real = jax.tree.map(lambda p: p.real, params)
        m, v = (jax.tree.map(jnp.zeros_like, tree) for tree in (params, real))
        return {"count": jnp.zeros((), jnp.int32), "m": m, "v": v}

    def update(updates, state):
        count = state["count"] + len(jax.tree.leaves(updates))
        t = count.astype(float)
        m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, state["m"], updates)
        v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * squared_magnitude(g), state["v"], updates)
        first, second = 1 - b1**t, 1 - b2**t
        change = jax.tree.map(
            lambda m, v: (
                -learning_rate * divide(m / first.astype(m.dtype), square_root(v / second.astype(v.dtype)) + eps)
            ),
            m,
            v,
        )
        return change, {"count": count, "m": m, "v": v}

    return init, update


@mutates(
    "adam",
    "the step count stays at 256, as one in bfloat16 does",
    source="torchao, pull request 4915, and DeepSpeed, pull request 8496, 2026",
    shows_on_a_vector=False,
)
def adam_count_saturates(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        counted = jnp.minimum(t, 256)
        change = divide(m / (1 - b1**counted), square_root(v / (1 - b2**counted)) + eps)
        return -learning_rate * change, m, v

    return from_equations(step)


def align():
    """Return the right version of a heavy ball whose steps are the shorter, the more the gradient has turned."""
    return _align(lambda m, g: (m * g.conj()).real)


def _align(product):
    def update(updates, state, params=None):
        g = wide(updates, state["m"])
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state["m"], g)
        shorter = jax.tree.map(lambda m, g: m * (1 + jnp.tanh(product(m, g).sum())).astype(m.dtype), m, g)
        return step_down(0.1, shorter, updates), {"m": m}

    return optax.GradientTransformation(lambda params: {"m": zeros(params)}, update)


@breaks(
    "complex leaves",
    of="align",
    mistake="the inner product of two complex gradients conjugates neither of them",
    source="optax, pull request 1142 (the line search of L-BFGS), 2024",
)
def inner_product_without_conjugate():
    return _align(lambda m, g: (m * g).real)


@breaks(
    "rounded once",
    of="sgd",
    mistake="the weights decay in bfloat16, where 1 - rate * decay is 1, so they do not decay",
    source="OneTrainer, issue 996, 2025",
)
def decay_lost_in_half_precision():
    right = heavy_ball()

    def update(updates, state, params):
        changed, after = right.update(updates, state, params)
        decayed = jax.tree.map(lambda p: p * (1 - 0.1 * 0.01), params)
        return jax.tree.map(lambda u, d, p: u + (d - p).astype(u.dtype), changed, decayed, params), after

    return optax.GradientTransformation(right.init, update)
