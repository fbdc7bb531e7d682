"""References of newer optimizers in NumPy, whose mistakes were released, and the right versions as equations.

They measure the laws. Nobody needs them as optimizers here, so they have no recipe.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.arithmetic.safe_arithmetic import divide, square_root, squared_magnitude
from gradlab.testing.references._arithmetic import Array, State, Step, square
from gradlab.testing.references._arithmetic import divide as quotient
from gradlab.testing.references._arithmetic import moments as adam_moments

from .mutant import from_equations


def lion(g: Array, state: State, t: int, x: Array, *, learning_rate=1e-4, b1=0.9, b2=0.99, weight_decay=1e-3) -> Step:
    """Step by the sign of the mean that b1 makes of the old m: u = sign(b1 m + (1-b1) g), x -= a (u + l x).

    Then m decays by b2. Source: Chen et al. (2023), Algorithm 2.
    """
    m = state.get("m", np.zeros_like(g))
    u = np.sign(b1 * m + (1 - b1) * g)
    return -learning_rate * (u + weight_decay * x), {"m": b2 * m + (1 - b2) * g}


@gl.transformation
def right_lion(learning_rate=1e-4, b1=0.9, b2=0.99, weight_decay=1e-3):
    def step(g, t, x, m):
        u = jnp.sign(b1 * m + (1 - b1) * g)
        return -learning_rate * (u + weight_decay * x), b2 * m + (1 - b2) * g

    return from_equations(step)


def adabelief(g: Array, state: State, t: int, x: Array, *, learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-16) -> Step:
    """Divide by the surprise: s = b2 s + (1-b2) |g - m|^2 + eps with the new m, x -= a m^ / (sqrt(s^) + eps).

    Source: Zhuang et al. (2020), Algorithm 2.
    """
    m = b1 * state.get("m", 0.0) + (1 - b1) * g
    s = b2 * state.get("s", 0.0) + (1 - b2) * square(g - m) + eps
    m_hat, s_hat = m / (1 - b1**t), s / (1 - b2**t)
    return -learning_rate * quotient(m_hat, np.sqrt(s_hat) + eps), {"m": m, "s": s}


@gl.transformation
def right_adabelief(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-16):
    def step(g, t, x, m, s):
        m = b1 * m + (1 - b1) * g
        s = b2 * s + (1 - b2) * squared_magnitude(g - m) + eps
        return -learning_rate * divide(m / (1 - b1**t), square_root(s / (1 - b2**t)) + eps), m, s

    return from_equations(step)


def adopt(g: Array, state: State, t: int, x: Array, *, learning_rate=1e-3, b1=0.9, b2=0.9999, eps=1e-6) -> Step:
    """Divide by the second moment before this gradient: u = clip(g / max(sqrt(v), eps), (t-1)^(1/4)), x -= a m.

    m is the running mean of u. The first step only sets v = |g|^2. Source: Taniguchi et al. (2024), Algorithm 2.
    """
    if t == 1:
        return np.zeros_like(g), {"m": np.zeros_like(g), "v": square(g)}
    u = g / np.maximum(np.sqrt(state["v"]), eps)
    m = b1 * state["m"] + (1 - b1) * np.clip(u, -((t - 1) ** 0.25), (t - 1) ** 0.25)
    return -learning_rate * m, {"m": m, "v": b2 * state["v"] + (1 - b2) * square(g)}


@gl.transformation
def right_adopt(learning_rate=1e-3, b1=0.9, b2=0.9999, eps=1e-6):
    def step(g, t, x, m, v):
        limit = jnp.maximum(t - 1, 0) ** 0.25
        u = jnp.clip(g / jnp.maximum(square_root(v), eps), -limit, limit)
        m = jnp.where(t == 1, 0, b1 * m + (1 - b1) * u)
        square = squared_magnitude(g)
        return -learning_rate * m, m, jnp.where(t == 1, square, b2 * v + (1 - b2) * square)

    return from_equations(step)


def adan(g: Array, state: State, t: int, x: Array, *, learning_rate=1e-3, b1=0.98, b2=0.92, b3=0.99, eps=1e-8) -> Step:
    """Add the mean change of the gradient: x -= a (m^ + b2 d^) / (sqrt(n^) + eps), n the mean of |g + b2 c|^2.

    c is the change since the step before, 0 at first, and d is its mean. Source: Xie et al. (2022), Algorithm 1, whose
    betas are 1 minus these.
    """
    c = g - state.get("g", g)
    m = b1 * state.get("m", 0.0) + (1 - b1) * g
    d = b2 * state.get("d", 0.0) + (1 - b2) * c
    n = b3 * state.get("n", 0.0) + (1 - b3) * square(g + b2 * c)
    u = m / (1 - b1**t) + b2 * d / (1 - b2**t)
    return -learning_rate * quotient(u, np.sqrt(n / (1 - b3**t)) + eps), {"g": g, "m": m, "d": d, "n": n}


def adan_equations(learning_rate, b1, b2, b3, eps, weight):
    """Return Adan with this weight of the change of the gradient, which the paper calls 1 - beta_2."""

    def step(g, t, x, before, m, d, v):
        c = jnp.where(t == 1, 0, g - before)
        m, d = b1 * m + (1 - b1) * g, b2 * d + (1 - b2) * c
        v = b3 * v + (1 - b3) * squared_magnitude(g + weight * c)
        u = m / (1 - b1**t) + weight * d / (1 - b2**t)
        return -learning_rate * divide(u, square_root(v / (1 - b3**t)) + eps), g, m, d, v

    return from_equations(step)


@gl.transformation
def right_adan(learning_rate=1e-3, b1=0.98, b2=0.92, b3=0.99, eps=1e-8):
    return adan_equations(learning_rate, b1, b2, b3, eps, b2)


def lamb(
    g: Array, state: State, t: int, x: Array, *, learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-6, bias_correction=True
) -> Step:
    """Give each leaf's step of Adam the length of the leaf: r = m^ / (sqrt(v^) + eps), x -= a |x| / |r| r.

    The ratio is 1 where a length is 0. Source: You et al. (2020), Algorithm 2, without weight decay.
    """
    m, v = adam_moments(g, state, b1, b2)
    m_hat, v_hat = (m / (1 - b1**t), v / (1 - b2**t)) if bias_correction else (m, v)
    r = quotient(m_hat, np.sqrt(v_hat) + eps)
    sizes = np.sqrt(np.sum(square(x))), np.sqrt(np.sum(square(r)))
    return -learning_rate * (sizes[0] / sizes[1] if all(sizes) else 1.0) * r, {"m": m, "v": v}


@gl.transformation
def right_lamb(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-6, bias_correction: bool = True):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        m_hat, v_hat = (m / (1 - b1**t), v / (1 - b2**t)) if bias_correction else (m, v)
        r = divide(m_hat, square_root(v_hat) + eps)
        own, size = (square_root(squared_magnitude(a).sum()) for a in (x, r))
        return -learning_rate * jnp.where((own > 0) & (size > 0), divide(own, size), 1) * r, m, v

    return from_equations(step)


def adafactor(g: Array, state: State, t: int, x: Array, *, learning_rate=1e-2, eps=1e-30) -> Step:
    """Divide a matrix by the root of v = r c / mean(r), r and c the running means of |g|^2 over each row and column.

    They decay by 1 - t^-0.8, other leaves keep v itself, and the update is shortened to a root mean square of 1.
    Source: Shazeer & Stern (2018), Algorithm 4, at a fixed learning rate.
    """
    b2, squares = 1 - t**-0.8, square(g) + eps
    if g.ndim == 2:
        r = b2 * state.get("r", 0.0) + (1 - b2) * squares.mean(axis=1, keepdims=True)
        c = b2 * state.get("c", 0.0) + (1 - b2) * squares.mean(axis=0, keepdims=True)
        v, after = r * c / r.mean(), {"r": r, "c": c}
    else:
        v = b2 * state.get("v", 0.0) + (1 - b2) * squares
        after = {"v": v}
    u = g / np.sqrt(v)
    return -learning_rate * u / max(1.0, np.sqrt(np.sum(square(u)) / max(u.size, 1))), after


def adafactor_equations(learning_rate, eps, combine):
    """Return Adafactor with v = combine(r, c) of a matrix, from its means over rows and columns."""

    def step(g, t, x, v, w):
        b2, squares = 1 - t**-0.8, squared_magnitude(g) + eps
        if g.ndim == 2:
            v, w = (
                b2 * old + (1 - b2) * jnp.broadcast_to(squares.mean(axis=axis, keepdims=True), g.shape)
                for old, axis in ((v, 1), (w, 0))
            )
            u = g / square_root(combine(v[:, :1], w[:1]))
        else:
            v = b2 * v + (1 - b2) * squares
            u = g / square_root(v)
        size = square_root(squared_magnitude(u).sum() / max(u.size, 1))
        return -learning_rate * u / jnp.maximum(1, size), v, w

    return from_equations(step)


@gl.transformation
def right_adafactor(learning_rate=1e-2, eps=1e-30):
    return adafactor_equations(learning_rate, eps, lambda r, c: r * c / r.mean())


def slow_weights(g: Array, state: State, t: int, x: Array, *, learning_rate: float, decay: float = 0.5) -> Step:
    """Go halfway back to a running mean of the parameters, which starts at them: x += (s - x) / 2 - a g."""
    slow = decay * state.get("slow", x) + (1 - decay) * x
    return (slow - x) / 2 - learning_rate * g, {"slow": slow}


def slow_weights_equations(learning_rate, decay, start):
    """Return `slow_weights` whose mean continues from start(t, x, slow)."""

    def step(g, t, x, slow):
        slow = decay * start(t, x, slow) + (1 - decay) * x
        return (slow - x) / 2 - learning_rate * g, slow

    return from_equations(step)


@gl.transformation
def right_slow_weights(learning_rate=0.1, decay=0.5):
    return slow_weights_equations(learning_rate, decay, lambda t, x, slow: jnp.where(t == 1, x, slow))
