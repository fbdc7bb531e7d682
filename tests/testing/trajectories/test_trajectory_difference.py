from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradlab.testing.references.random_rounding import limit_steps, perturb
from gradlab.testing.trajectories.trajectory_difference import Difference, Paths, compare_paths

EXPECTED = {"": np.cumsum(np.ones((4, 2)), axis=0) - 1}  # two elements that move by 1 at each of three steps


def compare(own: Any, expected: Any = None, follow: Callable[[], Paths] | None = None) -> Difference | None:
    expected = EXPECTED if expected is None else expected

    def repeat() -> Paths:
        end = len(limit_steps([0] * (len(next(iter(expected.values()))) - 1))) + 1
        return {path: leaf[:end] for path, leaf in (expected if follow is None else follow()).items()}

    return compare_paths(own, expected, repeat, 1e-9, "tiny", "with x=1")


def test_a_difference_reads_as_a_sentence() -> None:
    own = {"": EXPECTED[""] + np.array([[0, 0], [0, 0], [0, 0.5], [0, 3]])}
    assert str(compare(own)) == (
        "on tiny gradients with x=1, at step 1 (counted from 0), element 1, the update is 1.5; the reference gives 1.\n"
        "The gap is 0.25 times the distance travelled so far, and 1 times at step 2."
    )


def test_the_growth_of_the_gap_is_shown_at_some_steps() -> None:
    steps = np.arange(301.0)[:, None]
    text = str(compare({"": steps + 0.25 * np.maximum(steps - 2, 0)}, {"": steps}))
    expected = (
        "0.083 times the distance travelled so far, 0.21 times at step 12, 0.25 times at step 102, and 0.25 times at"
    )
    assert f"The gap is {expected} step 299." in text


def test_the_leaves_that_differ_are_named() -> None:
    expected = dict.fromkeys(("a/b", "c", "d"), EXPECTED[""]) | {"empty": np.zeros((4, 0))}
    own = expected | {"c": expected["c"] * 2}
    text = str(compare(own, expected))
    assert "at step 0 (counted from 0), c[0], the update is 2; the reference gives 1." in text
    assert "Of 3 leaves, c differs; the others agree." in text


def test_a_gap_of_the_size_of_single_precision_is_called_so() -> None:
    assert "in float32" in str(compare({"": EXPECTED[""] * (1 + 1e-8)}))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_are_differences(value: float) -> None:
    assert compare({"": EXPECTED[""] + value}) is not None


def follow_with_rounding(size: float, *leaves: str) -> Callable[[], Paths]:
    """Return a reference which rounding moves by a fraction of the way in the first element of some leaves."""

    def follow() -> Paths:
        return {path: perturb({"": EXPECTED[""]})[""] * (1 + size * np.array([path in leaves, 0])) for path in "ab"}

    return follow


def test_rounding_of_the_reference_is_allowed() -> None:
    expected = dict.fromkeys("ab", EXPECTED[""])
    own = {path: leaf * (1 + 1e-5) for path, leaf in expected.items()}
    assert compare(own, expected) is not None
    assert compare(own, expected, follow_with_rounding(1e-6, "a", "b")) is None
    assert compare(own, expected, follow_with_rounding(1e-8, "a", "b")) is not None


def test_rounding_that_decides_on_one_element_is_in_doubt_for_all() -> None:
    expected = dict.fromkeys("ab", EXPECTED[""])
    own = expected | {"a": EXPECTED[""] * (1 + 1e-5)}
    assert compare(own, expected, follow_with_rounding(1e-6, "b")) is None


def test_a_reference_that_takes_plain_arrays_only_gets_changed_gradients() -> None:
    def follow() -> Paths:
        leaf = perturb({"": EXPECTED[""]})[""]
        if type(leaf) is not np.ndarray:
            raise TypeError("expected a plain array")
        return {"": EXPECTED[""] + 1e9 * (leaf - EXPECTED[""])}

    own = {"": EXPECTED[""] * (1 + 1e-6)}
    assert compare(own) is not None
    assert compare(own, None, follow) is None


def test_few_steps_are_enough_for_a_plain_difference() -> None:
    lengths = []

    def follow() -> Paths:
        steps = limit_steps(list(range(3)))
        lengths.append(len(steps))
        return {"": EXPECTED[""][: len(steps) + 1]}

    assert compare({"": 2 * EXPECTED[""]}, None, follow) is not None
    assert lengths == [1, 1, 1, 1, 3]
