"""Wrong Adagrads, Adadeltas and RMSProps: mistakes in the second moment and its root."""

from __future__ import annotations

import jax.numpy as jnp

import gradlab as gl
from gradlab.arithmetic.safe_arithmetic import divide, magnitude, square_root, squared_magnitude
from gradlab.values.numeric_arguments import Decay

from .mutant import from_equations, mutates


@mutates("adagrad", "eps is added inside the root", frameworks=("keras", "optax"), learning_rate=1e-2)
def adagrad_eps_inside_the_root(learning_rate=1e-2, initial_accumulator=0.0, eps=1e-10):
    return gl.chain(gl.scale_by_rss(initial_accumulator, 0.0, eps), gl.scale_by_learning_rate(learning_rate))


@mutates("adagrad", "the root of the sum is not taken", learning_rate=1e-2)
def adagrad_without_root(learning_rate=1e-2, initial_accumulator=0.0, eps=1e-10):
    def step(g, t, x, s):
        s = s + squared_magnitude(g)
        return -learning_rate * divide(g, initial_accumulator + s + eps), s

    return from_equations(step)


@mutates("adagrad", "the sum of the previous step is used, without the current gradient", learning_rate=1e-2)
def adagrad_stale_sum(learning_rate=1e-2, initial_accumulator=0.0, eps=1e-10):
    def step(g, t, x, s):
        return -learning_rate * divide(g, square_root(initial_accumulator + s) + eps), s + squared_magnitude(g)

    return from_equations(step)


@mutates("adagrad", "it sums magnitudes, not squares", learning_rate=1e-2)
def adagrad_sums_magnitudes(learning_rate=1e-2, initial_accumulator=0.0, eps=1e-10):
    def step(g, t, x, s):
        s = s + magnitude(g)
        return -learning_rate * divide(g, square_root(initial_accumulator + s) + eps), s

    return from_equations(step)


@mutates("adagrad", "it divides by the mean of the squares so far, not by their sum", learning_rate=1e-2)
def adagrad_takes_the_mean(learning_rate=1e-2, initial_accumulator=0.0, eps=1e-10):
    def step(g, t, x, s):
        s = s + squared_magnitude(g)
        return -learning_rate * divide(g, square_root((initial_accumulator + s) / t) + eps), s

    return from_equations(step)


@mutates(
    "adagrad",
    "the accumulator always starts at zero, whatever value is given",
    learning_rate=1e-2,
    initial_accumulator=0.1,
)
def adagrad_starts_at_zero(learning_rate=1e-2, initial_accumulator=0.0, eps=1e-10):
    return gl.adagrad(learning_rate, 0.0, eps)


@mutates("adagrad", "it sums along the elements of the array instead of over the steps", learning_rate=1e-2)
def adagrad_sums_along_the_array(learning_rate=1e-2, initial_accumulator=0.0, eps=1e-10):
    def step(g, t, x, s):
        s = s + jnp.cumsum(squared_magnitude(g), axis=-1) if g.ndim else s + squared_magnitude(g)
        return -learning_rate * divide(g, square_root(initial_accumulator + s) + eps), s

    return from_equations(step)


@mutates("adadelta", "the mean of past updates includes the learning rate", learning_rate=0.5)
def adadelta_remembers_the_rate(learning_rate=1.0, rho=0.9, eps=1e-6):
    def step(g, t, x, v, w):
        v = rho * v + (1 - rho) * squared_magnitude(g)
        d = learning_rate * square_root(w + eps) * divide(g, square_root(v + eps))
        return -d, v, rho * w + (1 - rho) * squared_magnitude(d)

    return from_equations(step)


@mutates("adadelta", "eps is added outside both roots")
def adadelta_eps_outside_the_roots(learning_rate=1.0, rho=0.9, eps=1e-6):
    def step(g, t, x, v, w):
        v = rho * v + (1 - rho) * squared_magnitude(g)
        d = (square_root(w) + eps) * divide(g, square_root(v) + eps)
        return -learning_rate * d, v, rho * w + (1 - rho) * squared_magnitude(d)

    return from_equations(step)


@mutates("adadelta", "the mean of squared updates is a mean of squared gradients")
def adadelta_remembers_gradients(learning_rate=1.0, rho=0.9, eps=1e-6):
    def step(g, t, x, v, w):
        v = rho * v + (1 - rho) * squared_magnitude(g)
        d = square_root(w + eps) * divide(g, square_root(v + eps))
        return -learning_rate * d, v, rho * w + (1 - rho) * squared_magnitude(g)

    return from_equations(step)


@mutates("adadelta", "the mean of squared gradients of the previous step is used instead of the current one")
def adadelta_stale_gradients(learning_rate=1.0, rho=0.9, eps=1e-6):
    def step(g, t, x, v, w):
        d = square_root(w + eps) * divide(g, square_root(v + eps))
        v, w = rho * v + (1 - rho) * squared_magnitude(g), rho * w + (1 - rho) * squared_magnitude(d)
        return -learning_rate * d, v, w

    return from_equations(step)


@mutates("adadelta", "the mean of past updates is a mean of the updates, not of their squares")
def adadelta_updates_not_squared(learning_rate=1.0, rho=0.9, eps=1e-6):
    def step(g, t, x, v, w):
        v = rho * v + (1 - rho) * squared_magnitude(g)
        d = square_root(jnp.abs(w) + eps) * divide(g, square_root(v + eps))
        return -learning_rate * d, v, rho * w + (1 - rho) * d.real

    return from_equations(step)


@mutates("rmsprop", "eps is added inside the root", frameworks=("keras", "optax"))
def rmsprop_eps_inside_the_root(learning_rate=1e-2, decay=0.9, eps=1e-8):
    return gl.chain(gl.scale_by_rms(decay, 0.0, eps), gl.scale_by_learning_rate(learning_rate))


@mutates("rmsprop", "the second moment is corrected for its start at zero")
def rmsprop_corrected(learning_rate=1e-2, decay=0.9, eps=1e-8):
    second = gl.chain(gl.scale_by_momentum(decay), gl.bias_correction(decay))
    return gl.chain(gl.scale_by_rms(second, eps), gl.scale_by_learning_rate(learning_rate))


@mutates("rmsprop", "the second moment starts at one, not at zero")
def rmsprop_starts_at_one(learning_rate=1e-2, decay=0.9, eps=1e-8):
    second = gl.scale_by_momentum(decay, initial=1.0)
    return gl.chain(gl.scale_by_rms(second, eps), gl.scale_by_learning_rate(learning_rate))


@mutates("rmsprop", "the weights of the old moment and the new square are swapped in the second moment")
def rmsprop_exchanged_weights(learning_rate=1e-2, decay=0.9, eps=1e-8):
    return gl.rmsprop(learning_rate, 1 - decay, eps)


@mutates("rmsprop", "the second moment sums the squares (they are not weighted by 1 - decay)")
def rmsprop_sums(learning_rate=1e-2, decay=0.9, eps=1e-8):
    second = gl.scale_by_momentum(decay, dampening=0.0)
    return gl.chain(gl.scale_by_rms(second, eps), gl.scale_by_learning_rate(learning_rate))


@mutates("rmsprop", "the variance adds the squared mean instead of subtracting it", centered=True)
def rmsprop_centered_sign(learning_rate=1e-2, decay=0.9, eps=1e-8, *, centered: bool):
    def step(g, t, x, v, mean):
        v, mean = decay * v + (1 - decay) * squared_magnitude(g), decay * mean + (1 - decay) * g
        return -learning_rate * divide(g, square_root(v + squared_magnitude(mean)) + eps), v, mean

    return from_equations(step)


@mutates("rmsprop", "the mean of the previous step is subtracted instead of the current one", centered=True)
def rmsprop_centered_stale_mean(learning_rate=1e-2, decay=0.9, eps=1e-8, *, centered: bool):
    def step(g, t, x, v, mean):
        v = decay * v + (1 - decay) * squared_magnitude(g)
        change = -learning_rate * divide(g, square_root(jnp.maximum(v - squared_magnitude(mean), 0)) + eps)
        return change, v, decay * mean + (1 - decay) * g

    return from_equations(step)


@mutates("rmsprop", "the mean is subtracted without being squared", centered=True)
def rmsprop_centered_unsquared(learning_rate=1e-2, decay=0.9, eps=1e-8, *, centered: bool):
    def step(g, t, x, v, mean):
        v, mean = decay * v + (1 - decay) * squared_magnitude(g), decay * mean + (1 - decay) * g
        return -learning_rate * divide(g, square_root(jnp.maximum(v - mean, 0)) + eps), v, mean

    return from_equations(step)


@mutates("rmsprop", "the second moment is not centered, although that is asked for", centered=True)
def rmsprop_not_centered(learning_rate=1e-2, decay=0.9, eps=1e-8, *, centered: bool):
    return gl.rmsprop(learning_rate, decay, eps)


@mutates("rmsprop", "the learning rate is applied inside the momentum buffer, not outside", momentum=0.9)
def rmsprop_rate_inside_the_buffer(learning_rate=1e-2, decay=0.9, eps=1e-8, *, momentum: Decay):
    scaled = gl.chain(gl.scale_by_rms(decay, eps), gl.scale_by_learning_rate(learning_rate))
    return gl.chain(scaled, gl.scale_by_momentum(momentum, dampening=0.0))


@mutates("rmsprop", "the momentum is that of the gradient before the division, not after it", momentum=0.9)
def rmsprop_momentum_first(learning_rate=1e-2, decay=0.9, eps=1e-8, *, momentum: Decay):
    ball = gl.scale_by_momentum(momentum, dampening=0.0)
    return gl.chain(ball, gl.scale_by_rms(decay, eps), gl.scale_by_learning_rate(learning_rate))


@mutates("rmsprop", "it looks ahead along the gradient, not along the divided gradient", momentum=0.9, nesterov=True)
def rmsprop_nesterov_unscaled(learning_rate=1e-2, decay=0.9, eps=1e-8, *, momentum: Decay, nesterov: bool):
    def step(g, t, x, v, b):
        v = decay * v + (1 - decay) * squared_magnitude(g)
        b = momentum * b + divide(g, square_root(v) + eps)
        return -learning_rate * (g + momentum * b), v, b

    return from_equations(step)
