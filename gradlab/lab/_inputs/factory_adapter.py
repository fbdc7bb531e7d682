"""Users' optimizers as gradlab runs them: any function or class that takes hyperparameters, made into a factory."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import optax

import gradlab as gl
from gradlab.core.base import Transformation
from gradlab.core.not_a_transformation import describe_result
from gradlab.values.numeric_arguments import as_weak
from gradlab.values.value import Value, is_factory

from ..problems.base import Problem
from .importing import LoadError
from .user_code_detection import ORIGIN, is_user_code

_PLAIN = "_gradlab_plain"  # the attribute that marks a function which was not written as a factory of gradlab
# Functions that return no optimizer when they are called.
_NO_FACTORIES = {
    "an async function": inspect.iscoroutinefunction,
    "a generator": inspect.isgeneratorfunction,
    "an async generator": inspect.isasyncgenfunction,
}


def as_factory(name: str, found: Any, origin: str | None = None) -> Callable[..., gl.Transformation]:
    """Make a factory of a function or a class that takes hyperparameters and returns an optimizer.

    Messages call it `name`. `origin` is the module in which a user named it. Raises LoadError for anything else.
    """
    if Problem in type(found).__mro__:
        raise LoadError(f"{name} is a problem, expected an optimizer; pass it as --problem {name} (problems=)")
    if isinstance(found, optax.GradientTransformation):
        made_by = found.factory.name if isinstance(found, Transformation) else "chain"
        is_named = made_by != "chain" and hasattr(gl, made_by)
        maker = f"gl.{made_by}" if is_named else "the function that made it"
        raise LoadError(
            f"{name} has the type {type(found).__name__}: an optimizer that is made already, and runs need one for "
            f"each rate; pass what makes it, such as {maker}, or a function of the rate, such as "
            f"lambda learning_rate: gl.adam(learning_rate)"
        )
    if isinstance(found, Value) or not callable(found):
        raise LoadError(
            f"{name} has the type {type(found).__name__}, expected a function or a class that is called with "
            f"hyperparameters"
        )
    if is_factory(found):
        return found if origin is None or not is_user_code(found) else _with_origin(found, origin)
    require_plain_function(name, found)
    try:
        factory = Transformation._decorate(_return_pairs(found), integers_are_structure=True)
    except (TypeError, ValueError) as error:
        raise LoadError(f"{name} cannot make optimizers: {error}") from None
    return factory if origin is None else _with_origin(factory, origin)


def require_plain_function(name: str, found: Any) -> None:
    """Raise LoadError for a generator and an async function. Messages call it `name`."""
    for kind, is_kind in _NO_FACTORIES.items():
        if is_kind(found):
            raise LoadError(f"{name} is {kind}, which returns no optimizer when it is called; write a plain function")


def _with_origin(factory: Callable[..., Any], origin: str) -> Callable[..., Any]:
    """Wrap a factory in a function that remembers the module in which the user named it."""

    @functools.wraps(factory)
    def make(*args: Any, **kwargs: Any) -> Any:
        return factory(*args, **kwargs)

    setattr(make, ORIGIN, origin)
    return make


@dataclass(frozen=True)
class GivenArguments:
    """A factory of which some arguments are given, as in `adam:b1=0.8`. It declares only the others."""

    build: Callable[..., Any]
    arguments: Mapping[str, Any]

    def __call__(self, *others: Any, **by_name: Any) -> Any:
        return self.build(*others, **self.arguments, **by_name)

    @property
    def factory(self) -> Any:
        """The declaration of the factory, without the arguments that are given."""
        declared = self.build.factory  # type: ignore[attr-defined]
        others = {name: value for name, value in declared.parameters.items() if name not in self.arguments}
        return declared._replace(parameters=others)

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        """The function whose source is that of the factory."""
        return self.build


def find_missing_arguments(factory: Any, given: Collection[str]) -> list[str]:
    """Return the arguments that a factory requires in addition to the given ones."""
    return [
        name
        for name, parameter in factory.factory.parameters.items()
        if parameter.default is inspect.Parameter.empty and not parameter.variadic and name not in given
    ]


_LENGTHS = ("steps", "total_steps", "num_steps", "training_steps")  # names of the length of a run, in factories
_LEAST_LENGTH = 20  # fewer are iterations within an update, such as those of Newton and Schulz


def find_default_lengths(factory: Any) -> dict[str, float]:
    """Return the defaults of the arguments of a factory that are named as the length of a run, as of its schedule."""
    declared = getattr(getattr(factory, "factory", None), "parameters", {})
    defaults = {name: declared[name].default for name in _LENGTHS if name in declared}
    return {name: steps for name, steps in defaults.items() if type(steps) in (int, float) and steps >= _LEAST_LENGTH}


def _return_pairs(found: Callable[..., Any]) -> Callable[..., optax.GradientTransformation]:
    """Wrap a user's function or class, so that it returns an `(init, update)` pair and is passed weakly typed numbers.

    Weakly typed numbers take on the dtype of the arrays that they are combined with, as Python's numbers do.
    """

    def number(value: Any) -> Any:
        is_array = isinstance(value, jax.Array) and jax.numpy.issubdtype(value.dtype, jax.numpy.floating)
        return as_weak(value) if is_array else value

    @functools.wraps(found, updated=())
    def make(*args: Any, **kwargs: Any) -> optax.GradientTransformation:
        made = found(*map(number, args), **{name: number(value) for name, value in kwargs.items()})
        if isinstance(made, tuple):
            return made
        if not (hasattr(made, "init") and hasattr(made, "update")):
            raise TypeError(
                f"{getattr(found, '__name__', 'it')} must return an optimizer, which has init(params) and "
                f"update(updates, state, params), but it returned {describe_result(made)}"
            )
        return optax.GradientTransformation(made.init, made.update)

    setattr(make, _PLAIN, True)
    return make


def declares_schedule(factory: Any, argument: str) -> bool:
    """Return whether an argument of the factory of a value is known to take a schedule.

    All numbers of gradlab's factories do. Of any other function, only the annotation says so.
    """
    if not getattr(factory.build, _PLAIN, False):
        return True
    annotation = str(inspect.signature(factory.build).parameters[argument].annotation)
    return "Schedule" in annotation or "Callable" in annotation
