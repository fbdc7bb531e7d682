"""Compiled once: neither a second step nor a new value of a hyperparameter traces again."""

from __future__ import annotations

import jax

from ...values import is_number
from ..law import law, require
from ..subject import TREES, Subject, sample, samples


@law(
    "the second step runs the program of the first",
    meaning="the state that update returns differs from init's in dtype, weak type or structure; make init return "
    "what update does (jnp.zeros((), jnp.int32) for a counter, not 0)",
)
def compiled_once(subject: Subject) -> None:
    shapes = TREES["a layer"]
    before = subject.traces
    subject.run(subject.jitted, samples(shapes, steps=4), sample(shapes))
    traced = subject.traces - before
    require(traced <= 1, f"four steps in a row were traced {traced} times")


@law(
    "a new value of a hyperparameter runs the same program",
    meaning="the hyperparameter is part of the compiled program; pass the optimizer as an argument, and keep its "
    "numbers leaves of a pytree",
)
def new_values_compile_nothing(subject: Subject) -> None:
    remake = subject.needs_hyperparameters()
    traces = 0

    def one_step(hyperparameters, gradient, params):
        nonlocal traces
        traces += 1
        tx = remake(hyperparameters)
        return tx.update(gradient, tx.init(params), params, **subject.extra)[0]

    params, gradient = sample(TREES["one vector"]), sample(TREES["one vector"], seed=1)
    compiled = jax.jit(one_step)
    for factor in (1.0, 0.97, 0.9):
        scaled = {name: _scaled(value, factor) for name, value in subject.hyperparameters.items()}
        compiled(scaled, gradient, params)
    require(traces == 1, f"three sets of values were traced {traces} times")


def _scaled(value, factor: float):
    return value * factor if is_number(value) and isinstance(value, float) else value
