"""Optimizers and problems of the user's own, or of other packages: `package.module:name`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import gradlab as gl
from gradlab.values import is_factory

from ..problems import PROBLEMS, Problem
from .contestants import VARIANTS, Contestant, collect_contestants
from .factory_adapter import as_factory, find_missing_arguments
from .importing import LoadError, import_object
from .name_lookup import UnknownNameError, look_up
from .problem_adapter import as_problem

_RATE_NAMES = ("learning_rate", "lr", "step_size", "rate")
_RATE_PARTS = re.compile(r"(.*_)?(learning_rate|lr|step_size)(_.*)?")  # as in max_learning_rate, peak_lr
_NO_RATE = re.compile(r"b\d|beta.*|mu|rho|eps.*|.*(decay|momentum|norm|clip|delta|nesterov|inner|optimizer|schedule).*")
_DEFAULT_RATE = 1e-2  # the middle of the grid, where a factory does not say


def find_problem(name: str) -> Problem:
    """The problem of a name, or of a `package.module:name`, which is a `Problem`, or makes one when it is called.

    A class need not inherit from `Problem`: with `init` and `loss` it is one, and the defaults are filled in. Raises
    UnknownNameError and LoadError.
    """
    if ":" not in name:
        return look_up(name, PROBLEMS, "problem")()
    return as_problem(import_object(name), name, name.partition(":")[0])


def find_contestant(name: str) -> Contestant:
    """The contestant of a name, or of a `package.module:name`, which takes a learning rate and makes an optimizer.

    It runs over the rates of the contestant of gradlab that has its name (`optax:adam` over those of `adam`), or else
    around the default rate of its own. The rate is the argument `learning_rate`, `lr`, `step_size` or `rate`, one whose
    name has one of these in it, or the first argument, unless its name is that of something else, such as `b1`. Raises
    UnknownNameError and LoadError.
    """
    if ":" not in name:
        return look_up(name, collect_contestants(), "optimizer")
    return as_contestant(make_label(name), find_factory(name), name)


def as_contestant(label: str, factory: Callable[..., gl.Transformation], name: str) -> Contestant:
    """Return a factory as a contestant called `label`; see `find_contestant`. Messages call it `name`."""
    for contestant in collect_contestants().values():
        if contestant.make is factory:
            return replace(contestant, name=label)
    parameters: Any = factory.factory.parameters  # type: ignore[attr-defined]
    rate = _find_rate_name(name, parameters)
    if needed := find_missing_arguments(factory, [rate]):
        names = " and ".join(needed)
        raise LoadError(
            f"{name} needs {names} beside {rate}, which is all that a race gives; give {names} a default, or sweep: "
            f"gradlab sweep --set {needed[0]}=..."
        )
    default = parameters[rate].default
    positive = isinstance(default, (int, float)) and default > 0
    center = float(default) if positive else _DEFAULT_RATE
    known = collect_contestants().get(name.rpartition(":")[2])
    centers = known.centers if known is not None else {}
    return Contestant(label, "other", _RateFactory(factory, rate), centers, default_rate=center)


def make_label(name: str) -> str:
    """What an optimizer is called in the results: the name behind the colon; all of it, if that is one of gradlab's."""
    short = name.rpartition(":")[2]
    return name if short in collect_contestants() else short


def find_factory(name: str) -> Callable[..., gl.Transformation]:
    """The factory of a name, or of a `package.module:name`: a function, or a class, of hyperparameters.

    What it makes may be of gradlab, of optax (or of anything with `init` and `update`); the numbers among its arguments
    become leaves, so that one program serves all of them. Raises UnknownNameError and LoadError.
    """
    if name in VARIANTS:
        raise UnknownNameError(_explain_variant(name))
    if ":" not in name:
        recipes = {key: contestant.make for key, contestant in collect_contestants().items()}
        return look_up(name, {key: make for key, make in recipes.items() if is_factory(make)}, "optimizer")
    return as_factory(name, import_object(name), name.partition(":")[0])


def _explain_variant(variant: str) -> str:
    """What to type for a variant, of which a race varies the rate alone."""
    recipe, settings = VARIANTS[variant]
    structure = [name for name, value in settings.items() if isinstance(value, bool)]
    options = " ".join(f"--set {name}={value}" for name, value in settings.items())
    if not structure:
        return f"{variant} is a variant that only races; here it is --optimizer {recipe} {options}"
    made = ", ".join(f"{name}={value}" for name, value in settings.items())
    return (
        f"{variant} is a variant that only races; {structure[0]} is no number to set, so write a function that returns "
        f"gl.{recipe}(learning_rate, {made}), and pass --optimizer module:function"
    )


def _find_rate_name(name: str, parameters: Collection[str]) -> str:
    """The learning rate among the names of a factory's parameters. Raises LoadError if there is none."""
    names = list(parameters)
    if not names:
        raise LoadError(f"{name} takes no arguments, expected a learning rate to vary")
    known = [known for known in _RATE_NAMES if known in names]
    similar = [similar for similar in names if _RATE_PARTS.fullmatch(similar)]
    found = (known or similar or names)[0]
    if _NO_RATE.fullmatch(found) and not (known or similar):
        raise LoadError(
            f"{name} has no learning rate to vary among {', '.join(names)}; name it one of {', '.join(_RATE_NAMES)}, "
            f"or sweep another hyperparameter: gradlab sweep --optimizer {name} --set {found}=..."
        )
    return found


class _RateFactory:
    """A factory of which only the learning rate is open, whatever it is called there."""

    def __init__(self, factory: Callable[..., gl.Transformation], rate: str):
        self.factory, self.rate = factory, rate
        self.__wrapped__ = factory

    def __call__(self, learning_rate: float) -> gl.Transformation:
        return self.factory(**{self.rate: learning_rate})
