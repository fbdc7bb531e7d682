"""Find the thing that a name stands for, and an example of it, in `gradlab explain` and `gradlab cite`.

Modules that import JAX are imported inside the functions, so that help and completion stay fast.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from ...lab._inputs.default_contestants import VARIANTS, Contestant, collect_contestants
from ...lab._inputs.name_lookup import look_up
from ...user_code_time_limit import limit_time, time_limit_seconds


def find_subject(name: str) -> Any:
    """Return the Problem, Contestant or Entry of a name or a `package.module:name`, perhaps with arguments behind it.

    Raises UnknownNameError and LoadError.
    """
    from gradlab import registry
    from gradlab.core.base import Transformation
    from gradlab.lab.problems import PROBLEMS

    from ...lab._inputs.importing import LoadError, import_object
    from ...lab._inputs.loading import find_factory, find_problem
    from ...lab._inputs.problem_arguments import split_arguments
    from ...lab._inputs.user_errors import UserCodeError, convert_user_errors, describe_error

    base, text = split_arguments(name)
    if text:
        is_problem = base in PROBLEMS or (":" in base and hasattr(import_object(base), "loss"))
        return find_problem(name) if is_problem else _give_arguments(name, base, text)
    if ":" not in name:
        table: dict[str, Any] = {**collect_contestants(), **registry.entries(), **PROBLEMS}
        subject = look_up(name, table, "optimizer, link, schedule or problem", may_be_own=True)
        return subject() if name in PROBLEMS else subject
    own = import_object(name)
    if hasattr(own, "loss"):
        return find_problem(name)
    if isinstance(own, Transformation):  # one that is made already
        made_by = registry.entries().get(own.factory.name)
        is_link = made_by is not None and made_by.kind == "link"  # others are optimizers, which move the parameters
        return registry.Entry(name, own.factory.build, "link" if is_link else "recipe", own)
    factory: Any = find_factory(name)
    try:
        with convert_user_errors(name, True), limit_time(time_limit_seconds()):
            example = factory(**_fill_required(factory.factory.parameters))
    except UserCodeError as error:
        raise LoadError(f"{name} cannot be made as an example: {describe_error(error.__cause__ or error)}") from None
    return registry.Entry(name, factory, "recipe", example)


def _give_arguments(name: str, base: str, text: str) -> Any:
    """Return the Entry of an optimizer, a link or a schedule whose example has the arguments behind its name."""
    from gradlab import registry
    from gradlab.values.factories import call

    from ...lab._inputs.importing import LoadError
    from ...lab._inputs.problem_arguments import parse_arguments

    recipe, settings = VARIANTS.get(base, (base, {}))
    subject = find_subject(recipe)
    entry = registry.entries()[recipe] if isinstance(subject, Contestant) else subject
    given = settings | parse_arguments(base, entry.factory, text)
    try:
        example = call(entry.factory, entry.example.factory.parameters, entry.example.arguments | given)
    except (TypeError, ValueError) as error:
        raise LoadError(f"{name}: {error}") from None
    return entry._replace(name=name, example=example)


def _fill_required(parameters: Mapping[str, Any]) -> dict[str, float]:
    """Return a number for each argument without a default."""
    return {
        name: 0.1
        for name, parameter in parameters.items()
        if parameter.default is inspect.Parameter.empty and not parameter.variadic
    }


def find_example(name: str, subject: Any) -> Any:
    """Return the value that a name stands for; the problem itself for a problem."""
    from gradlab import registry

    if isinstance(subject, Contestant):
        return subject.make(0.1) if name in VARIANTS else registry.entries()[name].example
    return getattr(subject, "example", subject)
