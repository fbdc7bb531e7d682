from typing import Any

import numpy as np
import pytest

from gradlab.testing.trajectories.trajectory_difference import Difference, compare_paths

EXPECTED = {"": np.cumsum(np.ones((4, 2)), axis=0) - 1}  # two elements that move by 1 at each of three steps


def compare(own: Any, expected: Any = None, perturbed: Any = None) -> Difference | None:
    expected = EXPECTED if expected is None else expected
    return compare_paths(own, expected, lambda: expected if perturbed is None else perturbed, 1e-9, "tiny", "with x=1")


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


def test_rounding_of_the_reference_is_allowed() -> None:
    own = {"": EXPECTED[""] * (1 + 1e-5)}
    assert compare(own) is not None
    assert compare(own, perturbed={"": EXPECTED[""] * (1 + 1e-6)}) is None
