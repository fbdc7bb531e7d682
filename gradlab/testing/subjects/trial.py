"""The trial before the laws: which leaves and dtypes a transformation takes, and whether it runs at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ...remedies.argument_names import find_meant
from ...values.factories import read_parameters
from ..inputs.trees import list_shapes, sample
from ..verdicts.exceptions import describe, is_clear_refusal
from .programs import trace_first_step
from .subject import Subject

# The kinds of leaves, one shape of each. A transformation that fails on one kind is examined on the others.
KINDS: dict[str, tuple[int, ...]] = {
    "scalars": (),
    "vectors": (3,),
    "matrices": (3, 2),
    "arrays of three dimensions": (2, 3, 4),
    "leaves without elements": (0,),
}


class FailsAlwaysError(Exception):
    """A transformation that raises on every ordinary input. The message is the finding."""


def find_kind(shape: tuple[int, ...]) -> str:
    """Return the kind of a leaf, one of `KINDS`."""
    if 0 in shape:
        return "leaves without elements"
    return ("scalars", "vectors", "matrices", "arrays of three dimensions")[min(len(shape), 3)]


def try_out(subject: Subject) -> None:
    """Run the transformation once, and leave out of the subject the kinds of leaves and the dtypes at which it fails.

    They are then in `subject.failures`, with the exceptions. Raises FailsAlwaysError if it fails on all of them, or on
    the tree of those that it takes one by one.
    """
    if _find_failure(subject, subject.network) is not None:
        kinds = {find_kind(shape): None for shape in list_shapes(subject.network)}
        failures = {kind: _find_failure(subject, {"leaf": KINDS[kind]}) for kind in kinds}
        failed = {kind: error for kind, error in failures.items() if error is not None}
        if failed.keys() == kinds.keys():
            raise FailsAlwaysError(_explain(subject, next(iter(failed.values()))))
        subject.failures.update(failed)
        subject.leave_out(lambda shape: find_kind(shape) not in failed)
        error = _find_failure(subject, subject.network)
        if error is not None:
            raise FailsAlwaysError(f"it raises on an ordinary tree of unlike leaves: {describe(error)}")
    for dtype in subject.dtypes:
        kind = f"{dtype} leaves"
        if dtype == "float32":
            continue
        with subject.precision(dtype):
            error = _find_failure(subject, subject.small, dtype)
        if error is not None and is_clear_refusal(error, kind):
            subject.failures[kind] = error
            subject.dtypes = tuple(name for name in subject.dtypes if name != dtype)


def _require_pair(result: Any) -> None:
    """Raise FailsAlwaysError if `update` returned something else than two values."""
    if type(result) is tuple and len(result) == 2:
        return
    found = f"{len(result)} values" if isinstance(result, tuple) else f"one value, of type {type(result).__name__}"
    raise FailsAlwaysError(f"update returns {found}, expected two: end it with `return updates, state`")


def _find_failure(subject: Subject, shapes: Any, dtype: str = "float32") -> Exception | None:
    """Return the exception of one step, traced and, if that fails, with numbers; None if either works."""
    params, gradient = sample(shapes, dtype), sample(shapes, dtype, seed=1)
    try:
        program = trace_first_step(subject.tx, gradient, params, subject.extra)
        subject.first_trace = subject.first_trace or (program, (gradient, params))
    except Exception:
        try:
            result = subject.update(gradient, subject.tx.init(params), params)
        except Exception as error:
            return error
        _require_pair(result)
    return None


def _explain(subject: Subject, error: Exception) -> str:
    """Return the finding that a transformation fails on every input, with the remedy if it lacks an argument."""
    missing = _list_missing(subject, error)
    if not missing:
        return f"it raises on every ordinary input: {describe(error)}"
    names = " and ".join(f"`{name}`" for name in missing)
    extra = ", ".join(f"{name!r}: 1.0" for name in missing)
    options = " ".join(f"--extra {name}=1.0" for name in missing)
    return (
        f"update needs {names}, which no law passes by itself; pass extra={{{extra}}} ({options} on the command line), "
        f"or other values of these arguments{_suggest_signals(missing)}"
    )


def _suggest_signals(missing: list[str]) -> str:
    """Ask whether an argument is meant as a signal that every update may name: `grads` or `params`."""
    near = [(name, find_meant(name, ("grads", "params"), cutoff=0.6)) for name in missing if name not in _OF_OPTAX]
    return "".join(
        f". Is `{name}` meant as `{signals[0]}`? Then name it so, and it is passed" for name, signals in near if signals
    )


_OF_OPTAX = ("grad",)  # what line searches of optax read


def _list_missing(subject: Subject, error: Exception) -> list[str]:
    """Return the extra arguments that an update needs and does not get, from the error or from its signature."""
    if not isinstance(error, TypeError) or "missing" not in str(error):
        return []
    named = re.findall(r"'(\w+)'", str(error).split("missing", 1)[1])
    named = [name for name in named if name not in ("updates", "state", "params")]
    return named or _list_required(subject.tx.update, subject.extra)


def _list_required(update: Callable[..., Any], given: Mapping[str, Any]) -> list[str]:
    return [
        parameter.name
        for parameter in read_parameters(update).values()
        if parameter.kind is parameter.KEYWORD_ONLY
        and parameter.default is parameter.empty
        and parameter.name not in given
    ]
