"""The first difference between the paths of a transformation and of its reference, told in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..inputs.gradient_sequences import spread_over_steps
from ..references.random_rounding import rounding_at_random

_SINGLE_PRECISION = 1e-6  # of the distance travelled: rounding in float32 explains a gap below it

_RUNS_OF_FEW_STEPS, _RUNS = 4, 2  # of a reference that rounds at random

Paths = dict[str, np.ndarray]  # the displacement of each leaf by its path, [steps + 1, *shape]


class Difference(NamedTuple):
    """The first step at which a trajectory leaves its reference, and what becomes of the gap."""

    sequence: str  # the name of the gradient sequence
    case: str  # how the transformation was run there, such as "with a decaying learning rate"; often empty
    step: int  # counted from 0
    place: str  # the leaf and the element, such as "output/kernel[0, 1]"
    update: complex  # the transformation's update at that step
    expected: complex  # the reference's
    gap: float  # between the points, as a fraction of the distance travelled
    later_gaps: tuple[tuple[int, float], ...]  # the largest gap of that leaf at some later steps, the last one included
    leaves: tuple[str, ...]  # those that differ at some step
    leaf_count: int

    def __str__(self) -> str:
        case = f" {self.case}" if self.case else ""
        text = (
            f"on {self.sequence} gradients{case}, at step {self.step} (counted from 0), {self.place}, "
            f"the update is {self.update:.9g}; the reference gives {self.expected:.9g}.\n"
            f"The gap is {self.gap:.2g} times the distance travelled so far"
        )
        later = [f"{gap:.2g} times at step {step}" for step, gap in self.later_gaps]
        text += "".join(f", {gap}" for gap in later[:-1]) + (f", and {later[-1]}." if later else ".")
        if self.leaf_count > 1:
            text += f"\n{self._describe_leaves()}"
        if max(self.gap, *(gap for _, gap in self.later_gaps), 0.0) < _SINGLE_PRECISION:
            text += (
                "\nSo small a gap is usual for a computation in float32 where the parameters are float64, and for "
                "another epsilon, which shows at small gradients."
            )
        return text

    def _describe_leaves(self) -> str:
        if len(self.leaves) == self.leaf_count:
            return f"All {self.leaf_count} leaves differ."
        names = ", ".join(self.leaves[:4]) + (f" and {len(self.leaves) - 4} more" if len(self.leaves) > 4 else "")
        differ = "differs" if len(self.leaves) == 1 else "differ"
        return f"Of {self.leaf_count} leaves, {names} {differ}; the others agree."


def compare_paths(
    own: Paths,
    expected: Paths,
    follow: Callable[[], Paths],
    tolerance: float,
    sequence: str,
    case: str = "",
) -> Difference | None:
    """Return the first difference between two runs from the same start, or None.

    A gap counts if it exceeds `tolerance` times the distance that the leaf has travelled so far, plus 100 times the
    effect of rounding. `follow` runs the reference again, which then rounds at random. It is called only if that may
    decide.
    """
    with np.errstate(invalid="ignore"):
        return _compare(own, expected, follow, tolerance, sequence, case)


def _compare(
    own: Paths, expected: Paths, follow: Callable[[], Paths], tolerance: float, sequence: str, case: str
) -> Difference | None:
    travelled = {path: np.maximum.accumulate(_max_of_steps(np.abs(leaf))) for path, leaf in expected.items()}
    gaps = {path: np.abs(own[path] - leaf) for path, leaf in expected.items()}
    allowed = {path: spread_over_steps(tolerance * travelled[path], gap.shape) for path, gap in gaps.items()}
    first = _find_first_steps(gaps, allowed)
    if not first:
        return None
    # Most differences are plain at once: few steps show that rounding does not explain them.
    start = min(first.values())
    few = _measure_rounding(expected, travelled, follow, start, _RUNS_OF_FEW_STEPS)
    early = {path: gap[: start + 1] for path, gap in gaps.items()}
    is_plain = bool(_find_first_steps(early, {path: allowed[path][: start + 1] + few[path] for path in early}))
    rounding = _measure_rounding(expected, travelled, follow, None, 1 if is_plain else _RUNS)
    for path, limit in rounding.items():
        limit[: start + 1] = np.maximum(limit[: start + 1], few[path])
    first = _find_first_steps(gaps, allowed := {path: limit + rounding[path] for path, limit in allowed.items()})
    if not first:
        return None
    path = min(first, key=lambda path: first[path])
    at = first[path]
    wrong = ~(gaps[path][at] <= allowed[path][at])
    element = np.unravel_index(int(wrong.argmax()), wrong.shape)
    update, right = ((run[path][at][element] - run[path][at - 1][element]).item() for run in (own, expected))
    distance = np.where(travelled[path] > 0, travelled[path], 1.0)
    later = _choose_later_steps(at - 1, len(gaps[path]) - 2)
    return Difference(
        sequence,
        case,
        at - 1,
        _name_element(path, element),
        update,
        right,
        float(gaps[path][at][element] / distance[at]),
        tuple((step, float(gaps[path][step + 1].max() / distance[step + 1])) for step in later),
        tuple(first),
        sum(leaf[0].size > 0 for leaf in expected.values()),
    )


def _find_first_steps(gaps: Paths, allowed: Paths) -> dict[str, int]:
    """Return the first step of each leaf that has a gap which is not allowed. NaN is such a gap."""
    wrong = {path: _any_of_steps(~(gap <= allowed[path] + 1e-40)) for path, gap in gaps.items()}
    return {path: int(steps.argmax()) for path, steps in wrong.items() if steps.any()}


def _measure_rounding(
    expected: Paths, travelled: Paths, follow: Callable[[], Paths], last: int | None, runs: int
) -> Paths:
    """Return what rounding may change in each element, up to a step.

    This is 100 times what it changes in that element, or in any element of any leaf as a fraction of the distance
    travelled: where all digits cancel, chance decides which of the elements change in a few runs.
    """
    end = None if last is None else last + 1
    gaps: Paths = {path: np.zeros_like(leaf[:end], float) for path, leaf in expected.items()}
    for seed in range(runs):
        nearby = _follow_with_rounding(follow, seed, last)
        for path, leaf in nearby.items():
            gaps[path] = np.maximum(gaps[path], np.nan_to_num(np.abs(leaf - expected[path][:end]), posinf=0.0))
    largest = np.zeros(max(len(gap) for gap in gaps.values()))
    for path, gap in gaps.items():
        distance = travelled[path][:end]
        largest = np.maximum(largest, np.divide(_max_of_steps(gap), distance, np.zeros(len(gap)), where=distance > 0))
    largest = np.maximum.accumulate(largest)
    return {
        path: 100
        * np.maximum(np.maximum.accumulate(gap, axis=0), spread_over_steps(largest * travelled[path][:end], gap.shape))
        for path, gap in gaps.items()
    }


def _follow_with_rounding(follow: Callable[[], Paths], seed: int, last: int | None) -> Paths:
    """Run a reference that rounds at random. If it takes plain arrays only, change the last digits of its gradients."""
    try:
        with rounding_at_random(seed, last):
            return follow()
    except Exception:
        with rounding_at_random(seed, last, only_inputs=True):
            return follow()


def _choose_later_steps(first: int, last: int) -> list[int]:
    """Return steps that show how a gap grows: 10, 100 and 1000 steps later, if the run is long enough, and the last."""
    between = [first + more for more in (10, 100, 1000) if more <= (last - first) / 2]
    return [*between, last] if last > first else []


def _name_element(path: str, element: tuple[np.intp, ...]) -> str:
    index = ", ".join(map(str, element))
    if not path:
        return f"element {index}"
    return f"{path}[{index}]" if index else path


def _max_of_steps(leaf: np.ndarray) -> np.ndarray:
    return leaf.reshape(len(leaf), -1).max(axis=1, initial=0.0)


def _any_of_steps(leaf: np.ndarray) -> np.ndarray:
    return np.asarray(leaf.reshape(len(leaf), -1).any(axis=1))
