r"""A power law with an offset, $y = c + a x^{-b}$, fitted by least squares, with intervals for its parameters.

The residuals are those of $y$, or of its logarithm if scores are compared by their ratios. The intervals are the usual
ones of nonlinear regression, $\hat\theta \pm t \sqrt{s^2 (J^T J)^{-1}}$: they hold if the law does, and if few points
are spread widely enough to determine it. Source: Bates & Watts (1988), "Nonlinear Regression Analysis and Its
Applications", section 2.3; for losses, Hestness et al. (2017), "Deep Learning Scaling is Predictable, Empirically".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

FEWEST = 3  # points of a law without an offset, which has two parameters
FEWEST_WITH_OFFSET = 5
_EXPONENTS = (-2.0, -0.5, -0.1, 0.1, 0.5, 2.0)  # from which the search starts


Interval = tuple[float, float]
_NONE: Interval = (float("nan"), float("nan"))


class PowerLaw(NamedTuple):
    """The parameters of a law, each with the ends of its interval; NaN throughout where nothing could be fitted."""

    factor: float  # a
    exponent: float  # b, above zero if the values fall
    offset: float  # c, which is 0 in a law without one
    scatter: float  # the standard deviation of the residuals, in decades if they are logarithmic
    factor_interval: Interval = _NONE
    exponent_interval: Interval = _NONE
    offset_interval: Interval = _NONE

    def at(self, x: np.ndarray) -> np.ndarray:
        """Return the values of the law."""
        return np.asarray(self.offset + self.factor * x**-self.exponent)


NO_LAW = PowerLaw(float("nan"), float("nan"), float("nan"), float("nan"))


def fit_power_law(
    x: np.ndarray,
    y: np.ndarray,
    logarithmic: bool = True,
    has_offset: bool | None = None,
    confidence: float = 0.95,
) -> PowerLaw:
    """Return the law of some points, each of shape (point,), with an offset if they show one.

    `x` is above zero, and so is `y` if `logarithmic`. With five different `x` or more, a law with an offset of zero or
    more is fitted; it is kept if the intervals of the offset and of the exponent lie above zero, so that the values
    fall towards it. Otherwise the offset is 0, and its interval NaN. `has_offset` decides that instead. `NO_LAW` is
    returned for fewer than three different `x`, and where the points do not determine a law. Raises ValueError for
    other shapes, and for values that have no logarithm.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"x and y are arrays of the same points, each of shape (point,); got {x.shape} and {y.shape}")
    if not (np.isfinite(x) & (x > 0)).all() or not np.isfinite(y).all() or (logarithmic and not (y > 0).all()):
        raise ValueError(
            "a power law needs x above zero and finite y, above zero for its logarithm; leave out the others"
        )
    if len(np.unique(x)) < FEWEST:
        return NO_LAW
    if has_offset is not None:
        return _fit(x, y, logarithmic, confidence, has_offset) or NO_LAW
    if len(np.unique(x)) >= FEWEST_WITH_OFFSET:
        law = _fit(x, y, logarithmic, confidence, has_offset=True)
        rounding = 1e-6 * np.abs(y).min()
        if law is not None and law.offset_interval[0] > rounding and law.exponent_interval[0] > 0:
            return law
    return _fit(x, y, logarithmic, confidence, has_offset=False) or NO_LAW


def _fit(x: np.ndarray, y: np.ndarray, logarithmic: bool, confidence: float, has_offset: bool) -> PowerLaw | None:
    """Return the law with the least squares; None if its parameters are not determined."""
    from scipy.optimize import least_squares  # which takes a tenth of a second to import

    center, unit = float(np.exp(np.log(x).mean())), float(np.abs(y).mean()) or 1.0
    ratio, aim = x / center, y / unit  # so that all parameters are near 1

    def compute(parameters: np.ndarray) -> np.ndarray:
        factor, exponent, *offset = parameters
        return np.asarray(factor * ratio**-exponent + sum(offset))

    def find_residuals(parameters: np.ndarray) -> np.ndarray:
        values = compute(parameters)
        return np.log10(np.maximum(values, 1e-300)) - np.log10(aim) if logarithmic else values - aim

    least = -np.inf if not logarithmic else 1e-12
    bounds = [least, -20.0, *[0.0] * has_offset], [np.inf, 20.0, *[np.inf] * has_offset]
    found = []
    for exponent in _EXPONENTS:
        columns = np.stack([ratio**-exponent, *[np.ones_like(x)] * has_offset], 1)
        factor, *offset = np.linalg.lstsq(columns, aim, rcond=None)[0]
        start = [max(factor, 2 * least) if logarithmic else factor, exponent, *(max(each, 1e-3) for each in offset)]
        found.append(least_squares(find_residuals, start, bounds=bounds, xtol=1e-14, ftol=1e-14, gtol=1e-14))
    best = min(found, key=lambda result: float(result.cost))
    factor, exponent, *offset = best.x * np.array([unit * center ** best.x[1], 1.0, *[unit] * has_offset])
    scatter = float(np.sqrt(2 * best.cost / (len(x) - len(best.x)))) * (1.0 if logarithmic else unit)
    parameters = np.array([factor, exponent, *offset])
    errors = _find_errors(x, parameters, logarithmic) * scatter * stdtrit(len(x) - len(best.x), (1 + confidence) / 2)
    if not np.isfinite([*parameters, *errors]).all():
        return None
    intervals = [(float(low), float(high)) for low, high in zip(parameters - errors, parameters + errors)]
    return PowerLaw(float(factor), float(exponent), float(sum(offset)), scatter, *intervals)


def _find_errors(x: np.ndarray, parameters: np.ndarray, logarithmic: bool) -> np.ndarray:
    """Return the standard errors of the parameters for residuals of one; infinite where the points say nothing."""
    factor, exponent, *offset = parameters
    power = x**-exponent
    slopes = np.stack([power, -factor * power * np.log(x), *[np.ones_like(x)] * len(offset)], 1)
    if logarithmic:
        slopes = slopes / (np.log(10) * (sum(offset) + factor * power))[:, None]
    sizes = np.sqrt((slopes**2).sum(0))
    if not (sizes > 0).all() or np.linalg.cond(slopes / sizes) > 1e7:
        return np.full(len(parameters), np.inf)
    return np.asarray(np.sqrt(np.diag(np.linalg.inv((slopes / sizes).T @ (slopes / sizes)))) / sizes)
