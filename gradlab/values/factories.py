"""Factories, the functions that make values: their declaration, their call, and how pickle finds them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Factory(NamedTuple):
    """The function that makes a value, with its declarations."""

    public: Callable[..., Any]  # the decorated function, which pickle finds by its name
    build: Callable[..., Any]  # the function without its decorator
    name: str
    parameters: Mapping[str, Any]  # name -> gradlab.values.numeric_arguments.Parameter
    splits_gradient: bool | str = False
    squares_gradient: bool | str = False
    step: str = "float"  # the form in which a schedule receives the step
    is_recipe: bool | None = None  # whether it composes transformations; None if that is not declared
    claims: Any = ()  # see gradlab.core.claims

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Factory) and self.build is other.build and self.step == other.step

    def __hash__(self) -> int:
        return hash(self.build)

    def __repr__(self) -> str:
        return self.name


def accepts(function: Any, *arguments: Any, **options: Any) -> bool:
    """Return whether a function accepts these arguments, or true if its signature is not known."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*arguments, **options)
    except TypeError:
        return False
    return True


def read_parameters(function: Any) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of a function by name; none if its signature cannot be read."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def complete_arguments(function: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call, with the defaults of a function for those that are not given."""
    declared = {name: parameter.default for name, parameter in read_parameters(function).items()}
    complete = {name: given.get(name, default) for name, default in declared.items()}
    return {name: value for name, value in complete.items() if value is not inspect.Parameter.empty} | dict(given)


def call(function: Callable[..., Any], parameters: Mapping[str, Any], arguments: Mapping[str, Any]) -> Any:
    """Call a factory with all its arguments given by name. Those that it takes as `*links` are given as one tuple."""
    positional: list[Any] = []
    by_name = dict(arguments)
    for name, parameter in parameters.items():
        if parameter.variadic:
            positional.extend(by_name.pop(name, ()))
        elif parameter.positional and name in by_name:
            positional.append(by_name.pop(name))
    return function(*positional, **by_name)


def name_of_maker(function: Any, default: str = "optax") -> str:
    """Return the name of the function in which another one was written, as `init` and `update` are in optax."""
    return getattr(function, "__qualname__", default).split(".")[0]


def is_found_by_name(function: Any) -> bool:
    """Return whether the module of a function has it under its name, so that pickle finds it."""
    thing: Any = sys.modules.get(getattr(function, "__module__", None) or "")
    for part in getattr(function, "__qualname__", "").split("."):
        thing = getattr(thing, part, None)
    return thing is function


def find_new_parameters(factory: Factory, old_arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a factory that a pickle from an earlier version lacks. All have defaults.

    Raises ValueError if the factory has lost an argument since, or has a new one without a default.
    """
    new = {name: parameter for name, parameter in factory.parameters.items() if name not in old_arguments}
    required = {name for name, parameter in new.items() if parameter.default is inspect.Parameter.empty}
    differing = sorted(required | (old_arguments.keys() - factory.parameters.keys()))
    if differing:
        raise ValueError(
            f"this pickle of {factory.name} has the arguments {', '.join(old_arguments) or 'none'}, of another "
            f"version of it, which differs in {', '.join(differing)}; call {factory.name}(...) to make the value again"
        )
    return new
