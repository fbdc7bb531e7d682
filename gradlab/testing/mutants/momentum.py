"""Wrong gradient descents: mistakes in the heavy ball, Nesterov's descent, the running mean and descent by sign."""

from __future__ import annotations

import jax.numpy as jnp

import gradlab as gl
from gradlab.arithmetic.safe_arithmetic import magnitude
from gradlab.values.numeric_arguments import Decay

from .mutant import from_equations, mutates

# Mutants whose `momentum` or `nesterov` has no default exist only where that option is on.


@mutates("sgd", "momentum is a running mean, not a heavy ball (the gradient is weighted by 1 - momentum)", momentum=0.9)
def sgd_mean_of_gradients(learning_rate=1e-2, *, momentum: Decay):
    return gl.chain(gl.scale_by_momentum(momentum), gl.scale_by_learning_rate(learning_rate))


@mutates(
    "sgd", "the learning rate is applied inside the momentum buffer, not outside", frameworks=("keras",), momentum=0.9
)
def sgd_rate_inside_the_buffer(learning_rate=1e-2, dampening=0.0, *, momentum: Decay):
    return gl.chain(gl.scale_by_learning_rate(learning_rate), gl.scale_by_momentum(momentum, dampening))


@mutates("sgd", "the momentum of the previous step is used instead of the current one", momentum=0.9)
def sgd_stale_momentum(learning_rate=1e-2, dampening=0.0, *, momentum: Decay):
    def step(g, t, x, b):
        return -learning_rate * b, momentum * b + (1 - dampening) * g

    return from_equations(step)


@mutates("sgd", "the new gradient is multiplied by the momentum too", momentum=0.9)
def sgd_momentum_times_both(learning_rate=1e-2, dampening=0.0, *, momentum: Decay):
    def step(g, t, x, b):
        b = momentum * (b + (1 - dampening) * g)
        return -learning_rate * b, b

    return from_equations(step)


@mutates("sgd", "the buffer keeps only the last gradient, and forgets the earlier ones", momentum=0.9)
def sgd_forgets_its_velocity(learning_rate=1e-2, dampening=0.0, *, momentum: Decay):
    def step(g, t, x, b):
        return -learning_rate * (momentum * b + (1 - dampening) * g), (1 - dampening) * g

    return from_equations(step)


@mutates("sgd", "the first gradient is not dampened", frameworks=("torch",), momentum=0.9, dampening=0.5)
def sgd_first_gradient_undampened(learning_rate=1e-2, dampening=0.0, *, momentum: Decay):
    def step(g, t, x, b):
        b = jnp.where(t == 1, g, momentum * b + (1 - dampening) * g)
        return -learning_rate * b, b

    return from_equations(step)


@mutates(
    "sgd",
    "the learning rate is applied outside the momentum buffer, not inside",
    frameworks=("torch", "optax"),
    momentum=0.9,
    nesterov=True,
)
def nesterov_rate_outside_the_buffer(learning_rate=1e-2, dampening=0.0, *, momentum: Decay, nesterov: bool):
    ahead = gl.chain(gl.scale_by_momentum(momentum, dampening), gl.nesterov(momentum, dampening))
    return gl.chain(ahead, gl.scale_by_learning_rate(learning_rate))


@mutates(
    "sgd", "it looks ahead from the velocity before the step, which does not look ahead", momentum=0.9, nesterov=True
)
def nesterov_stale_velocity(learning_rate=1e-2, dampening=0.0, *, momentum: Decay, nesterov: bool):
    return gl.chain(gl.scale_by_learning_rate(learning_rate), gl.scale_by_momentum(momentum, dampening))


@mutates("sgd", "it moves only by the momentum term, without the gradient's own step", momentum=0.9, nesterov=True)
def nesterov_without_gradient(learning_rate=1e-2, dampening=0.0, *, momentum: Decay, nesterov: bool):
    velocity = gl.chain(gl.scale_by_learning_rate(learning_rate), gl.scale_by_momentum(momentum, dampening))
    return gl.chain(velocity, gl.scale(momentum))


@mutates("sgd", "it looks ahead twice", momentum=0.9, nesterov=True)
def nesterov_looks_ahead_twice(learning_rate=1e-2, dampening=0.0, *, momentum: Decay, nesterov: bool):
    velocity = gl.chain(gl.scale_by_learning_rate(learning_rate), gl.scale_by_momentum(momentum, dampening))
    return gl.chain(velocity, gl.nesterov(momentum, dampening), gl.nesterov(momentum, dampening))


@mutates("sgd", "the look-ahead step is stored as the velocity", momentum=0.9, nesterov=True)
def nesterov_look_ahead_stored(learning_rate=1e-2, dampening=0.0, *, momentum: Decay, nesterov: bool):
    def step(g, t, x, b):
        own = learning_rate * (1 - dampening) * g
        b = momentum * (momentum * b - own) - own
        return b, b

    return from_equations(step)


@mutates(
    "momentum_average",
    "it is a heavy ball, not a mean (the gradient is not weighted by 1 - decay)",
    learning_rate=0.1,
)
def average_is_a_sum(learning_rate=0.1, decay=0.9):
    return gl.chain(gl.scale_by_momentum(decay, dampening=0.0), gl.scale_by_learning_rate(learning_rate))


@mutates("momentum_average", "the mean is corrected for its start at zero", learning_rate=0.1)
def average_corrected(learning_rate=0.1, decay=0.9):
    return gl.chain(gl.scale_by_momentum(decay), gl.bias_correction(decay), gl.scale_by_learning_rate(learning_rate))


@mutates("momentum_average", "the weights of the old mean and the new gradient are swapped", learning_rate=0.1)
def average_exchanged_weights(learning_rate=0.1, decay=0.9):
    return gl.chain(gl.scale_by_momentum(1 - decay), gl.scale_by_learning_rate(learning_rate))


@mutates("momentum_average", "the mean starts at the first gradient, not at zero", learning_rate=0.1)
def average_starts_at_the_first(learning_rate=0.1, decay=0.9):
    def step(g, t, x, m):
        m = jnp.where(t == 1, g, decay * m + (1 - decay) * g)
        return -learning_rate * m, m

    return from_equations(step)


@mutates("sign_sgd", "the sign of zero is one", learning_rate=1e-3)
def sign_of_zero_is_one(learning_rate=1e-3):
    return from_equations(lambda g, t, x: (-learning_rate * jnp.where(g >= 0, 1.0, -1.0).astype(g.dtype),))


@mutates(
    "sign_sgd", "it divides by the magnitude plus 1e-8, so that tiny gradients give tiny steps", learning_rate=1e-3
)
def sign_softened(learning_rate=1e-3):
    return from_equations(lambda g, t, x: (-learning_rate * g / (magnitude(g) + 1e-8),))


@mutates("sign_sgd", "it takes the sign of the sum of all gradients so far, not of the gradient", learning_rate=1e-3)
def sign_of_the_sum(learning_rate=1e-3):
    return gl.chain(gl.running_sum(), gl.scale_by_sign(), gl.scale_by_learning_rate(learning_rate))
