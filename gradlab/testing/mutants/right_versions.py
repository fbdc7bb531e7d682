"""The correct version of each mutant, by name, with the hyperparameters of its reference."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import gradlab as gl

from . import modern_references


def momentum_average(learning_rate: Any, decay: Any = 0.9) -> gl.Transformation:
    """Descend along the running mean of the gradients, as Qian (1999)."""
    return gl.chain(gl.scale_by_momentum(decay), gl.scale_by_learning_rate(learning_rate))


def adam_efficient(learning_rate: Any = 1e-3, b1: Any = 0.9, b2: Any = 0.999, eps: Any = 1e-8) -> gl.Transformation:
    """Divide first and correct both moments together afterwards, as at the end of section 2 of Adam's paper."""
    direction = gl.chain(gl.scale_by_momentum(b1), gl.scale_by_rms(b2, eps), gl.bias_correction(b1, b2))
    return gl.chain(direction, gl.scale_by_learning_rate(learning_rate))


def adagrad(learning_rate: Any, initial_accumulator: Any = 0.0, eps: Any = 1e-10) -> gl.Transformation:
    """Return Adagrad, with the name that the reference has for the accumulator."""
    return gl.adagrad(learning_rate, initial_accumulator, eps)


OPTIMIZERS: dict[str, Callable[..., gl.Transformation]] = {
    "sgd": gl.sgd,
    "momentum_average": momentum_average,
    "sign_sgd": gl.sign_sgd,
    "adagrad": adagrad,
    "adadelta": gl.adadelta,
    "rmsprop": gl.rmsprop,
    "adam": gl.adam,
    "adamw": gl.adamw,
    "adam_efficient": adam_efficient,
    "adamax": gl.adamax,
    "nadam": gl.nadam,
    "amsgrad": gl.amsgrad,
    "adabound": gl.adabound,
    "amsbound": gl.amsbound,
}


LINKS: dict[str, Callable[..., gl.Transformation]] = {
    "clip_by_value": gl.clip_by_value,
    "clip_by_global_norm": gl.clip_by_global_norm,
    "centralize": gl.centralize,
    "add_noise": gl.add_noise,
}

MODERN: dict[str, Callable[..., gl.Transformation]] = {  # optimizers that have no recipe here
    name: getattr(modern_references, f"right_{name}")
    for name, item in vars(modern_references).items()
    if inspect.isfunction(item) and f"right_{name}" in vars(modern_references)
}

RIGHT = OPTIMIZERS | LINKS | MODERN
