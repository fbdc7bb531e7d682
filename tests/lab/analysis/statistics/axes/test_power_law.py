"""Laws are compared with certified values, with a linear regression, and with another fit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.stats import linregress, t

from gradlab.lab.analysis.statistics import fit_power_law

# DanWood, of the Statistical Reference Datasets of the NIST, from Daniel & Wood (1980), "Fitting Equations to Data".
ENERGY = np.array([1.309, 1.471, 1.490, 1.565, 1.611, 1.680]), np.array([2.138, 3.421, 3.597, 4.340, 4.882, 5.660])


def test_certified_values() -> None:
    law = fit_power_law(*ENERGY, logarithmic=False, has_offset=False)
    assert law.factor == pytest.approx(7.6886226176e-01, rel=1e-7)
    assert law.exponent == pytest.approx(-3.8604055871, rel=1e-7)
    assert law.scatter == pytest.approx(3.2853114039e-02, rel=1e-7)
    wide = t.ppf(0.975, 4)
    np.testing.assert_allclose(np.diff(law.factor_interval), 2 * wide * 1.8281973860e-02, rtol=1e-6)
    np.testing.assert_allclose(np.diff(law.exponent_interval), 2 * wide * 5.1726610913e-02, rtol=1e-6)
    assert np.isnan(law.offset_interval).all()


def test_without_an_offset_it_is_a_line_through_logarithms(rng: np.random.Generator) -> None:
    x = 2.0 ** np.arange(4)
    y = 3 * x**-0.4 * 10 ** (0.02 * rng.normal(size=4))
    law, line = fit_power_law(x, y), linregress(np.log10(x), np.log10(y))
    assert law.exponent == pytest.approx(-line.slope, rel=1e-6)
    assert law.factor == pytest.approx(10**line.intercept, rel=1e-6)
    np.testing.assert_allclose(np.diff(law.exponent_interval) / 2, t.ppf(0.975, 2) * line.stderr, rtol=1e-5)
    assert law.offset == 0
    np.testing.assert_allclose(law.at(x), law.factor * x**-law.exponent)


@pytest.mark.parametrize("logarithmic", [True, False])
def test_an_offset_that_shows_is_fitted(rng: np.random.Generator, logarithmic: bool) -> None:
    x = 2.0 ** np.arange(3, 11)
    y = (1.5 + 9 * x**-0.7) * 10 ** (0.002 * rng.normal(size=8))

    def compute(x: np.ndarray, a: float, b: float, c: float) -> np.ndarray:
        values = c + a * x**-b
        return np.log10(values) if logarithmic else values

    found, covariance = curve_fit(compute, x, np.log10(y) if logarithmic else y, [5, 0.5, 1], xtol=1e-12, ftol=1e-12)
    law, errors = fit_power_law(x, y, logarithmic), np.sqrt(np.diag(covariance)) * t.ppf(0.975, 5)
    np.testing.assert_allclose([law.factor, law.exponent, law.offset], found, rtol=1e-5)
    intervals = np.array([law.factor_interval, law.exponent_interval, law.offset_interval])
    np.testing.assert_allclose(intervals, np.stack([found - errors, found + errors], 1), rtol=1e-4)
    assert law.offset_interval[0] < 1.5 < law.offset_interval[1]


def test_what_the_points_do_not_show_is_not_fitted(rng: np.random.Generator) -> None:
    x = 2.0 ** np.arange(6)
    noisy = 10 ** (0.3 * rng.normal(size=6))
    assert fit_power_law(x, noisy).offset == 0  # its interval would include zero
    assert fit_power_law(x, np.ones(6)).exponent == pytest.approx(0, abs=1e-9)
    assert fit_power_law(x, 3 * x**-0.5).exponent == pytest.approx(0.5)
    for few in (np.array([]), np.ones(1), np.array([1.0, 2.0]), np.ones(5)):
        assert np.isnan(fit_power_law(few, few + 1).exponent)
    assert np.isfinite(fit_power_law(1e12 * x, 1e-30 * x**-3.0).factor)


def test_wrong_points_are_refused() -> None:
    for x, y in (([1, 2, -3], [1, 2, 3]), ([1, 2, 3], [1, 2, 0]), ([1, 2, 3], [1, 2, np.nan])):
        with pytest.raises(ValueError, match=r"needs x above zero and finite y, above zero for its logarithm"):
            fit_power_law(np.array(x), np.array(y))
    with pytest.raises(ValueError, match=r"each of shape \(point,\); got \(3,\) and \(2,\)"):
        fit_power_law(np.ones(3), np.ones(2))
