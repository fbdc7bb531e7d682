"""Validation of a problem: each part is traced once, on shapes alone, before anything is computed."""

from __future__ import annotations

import inspect
import math
import numbers
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from gradlab.core.tree_differences import find_difference
from gradlab.user_code_time_limit import limit_time, time_limit_seconds

from ..problems.base import Landscape, Problem, Score
from ..problems.from_functions import FunctionProblem
from .user_errors import UserCodeError, convert_user_errors

_TRIAL_STEPS = (7, 11)  # two lengths of a run, so that batches of a fixed length do not pass
_PARTS = {"init": ("key",), "loss": ("params", "batch"), "batches": ("key", "steps"), "metrics": ("params",)}
_MORE_IS_BETTER, _LESS_IS_BETTER = ("acc", "accuracy"), ("loss", "error")  # the last words of names of metrics
_RESERVED_NAMES = {  # names that the results use for other things than metrics
    "loss", "diverged", "divergence_step", "pruned_step", "compile_seconds", "run_seconds", "path", "learning_rate",
    "optimizer", "family", "composition", "rate", "point", "seed", "role", "step", "evaluation", "round",
}  # fmt: skip


class InvalidProblemError(ValueError):
    """A problem that cannot be trained. Its text is one line: the part, what it gave, and what was expected."""


def validate_problem(problem: Problem, label: str) -> None:
    """Raise InvalidProblemError if a part of a problem fails, or returns what no run can use.

    Messages call the problem `label`.
    """
    _require_functions(problem, label)
    steps = problem.steps
    if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
        raise InvalidProblemError(f"{label}.steps is {steps!r}, expected a whole number of at least 1")
    key = jax.eval_shape(lambda: jax.random.key(0))
    params = _evaluate_shapes(f"{label}.init", problem.init, key)
    wrong = _find_other_dtype(params, jnp.inexact)
    if wrong or not jax.tree.leaves(params):
        raise InvalidProblemError(f"{label}.init must return arrays of floats, got {wrong or describe_shapes(params)}")
    for length in _TRIAL_STEPS:
        batches = _evaluate_shapes(f"{label}.batches", lambda key, length=length: problem.batches(key, length), key)
        if any(leaf.shape[:1] != (length,) for leaf in jax.tree.leaves(batches)):
            raise InvalidProblemError(
                f"{label}.batches(key, steps) must return arrays with a leading axis of length steps; for "
                f"steps={length} got {describe_shapes(batches)}"
            )
    batch = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), batches)
    loss = _evaluate_shapes(f"{label}.loss", problem.loss, params, batch)
    if not _is_scalar(loss, jnp.floating):
        cast = ", an integer, which has no gradient; cast it: loss.astype(float)" * _is_scalar(loss, jnp.integer)
        raise InvalidProblemError(f"{label}.loss must return a real scalar, {_describe_return(loss)}{cast}")
    _evaluate_shapes(f"{label}.loss", jax.grad(problem.loss), params, batch, trial="it is differentiated")
    _validate_metrics(problem, label, params)
    _validate_known_facts(problem, label, params, batch)


def _require_functions(problem: Problem, label: str) -> None:
    """Raise InvalidProblemError unless each part is a function that takes the arguments it is called with."""
    for part, names in _PARTS.items():
        function = getattr(problem, part)
        if not callable(function):
            raise InvalidProblemError(f"{label}.{part} is {function!r}, expected a function {part}({', '.join(names)})")
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):  # without a signature, the call will tell
            continue
        try:
            signature.bind(*names)
        except TypeError:
            raise InvalidProblemError(
                f"{label}.{part} is called as {part}({', '.join(names)}), but takes {signature}; write "
                f"def {part}(self, {', '.join(names)})"
            ) from None


def _validate_known_facts(problem: Problem, label: str, params: Any, batch: Any) -> None:
    """Raise InvalidProblemError for a landscape, a minimum or an optimum that contradicts the other parts."""
    least, optimum = problem.minimum, problem.optimum
    if least is not None and not _is_real(least):
        raise InvalidProblemError(f"{label}.minimum is {least!r}, expected a finite number, the least loss, or None")
    if problem.landscape is not None:
        _validate_landscape(problem.landscape, label, params)
    if optimum is None:
        return
    if callable(optimum):
        raise InvalidProblemError(f"{label}.optimum is a function, expected parameters; write @property above it")
    if find_difference(optimum, params) is not None:
        raise InvalidProblemError(
            f"{label}.optimum must be like what init returns, {describe_shapes(params)}; got {describe_shapes(optimum)}"
        )
    if least is None or batch is not None:
        return
    with convert_user_errors(f"{label}.loss at {label}.optimum", True):
        loss = float(problem.loss(jax.tree.map(jnp.asarray, optimum), None))
    if abs(loss - least) > 1e-3 * (1 + abs(least)):
        raise InvalidProblemError(
            f"{label}.minimum is {least}, but the loss at {label}.optimum is {loss:.6g}; correct one of them"
        )


def _validate_landscape(landscape: Any, label: str, params: Any) -> None:
    if not isinstance(landscape, Landscape):
        raise InvalidProblemError(
            f"{label}.landscape is a {type(landscape).__name__}, expected a gradlab.lab.problems.Landscape, such as "
            f"Landscape(((-2, 2), (-1, 1)))"
        )
    if getattr(params, "shape", None) != (2,):
        raise InvalidProblemError(
            f"{label}.landscape is for parameters of shape (2,), but init returns {describe_shapes(params)}; "
            "leave it out"
        )
    try:
        (left, right), (bottom, top) = landscape.window
        is_window = all(map(_is_real, (left, right, bottom, top))) and left < right and bottom < top
    except (TypeError, ValueError):
        is_window = False
    if not is_window:
        raise InvalidProblemError(
            f"{label}.landscape has the window {landscape.window!r}, expected ((left, right), (bottom, top)) in "
            f"numbers, the lower first"
        )


def _validate_score(score: Any, label: str) -> None:
    if not isinstance(score, Score):
        raise InvalidProblemError(
            f"{label}.score is {score!r}, expected a gradlab.lab.problems.Score, such as "
            f'Score("accuracy", "accuracy", higher_is_better=True, logarithmic=False)'
        )
    for field in ("higher_is_better", "logarithmic"):
        if not isinstance(getattr(score, field), bool):
            raise InvalidProblemError(f"{label}.score has {field}={getattr(score, field)!r}, expected True or False")
    for field in ("metric", "label"):
        if not isinstance(getattr(score, field), str):
            raise InvalidProblemError(f"{label}.score has {field}={getattr(score, field)!r}, expected a string")
    _validate_direction(score, label)
    least = 1 if score.logarithmic else 0
    if score.tolerance is not None and (not _is_real(score.tolerance) or score.tolerance < least):
        what = "a factor of at least 1 (10 is a decade)" if score.logarithmic else "a difference of at least 0"
        raise InvalidProblemError(f"{label}.score has tolerance={score.tolerance!r}, expected {what}")


def _validate_direction(score: Score, label: str) -> None:
    """Raise InvalidProblemError for a direction that contradicts the name of a metric, and so puts the worst first."""
    for field, metric in (("metric", score.metric), ("chosen_by", score.chosen_by)):
        kind = str(metric).lower().rpartition("_")[2]
        if kind in (_LESS_IS_BETTER if score.higher_is_better else _MORE_IS_BETTER):
            raise InvalidProblemError(
                f"{label}.score has {field}={metric!r} with higher_is_better={score.higher_is_better}, which puts the "
                f"worst first; pass higher_is_better={not score.higher_is_better}, which is for metric and chosen_by "
                "alike, or name another metric"
            )


def _validate_metrics(problem: Problem, label: str, params: Any) -> None:
    _validate_score(problem.score, label)
    score, choice = problem.score.metric, problem.score.chosen_by
    try:
        metrics = _evaluate_shapes(f"{label}.metrics", problem.metrics, params)
    except InvalidProblemError:
        if getattr(problem.metrics, "__func__", None) is not Problem.metrics:
            raise
        raise InvalidProblemError(
            f"{label} has no metrics(params), and its loss fails without a batch, by which it would be measured; add "
            f"metrics that return {{{score!r}: ...}}"
        ) from None
    if not isinstance(metrics, Mapping):
        raise InvalidProblemError(
            f"{label}.metrics must return a dictionary of real scalars, {_describe_return(metrics)}"
        )
    for name, value in metrics.items():
        if not isinstance(name, str) or "/" in name or name in _RESERVED_NAMES:
            raise InvalidProblemError(
                f"{label}.metrics has {name!r}, which cannot name a metric in the results; rename it"
            )
        if not any(_is_scalar(value, kind) for kind in (jnp.floating, jnp.integer, jnp.bool_)):
            raise InvalidProblemError(
                f"{label}.metrics must return real scalars, got {describe_shapes(value)} for {name!r}"
            )
    if score not in metrics:
        raise InvalidProblemError(_describe_missing_score(problem, label, score, list(metrics)))
    if choice is not None and choice not in metrics:
        raise InvalidProblemError(
            f"{label}.metrics has no {choice!r}, which its score is chosen_by; add {choice!r} to them, or choose by "
            f"another: {', '.join(map(repr, metrics))}"
        )


def _describe_missing_score(problem: Problem, label: str, score: str, metrics: list[str]) -> str:
    """Say that a problem has no metric by which its score ranks, and how to rank by one that it has.

    Only an accuracy says by its name which of two numbers is better; for others, the user must decide.
    """
    other = next((name for name in metrics if name.startswith("test_")), next(iter(metrics), "accuracy"))
    direction = "higher_is_better=True, logarithmic=False" if _is_accuracy(other) else "higher_is_better=..."
    validation = other.replace("test_", "validation_", 1)
    choice = f', chosen_by="{validation}"' if validation != other and validation in metrics else ""
    suggested = f'gl.lab.Score("{other}", "{other.replace("_", " ")}", {direction}{choice})'
    decide = "" if _is_accuracy(other) else ", with True or False in place of ..."
    if isinstance(problem, FunctionProblem):
        returned = score.removeprefix("test_").removeprefix("final_")
        return (
            f"{label}: evaluate returns no {returned!r}, and the score ranks by {score!r}; return {returned!r}, too, "
            f"or rank by another metric: problem_from(..., score={suggested}){decide}"
        )
    return (
        f"{label}.metrics has no {score!r}, by which its score ranks; add {score!r} to them, or rank by another: "
        f"score = {suggested}{decide}"
    )


def _is_accuracy(metric: str) -> bool:
    return metric.lower().rpartition("_")[2] in _MORE_IS_BETTER


def describe_shapes(value: Any) -> str:
    """Describe the shapes and dtypes of a tree: `float32[3]`, `a tuple of float32[], int32[2]`, `nothing`."""
    if value is None:
        return "nothing"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{value.dtype}[{','.join(map(str, value.shape))}]"
    leaves = [describe_shapes(leaf) for leaf in jax.tree.leaves(value)]
    return f"a {type(value).__name__} of {', '.join(leaves) or 'nothing'}"


def _describe_return(value: Any) -> str:
    return "but it returned nothing" if value is None else f"got {describe_shapes(value)}"


def _evaluate_shapes(name: str, part: Callable[..., Any], *arguments: Any, trial: str = "it is tried") -> Any:
    """Return the shapes and dtypes of what a part returns. Raises InvalidProblemError if it fails.

    Messages call the part `name`, and say that it fails "when `trial`".
    """
    results: list[Any] = []

    def record_result(*arguments: Any) -> Any:
        results.append(part(*arguments))
        if isinstance(results[-1], Iterator):  # JAX would take it for a leaf
            raise TypeError
        return results[-1]

    try:
        with convert_user_errors(name, True), limit_time(time_limit_seconds()):
            return jax.eval_shape(record_result, *arguments)
    except UserCodeError as error:
        if results and (leaf := _find_non_array(results[-1])):
            raise InvalidProblemError(f"{name} must return arrays, got {leaf}") from None
        cause = str(error).removeprefix(f"{name} fails")
        raise InvalidProblemError(f"{name} fails when {trial}{cause}") from error


def _find_non_array(tree: Any) -> str:
    """Describe the first leaf of a tree that is not an array, or what makes it no tree; "" if all are arrays."""
    if isinstance(tree, Iterator):
        return f"a {type(tree).__name__}"
    try:
        leaves = jax.tree_util.tree_leaves_with_path(tree)
    except ValueError:
        return "a dictionary whose keys are not all strings"
    for path, leaf in leaves:
        if not hasattr(leaf, "dtype") and not isinstance(leaf, (bool, int, float, complex)):
            return f"a {type(leaf).__name__}{f' at {jax.tree_util.keystr(path)}' if path else ''}"
    return ""


def _is_real(value: Any) -> bool:
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def _find_other_dtype(tree: Any, kind: Any) -> str:
    """Describe the first leaf of a tree whose dtype is not of a kind; "" if there is none."""
    return next((describe_shapes(leaf) for leaf in jax.tree.leaves(tree) if not jnp.issubdtype(leaf.dtype, kind)), "")


def _is_scalar(value: Any, kind: Any) -> bool:
    return getattr(value, "shape", None) == () and bool(jnp.issubdtype(value.dtype, kind))
