"""Arguments of problems and optimizers, typed behind a name: `transformer:width=64,depth=2`, `adam:b1=0.8`."""

from __future__ import annotations

import ast
import inspect
import itertools
import math
import re
from collections.abc import Callable
from typing import Any

from ...remedies.argument_names import ask_about, find_meant
from .._formatting import join_at_most
from ..problems.base import Problem
from .importing import LoadError
from .problem_validation import InvalidProblemError, validate_problem

_TYPES = {bool: "True or False", int: "a whole number", float: "a finite number", str: "a text"}


def split_arguments(name: str) -> tuple[str, str]:
    """Return a name without its arguments, and the text of these: "" if there are none."""
    before, equals, _ = name.partition("=")  # behind which another colon may stand, as in b1=rates:falling
    base = before.rpartition(":")[0]
    return (base, name[len(base) + 1 :]) if base and equals else (name, "")


def list_settings(name: str) -> dict[str, str]:
    """Return the settings that a name with several values stands for: a name for each, and what makes it.

    "transformer:width=32|64,depth=2" stands for `transformer_width32`, which is "transformer:width=32,depth=2", and for
    `transformer_width64`. With several such arguments, these are all combinations. A name without several values stands
    for itself alone, and the result is empty. Raises LoadError for a value that is missing or given twice.
    """
    base, text = split_arguments(name)
    if "|" not in text:
        return {}
    axes = []
    for assignment in text.split(","):
        key, _, values = (part.strip() for part in assignment.partition("="))
        several = [value.strip() for value in values.split("|")]
        if len(several) > 1 and ("" in several or len(set(several)) < len(several)):
            raise LoadError(f"{name}: {key} must have different values between the bars, such as {key}=32|64")
        axes.append([(f"{key}={value}", f"_{key}{value}" * (len(several) > 1)) for value in several])
    short = base.rpartition(":")[2]
    return {
        re.sub(
            r"\W", "_", short + "".join(part for _, part in choice)
        ): f"{base}:{','.join(part for part, _ in choice)}"
        for choice in itertools.product(*axes)
    }


def parse_arguments(name: str, make: Any, text: str) -> dict[str, Any]:
    """Return the values in a text such as "width=64,depth=2", by the names of the arguments of `make`.

    A value is a Python literal without commas, of the type of the argument's default. Text needs no quotes. Messages
    call `make` by its `name`. Raises LoadError for what has other arguments, other types or no arguments at all.
    """
    if not callable(make) or (hasattr(make, "loss") and not inspect.isclass(make)):
        kind = "a problem" if hasattr(make, "loss") else f"of the type {type(make).__name__}"
        raise LoadError(f"{name} is {kind} already and takes no arguments; name the class or function that makes it")
    parameters = inspect.signature(make).parameters
    known = [key for key, parameter in parameters.items() if parameter.kind not in _UNNAMED]
    takes_any = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    values: dict[str, Any] = {}
    for assignment in text.split(","):
        key, equals, value = (part.strip() for part in assignment.partition("="))
        if not equals or not key.isidentifier():
            raise LoadError(
                f"{name}:{text} has {assignment!r} behind the colon, expected NAME=VALUE, separated by commas; several "
                "values of one are separated by bars, as in size=2|3"
            )
        if key in values:
            raise LoadError(f"{name}:{text} gives {key} twice; leave one out")
        if key not in known and not takes_any:
            has = f"it has {join_at_most(known)}" if known else f"it has none; type {name} alone"
            if key == "steps":  # which is printed with the arguments, but is that of a study
                has += "; the number of updates is an option, --steps"
            raise LoadError(f"{name} has no argument {key!r}; {ask_about(find_meant(key, known)) or has}")
        default = parameters[key].default if key in known else inspect.Parameter.empty
        values[key] = _parse_value(f"{name}: {key}", value, default)
    return values


_UNNAMED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _parse_value(argument: str, text: str, default: Any) -> Any:
    """Return the value of a text, of the type of a default. Messages begin with `argument`."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        if isinstance(default, str):
            return text
        expected = _TYPES.get(type(default), "a Python literal, such as a number or a quoted text")
        hint = "; to pass what a module holds, name a function of yours that does" if ":" in text else ""
        raise LoadError(f"{argument} must be {expected}, got {text!r}{hint}") from None
    kind = type(default)
    if kind is float and type(value) is int:
        value = float(value)
    if kind in _TYPES and (type(value) is not kind or (kind is float and not math.isfinite(value))):
        such = f"; {default!r} is the default" if kind is not str else "; put it in quotes"
        raise LoadError(f"{argument} must be {_TYPES[kind]}, got {text!r}{such}")
    return value


def describe_arguments(values: dict[str, Any]) -> str:
    """Return arguments as in a call: "width=64, depth=2"."""
    return ", ".join(f"{key}={value!r}" for key, value in values.items())


def make_problem(name: str, make: Callable[..., Problem], values: dict[str, Any]) -> Problem:
    """Make a problem of gradlab's with arguments, and validate it. Raises LoadError for values that do not fit."""
    try:
        problem = make(**values)
        validate_problem(problem, name)
    except InvalidProblemError as error:
        raise LoadError(f"{error}; change {describe_arguments(values)}") from None
    except ValueError as error:
        raise LoadError(f"{name}: {error}") from None
    return problem


_CALL = re.compile(r"([\w.:]+)\((.*)\)", re.DOTALL)


def read_arguments(setup: str) -> dict[str, object]:
    """Return the arguments in the text of a problem, such as "Transformer(width=32, depth=2)"; none in other texts."""
    match = _CALL.fullmatch(setup)
    try:
        call = ast.parse(f"call({match[2]})", mode="eval").body if match else None
    except SyntaxError:
        return {}
    found: dict[str, object] = {}
    for word in call.keywords if isinstance(call, ast.Call) else []:
        try:
            found[str(word.arg)] = ast.literal_eval(word.value)
        except ValueError:  # an argument that is no literal
            found[str(word.arg)] = ast.unparse(word.value)
    return found
