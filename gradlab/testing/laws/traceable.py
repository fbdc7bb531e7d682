"""Laws of tracing: every numeric hyperparameter may be a tracer, and in gradlab also a schedule."""

from __future__ import annotations

import jax

from ...schedules.decay import linear
from ...values.numeric_arguments import Parameter
from ...values.value import is_number
from ..inputs.trees import sample, samples
from ..subjects.subject import UNDECLARED, Subject
from ..verdicts.exception_causes import CONTROL_FLOW
from ..verdicts.exceptions import describe
from ..verdicts.law import Broken, NotApplicable, law


@law(
    "every numeric hyperparameter may be traced by JAX",
    meaning=CONTROL_FLOW,
)
def traceable(subject: Subject) -> None:
    remake = subject.require_remake()
    params, gradient = sample(subject.small), sample(subject.small, seed=1)

    for name, value in subject.hyperparameters.items():

        def one_step(traced, name=name):
            tx = remake(subject.hyperparameters | {name: traced})
            return tx.update(gradient, tx.init(params), params, **subject.extra)

        try:
            jax.eval_shape(one_step, value)
        except Exception as error:
            raise Broken(f"with {name} traced, it raised {describe(error)}") from error


@law(
    "every hyperparameter with a range may be a schedule, and a constant schedule changes nothing",
    meaning="The factory computes with the hyperparameter when it makes the optimizer, before a schedule has a value. "
    "Compute with it inside init and update, or pass it on to a link.",
)
def schedulable(subject: Subject) -> None:
    if subject.value is None:
        raise NotApplicable(UNDECLARED)
    value = subject.value
    parameters: dict[str, Parameter] = dict(value.factory.parameters)
    arguments = value.arguments
    changes = {
        name: _make_constant_schedule(arguments[name])
        for name, parameter in parameters.items()
        if parameter.range is not None and not parameter.range.integer and is_number(arguments[name])
    }
    if not changes:
        raise NotApplicable("it has no hyperparameter that could follow a schedule")
    scheduled = value.replace(**changes)
    params, gradients = sample(subject.small), samples(subject.small)
    expected = subject.run(subject.jitted, gradients, params)
    got = Subject(scheduled, label=subject.label, extra=subject.extra)
    # An uncompiled `init` would compile every operation of the schedules.
    followed = got.run(got.jitted, gradients, params, got.jitted_init)
    for step, (left, right) in enumerate(zip(followed, expected, strict=True)):
        place = subject.describe_gap(left, right)
        if place:
            raise Broken(
                f"with constant schedules for {', '.join(changes)}, the update at step {step} differs at {place}"
            )


def _make_constant_schedule(value):
    return linear(value, value, 1.0)  # computed at each step, unlike schedules.constant
