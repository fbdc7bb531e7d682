"""Users' problems as gradlab runs them, with defaults for the parts that they leave out."""

from __future__ import annotations

import inspect
import re
from typing import Any

import jax
import optax

from gradlab.user_code_time_limit import limit_time, time_limit_seconds

from ..problems.base import Problem
from ..problems.from_functions import FunctionProblem
from .importing import BrokenUserCodeError, LoadError
from .problem_validation import InvalidProblemError, validate_problem
from .user_code_detection import ORIGIN
from .user_errors import UserCodeError, convert_user_errors

_EXPECTED = "init(key) and loss(params, batch)"
_PARTS = frozenset(("init", "loss", "batches", "metrics", "steps", "score", "landscape", "minimum", "optimum"))
_MISSING = object()
_NAME = re.compile(r"[A-Za-z]\w*")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # differs from run to run, and the text of a problem must not


class AdaptedProblem(Problem):
    """A user's problem with a name, a summary, and the defaults of `Problem` for the parts that it leaves out.

    The user's object is `__wrapped__`. It need not inherit from `Problem`, and it may be frozen, have slots, or be a
    module: the adapter reads from it, and writes neither to it nor to its class.
    """

    def __init__(self, problem: Any, name: str, summary: str, origin: str | None = None, call: str | None = None):
        self.__wrapped__ = problem
        self._call = call  # how it was made, if with arguments: its own text need not show them
        self.name, self.summary = name, summary
        self._gradlab_origin = origin  # see `object_modules.ORIGIN`

    def __getattribute__(self, attribute: str) -> Any:
        if attribute in _PARTS and _has(self.__wrapped__, attribute):
            return getattr(self.__wrapped__, attribute)
        return super().__getattribute__(attribute)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):  # copying looks for such attributes before there is anything to delegate to
            raise AttributeError(attribute)
        return getattr(self.__wrapped__, attribute)

    def __repr__(self) -> str:
        if self._call is not None:
            return self._call
        kind: Any = type(self.__wrapped__)
        if kind.__repr__ is object.__repr__:
            return f"{kind.__module__}.{kind.__qualname__}()"
        return _ADDRESS.sub("", repr(self.__wrapped__))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, AdaptedProblem):
            return (self.name, self.summary) == (other.name, other.summary) and self.__wrapped__ == other.__wrapped__
        return bool(self.__wrapped__ == other)

    def __hash__(self) -> int:
        return hash(self.__wrapped__)


def as_problem(found: Any, label: str | None = None, origin: str | None = None, call: str | None = None) -> Problem:
    """Make a problem of a user's object, and validate it. The object itself is returned if it lacks nothing.

    The object needs `init` and `loss`, and need not inherit from `Problem`. It may also be a class or a function that
    makes such an object when it is called without arguments. Messages call it `label`. `origin` is the module in which
    a user named it, and `call` is its text if it was made with arguments. Raises LoadError for anything else.
    """
    own_name = found.name if isinstance(found, FunctionProblem) else type(found).__name__
    label = str(label or getattr(found, "__name__", own_name))
    problem = _call_if_needed(found, label)
    is_named_by_user = origin is not None and origin.partition(".")[0] != "gradlab"
    is_from_user = type(problem).__module__.partition(".")[0] != "gradlab" or isinstance(problem, FunctionProblem)
    if not (is_from_user or is_named_by_user):
        return problem
    label = label.rpartition(":")[2]
    adapted = _adapt(problem, label, origin if is_named_by_user else None, call)
    if is_from_user:
        try:
            validate_problem(adapted, label)
        except InvalidProblemError as error:
            raise (LoadError if error.__cause__ is None else BrokenUserCodeError)(str(error)) from error
    return adapted


def rename_problem(problem: Problem, name: str) -> Problem:
    """Return a problem under another name, which is one of several settings of it. `renamed_from` has its own name."""
    plain = getattr(problem, "__wrapped__", problem)
    renamed: Any = AdaptedProblem(  # type: ignore[abstract]  # it has the parts of the problem
        plain, name, problem.summary, getattr(problem, ORIGIN, None), getattr(problem, "_call", None)
    )
    renamed.renamed_from = problem.name
    return renamed


def _call_if_needed(found: Any, label: str) -> Any:
    """Return the object with `init` and `loss` that a user's object is, or makes. Raises LoadError if there is none."""
    if inspect.isclass(found) and not _looks_like_problem(found):
        raise LoadError(f"{label} is not a problem: it lacks {_EXPECTED}")
    try:
        with convert_user_errors(label, True), limit_time(time_limit_seconds()):
            is_maker = inspect.isclass(found) or (callable(found) and not _looks_like_problem(found))
            problem = found() if is_maker else found
            if _looks_like_problem(problem):
                return problem
    except UserCodeError as error:
        if isinstance(error.__cause__, TypeError):
            raise LoadError(
                f"{label} cannot be called without arguments ({error.__cause__}); expected a class with "
                f"{_EXPECTED}, or a function that returns one; give its arguments defaults"
            ) from None
        raise BrokenUserCodeError(str(error)) from error.__cause__
    if isinstance(problem, optax.GradientTransformation):
        raise LoadError(f"{label} is an optimizer, expected a problem; pass it as --optimizer {label} (optimizers=)")
    kind = "an array" if isinstance(problem, jax.Array) else f"an object of type {type(problem).__name__}"
    raise LoadError(f"{label} gives {kind}, expected a problem: a class with {_EXPECTED}")


def _looks_like_problem(found: Any) -> bool:
    return hasattr(found, "init") and hasattr(found, "loss")


def _adapt(problem: Any, label: str, origin: str | None, call: str | None) -> Problem:
    """Return a problem that has a name and a summary: the user's own, or those of its class."""
    short = label.rpartition(".")[2]
    documentation = getattr(problem, "__doc__", None) or ""
    if documentation.startswith(f"{type(problem).__name__}("):  # a dataclass without one has its signature there
        documentation = ""
    defaults = {
        "name": (short if _NAME.fullmatch(short) else type(problem).__name__).lower(),
        "summary": documentation.strip().split("\n")[0] or f"{label}, a problem of the user's own.",
    }
    own: dict[str, Any] = {attribute: getattr(problem, attribute, None) for attribute in defaults}
    for attribute, value in own.items():
        if value is not None and not isinstance(value, str):
            raise LoadError(f"{label}.{attribute} is {value!r}, expected a string; leave it out to use the default")
    name, summary = (defaults[attribute] if value is None else value for attribute, value in own.items())
    if not _NAME.fullmatch(name):
        raise LoadError(
            f"{label}.name is {name!r}, expected letters, digits and _, because the name is part of file names"
        )
    is_complete = Problem in type(problem).__mro__ and None not in own.values()
    if is_complete and origin is None:
        return problem
    return AdaptedProblem(problem, name, summary, origin, call)  # type: ignore[abstract]  # it has the parts of the user's


def _has(problem: Any, attribute: str) -> bool:
    """Return whether a problem has an attribute, without calling a property of that name."""
    return inspect.getattr_static(problem, attribute, _MISSING) is not _MISSING or hasattr(problem, attribute)
