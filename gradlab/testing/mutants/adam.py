"""Wrong Adams: mistakes in the bias correction, the place of eps, and the moments."""

from __future__ import annotations

import gradlab as gl
from gradlab.arithmetic.safe_arithmetic import divide, magnitude, square_root, squared_magnitude

from .mutant import from_equations, mutates


@mutates("adam", "the first moment is not corrected for its start at zero")
def adam_first_moment_uncorrected(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    second = gl.chain(gl.scale_by_momentum(b2), gl.bias_correction(b2))
    return gl.chain(gl.scale_by_momentum(b1), gl.scale_by_rms(second, eps), gl.scale_by_learning_rate(learning_rate))


@mutates("adam", "the second moment is not corrected for its start at zero")
def adam_second_moment_uncorrected(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    first = gl.chain(gl.scale_by_momentum(b1), gl.bias_correction(b1))
    return gl.chain(first, gl.scale_by_rms(b2, eps), gl.scale_by_learning_rate(learning_rate))


@mutates("adam", "neither moment is corrected for its start at zero", source="MLX, pull request 1640, 2024")
def adam_uncorrected(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    return gl.chain(gl.scale_by_momentum(b1), gl.scale_by_rms(b2, eps), gl.scale_by_learning_rate(learning_rate))


@mutates(
    "adam",
    "eps is added before the correction of the second moment, not after it (the paper's epsilon-hat)",
    frameworks=("keras",),
)
def adam_efficient_form(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    direction = gl.chain(gl.scale_by_momentum(b1), gl.scale_by_rms(b2, eps), gl.bias_correction(b1, b2))
    return gl.chain(direction, gl.scale_by_learning_rate(learning_rate))


@mutates("adam", "eps is added inside the root")
def adam_eps_inside_the_root(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    first, second = (gl.chain(gl.scale_by_momentum(decay), gl.bias_correction(decay)) for decay in (b1, b2))
    return gl.chain(first, gl.scale_by_rms(second, 0.0, eps_root=eps), gl.scale_by_learning_rate(learning_rate))


@mutates("adam", "the root of the second moment is not taken")
def adam_without_root(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        return -learning_rate * divide(m / (1 - b1**t), v / (1 - b2**t) + eps), m, v

    return from_equations(step)


@mutates("adam", "the two decays are swapped")
def adam_swapped_decays(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    return gl.adam(learning_rate, b1=b2, b2=b1, eps=eps)


@mutates("adam", "the corrections use each other's decay")
def adam_swapped_corrections(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    first = gl.chain(gl.scale_by_momentum(b1), gl.bias_correction(b2))
    second = gl.chain(gl.scale_by_momentum(b2), gl.bias_correction(b1))
    return gl.chain(first, gl.scale_by_rms(second, eps), gl.scale_by_learning_rate(learning_rate))


@mutates("adam", "b2 is always 0.99, whatever value is given")
def adam_another_b2(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    return gl.adam(learning_rate, b1, 0.99, eps)


@mutates("adam", "the step count of the corrections is one too high (t + 1)")
def adam_count_too_high(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        m_hat, v_hat = m / (1 - b1 ** (t + 1)), v / (1 - b2 ** (t + 1))
        return -learning_rate * divide(m_hat, square_root(v_hat) + eps), m, v

    return from_equations(step)


@mutates("adam", "the step count of the corrections is never increased", source="OLMo-core, pull request 317, 2025")
def adam_count_stands_still(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        return -learning_rate * divide(m / (1 - b1), square_root(v / (1 - b2)) + eps), m, v

    return from_equations(step)


@mutates("adam", "the first moment of the previous step is used instead of the current one")
def adam_stale_first_moment(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        v = b2 * v + (1 - b2) * squared_magnitude(g)
        change = -learning_rate * divide(m / (1 - b1**t), square_root(v / (1 - b2**t)) + eps)
        return change, b1 * m + (1 - b1) * g, v

    return from_equations(step)


@mutates("adam", "the second moment of the previous step is used instead of the current one")
def adam_stale_second_moment(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        m = b1 * m + (1 - b1) * g
        change = -learning_rate * divide(m / (1 - b1**t), square_root(v / (1 - b2**t)) + eps)
        return change, m, b2 * v + (1 - b2) * squared_magnitude(g)

    return from_equations(step)


@mutates("adam", "the second moment is squared twice (a mean of the fourth powers)")
def adam_squared_twice(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        square = squared_magnitude(g)
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(square)
        return -learning_rate * divide(m / (1 - b1**t), square_root(v / (1 - b2**t)) + eps), m, v

    return from_equations(step)


@mutates("adam", "the corrected first moment is written back into the state")
def adam_first_correction_written_back(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        m = m / (1 - b1**t)
        return -learning_rate * divide(m, square_root(v / (1 - b2**t)) + eps), m, v

    return from_equations(step)


@mutates("adam", "the corrected second moment is written back into the state")
def adam_second_correction_written_back(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        v = v / (1 - b2**t)
        return -learning_rate * divide(m / (1 - b1**t), square_root(v) + eps), m, v

    return from_equations(step)


@mutates("adam", "the second moment is computed from the first moment, not from the gradient")
def adam_measures_the_momentum(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    first, second = (gl.chain(gl.scale_by_momentum(decay), gl.bias_correction(decay)) for decay in (b1, b2))
    return gl.chain(first, gl.isolate(gl.scale_by_rms(second, eps)), gl.scale_by_learning_rate(learning_rate))


@mutates("adam", "the first moment is a sum, not a mean (the gradient is not weighted by 1 - b1)")
def adam_heavy_ball(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    first = gl.chain(gl.scale_by_momentum(b1, dampening=0.0), gl.bias_correction(b1))
    second = gl.chain(gl.scale_by_momentum(b2), gl.bias_correction(b2))
    return gl.chain(first, gl.scale_by_rms(second, eps), gl.scale_by_learning_rate(learning_rate))


@mutates("adam", "the weights of the old moment and the new gradient are swapped in the first moment")
def adam_exchanged_weights(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        m, v = (1 - b1) * m + b1 * g, b2 * v + (1 - b2) * squared_magnitude(g)
        return -learning_rate * divide(m / (1 - b1**t), square_root(v / (1 - b2**t)) + eps), m, v

    return from_equations(step)


@mutates("adam", "the direction is the gradient, not the first moment")
def adam_without_momentum(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    second = gl.chain(gl.scale_by_momentum(b2), gl.bias_correction(b2))
    return gl.chain(gl.scale_by_rms(second, eps), gl.scale_by_learning_rate(learning_rate))


@mutates("adam", "the denominator is a mean of magnitudes, not the root of a mean of squares")
def adam_mean_of_magnitudes(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * magnitude(g)
        return -learning_rate * divide(m / (1 - b1**t), v / (1 - b2**t) + eps), m, v

    return from_equations(step)


@mutates("adam", "the maximum of the second moments is taken, as AMSGrad does")
def adam_never_raises_its_rate(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    return gl.amsgrad(learning_rate, b1, b2, eps)


@mutates("adam_efficient", "the correction of the second moment is applied without its root")
def adam_efficient_without_root(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        rate = learning_rate * (1 - b2**t) / (1 - b1**t)
        return -rate * divide(m, square_root(v) + eps), m, v

    return from_equations(step)


@mutates("adam_efficient", "eps is added after the correction of the second moment, not before it (Adam as published)")
def adam_efficient_as_published(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    return gl.adam(learning_rate, b1, b2, eps)


@mutates("adam_efficient", "the correction divides where it should multiply")
def adam_efficient_corrected_the_wrong_way(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        rate = learning_rate * (1 - b1**t) / square_root(1 - b2**t)
        return -rate * divide(m, square_root(v) + eps), m, v

    return from_equations(step)
