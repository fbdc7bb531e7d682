"""Optimizers and problems of the user's own, or of other packages: `package.module:name`."""

from __future__ import annotations

import copy
import functools
import inspect
import re
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import jax
import optax

import gradlab as gl
from gradlab.hyperparameters import weak
from gradlab.refusals import in_words
from gradlab.time_limit import limit_time, time_limit_seconds
from gradlab.values import Value, is_factory

from ..problems import PROBLEMS, Problem
from .contestants import VARIANTS, Contestant, all_contestants
from .importing import BrokenError, LoadError, import_object
from .name_lookup import UnknownNameError, look_up
from .problem_validation import InvalidProblemError, validate_problem
from .source_files import mark_origin
from .user_errors import UserCodeError, convert_user_errors

_PROBLEM = "init(key) and loss(params, batch)"
_NO_FACTORIES = {
    "an async function": inspect.iscoroutinefunction,
    "a generator": inspect.isgeneratorfunction,
    "an async generator": inspect.isasyncgenfunction,
}
_RATE_NAMES = ("learning_rate", "lr", "step_size", "rate")
_RATE_PARTS = re.compile(r"(.*_)?(learning_rate|lr|step_size)(_.*)?")  # as in max_learning_rate, peak_lr
_NO_RATE = re.compile(r"b\d|beta.*|mu|rho|eps.*|.*(decay|momentum|norm|clip|delta|nesterov|inner|optimizer|schedule).*")
_DEFAULT_RATE = 1e-2  # the middle of the grid, where a factory does not say
_NAME = re.compile(r"[A-Za-z]\w*")


def find_problem(name: str) -> Problem:
    """The problem of a name, or of a `package.module:name`, which is a `Problem`, or makes one when it is called.

    A class need not inherit from `Problem`: with `init` and `loss` it is one, and the defaults are filled in. Raises
    UnknownNameError and LoadError.
    """
    if ":" not in name:
        return look_up(name, PROBLEMS, "problem")()
    return mark_origin(as_problem(import_object(name), name), name.partition(":")[0])


def as_problem(found: Any, label: str | None = None) -> Problem:
    """A problem, or a class or a function that makes one, with the defaults filled in, and tried out on shapes.

    The `label` is what messages call it. Raises LoadError.
    """
    label = str(label or getattr(found, "__name__", type(found).__name__))
    if inspect.isclass(found):
        found = _inheriting(found, label)
    try:
        with convert_user_errors(label, True), limit_time(time_limit_seconds()):
            problem = found() if callable(found) else found
    except UserCodeError as error:
        if isinstance(error.__cause__, TypeError):
            why = error.__cause__
            raise LoadError(
                f"{label} cannot be called without arguments ({why}); expected a class with {_PROBLEM}, or a function "
                f"that returns one; give its arguments defaults"
            ) from None
        raise BrokenError(str(error)) from error.__cause__
    if Problem not in type(problem).__mro__:
        problem = _as_inheriting(problem, label)
    if type(problem).__module__.partition(".")[0] != "gradlab":
        _fill_in(problem, label.rpartition(":")[2])
    return problem


def find_contestant(name: str) -> Contestant:
    """The contestant of a name, or of a `package.module:name`, which takes a learning rate and makes an optimizer.

    It runs over the rates of the contestant of gradlab that has its name (`optax:adam` over those of `adam`), or else
    around the default rate of its own. The rate is the argument `learning_rate`, `lr`, `step_size` or `rate`, one whose
    name has one of these in it, or the first argument, unless its name is that of something else, such as `b1`. Raises
    UnknownNameError and LoadError.
    """
    if ":" not in name:
        return look_up(name, all_contestants(), "optimizer")
    return as_contestant(label_of(name), find_factory(name), name)


def as_contestant(label: str, factory: Callable[..., gl.Transformation], name: str) -> Contestant:
    """Return a factory as a contestant called `label`; see `find_contestant`. Messages call it `name`."""
    for contestant in all_contestants().values():
        if contestant.make is factory:
            return replace(contestant, name=label)
    parameters: Any = factory.factory.parameters  # type: ignore[attr-defined]
    rate = _rate_of(name, parameters)
    if needed := needed_beside(factory, [rate]):
        names = " and ".join(needed)
        raise LoadError(
            f"{name} needs {names} beside {rate}, which is all that a race gives; give {names} a default, or sweep: "
            f"gradlab sweep --set {needed[0]}=..."
        )
    default = parameters[rate].default
    positive = isinstance(default, (int, float)) and default > 0
    center = float(default) if positive else _DEFAULT_RATE
    known = all_contestants().get(name.rpartition(":")[2])
    centers = known.centers if known is not None else {}
    return Contestant(label, "other", _RateOnly(factory, rate), centers, default_rate=center)


def needed_beside(factory: Any, given: Collection[str]) -> list[str]:
    """The arguments without which a factory cannot be called, beside those that are given."""
    return [
        name
        for name, parameter in factory.factory.parameters.items()
        if parameter.default is inspect.Parameter.empty and not parameter.variadic and name not in given
    ]


def label_of(name: str) -> str:
    """What an optimizer is called in the results: the name behind the colon; all of it, if that is one of gradlab's."""
    short = name.rpartition(":")[2]
    return name if short in all_contestants() else short


def find_factory(name: str) -> Callable[..., gl.Transformation]:
    """The factory of a name, or of a `package.module:name`: a function, or a class, of hyperparameters.

    What it makes may be of gradlab, of optax (or of anything with `init` and `update`); the numbers among its arguments
    become leaves, so that one program serves all of them. Raises UnknownNameError and LoadError.
    """
    if name in VARIANTS:
        raise UnknownNameError(_advice(name))
    if ":" not in name:
        recipes = {key: contestant.make for key, contestant in all_contestants().items()}
        return look_up(name, {key: make for key, make in recipes.items() if is_factory(make)}, "optimizer")
    return mark_origin(as_factory(name, import_object(name)), name.partition(":")[0])


def _advice(variant: str) -> str:
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


def as_factory(name: str, found: Any) -> Callable[..., gl.Transformation]:
    """Anything that makes optimizers of hyperparameters, as a factory of gradlab. Raises LoadError."""
    if isinstance(found, (Value, optax.GradientTransformation)) or not callable(found):
        raise LoadError(
            f"{name} is a {type(found).__name__}, expected a function or a class that is called with hyperparameters"
        )
    if is_factory(found):
        return found
    for kind, is_kind in _NO_FACTORIES.items():
        if is_kind(found):
            raise LoadError(f"{name} is {kind}, which returns no optimizer when it is called; write a plain function")
    try:
        return gl.transformation(_pair_maker(found))
    except (TypeError, ValueError) as error:
        raise LoadError(f"{name} cannot make optimizers: {error}") from None


def _rate_of(name: str, parameters: Collection[str]) -> str:
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


class _RateOnly:
    """A factory of which only the learning rate is open, whatever it is called there."""

    def __init__(self, factory: Callable[..., gl.Transformation], rate: str):
        self.factory, self.rate = factory, rate
        self.__wrapped__ = factory

    def __call__(self, learning_rate: float) -> gl.Transformation:
        return self.factory(**{self.rate: learning_rate})


def _pair_maker(found: Callable[..., Any]) -> Callable[..., optax.GradientTransformation]:
    """A function or a class as a factory: what it makes is a pair, and what it takes are numbers like Python's."""

    def number(value: Any) -> Any:
        is_array = isinstance(value, jax.Array) and jax.numpy.issubdtype(value.dtype, jax.numpy.floating)
        return weak(value) if is_array else value  # so that it takes on the dtype that it meets

    @functools.wraps(found, updated=())
    def make(*args: Any, **kwargs: Any) -> optax.GradientTransformation:
        made = found(*map(number, args), **{name: number(value) for name, value in kwargs.items()})
        if isinstance(made, tuple):
            return made
        if not (hasattr(made, "init") and hasattr(made, "update")):
            raise TypeError(
                f"{getattr(found, '__name__', 'it')} must return an optimizer, which has init(params) and "
                f"update(updates, state, params), but it returned {in_words(made)}"
            )
        return optax.GradientTransformation(made.init, made.update)

    make.is_user_code = True  # type: ignore[attr-defined]
    return make


def _inheriting(kind: type, label: str) -> type:
    """A class with `init` and `loss` as one that inherits from Problem."""
    if Problem in kind.__mro__:
        return kind
    if not (hasattr(kind, "init") and hasattr(kind, "loss")):
        raise LoadError(f"{label} is no problem: it lacks {_PROBLEM}")
    return type(kind.__name__, (kind, Problem), {"__module__": kind.__module__, "__doc__": kind.__doc__})


def _as_inheriting(value: Any, label: str) -> Problem:
    """A value with `init` and `loss` as one of a class that inherits from Problem."""
    if not (hasattr(value, "init") and hasattr(value, "loss")):
        kind = "an array" if isinstance(value, jax.Array) else f"a {type(value).__name__}"
        raise LoadError(f"{label} gives {kind}, expected a problem: a class with {_PROBLEM}")
    try:
        made = copy.copy(value)
        object.__setattr__(made, "__class__", _inheriting(type(value), label))  # whether it is frozen or not
    except TypeError:
        raise LoadError(f"{type(value).__name__} of {label} must inherit from gradlab.lab.problems.Problem") from None
    return made


def _fill_in(problem: Problem, label: str) -> None:
    """Give a problem that does not say them a name and a summary, and try it out on shapes."""
    short = label.rpartition(".")[2]
    for attribute, value in (
        ("name", (short if _NAME.fullmatch(short) else type(problem).__name__).lower()),
        ("summary", (type(problem).__doc__ or f"{label}, a problem of the user's own.").strip().split("\n")[0]),
    ):
        given = getattr(problem, attribute, None)
        if given is not None and not isinstance(given, str):
            raise LoadError(f"{label}.{attribute} is {given!r}, expected a string; leave it out to have one made")
        if given is None:
            setattr(type(problem), attribute, value)
    if not _NAME.fullmatch(problem.name):
        raise LoadError(f"{label}.name is {problem.name!r}, expected letters, digits and _, for it names files")
    try:
        validate_problem(problem, label)
    except InvalidProblemError as error:
        raise (LoadError if error.__cause__ is None else BrokenError)(str(error)) from error
