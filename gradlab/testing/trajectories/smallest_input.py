"""The smallest input on which a transformation differs from its reference: few parameters, few steps, round numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import optax

from ..inputs.trees import by_path, list_shapes, map_shapes
from ..references.random_rounding import rounding_at_random
from ..references.runner import displacements
from ..subjects.double_precision_runs import run

# The smallest comes first.
_TREES: tuple[Any, ...] = ((), (2,), (2, 2), {"a": (), "b": ()}, {"a": (2,), "b": (2,)}, {"a": (2, 2), "b": (2, 2)})
_STEPS = 3
_GRADIENTS = (1.0, -1.0, 2.0, 0.0)  # of one step; all sequences of three are tried
_SCALES = (1.0, 1e-4, 1e-8, 1e4)  # of the gradients
_PATTERN = np.array([1.0, -2.0, 3.0, -4.0])  # by which the elements of a leaf differ
_ROUNDED_RUNS = 6
_GAPS = (1e-2, 1e-7)  # of the distance travelled: one that is plain to see, and one that rounding does not explain


class SmallInput(NamedTuple):
    """A short run in which the update of a transformation differs from that of its reference."""

    params: Mapping[str, np.ndarray]  # by path; the path of a single array is ""
    gradients: Mapping[str, np.ndarray]  # [steps, *shape]
    step: int  # counted from 0
    place: str  # the element, such as "a[0]"; "" for a single number
    update: float
    expected: float  # the update of the reference

    def __str__(self) -> str:
        steps = self.step + 1
        params = _list_values(self.params)
        gradients = _list_values({path: leaf[:steps] for path, leaf in self.gradients.items()}, steps)
        is_one = self.params.keys() == {""}
        nouns = f"parameter{'' if is_one else 's'} {params} with the gradient{'' if is_one and steps == 1 else 's'}"
        place = f" in {self.place}" if self.place else ""
        return (
            f"The smallest input that shows it is the {nouns} {gradients}: at step {self.step} (counted from 0), the "
            f"update{place} is {self.update:.9g}; the reference gives {self.expected:.9g}."
        )


def find_smallest_input(
    tx: optax.GradientTransformation,
    step: Callable[..., Any],
    arguments: Mapping[str, Any],
    *,
    shapes: Any,
    extra: Mapping[str, Any] | None = None,
    late: int = 0,
) -> SmallInput | None:
    """Return the smallest input on which a transformation differs from its reference, or None if none that is tried
    does.

    `step` is the reference, and `extra` has the other signals of `update`. `arguments` are those of the reference:
    numbers, or functions of the step. Trees are tried whose leaves have as many axes as those of `shapes`. If `late` is
    not 0, a gradient of 1 that is repeated for as many steps is tried, too.
    """
    ranks = set(map(len, list_shapes(shapes)))
    ranks |= {0} if 1 in ranks else set()  # what takes vectors usually takes single numbers
    trees = [tree for tree in _TREES if ranks.issuperset(map(len, list_shapes(tree)))]
    sequences = np.array(list(itertools.product(_GRADIENTS, repeat=_STEPS)))
    for tree in trees:
        scales = _SCALES if tree is trees[0] else _SCALES[:1]
        numbers = np.concatenate([scale * sequences for scale in scales])
        found = _find_first(tx, step, arguments, tree, numbers, extra)
        if found is None and tree is trees[0] and late > _STEPS:
            found = _find_first(tx, step, arguments, tree, np.ones((1, late)), extra)
        if found is not None:
            return found
    return None


def _find_first(
    tx: optax.GradientTransformation,
    step: Callable[..., Any],
    arguments: Mapping[str, Any],
    tree: Any,
    numbers: np.ndarray,
    extra: Mapping[str, Any] | None,
) -> SmallInput | None:
    """Return the sequence whose first difference comes earliest. A difference that is plain to see is preferred.

    The gradients are multiples of the numbers, [sequences, steps].
    """
    start, gradients = _make_tree(tree, np.array(0.5)), _make_tree(tree, numbers)
    try:
        own = by_path(run(tx, start, gradients, extra))
    except Exception:  # it refuses a tree of this kind
        return None
    params, columns = by_path(start), by_path(gradients)
    lanes = [{path: column[lane] for path, column in columns.items()} for lane in range(len(numbers))]
    expected = [displacements(step, params, lane, **arguments) for lane in lanes]
    for least in _GAPS:
        found: list[SmallInput] = []
        for index, lane in enumerate(lanes):
            sums = {path: leaf[index] for path, leaf in own.items()}
            found += _first_gap(sums, expected[index], params, lane, least)
        for small in sorted(found, key=lambda small: small.step):  # of equal ones the first has the simplest gradients
            if not _is_rounding(small, step, arguments):
                return small
    return None


def _is_rounding(small: SmallInput, step: Callable[..., Any], arguments: Mapping[str, Any]) -> bool:
    """Return whether rounding alone moves the reference by as much as a difference, up to a factor of 100."""

    def follow() -> float:
        paths = displacements(step, small.params, small.gradients, **arguments)
        return max(float(np.abs(sums[small.step + 1] - sums[small.step]).max()) for sums in paths.values())

    expected, moved = follow(), 0.0
    for seed in range(_ROUNDED_RUNS):
        with rounding_at_random(seed, small.step + 1):
            moved = max(moved, abs(follow() - expected))
    return 100 * moved >= abs(small.update - small.expected)


def _first_gap(own: Any, expected: Any, params: Any, gradients: Any, least: float) -> list[SmallInput]:
    """Return the first step with a gap of at least a fraction of the distance travelled, in a list of at most one."""
    for at in range(1, len(next(iter(expected.values())))):
        for path, sums in expected.items():
            gaps = np.abs(own[path][at] - sums[at])
            travelled = max(np.abs(run[: at + 1]).max() for run in (sums, np.nan_to_num(own[path])))
            if np.all(gaps < least * travelled) or not np.any(gaps):  # written so that NaN is a gap
                continue
            element = np.unravel_index(int(np.argmax(np.nan_to_num(gaps, nan=np.inf))), gaps.shape)
            update, right = (float(run[at][element] - run[at - 1][element]) for run in (own[path], sums))
            index = f"[{', '.join(map(str, element))}]" if element else ""
            place = f"{path}{index}" if path or not index else f"element {index}"
            return [SmallInput(params, gradients, at - 1, place, update, right)]
    return []


def _make_tree(tree: Any, numbers: np.ndarray) -> Any:
    """Return a tree with leaves [*numbers.shape, *shape], whose elements are different multiples of the numbers."""
    factors = itertools.cycle((1.0, -3.0))

    def make(shape: tuple[int, ...]) -> np.ndarray:
        return np.multiply.outer(numbers, next(factors) * _PATTERN[: math.prod(shape)].reshape(shape))

    return map_shapes(make, tree)


def _list_values(leaves: Mapping[str, np.ndarray], steps: int = 0) -> str:
    """Return arrays, or sequences of as many steps, as text, such as "[1, -2]", or "{a: 1; b: -3}" for a tree."""
    texts = {path: _show(leaf, steps) for path, leaf in leaves.items()}
    if "" in texts:
        return texts[""]
    return "{" + "; ".join(f"{path}: {text}" for path, text in texts.items()) + "}"


def _show(leaf: np.ndarray, steps: int) -> str:
    if steps > _STEPS:
        return f"{_show(leaf[0], 0)} at each of {steps} steps"
    if steps:
        return ", ".join(_show(value, 0) for value in leaf)
    return f"{float(leaf):g}" if leaf.ndim == 0 else "[" + ", ".join(_show(part, 0) for part in leaf) + "]"
