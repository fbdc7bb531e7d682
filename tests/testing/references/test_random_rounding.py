from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradlab.testing.references.random_rounding import (
    RandomlyRoundedArray,
    limit_steps,
    perturb,
    rounding_at_random,
)

NUMBERS = np.array([[1.0, 2.0, -3.0], [0.5, 0.0, 7.0]])
DIGIT = 2.0**-52


def round_at_random(compute: Callable[[Any], Any], seed: int = 0) -> Any:
    with rounding_at_random(seed):
        return compute(perturb({"": NUMBERS})[""])


@pytest.mark.parametrize(
    "compute",
    [
        lambda g: g * g + 1,
        lambda g: np.sqrt(np.abs(g)),
        lambda g: np.where(g > 0, g / 3, g),
        lambda g: g @ g.T,
        lambda g: np.mean(g, axis=0, keepdims=True),
        lambda g: np.linalg.norm(g),
        lambda g: np.linalg.svd(g)[1],
        lambda g: np.einsum("ij,ij->i", g, g),
        lambda g: np.stack([g, 2 * g]),
        lambda g: g * 1j,
    ],
)
def test_each_operation_changes_the_last_digits_and_no_more(compute: Callable[[Any], Any]) -> None:
    right, results = compute(NUMBERS), [round_at_random(compute, seed) for seed in range(4)]
    assert all(type(result) is RandomlyRoundedArray and np.shape(result) == np.shape(right) for result in results)
    assert all(np.allclose(result, right, rtol=50 * DIGIT, atol=0) for result in results)
    assert len({np.asarray(result).tobytes() for result in results}) > 1


def test_terms_that_cancel_leave_what_rounding_leaves() -> None:
    gaps = np.array([round_at_random(lambda g: (0.1 * g * g) / 0.1 - np.square(g), seed) for seed in range(8)])
    nonzero = NUMBERS != 0
    assert np.all(np.abs(gaps).max(axis=0)[nonzero] > 0)
    assert np.all(gaps[:, ~nonzero] == 0)
    assert np.all(np.abs(gaps) <= 8 * DIGIT * np.square(NUMBERS))


def test_a_number_minus_itself_is_zero_and_exact_operations_do_not_round() -> None:
    def compute(g: Any) -> Any:
        return [g - g, np.maximum(g, 0) - np.where(g > 0, g, 0), np.abs(g) - np.sign(g) * g]

    first, second, third = round_at_random(compute)
    assert not np.any(first)
    assert not np.any(second)
    assert np.all(np.abs(third) <= 4 * DIGIT * np.abs(NUMBERS))


def test_writing_into_an_array_rounds_as_well() -> None:
    def compute(g: Any) -> Any:
        total = g.copy()
        total *= 3.0
        np.add(total, 1.0, out=total)
        return total

    result = round_at_random(compute)
    assert np.allclose(result, 3 * NUMBERS + 1, rtol=8 * DIGIT)
    assert type(result) is RandomlyRoundedArray


def test_more_numbers_than_are_drawn_at_once_change_too() -> None:
    with rounding_at_random(0):
        changed = perturb({"": np.ones(200_000)})[""]
    assert set(np.asarray(changed)) == {1 - DIGIT, 1 + DIGIT}


def test_integers_and_comparisons_stay_as_they_are() -> None:
    counts, signs = round_at_random(lambda g: (np.argsort(g.ravel()), g > 1))
    assert type(counts) is np.ndarray
    assert type(signs) is np.ndarray


def test_outside_of_the_context_nothing_changes() -> None:
    leaves, steps = {"": NUMBERS}, [1, 2, 3]
    assert perturb(leaves) is leaves
    assert limit_steps(steps) is steps
    with rounding_at_random(0, 2):
        assert limit_steps(steps) == [1, 2]
    kept = round_at_random(lambda g: g)
    assert np.array_equal(kept * 3 - kept * 3, np.zeros_like(NUMBERS))


def test_the_gradients_alone_may_change() -> None:
    with rounding_at_random(0, only_inputs=True):
        changed = perturb({"": NUMBERS})[""]
    assert type(changed) is np.ndarray
    assert not np.array_equal(changed, NUMBERS)
    assert np.allclose(changed, NUMBERS, rtol=2 * DIGIT, atol=0)
