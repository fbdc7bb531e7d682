"""The explanation of a wrong trajectory: a constant factor, another framework's convention, or a known mistake."""

from __future__ import annotations

import functools
import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from ...user_code_time_limit import OutOfTimeError, extend_limit
from ..inputs.gradient_sequences import draw
from ..mutants import KnownDifference, list_known_differences
from ..references.runner import displacements
from ..subjects.double_precision_runs import are_same_points, compute_points, draw_start, run, visits
from .exchanged_arguments import describe_exchange, exchange, list_exchanges
from .search_limits import WAIT, describe_end, search_seconds

_FEW_STEPS = 20  # that are compared on a whole tree


class Version(NamedTuple):
    """A transformation with its hyperparameters, and the same as arguments of a reference."""

    tx: Any
    hyperparameters: Mapping[str, Any]
    arguments: Mapping[str, Any]  # numbers, and functions of the step for schedules


def explain(
    step: Callable[..., Any],
    versions: Sequence[Version],
    names: tuple[str, ...],
    steps: int,
    seconds: float | None = None,
    shapes: Any = None,
) -> list[str]:
    """Return what is known about a trajectory that is not that of a reference, in sentences. There may be none.

    `versions` are the transformation at different learning rates. Two mistakes may have the same trajectory at one
    learning rate, so a mistake counts only if it explains every version. `names` are the gradient sequences to compare
    on, for a vector. If only some leaves of a tree differ, `shapes` is that tree: what explains the vector must then
    explain all leaves of the tree, too. The search ends after some seconds of processor time, by default as many as a
    law may take, and the last sentence then says so.
    """
    seconds = search_seconds() if seconds is None else seconds
    sentences: list[str] = []
    try:
        with extend_limit(WAIT * seconds):
            for sentence in _search(step, versions, names, steps, shapes, time.process_time() + seconds):
                sentences.append(sentence)  # one by one, so that what was found stays when the time is over
    except OutOfTimeError:  # the gap is found, whether or not it is explained
        sentences.append(describe_end("a known mistake with this trajectory", seconds))
    return sentences


def _search(
    step: Callable[..., Any],
    versions: Sequence[Version],
    names: tuple[str, ...],
    steps: int,
    shapes: Any,
    deadline: float,
) -> Iterator[str]:
    """Yield the sentences of `explain`. Raises OutOfTimeError at the deadline."""
    try:
        sums = [compute_points(version.tx, names, steps)[0] for version in versions]
    except Exception:  # a transformation made for one tree of parameters need not take a vector
        return
    expected = [_follow_reference(step, names, steps, version.arguments) for version in versions]
    if all(map(are_same_points, sums, expected)):
        return  # the difference shows only in other trees, or later
    factor = find_constant_factor(sums, expected) if shapes is None else None  # some leaves have a factor of 1
    if factor is not None:
        yield _describe_factor(factor, versions[0].arguments.get("learning_rate"))
    elif shapes is None:
        factor = _find_factor_of_changes(step, versions, sums, names, steps)
        if factor is not None:
            yield _describe_factor(factor, versions[0].arguments.get("learning_rate"), "for the same parameters")
    settings = [version.hyperparameters for version in versions]
    known = find_known_difference(sums, step.__name__, names, settings, deadline)
    if known is not None and (shapes is None or _moves_alike(known.tx, versions[0].tx, names, shapes)):
        yield f"If those are equal: {known}" if factor is not None and factor > 0 else str(known)
    elif factor is None and shapes is None:
        pair = _find_exchange(step, versions, sums, names, steps, deadline)
        if pair is not None:
            yield describe_exchange(step.__name__, *pair)


def find_known_difference(
    sums: Sequence[np.ndarray],
    reference: str,
    names: tuple[str, ...],
    settings: Sequence[Mapping[str, Any]],
    deadline: float = math.inf,
) -> KnownDifference | None:
    """Return the first known difference from a reference that gives exactly these sums of updates, or None.

    It must do so in every setting of the hyperparameters, [sequences, steps + 1, width] for each. Raises OutOfTimeError
    at a value of `time.process_time`.
    """
    for candidates in zip(*(list_known_differences(reference, setting) for setting in settings)):
        if time.process_time() > deadline:
            raise OutOfTimeError
        if all(visits(known.tx, visited, names) for known, visited in zip(candidates, sums, strict=True)):
            return candidates[0]
    return None


def _find_exchange(
    step: Callable[..., Any],
    versions: Sequence[Version],
    sums: Sequence[np.ndarray],
    names: tuple[str, ...],
    steps: int,
    deadline: float,
) -> tuple[str, str] | None:
    """Return two hyperparameters of a reference with which exchanged it gives exactly these sums, or None."""

    def agrees(version: Version, visited: np.ndarray, pair: tuple[str, str], count: int) -> bool:
        if time.process_time() > deadline:
            raise OutOfTimeError
        try:
            exchanged = exchange(version.arguments, *pair)
            expected = _follow_reference(step, names, steps, exchanged, count)
        except Exception:  # a reference need not compute with the value of another argument
            return False
        return are_same_points(visited[:, : count + 1], expected)

    for pair in list_exchanges(versions[0].arguments):
        counts = (min(_FEW_STEPS, steps), steps)  # a few steps refute most pairs
        runs = itertools.product(counts, zip(versions, sums, strict=True))
        if all(agrees(version, visited, pair, count) for count, (version, visited) in runs):
            return pair
    return None


def _find_factor_of_changes(
    step: Callable[..., Any],
    versions: Sequence[Version],
    sums: Sequence[np.ndarray],
    names: tuple[str, ...],
    steps: int,
) -> float | None:
    """Return the number by which a reference's changes must be multiplied to give exactly these sums, or None.

    The two then move apart, and what depends on the parameters, such as weight decay, has no constant factor. At the
    first step the parameters are the same, so it shows the number. All steps must confirm it.
    """
    first = [_follow_reference(step, names, steps, version.arguments, 1) for version in versions]
    factor = find_constant_factor([visited[:, :2] for visited in sums], first)
    if factor is None:
        return None

    @functools.wraps(step)
    def multiplied(*arguments: Any, **hyperparameters: Any) -> Any:
        change, state = step(*arguments, **hyperparameters)
        return factor * change, state

    runs = zip(versions, sums, strict=True)
    are_same = all(
        are_same_points(visited, _follow_reference(multiplied, names, steps, version.arguments))
        for version, visited in runs
    )
    return factor if are_same else None


def find_constant_factor(sums: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> float | None:
    """Return the number by which every update differs from the reference's, or None.

    Both are sums of updates, [sequences, steps + 1, width] for each version.
    """
    updates, right = (np.diff(np.concatenate(tuple(paths)), axis=1) for paths in (sums, expected))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        is_moving = np.abs(right) > 1e-6 * np.abs(right).max(axis=1, keepdims=True)
        factor = float(np.median(updates[is_moving] / right[is_moving])) if is_moving.any() else 1.0
        gaps = np.abs(updates - factor * right)
        is_constant = np.all(gaps <= 1e-6 * abs(factor) * np.abs(right).max(axis=1, keepdims=True))
    return factor if is_constant and abs(factor - 1) > 1e-6 and factor != 0 else None


def _moves_alike(known: Any, tx: Any, names: tuple[str, ...], shapes: Any) -> bool:
    """Return whether two transformations visit the same points on a tree, for a few steps."""
    gradients, start = draw(names, _FEW_STEPS, shapes), draw_start(shapes)
    try:
        left, right = (jax.tree.leaves(run(each, start, gradients)) for each in (known, tx))
    except Exception:  # a known mistake need not run on every tree
        return False
    return all(
        are_same_points(one.reshape(*one.shape[:2], -1), other.reshape(*other.shape[:2], -1))
        for one, other in zip(left, right, strict=True)
        if one.size
    )


def _follow_reference(
    step: Callable[..., Any], names: tuple[str, ...], steps: int, arguments: Mapping[str, Any], count: int | None = None
) -> np.ndarray:
    """Return the sums of a reference's updates, [sequences, steps + 1, width], or those of the first `count` steps."""
    start = {"": draw_start()}
    return np.stack([displacements(step, start, {"": lane[:count]}, **arguments)[""] for lane in draw(names, steps)])


def _describe_factor(factor: float, rate: Any, where: str = "") -> str:
    advice = "compare the learning rates"
    if factor < 0:
        advice = "compare the signs" if abs(factor + 1) < 1e-6 else "compare the signs and the learning rates"
    elif isinstance(rate, float) and abs(factor - rate) < 1e-6 * rate:
        advice = "this is the learning rate, which may be applied twice"
    elif isinstance(rate, float) and abs(factor * rate - 1) < 1e-6:
        advice = "this is 1 / learning rate, which may not be applied"
    place = f" {where}" if where else ""
    return f"Every update is {factor:.6g} times the reference's{place}; {advice}."
