"""The trial of a problem: each of its parts is called once, on shapes alone, before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from .blame import ForeignError, blamed
from .problems.base import Problem, Score
from .time_limit import limited, patience

_STEPS = 7  # of the trial: a length that batches of another meaning hardly have
_TAKEN = {  # names of the results themselves
    "loss", "diverged", "divergence_step", "compile_seconds", "run_seconds", "path", "learning_rate", "optimizer",
    "family", "composition", "rate", "point", "seed", "role", "step", "evaluation", "round",
}  # fmt: skip


class UnfitError(ValueError):
    """A problem that cannot be trained on; the text, a line, says which part gave what, and what was expected."""


def try_out(problem: Problem, label: str) -> None:
    """Raise UnfitError if a part of a problem fails, or gives what no run can use. The `label` is its name there."""
    steps = problem.steps
    if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
        raise UnfitError(f"{label}.steps is {steps!r}, expected a whole number of at least 1")
    key = jax.eval_shape(lambda: jax.random.key(0))
    params = _called(f"{label}.init", problem.init, key)
    wrong = _unlike(params, jnp.inexact)
    if wrong or not jax.tree.leaves(params):
        raise UnfitError(f"{label}.init must return arrays of floats, got {wrong or described(params)}")
    batches = _called(f"{label}.batches", lambda key: problem.batches(key, _STEPS), key)
    if any(leaf.shape[:1] != (_STEPS,) for leaf in jax.tree.leaves(batches)):
        raise UnfitError(
            f"{label}.batches(key, steps) must return arrays with a leading axis of length steps; for steps={_STEPS} "
            f"got {described(batches)}"
        )
    batch = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), batches)
    loss = _called(f"{label}.loss", problem.loss, params, batch)
    if not _is_scalar(loss, jnp.floating):
        cast = ", an integer, which has no gradient; cast it: loss.astype(float)" * _is_scalar(loss, jnp.integer)
        raise UnfitError(f"{label}.loss must return a real scalar, {_returned(loss)}{cast}")
    _try_metrics(problem, label, params)


def _try_metrics(problem: Problem, label: str, params: Any) -> None:
    if not isinstance(problem.score, Score):
        raise UnfitError(
            f"{label}.score is {problem.score!r}, expected a gradlab.lab.problems.Score, such as "
            f'Score("accuracy", "accuracy", higher_is_better=True)'
        )
    metrics, score, choice = (
        _called(f"{label}.metrics", problem.metrics, params), problem.score.metric, problem.score.chosen_by
    )  # fmt: skip
    if not isinstance(metrics, Mapping):
        raise UnfitError(f"{label}.metrics must return a dictionary of real scalars, {_returned(metrics)}")
    for name, value in metrics.items():
        if not isinstance(name, str) or "/" in name or name in _TAKEN:
            raise UnfitError(f"{label}.metrics has {name!r}, which cannot name a metric in the results; rename it")
        if not any(_is_scalar(value, kind) for kind in (jnp.floating, jnp.integer, jnp.bool_)):
            raise UnfitError(f"{label}.metrics must return real scalars, got {described(value)} for {name!r}")
    if score not in metrics:
        given = next(iter(metrics), "accuracy")
        raise UnfitError(
            f"{label}.metrics has no {score!r}, by which its score ranks; add {score!r} to them, or rank by another: "
            f'score = Score("{given}", "{given}")'
        )
    if choice is not None and choice not in metrics:
        raise UnfitError(
            f"{label}.metrics has no {choice!r}, which its score is chosen_by; add {choice!r} to them, or choose by "
            f"another: {', '.join(map(repr, metrics))}"
        )


def described(value: Any) -> str:
    """Shapes and dtypes in short: `float32[3]`, `a tuple of float32[], int32[2]`, `nothing`."""
    if value is None:
        return "nothing"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{value.dtype}[{','.join(map(str, value.shape))}]"
    leaves = [described(leaf) for leaf in jax.tree.leaves(value)]
    return f"a {type(value).__name__} of {', '.join(leaves) or 'nothing'}"


def _returned(value: Any) -> str:
    return "but it returned nothing" if value is None else f"got {described(value)}"


def _called(name: str, part: Callable[..., Any], *arguments: Any) -> Any:
    """What a part gives, as shapes."""
    try:
        with blamed(name, True), limited(patience()):
            return jax.eval_shape(part, *arguments)
    except ForeignError as error:
        said = str(error).removeprefix(f"{name} fails")
        raise UnfitError(f"{name} fails when it is tried{said}") from error


def _unlike(tree: Any, kind: Any) -> str:
    """The first leaf of a tree that is not of a kind of dtype, described; empty if there is none."""
    return next((described(leaf) for leaf in jax.tree.leaves(tree) if not jnp.issubdtype(leaf.dtype, kind)), "")


def _is_scalar(value: Any, kind: Any) -> bool:
    return getattr(value, "shape", None) == () and bool(jnp.issubdtype(value.dtype, kind))
