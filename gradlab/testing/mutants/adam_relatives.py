"""Wrong AdamWs, AdaMaxes, Nadams and AMSGrads: mistakes in the one thing that each changes in Adam."""

from __future__ import annotations

import jax.numpy as jnp

import gradlab as gl
from gradlab.arithmetic.safe_arithmetic import divide, magnitude, square_root, squared_magnitude

from .mutant import from_equations, mutates


def _corrected(decay):
    return gl.chain(gl.scale_by_momentum(decay), gl.bias_correction(decay))


@mutates("adamw", "the decay is coupled: it is added to the gradient, as L2 regularization")
def adamw_coupled(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, weight_decay=1e-2):
    return gl.chain(gl.add_decayed_weights(weight_decay), gl.adam(learning_rate, b1, b2, eps))


@mutates("adamw", "the decay has the wrong sign: the weights grow")
def adamw_grows(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, weight_decay=1e-2):
    direction = gl.chain(_corrected(b1), gl.scale_by_rms(_corrected(b2), eps))
    ascent = gl.chain(direction, gl.scale(-1.0), gl.add_decayed_weights(weight_decay))
    return gl.chain(ascent, gl.scale(learning_rate))


@mutates("adamw", "the decay is multiplied by the learning rate twice")
def adamw_rate_twice(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, weight_decay=1e-2):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        direction = divide(m / (1 - b1**t), square_root(v / (1 - b2**t)) + eps)
        return -learning_rate * (direction + learning_rate * weight_decay * x), m, v

    return from_equations(step)


@mutates("adamw", "the decay is not multiplied by the learning rate")
def adamw_without_rate(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, weight_decay=1e-2):
    ascent = gl.chain(gl.adam(learning_rate, b1, b2, eps), gl.scale(-1.0))
    return gl.chain(ascent, gl.add_decayed_weights(weight_decay), gl.scale(-1.0))


@mutates(
    "adamw",
    "the decay uses the parameters after the step, not those before it",
    source="bitsandbytes, issue 2010, 2026",
)
def adamw_decays_after_the_step(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, weight_decay=1e-2):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        change = -learning_rate * divide(m / (1 - b1**t), square_root(v / (1 - b2**t)) + eps)
        return change - learning_rate * weight_decay * (x + change), m, v

    return from_equations(step)


@mutates("adamw", "the decay is added before the division by the root of the second moment")
def adamw_decay_is_divided(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, weight_decay=1e-2):
    decayed = gl.chain(_corrected(b1), gl.add_decayed_weights(weight_decay))
    return gl.chain(decayed, gl.scale_by_rms(_corrected(b2), eps), gl.scale_by_learning_rate(learning_rate))


@mutates("adamw", "the decay uses the signs of the parameters (L1), not the parameters")
def adamw_decays_signs(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, weight_decay=1e-2):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        direction = divide(m / (1 - b1**t), square_root(v / (1 - b2**t)) + eps)
        return -learning_rate * (direction + weight_decay * jnp.sign(x)), m, v

    return from_equations(step)


@mutates("adamw", "the weights do not decay at all", source="tinygrad, pull request 17709 (of LARS and Muon), 2026")
def adamw_without_decay(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, weight_decay=1e-2):
    return gl.adam(learning_rate, b1, b2, eps)


@mutates("adamax", "the first moment is not corrected for its start at zero")
def adamax_uncorrected(learning_rate=2e-3, b1=0.9, b2=0.999, eps=0.0):
    norm = gl.scale_by_infinity_norm(b2, eps)
    return gl.chain(gl.scale_by_momentum(b1), norm, gl.scale_by_learning_rate(learning_rate))


@mutates("adamax", "the infinity norm is corrected for its start at zero, which it does not need")
def adamax_norm_corrected(learning_rate=2e-3, b1=0.9, b2=0.999, eps=0.0):
    def step(g, t, x, m, u):
        m, u = b1 * m + (1 - b1) * g, jnp.maximum(b2 * u, magnitude(g))
        return -learning_rate * divide(m / (1 - b1**t), u / (1 - b2**t) + eps), m, u

    return from_equations(step)


@mutates("adamax", "the maximum is taken of the gradient, not of its magnitude")
def adamax_signed_maximum(learning_rate=2e-3, b1=0.9, b2=0.999, eps=0.0):
    def step(g, t, x, m, u):
        m, u = b1 * m + (1 - b1) * g, jnp.maximum(b2 * u, g.real)
        return -learning_rate * divide(m / (1 - b1**t), u + eps), m, u

    return from_equations(step)


@mutates("adamax", "the maximum does not decay")
def adamax_undecayed(learning_rate=2e-3, b1=0.9, b2=0.999, eps=0.0):
    def step(g, t, x, m, u):
        m, u = b1 * m + (1 - b1) * g, jnp.maximum(u, magnitude(g))
        return -learning_rate * divide(m / (1 - b1**t), u + eps), m, u

    return from_equations(step)


@mutates("adamax", "the maximum of the previous step is used instead of the current one")
def adamax_stale_maximum(learning_rate=2e-3, b1=0.9, b2=0.999, eps=0.0):
    def step(g, t, x, m, u):
        m = b1 * m + (1 - b1) * g
        return -learning_rate * divide(m / (1 - b1**t), u + eps), m, jnp.maximum(b2 * u, magnitude(g))

    return from_equations(step)


@mutates("adamax", "eps is added inside the maximum, not to the maximum", frameworks=("torch", "optax"), eps=1e-8)
def adamax_eps_inside(learning_rate=2e-3, b1=0.9, b2=0.999, eps=0.0):
    norm = gl.scale_by_infinity_norm(b2, eps_inside=eps)
    return gl.chain(gl.scale_by_momentum(b1), norm, gl.bias_correction(b1), gl.scale_by_learning_rate(learning_rate))


@mutates("nadam", "the first moment does not look ahead: it is Adam")
def nadam_without_look_ahead(learning_rate=2e-3, b1=0.9, b2=0.999, eps=1e-8):
    return gl.adam(learning_rate, b1, b2, eps)


@mutates("nadam", "the moment that looks ahead is corrected for this step, not for the next")
def nadam_corrected_for_this_step(learning_rate=2e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        m_hat = (b1 * m + (1 - b1) * g) / (1 - b1**t)
        return -learning_rate * divide(m_hat, square_root(v / (1 - b2**t)) + eps), m, v

    return from_equations(step)


@mutates("nadam", "the gradient's part of the look-ahead is not corrected for the start at zero")
def nadam_gradient_uncorrected(learning_rate=2e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        m_hat = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g
        return -learning_rate * divide(m_hat, square_root(v / (1 - b2**t)) + eps), m, v

    return from_equations(step)


@mutates("nadam", "the second moment is not corrected for its start at zero")
def nadam_second_moment_uncorrected(learning_rate=2e-3, b1=0.9, b2=0.999, eps=1e-8):
    ahead = gl.chain(gl.scale_by_momentum(b1), gl.nesterov(b1, corrected=True))
    return gl.chain(ahead, gl.scale_by_rms(b2, eps), gl.scale_by_learning_rate(learning_rate))


@mutates("nadam", "it looks ahead from the first moment of the previous step instead of the current one")
def nadam_stale_look_ahead(learning_rate=2e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, old, v):
        m, v = b1 * old + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        m_hat = b1 * old / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
        return -learning_rate * divide(m_hat, square_root(v / (1 - b2**t)) + eps), m, v

    return from_equations(step)


@mutates("amsgrad", "the maximum is taken before the correction, not after it", frameworks=("torch",))
def amsgrad_maximum_before_correction(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    second = gl.chain(gl.scale_by_momentum(b2), gl.running_max(), gl.bias_correction(b2))
    return gl.chain(_corrected(b1), gl.scale_by_rms(second, eps), gl.scale_by_learning_rate(learning_rate))


@mutates("amsgrad", "the second moment is not corrected for its start at zero")
def amsgrad_second_moment_uncorrected(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    second = gl.chain(gl.scale_by_momentum(b2), gl.running_max())
    return gl.chain(_corrected(b1), gl.scale_by_rms(second, eps), gl.scale_by_learning_rate(learning_rate))


@mutates("amsgrad", "the first moment is not corrected for its start at zero")
def amsgrad_first_moment_uncorrected(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    second = gl.chain(_corrected(b2), gl.running_max())
    return gl.chain(gl.scale_by_momentum(b1), gl.scale_by_rms(second, eps), gl.scale_by_learning_rate(learning_rate))


@mutates("amsgrad", "the maximum is not taken: it is Adam")
def amsgrad_without_maximum(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    return gl.adam(learning_rate, b1, b2, eps)


@mutates("amsgrad", "the maximum is written back into the second moment")
def amsgrad_maximum_written_back(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    second = gl.chain(never_falling_mean(b2), gl.bias_correction(b2))
    return gl.chain(_corrected(b1), gl.scale_by_rms(second, eps), gl.scale_by_learning_rate(learning_rate))


@gl.transformation(splits_gradient=True)
def never_falling_mean(decay=0.999):
    """Replace the running mean by its own maximum, as happens when one variable is used for both."""

    def step(d, t, x, v):
        v = jnp.maximum(v, decay * v + (1 - decay) * d)
        return v, v

    return from_equations(step)


@mutates("amsgrad", "the maximum is taken of the squared gradients, not of their mean")
def amsgrad_maximum_of_squares(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    first = _corrected(b1)
    return gl.chain(first, gl.scale_by_rms(gl.running_max(), eps), gl.scale_by_learning_rate(learning_rate))
