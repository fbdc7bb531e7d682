"""Slips that any optimizer may have: in its rate, in its count of the steps, in its sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import gradlab as gl
from gradlab.hyperparameters import is_schedule

from .base import Slip, fitting, slip_of
from .originals import OPTIMIZERS

_Optimizer = Callable[..., gl.Transformation]


class DelayState(NamedTuple):
    """The state of `delayed`."""

    waiting: Any  # the update of the step before


@gl.transformation(splits_gradient=True)
def delayed():
    """Emit each update one step late."""

    def init(params):
        return DelayState(jax.tree.map(jnp.zeros_like, params))

    def update(updates, state):
        return state.waiting, DelayState(updates)

    return init, update


def ascending(optimizer: _Optimizer, **hyperparameters: Any) -> gl.Transformation:
    return gl.chain(optimizer(**hyperparameters), gl.scale(-1.0))


def halved(optimizer: _Optimizer, **hyperparameters: Any) -> gl.Transformation:
    return gl.chain(optimizer(**hyperparameters), gl.scale(0.5))


def late(optimizer: _Optimizer, **hyperparameters: Any) -> gl.Transformation:
    return gl.chain(optimizer(**hyperparameters), delayed())


def rate_twice(optimizer: _Optimizer, learning_rate: Any, **hyperparameters: Any) -> gl.Transformation:
    return gl.chain(optimizer(learning_rate=learning_rate, **hyperparameters), gl.scale(learning_rate))


def without_rate(optimizer: _Optimizer, learning_rate: Any, **hyperparameters: Any) -> gl.Transformation:
    return optimizer(learning_rate=1.0, **hyperparameters)


def schedule_starts_at_one(optimizer: _Optimizer, learning_rate: Any, **hyperparameters: Any) -> gl.Transformation:
    return optimizer(learning_rate=_shifted(learning_rate, 1), **hyperparameters)


def schedule_lags(optimizer: _Optimizer, learning_rate: Any, **hyperparameters: Any) -> gl.Transformation:
    return optimizer(learning_rate=_shifted(learning_rate, -1), **hyperparameters)


def schedule_stands_still(optimizer: _Optimizer, learning_rate: Any, **hyperparameters: Any) -> gl.Transformation:
    return optimizer(learning_rate=learning_rate(0) if is_schedule(learning_rate) else learning_rate, **hyperparameters)


def _shifted(rate: Any, offset: int) -> Any:
    return gl.schedules.shift(rate, offset) if is_schedule(rate) else rate


GENERAL: dict[Callable[..., gl.Transformation], str] = {
    ascending: "the sign of the update is wrong: it ascends",
    halved: "every step is half as long as it should be",
    late: "every update is emitted one step late",
    rate_twice: "the learning rate is applied twice",
    without_rate: "the learning rate is not applied",
    schedule_starts_at_one: "the schedule of the learning rate starts at step 1, and not at step 0",
    schedule_lags: "the learning rate is that of the step before",
    schedule_stands_still: "the schedule of the learning rate stands still at its first value",
}


def general_slips(reference: str, hyperparameters: Mapping[str, Any]) -> list[Slip]:
    """The general slips, of the right version of a reference."""
    optimizer = OPTIMIZERS.get(reference)
    arguments = None if optimizer is None else fitting(optimizer, reference, hyperparameters)
    if optimizer is None or arguments is None:
        return []
    return [Slip(f"{reference}_{make.__name__}", make(optimizer, **arguments), slip) for make, slip in GENERAL.items()]


@slip_of("adam", GENERAL[halved])
def adam_half_the_step(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    return halved(gl.adam, learning_rate=learning_rate, b1=b1, b2=b2, eps=eps)


@slip_of("adam", GENERAL[schedule_starts_at_one])
def adam_schedule_starts_at_one(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    return schedule_starts_at_one(gl.adam, learning_rate=learning_rate, b1=b1, b2=b2, eps=eps)


@slip_of("sgd", GENERAL[ascending])
def sgd_ascends(learning_rate=1e-2):
    return ascending(gl.sgd, learning_rate=learning_rate)


@slip_of("sgd", GENERAL[late])
def sgd_one_step_late(learning_rate=1e-2):
    return late(gl.sgd, learning_rate=learning_rate)


@slip_of("sgd", GENERAL[schedule_lags])
def sgd_rate_of_the_step_before(learning_rate=1e-2):
    return schedule_lags(gl.sgd, learning_rate=learning_rate)


@slip_of("sign_sgd", GENERAL[schedule_stands_still], learning_rate=1e-3)
def sign_sgd_schedule_stands_still(learning_rate=1e-3):
    return schedule_stands_still(gl.sign_sgd, learning_rate=learning_rate)


@slip_of("adagrad", GENERAL[rate_twice], learning_rate=1e-2)
def adagrad_rate_twice(learning_rate=1e-2, initial_accumulator=0.0, eps=1e-10):
    return rate_twice(OPTIMIZERS["adagrad"], learning_rate, initial_accumulator=initial_accumulator, eps=eps)


@slip_of("rmsprop", GENERAL[without_rate])
def rmsprop_without_rate(learning_rate=1e-2, decay=0.9, eps=1e-8):
    return without_rate(gl.rmsprop, learning_rate, decay=decay, eps=eps)
