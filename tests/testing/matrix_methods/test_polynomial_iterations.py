"""The bounds of polynomial iterations, compared with dense grids and with polynomials whose extremes are known."""

from __future__ import annotations

import numpy as np
import pytest

from gradlab.testing.matrix_methods.polynomial_iterations import PolynomialIteration

GRID = np.linspace(0.0, 1.0, 20_001)


def draw(random: np.random.Generator, steps: int) -> PolynomialIteration:
    """An iteration of random odd polynomials of degree 1 to 9."""
    return PolynomialIteration(
        tuple(tuple(map(float, random.normal(size=random.integers(1, 6)))) for _ in range(steps))
    )


@pytest.mark.parametrize("seed", range(40))
def test_extremes_enclose_every_value_on_a_grid_and_are_attained(seed: int) -> None:
    random = np.random.default_rng(seed)
    iteration = draw(random, int(random.integers(1, 4)))
    low, high = sorted(random.uniform(0, 1.2, 2))
    least, greatest = iteration.find_image(low, high)
    values = iteration(np.linspace(low, high, 5001))
    size = max(abs(least), abs(greatest))
    assert least - 1e-9 * size <= values.min() <= least + 1e-2 * size
    assert greatest - 1e-2 * size <= values.max() <= greatest + 1e-9 * size
    lowest, highest = iteration.find_extremes(low, high)
    assert low <= lowest <= high
    assert low <= highest <= high
    assert iteration(lowest) == pytest.approx(least, abs=1e-6 * size)
    assert iteration(highest) == pytest.approx(greatest, abs=1e-6 * size)


@pytest.mark.parametrize("seed", range(60))
def test_a_sign_change_is_found_where_the_grid_has_one_and_nowhere_else(seed: int) -> None:
    random = np.random.default_rng(1000 + seed)
    iteration = PolynomialIteration(
        tuple(
            (float(random.uniform(1, 3)), *map(float, random.normal(size=random.integers(0, 3)) - 0.3))
            for _ in range(int(random.integers(1, 4)))
        )
    )
    values = iteration(GRID[1:])
    found = iteration.find_sign_change(1.0)
    if found is None:
        assert values.min() > 0
    else:
        assert 0 < found <= 1
        assert values.min() < 1e-3
        assert abs(iteration(found)) < 1e-8 or iteration(found) < 0


@pytest.mark.parametrize("gap", [1e-6, 1e-10, 1e-13])
def test_a_sign_change_narrower_than_any_grid_is_found(gap: float) -> None:
    # s ((s^2 - 0.3)^2 - gap) is negative only where s^2 is within sqrt(gap) of 0.3.
    narrow = PolynomialIteration(((0.09 - gap, -0.6, 1.0),))
    if gap < 1e-8:
        assert narrow(GRID[1:]).min() > 0
    found = narrow.find_sign_change(1.0)
    assert found is not None
    assert found**2 == pytest.approx(0.3, abs=2 * np.sqrt(gap))
    lowest, _ = narrow.find_extremes(0.0, 1.0)
    assert narrow(lowest) < 0
    behind = PolynomialIteration(((0.5, 0.5), *narrow.polynomials))  # 0.5 s + 0.5 s^3 maps (0, 1] onto (0, 1]
    found = behind.find_sign_change(1.0)
    assert found is not None
    assert (0.5 * found + 0.5 * found**3) ** 2 == pytest.approx(0.3, abs=2 * np.sqrt(gap))
    lowest, _ = behind.find_extremes(0.0, 1.0)
    assert behind(lowest) < 0


def test_a_zero_that_is_touched_is_found() -> None:
    touching = PolynomialIteration(((0.25, -1.0, 1.0),))  # s (s^2 - 1/2)^2
    assert touching.find_sign_change(1.0) == pytest.approx(np.sqrt(0.5))
    assert touching.find_sign_change(0.7) is None


def test_two_negative_steps_are_positive_together() -> None:
    assert PolynomialIteration(((-1.5, 0.5), (-1.5, 0.5))).find_sign_change(1.0) is None
    assert PolynomialIteration(((-1.5, 0.5),)).find_sign_change(1.0) is not None


def test_a_step_without_a_linear_term_is_positive() -> None:
    assert PolynomialIteration(((0.0, 1.0),)).find_sign_change(1.0) is None
    assert PolynomialIteration(((0.0, -1.0),)).find_sign_change(1.0) is not None


def test_an_overflow_is_found_at_a_singular_value_that_overflows() -> None:
    growing = PolynomialIteration(((0.0, 0.0, 10.0),) * 6)
    found = growing.find_overflow(1.0)
    assert found == pytest.approx(1.0)
    assert growing.find_overflow(0.3) is None
    assert PolynomialIteration(((1.0, 1.0),) * 20).find_overflow(1.0) == pytest.approx(1.0)


def test_extremes_of_known_polynomials() -> None:
    # 1.5 s - 0.5 s^3 rises from 0 to 1; the quintic 15/8 s - 10/8 s^3 + 3/8 s^5 as well.
    for polynomial in ((1.5, -0.5), (1.875, -1.25, 0.375)):
        assert PolynomialIteration((polynomial,)).find_image(0.0, 1.0) == pytest.approx((0.0, 1.0))
    # 2 s - 1.5 s^3 + 0.5 s^5 has its greatest value on [0, 1] at s^2 = 0.8.
    iteration = PolynomialIteration(((2.0, -1.5, 0.5),))
    assert iteration.find_extremes(0.0, 1.0) == pytest.approx((0.0, np.sqrt(0.8)))
