"""Mistakes that any optimizer may have, in its learning rate, its step count or its sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import gradlab as gl
from gradlab.values.numeric_arguments import is_schedule

from ..verdicts.law import TRAJECTORY_ON_SCHEDULE
from .known_differences import KnownDifference, fit_arguments
from .mutant import breaks, mutates
from .right_versions import OPTIMIZERS

_Optimizer = Callable[..., gl.Transformation]


class DelayState(NamedTuple):
    """The state of `delay`."""

    previous: Any  # the update of the previous step


@gl.transformation(splits_gradient=True)
def delay():
    """Return each update one step late."""

    def init(params):
        return DelayState(jax.tree.map(jnp.zeros_like, params))

    def update(updates, state):
        return state.previous, DelayState(updates)

    return init, update


def ascend(optimizer: _Optimizer, **hyperparameters: Any) -> gl.Transformation:
    return gl.chain(optimizer(**hyperparameters), gl.scale(-1.0))


def halve_step(optimizer: _Optimizer, **hyperparameters: Any) -> gl.Transformation:
    return gl.chain(optimizer(**hyperparameters), gl.scale(0.5))


def delay_updates(optimizer: _Optimizer, **hyperparameters: Any) -> gl.Transformation:
    return gl.chain(optimizer(**hyperparameters), delay())


def apply_rate_twice(optimizer: _Optimizer, learning_rate: Any, **hyperparameters: Any) -> gl.Transformation:
    return gl.chain(optimizer(learning_rate=learning_rate, **hyperparameters), gl.scale(learning_rate))


def omit_rate(optimizer: _Optimizer, learning_rate: Any, **hyperparameters: Any) -> gl.Transformation:
    return optimizer(learning_rate=1.0, **hyperparameters)


def start_schedule_at_one(optimizer: _Optimizer, learning_rate: Any, **hyperparameters: Any) -> gl.Transformation:
    return optimizer(learning_rate=_shifted(learning_rate, 1), **hyperparameters)


def lag_schedule(optimizer: _Optimizer, learning_rate: Any, **hyperparameters: Any) -> gl.Transformation:
    return optimizer(learning_rate=_shifted(learning_rate, -1), **hyperparameters)


def freeze_schedule(optimizer: _Optimizer, learning_rate: Any, **hyperparameters: Any) -> gl.Transformation:
    return optimizer(learning_rate=learning_rate(0) if is_schedule(learning_rate) else learning_rate, **hyperparameters)


def _shifted(rate: Any, offset: int) -> Any:
    return gl.schedules.shift(rate, offset) if is_schedule(rate) else rate


GENERAL: dict[Callable[..., gl.Transformation], str] = {
    ascend: "the update has the wrong sign: the optimizer ascends",
    halve_step: "every step is half as long as it should be",
    delay_updates: "every update is returned one step late",
    apply_rate_twice: "the learning rate is applied twice",
    omit_rate: "the learning rate is not applied",
    start_schedule_at_one: "the schedule of the learning rate starts at step 1 instead of step 0",
    lag_schedule: "the learning rate is that of the previous step",
    freeze_schedule: "the schedule of the learning rate stays at its first value",
}


def list_general_mistakes(reference: str, hyperparameters: Mapping[str, Any]) -> list[KnownDifference]:
    """Return the general mistakes, made in the right version of a reference."""
    optimizer = OPTIMIZERS.get(reference)
    arguments = None if optimizer is None else fit_arguments(optimizer, reference, hyperparameters)
    if optimizer is None or arguments is None:
        return []
    return [
        KnownDifference(f"{reference}: {make.__name__}", reference, make(optimizer, **arguments), description)
        for make, description in GENERAL.items()
    ]


@mutates("adam", GENERAL[halve_step])
def adam_half_the_step(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    return halve_step(gl.adam, learning_rate=learning_rate, b1=b1, b2=b2, eps=eps)


@mutates("adam", GENERAL[start_schedule_at_one], source="optax, pull request 1744 (of schedule_free), 2026")
def adam_schedule_starts_at_one(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    return start_schedule_at_one(gl.adam, learning_rate=learning_rate, b1=b1, b2=b2, eps=eps)


@mutates("sgd", GENERAL[ascend])
def sgd_ascends(learning_rate=1e-2):
    return ascend(gl.sgd, learning_rate=learning_rate)


@mutates("sgd", GENERAL[delay_updates])
def sgd_one_step_late(learning_rate=1e-2):
    return delay_updates(gl.sgd, learning_rate=learning_rate)


@mutates("sgd", GENERAL[lag_schedule])
def sgd_rate_of_the_step_before(learning_rate=1e-2):
    return lag_schedule(gl.sgd, learning_rate=learning_rate)


@mutates("sign_sgd", GENERAL[freeze_schedule], learning_rate=1e-3)
def sign_sgd_schedule_stands_still(learning_rate=1e-3):
    return freeze_schedule(gl.sign_sgd, learning_rate=learning_rate)


@mutates("adagrad", GENERAL[apply_rate_twice], learning_rate=1e-2)
def adagrad_rate_twice(learning_rate=1e-2, initial_accumulator=0.0, eps=1e-10):
    return apply_rate_twice(OPTIMIZERS["adagrad"], learning_rate, initial_accumulator=initial_accumulator, eps=eps)


@mutates("rmsprop", GENERAL[omit_rate])
def rmsprop_without_rate(learning_rate=1e-2, decay=0.9, eps=1e-8):
    return omit_rate(gl.rmsprop, learning_rate, decay=decay, eps=eps)


@breaks(
    TRAJECTORY_ON_SCHEDULE,
    of="sgd",
    mistake="the updates are counted in float16, so the schedule stays at step 2048",
    is_factory=True,
    reference="sgd",
)
def sgd_schedule_stops_late(learning_rate=1e-2):
    return _with_steps(gl.sgd, learning_rate, lambda step: jnp.minimum(step, 2048))


@breaks(
    TRAJECTORY_ON_SCHEDULE,
    of="adam",
    mistake="the schedule of a plain factory counts the updates from 1",
    is_factory=True,
    reference="adam",
)
def adam_counts_its_schedule_from_one(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    return _with_steps(lambda rate: gl.adam(rate, b1, b2, eps), learning_rate, lambda step: step + 1)


@breaks(
    TRAJECTORY_ON_SCHEDULE,
    of="sgd",
    mistake="the schedule is called once, when the optimizer is made",
    is_factory=True,
    reference="sgd",
)
def sgd_calls_its_schedule_once(learning_rate=1e-2):
    rate = learning_rate(0) if is_schedule(learning_rate) else learning_rate
    return _with_steps(lambda rate: gl.chain(gl.scale(-1.0), gl.scale(rate)), rate, lambda step: step)


def _with_steps(make, rate, change):
    """Return an `(init, update)` pair, whose rate is that of another step if it is a schedule."""
    tx = make((lambda step: rate(change(step))) if is_schedule(rate) else rate)
    return optax.GradientTransformation(tx.init, tx.update)
