"""The known ways to differ from a reference: mistakes, conventions of other frameworks, and their default values."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import optax

from ...flavors.framework_names import FLAVORS, read_defaults
from .. import references
from ..verdicts.law import TRAJECTORY
from .mutant import MUTANTS, Mutant

_FRAMEWORKS = {"torch": "PyTorch", "keras": "Keras", "optax": "optax"}
_OPTIMIZERS = {"sgd": "SGD", "adagrad": "Adagrad", "adadelta": "Adadelta", "rmsprop": "RMSProp", "adam": "Adam"} | {
    "adamw": "AdamW",
    "adamax": "AdaMax",
    "nadam": "Nadam",
    "amsgrad": "AMSGrad",
}
_REFERENCE_NAMES = {"lr": "learning_rate", "alpha": "decay", "beta_1": "b1", "beta_2": "b2", "epsilon": "eps"} | {
    "initial_accumulator_value": "initial_accumulator"
}


class KnownDifference(NamedTuple):
    """A known way to differ from a reference, as a transformation whose trajectory can be compared with another's.

    Printed, it is the sentence that explains such a trajectory.
    """

    name: str
    of: str  # the reference
    tx: optax.GradientTransformation
    description: str  # of the mistake or the convention; empty if only default values differ
    frameworks: tuple[str, ...] = ()  # those whose convention it is; none for a mistake
    defaults: Mapping[str, Any] = {}  # values of the framework where none are given

    def __str__(self) -> str:
        if not self.frameworks:
            return f"It computes exactly what {self.of} does with this mistake: {self.description}."
        owners = _join([f"{_FRAMEWORKS[name]}'s" for name in self.frameworks])
        values = _join([f"{name}={value:g}" for name, value in self.defaults.items()])
        plural = "s" if len(self.defaults) > 1 else ""
        given = f" with the default{plural} {values}" if values else ""
        text = f"It computes exactly what {owners} {_OPTIMIZERS[self.of]} does{given}"
        if self.description:
            return f"{text}: {self.description}."
        return f"{text}. Give the reference the same value{plural}."


def list_of_mutants(reference: str, hyperparameters: Mapping[str, Any]) -> Iterator[KnownDifference]:
    """Yield the mutants of a reference that exist with these hyperparameters, made with them.

    Conventions come first. Each is made with the defaults of the reference for the hyperparameters that are not given,
    and then with those of each framework, if they are others.
    """
    mutants = [mutant for mutant in MUTANTS.values() if mutant.of == reference and mutant.shows_on_a_vector]
    mutants = [mutant for mutant in mutants if mutant.law == TRAJECTORY]
    for mutant in sorted(mutants, key=lambda mutant: not mutant.frameworks):
        usual = fit_arguments(mutant.make, mutant.reference, hyperparameters)
        if usual is not None:
            yield _make(mutant, usual, mutant.frameworks, {})
        for frameworks, defaults in _group_by_defaults(mutant.frameworks, reference, hyperparameters):
            arguments = fit_arguments(mutant.make, mutant.reference, {**defaults, **hyperparameters})
            if arguments is not None and arguments != usual:
                yield _make(mutant, arguments, frameworks, defaults)


def list_of_defaults(
    reference: str, hyperparameters: Mapping[str, Any], make: Callable[..., Any]
) -> Iterator[KnownDifference]:
    """Yield the right version of a reference with the default values of each framework, where none are given."""
    for frameworks, defaults in _group_by_defaults(FLAVORS, reference, hyperparameters):
        arguments = fit_arguments(make, reference, {**defaults, **hyperparameters})
        if arguments is not None:
            name = f"{reference}: defaults of {', '.join(frameworks)}"
            yield KnownDifference(name, reference, make(**arguments), "", frameworks, defaults)


def _make(mutant: Mutant, arguments: Mapping[str, Any], frameworks: Any, defaults: Mapping[str, Any]) -> Any:
    return KnownDifference(mutant.name, mutant.of, mutant.make(**arguments), mutant.mistake, frameworks, defaults)


def _group_by_defaults(frameworks: Iterable[str], reference: str, hyperparameters: Mapping[str, Any]) -> Any:
    """Return frameworks that have the same `read_other_defaults`, with these; no framework that has none."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    for framework in frameworks:
        defaults = read_other_defaults(framework, reference, hyperparameters)
        if defaults:
            groups.setdefault(tuple(sorted(defaults.items())), []).append(framework)
    return [(tuple(names), dict(defaults)) for defaults, names in groups.items()]


def read_other_defaults(framework: str, reference: str, hyperparameters: Mapping[str, Any]) -> dict[str, float]:
    """Return a framework's default values of hyperparameters that are not given, where the reference has others."""
    optimizer = "adam" if reference == "amsgrad" and framework != "optax" else reference
    if reference not in _OPTIMIZERS or not hasattr(FLAVORS[framework], optimizer):
        return {}
    own, others = _declare(reference), {}
    defaults = read_defaults(framework, optimizer)
    if "betas" in defaults:
        defaults["b1"], defaults["b2"] = defaults.pop("betas")
    for framework_name, value in defaults.items():
        name = _REFERENCE_NAMES.get(framework_name, framework_name)
        name = "decay" if name == "rho" and "decay" in own else name
        if isinstance(value, float) and name in own and name not in hyperparameters and value != (own[name] or 0.0):
            others[name] = value
    return others


def fit_arguments(
    make: Callable[..., Any], reference: Any, hyperparameters: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the hyperparameters that a factory takes, with the defaults of a reference for those that are not given.

    None if the factory lacks a hyperparameter that is not at its default, or needs an option that is off.
    """
    defaults = {name: value for name, value in _declare(reference).items() if value is not inspect.Parameter.empty}
    complete = defaults | dict(hyperparameters)
    parameters = inspect.signature(make).parameters
    for name, value in complete.items():
        if name not in parameters and not _is_same(value, defaults.get(name)):
            return None
    for name, parameter in parameters.items():
        is_required = parameter.default is inspect.Parameter.empty
        if is_required and (name not in complete or complete[name] is None or complete[name] is False):
            return None
    return {name: value for name, value in complete.items() if name in parameters}


def _declare(reference: Any) -> dict[str, Any]:
    """Return the hyperparameters of a reference and their defaults; an empty one for those that are required."""
    step = getattr(references, reference) if isinstance(reference, str) else reference
    return {
        name: parameter.default
        for name, parameter in inspect.signature(step).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def _is_same(left: Any, right: Any) -> bool:
    if left is right:
        return True
    return isinstance(left, int | float) and isinstance(right, int | float) and left == right


def _join(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), *words[-1:]] if len(words) > 1 else words)
