"""Calls that make values, for the tests of equality, pickling and printing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import optax
import pytest

import gradlab as gl
from gradlab import registry

ENTRIES = registry.entries()


scale_by_lion = gl.transformation(optax.scale_by_lion)


def no_decay_on_vectors(params: Any) -> Any:
    return jax.tree.map(lambda x: x.ndim > 1, params)


# Calls that are harder to print, pickle and compare than the registry's examples.
VARIANTS: dict[str, Callable[[], Any]] = {
    "empty chain": lambda: gl.chain(),
    "chain of one": lambda: gl.chain(gl.scale(1.0)),
    "nested": lambda: gl.chain(gl.adam(1e-3), gl.isolate(gl.precondition(gl.chain(gl.scale_by_rms(), gl.scale(2.0))))),
    "zero instead of None": lambda: gl.scale_by_momentum(0.9, dampening=0.0),
    "zero momentum": lambda: gl.sgd(0.1, momentum=0.0),
    "flags": lambda: gl.rmsprop(0.1, centered=True, momentum=0.9, nesterov=True),
    "an axis": lambda: gl.centralize(0),
    "mask": lambda: gl.adamw(1e-3, mask={"w": True, "b": (False, True)}),
    "estimator": lambda: gl.scale_by_rms(gl.chain(gl.scale_by_momentum(0.99), gl.running_max())),
    "schedule": lambda: gl.adam(gl.schedules.cosine(0.1, 100), b1=gl.schedules.nadam_momentum()),
    "arithmetic": lambda: gl.sgd(1.0 - 0.5 * gl.schedules.cosine(0.1, 100) / (gl.schedules.inverse_time(2.0) + 3.0)),
    "tuples": lambda: gl.schedules.piecewise(0.1, (3,), (0.5,)),
    "large": lambda: gl.scale(123456789.0),
    "huge": lambda: gl.scale(1e22),
    "tiny": lambda: gl.scale(5e-324),
    "negative zero": lambda: gl.scale(-0.0),
    "negative seed": lambda: gl.add_noise(key=-3),
    "infinite": lambda: gl.clip_by_value(math.inf),
}


EVERY_CALL = {name: lambda entry=entry: entry.example for name, entry in ENTRIES.items()} | VARIANTS


def structure_of(tree: Any) -> Any:
    return jax.tree.structure(tree)


each_call = pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in EVERY_CALL.items()])


# Selectors are values without numbers, and leaves to JAX.
each_tree = pytest.mark.parametrize(
    "entry", [pytest.param(entry, id=name) for name, entry in ENTRIES.items() if entry.kind != "selector"]
)
