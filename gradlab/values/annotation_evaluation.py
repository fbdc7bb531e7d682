"""Evaluate the annotations of a function, also those that are written as strings, in the module that defines it."""

from __future__ import annotations

import functools
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, ForwardRef

# The modules whose frames lie between a decorator and the code that uses it.
_OWN_MODULES = {__name__, "gradlab.core.decorators", "gradlab.values.numeric_arguments", "gradlab.schedules.base"}
_ABOUT_RANGES = re.compile(r"\b(gl|gradlab|Decay|Fraction|Hyperparameter|Limit|NonNegative|Positive|Range|Seed)\b")


def read_hints(factory: Callable[..., Any], label: str) -> dict[str, Any]:
    """Return the annotation of each argument as an object, `Any` for an argument without one.

    Text is evaluated in the module of the function, in its closure, and in the functions around it that still run.
    Raises TypeError for an annotation that cannot be evaluated, because a range in it would be lost. The annotations
    of a function that is wrapped in another module may remain unknown, if they do not name a range of gradlab.
    """
    function = find_annotated_function(factory)
    scope = _collect_names(function)
    foreign = _find_caller_globals() is not getattr(function, "__globals__", None)
    hints = {}
    for name, parameter in inspect.signature(factory).parameters.items():
        annotation = Any if parameter.annotation is inspect.Parameter.empty else parameter.annotation
        try:
            hints[name] = _evaluate(annotation, scope)
        except Exception as error:
            text = annotation if isinstance(annotation, str) else str(annotation)
            if foreign and not _ABOUT_RANGES.search(text):
                hints[name] = Any
                continue
            raise TypeError(
                f"{label}: the annotation {text!r} of {name} cannot be evaluated ({type(error).__name__}: {error}), "
                f"so that its range would be lost; check the spelling, import at run time what it names (not only "
                f"under TYPE_CHECKING), or leave the annotation out"
            ) from None
    return hints


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function, of the function in a `functools.partial`, or of the class of an object."""
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "__name__", type(function).__name__)


def find_annotated_function(factory: Callable[..., Any]) -> Any:
    """Return the function whose annotations a signature shows, behind wrappers, partials, methods and objects."""
    while True:
        factory = inspect.unwrap(factory)
        if isinstance(factory, functools.partial):
            factory = factory.func
        elif inspect.ismethod(factory):
            factory = factory.__func__
        elif inspect.isclass(factory):
            return factory.__init__ if inspect.isfunction(factory.__init__) else factory
        else:
            return factory if inspect.isroutine(factory) else type(factory).__call__


def _collect_names(function: Any) -> dict[str, Any]:
    """Return the names that an annotation of a function may use, the innermost last."""
    scope = dict(getattr(function, "__globals__", None) or vars(sys.modules.get(function.__module__ or "", object)))
    for frame in reversed(list(_find_enclosing_frames(function))):
        scope |= frame.f_locals
    cells = getattr(function, "__closure__", None) or ()
    for name, cell in zip(function.__code__.co_freevars if cells else (), cells):
        try:
            scope[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return scope | {parameter.__name__: parameter for parameter in getattr(function, "__type_params__", ())}


def _find_enclosing_frames(function: Any) -> Iterator[types.FrameType]:
    """Yield the running functions and class bodies that a function was written in, the innermost first."""
    frame: types.FrameType | None = sys._getframe(1)
    name, own_globals = getattr(function, "__qualname__", ""), getattr(function, "__globals__", None)
    while frame is not None:
        around = frame.f_code.co_qualname
        is_body = frame.f_code.co_name != "<module>" and name.startswith((f"{around}.<locals>.", f"{around}."))
        if is_body and frame.f_globals is own_globals:
            yield frame
        frame = frame.f_back


def _find_caller_globals() -> dict[str, Any] | None:
    """Return the names of the module that uses the decorator."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") in _OWN_MODULES:
        frame = frame.f_back
    return None if frame is None else frame.f_globals


def _evaluate(hint: Any, scope: dict[str, Any]) -> Any:
    """Return a hint without text in it, and with `type X = ...` and `NewType` replaced by what they stand for."""
    while True:
        if isinstance(hint, str | ForwardRef):
            hint = eval(hint if isinstance(hint, str) else hint.__forward_arg__, dict(scope))
        elif type(hint).__name__ == "TypeAliasType":
            hint = hint.__value__
        elif isinstance(hint, typing.NewType):
            hint = hint.__supertype__
        else:
            break
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        members = tuple(_evaluate(member, scope) for member in typing.get_args(hint))
        return typing.Union[members]  # noqa: UP007  (of a tuple)
    if typing.get_origin(hint) in (tuple, list) and any(isinstance(part, str) for part in typing.get_args(hint)):
        return typing.get_origin(hint)[tuple(_evaluate(part, scope) for part in typing.get_args(hint))]
    return hint
