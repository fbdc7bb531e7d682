"""Laws of compilation: neither a second step nor a new value of a hyperparameter compiles again."""

from __future__ import annotations

from ...compilation.fast_compilation import jit_fast
from ...values.value import is_number
from ..inputs.trees import sample, samples
from ..subjects.subject import Subject
from ..verdicts.law import law, require


@law(
    "the second step runs the program that the first compiled",
    meaning="The state from update differs from that of init in dtype, weak type or structure. Let init return what "
    "update returns (for a counter jnp.zeros((), jnp.int32), not 0).",
)
def compiled_once(subject: Subject) -> None:
    shapes = subject.network
    before = subject.traces
    subject.run(subject.jitted, samples(shapes, steps=4), sample(shapes))
    traced = subject.traces - before
    require(traced <= 1, f"four steps were traced {traced} times instead of once")


@law(
    "a new value of a hyperparameter runs the same compiled program",
    meaning="The hyperparameter is a constant in the compiled program. Pass the optimizer as an argument, with its "
    "numbers as leaves of a pytree.",
)
def new_values_compile_nothing(subject: Subject) -> None:
    remake = subject.require_remake()
    traces = 0

    def one_step(hyperparameters, gradient, params):
        nonlocal traces
        traces += 1
        tx = remake(hyperparameters)
        return tx.update(gradient, tx.init(params), params, **subject.extra)[0]

    params, gradient = sample(subject.small), sample(subject.small, seed=1)
    compiled = jit_fast(one_step)
    for factor in (1.0, 0.97, 0.9):
        scaled = {name: _scale(value, factor) for name, value in subject.hyperparameters.items()}
        compiled(scaled, gradient, params)
    require(traces == 1, f"three sets of values were traced {traces} times instead of once")


def _scale(value, factor: float):
    return value * factor if is_number(value) and isinstance(value, float) else value
