"""Seeds are a number of them, or those that are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._formatting import describe_seeds
from gradlab.lab._studies.seeds import as_seeds, format_seeds
from gradlab.lab._studies.size_limits import TooLargeError
from gradlab.lab._studies.sweep import sweep
from gradlab.lab.problems import Problem


@pytest.mark.parametrize(
    ("given", "seeds", "text"),
    [
        (3, (0, 1, 2), 3),
        (np.int64(2), (0, 1), 2),
        ("4", (0, 1, 2, 3), 4),
        ("5:8", (5, 6, 7), "5:8"),
        ("7:8", (7,), "7:8"),
        ("4, 0,1", (0, 1, 4), "0,1,4"),
        ("0:3,8:11,20", (0, 1, 2, 8, 9, 10, 20), "0:3,8:11,20"),
        (range(5, 10), (5, 6, 7, 8, 9), "5:10"),
        ([2, 0], (0, 2), "0,2"),
        (np.array([1, 3]), (1, 3), "1,3"),
        ({0, 1}, (0, 1), 2),
        ([2**32 - 1], (2**32 - 1,), f"{2**32 - 1}:{2**32}"),
    ],
)
def test_seeds_are_a_number_or_given(given: Any, seeds: tuple[int, ...], text: int | str) -> None:
    assert as_seeds(given) == seeds
    assert format_seeds(seeds) == text
    assert as_seeds(format_seeds(seeds)) == seeds


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (0, ValueError, "seeds must be at least 1, got 0"),
        ("0", ValueError, "seeds must be at least 1, got 0"),
        ("-2", ValueError, "seeds must be at least 1, got -2"),
        (2.5, TypeError, "seeds must be a whole number, at least 1; got float: 2.5"),
        (True, TypeError, "seeds must be a whole number, at least 1; got bool: True"),
        (None, TypeError, "seeds must be a whole number, at least 1; got NoneType: None"),
        ([0, 1.5], TypeError, "seeds must be whole numbers; got float: 1.5"),
        ([0, -1], ValueError, "seeds must lie from 0 to 4,294,967,295, got -1"),
        ([2**32], ValueError, "seeds must lie from 0 to 4,294,967,295, got 4294967296"),
        ([], ValueError, "seeds has none; expected a number of seeds"),
        ([0, 3, 3], ValueError, "seeds has seed 3 twice; give each once"),
        ("ten", ValueError, "seeds must be whole numbers, got 'ten'; expected a number of seeds .10., or the seeds"),
        ("1:2:3", ValueError, "seeds must be whole numbers, got '1:2:3'"),
        ("0,,1", ValueError, "seeds must be whole numbers, got '0,,1'"),
        ("5:5", ValueError, "seeds has no seed in 5:5, which ends before 5; write 5:6 for one"),
        ("0:1000000000000", TooLargeError, "1,000,000 seeds are too many"),
        (range(10**12), TooLargeError, "1,000,000,000,000 seeds are too many"),
        (10**12, TooLargeError, "1,000,000,000,000 seeds are too many"),
    ],
)
def test_other_seeds_are_refused(given: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        as_seeds(given)


def test_a_run_does_not_depend_on_the_other_seeds(noisy: Problem) -> None:
    def run(seeds: Any) -> Any:
        return sweep(noisy, gl.sgd, {"learning_rate": [0.1, 0.2]}, seeds, steps=4).gradlab.dataset()

    whole, some = run(6), run([5, 2, 3])
    assert some.seed.values.tolist() == [2, 3, 5]
    assert some.role.values.tolist() == ["choose", "report", "report"]
    np.testing.assert_array_equal(some.loss.values, whole.loss.sel(seed=[2, 3, 5]).values)


def test_seeds_are_described() -> None:
    assert [describe_seeds(seeds) for seeds in ([3], [3, 4], [0, 2])] == ["seed 3", "seeds 3 to 4", "seeds 0, 2"]
