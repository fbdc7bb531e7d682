"""Wrong factories: mistakes that show only at other values of the arguments, or in a second call."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

import gradlab as gl

from ..references._arithmetic import Array, State, Step
from ..verdicts.law import TRAJECTORY_AT_SETTINGS
from .mutant import breaks

_MATTERS, _REMEMBERS = "every argument matters", "factory remembers nothing"


def sgd_warmup(g: Array, state: State, t: int, x: Array, *, learning_rate: float, warmup_steps: int) -> Step:
    """Descend at a rate that rises linearly, and reaches its value at step t = `warmup_steps`."""
    return -learning_rate * min(1.0, t / warmup_steps) * g, {}


def right_sgd_warmup(learning_rate: float = 0.1, warmup_steps: int = 1) -> gl.Transformation:
    """Descend as the reference does."""
    return _warm_up(learning_rate, warmup_steps)


def _warm_up(learning_rate: Any, warmup_steps: Any) -> gl.Transformation:
    return gl.sgd(lambda step: learning_rate * jnp.minimum(1.0, (step + 1) / warmup_steps))


def right_sgd(learning_rate: float = 1e-2, momentum: float = 0.9, nesterov: bool = False) -> gl.Transformation:
    """Return gradient descent with momentum."""
    return gl.sgd(learning_rate, momentum, nesterov)


def right_adam(
    learning_rate: float = 1e-3, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, eps_root: float = 1e-8
) -> gl.Transformation:
    """Return Adam, with the same default for both eps."""
    return gl.adam(learning_rate, b1, b2, eps, eps_root)


@breaks(_MATTERS, of="adam", mistake="b1 is always 0.9, whatever value is given", is_factory=True)
def adam_fixed_b1(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    return gl.adam(learning_rate, 0.9, b2, eps)


@breaks(_MATTERS, of="adam", mistake="eps is not passed on", is_factory=True)
def adam_drops_eps(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    return gl.adam(learning_rate, b1, b2)


def _choose_matrices(params: Any) -> Any:
    return jax.tree.map(lambda p: jnp.ndim(p) == 2, params)


@breaks(_MATTERS, of="adamw", mistake="the mask of the weight decay is not passed on", is_factory=True)
def adamw_drops_the_mask(learning_rate=1e-3, weight_decay=1e-2, mask=_choose_matrices):
    return gl.adamw(learning_rate, weight_decay=weight_decay)


_RATES: list[float] = []


@breaks(_MATTERS, of="adam", mistake="the learning rate of the first call is used in all later ones", is_factory=True)
def adam_first_rate(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    _RATES.append(learning_rate)
    return gl.adam(_RATES[0], b1, b2, eps)


_MADE: dict[tuple[float, ...], Any] = {}


@breaks(_MATTERS, of="adam", mistake="optimizers are cached by all arguments but eps", is_factory=True)
def adam_cached_without_eps(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    key = (learning_rate, b1, b2)
    if key not in _MADE:
        _MADE[key] = gl.adam(learning_rate, b1, b2, eps)
    return _MADE[key]


@breaks(_MATTERS, of="sgd", mistake="nesterov is ignored", is_factory=True)
def sgd_ignores_nesterov(learning_rate=1e-2, momentum=0.9, nesterov=False):
    return gl.sgd(learning_rate, momentum)


@breaks(
    _MATTERS,
    of="adagrad",
    mistake="init starts the accumulator at the value that is given, but update adds to a zero",
    is_factory=True,
)
def adagrad_start_in_init_only(learning_rate=1e-2, initial_accumulator_value=0.1, eps=1e-10):
    def init(params: Any) -> Any:
        return jax.tree.map(lambda p: jnp.full_like(p, initial_accumulator_value), params), jnp.zeros((), jnp.int32)

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        sums, count = state
        sums = jax.tree.map(lambda s, g: jnp.where(count > 0, s, 0) + g * g, sums, updates)
        step = jax.tree.map(lambda s, g: -learning_rate * g / (jnp.sqrt(s) + eps), sums, updates)
        return step, (sums, count + 1)

    return optax.GradientTransformation(init, update)


_LAST = {"b1": 0.9}


@breaks(_REMEMBERS, of="adam", mistake="update reads b1 from a global, which the last call has set", is_factory=True)
def adam_reads_the_last_b1(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    _LAST["b1"] = b1
    init = gl.adam(learning_rate, b1, b2, eps).init

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return gl.adam(learning_rate, _LAST["b1"], b2, eps).update(updates, state, params)

    return optax.GradientTransformation(init, update)


_SWITCHED_ON: list[str] = []


@breaks(_REMEMBERS, of="sgd", mistake="an option that was switched on is still on in the next call", is_factory=True)
def sgd_keeps_an_option(learning_rate=1e-2, momentum=0.9, nesterov=False):
    was_on = bool(_SWITCHED_ON)
    _SWITCHED_ON[:] = ["nesterov"] if nesterov else []
    return gl.sgd(learning_rate, momentum, nesterov or was_on)


@breaks(
    TRAJECTORY_AT_SETTINGS,
    of="adam",
    mistake="eps and eps_root are swapped in a call",
    is_factory=True,
    reference="adam",
)
def adam_swaps_both_eps(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, eps_root=1e-8):
    return gl.adam(learning_rate, b1, b2, eps_root, eps)


@breaks(
    TRAJECTORY_AT_SETTINGS,
    of="adamw",
    mistake="the weight decay is multiplied by the default learning rate",
    is_factory=True,
    reference="adamw",
)
def adamw_decays_by_the_default_rate(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, weight_decay=1e-2):
    return gl.adamw(learning_rate, b1, b2, eps, weight_decay * 1e-3 / learning_rate)


@breaks(
    TRAJECTORY_AT_SETTINGS,
    of="sgd_warmup",
    mistake="the warmup is one step too long, unless it is one step",
    is_factory=True,
    reference=sgd_warmup,
)
def sgd_warmup_too_long(learning_rate=0.1, warmup_steps=1):
    return _warm_up(learning_rate, warmup_steps if warmup_steps == 1 else warmup_steps + 1)


@breaks(
    TRAJECTORY_AT_SETTINGS,
    of="sgd",
    mistake="the momentum and the dampening are swapped in a call",
    is_factory=True,
    reference="sgd",
    momentum=0.9,
    dampening=0.9,
)
def sgd_swaps_momentum_and_dampening(learning_rate=1e-2, momentum=0.9, dampening=0.0):
    ball = gl.scale_by_momentum(dampening, dampening=momentum)
    return gl.chain(ball, gl.scale_by_learning_rate(learning_rate))


@breaks(
    TRAJECTORY_AT_SETTINGS,
    of="rmsprop",
    mistake="eps is 1e-2 where the second moment is centered",
    is_factory=True,
    reference="rmsprop",
)
def rmsprop_centers_with_another_eps(learning_rate=1e-2, decay=0.9, eps=1e-8, centered=False):
    return gl.rmsprop(learning_rate, decay, 1e-2 if centered else eps, centered)
