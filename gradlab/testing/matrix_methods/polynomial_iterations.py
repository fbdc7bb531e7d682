"""Polynomial iterations on singular values, such as Newton-Schulz, and exact bounds of their results."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_ROUNDING = 1e-9
_LARGEST = float(np.finfo(np.float32).max)  # what a step may reach: the iterations run in float32 or bfloat16


@dataclass(frozen=True)
class PolynomialIteration:
    """Odd polynomials a s + b s^3 + c s^5 + ..., which are applied to a singular value one after the other.

    `polynomials` holds the coefficients (a, b, c, ...) of each step, all finite.
    """

    polynomials: tuple[tuple[float, ...], ...]

    def __call__(self, values: Any) -> Any:
        """Return the images of singular values: a float64 array of any shape, or a number."""
        for polynomial in self.polynomials:
            values = _evaluate(polynomial, values)
        return values

    def find_extremes(self, low: float, high: float) -> tuple[float, float]:
        """Return the singular values in [low, high] whose images are the least and the greatest, up to rounding.

        A continuous function maps an interval onto an interval. The image after each step is therefore the interval
        between the extremes of one polynomial on the image before it, and these lie at the ends of that image or where
        the derivative is zero. No grid is involved.
        """
        images = self._list_images(low, high)
        return self._trace_back(images, min), self._trace_back(images, max)

    def find_sign_change(self, high: float) -> float | None:
        """Return a singular value in (0, high] whose image is not positive, or None if there is none.

        A step a s + b s^3 + c s^5 = s q(s^2) changes the sign where q does. The extremes of q on the image before it
        decide, so that a change between two points of any grid is found, and a zero that is only touched as well.
        """
        sign, reached = 1.0, high
        for step, polynomial in enumerate(self.polynomials):
            quotient = _drop_leading_zeros(polynomial)
            square = reached * reached
            points = [0.0, square, *_select_within(_find_roots(_differentiate(quotient)), 0.0, square)]
            values = [_evaluate_quotient(quotient, point) for point in points]
            if min(values) <= 0 <= max(values):
                roots = _select_within(_find_roots(quotient), 0.0, square, real_only=True)
                nearest = min(points, key=lambda point: abs(_evaluate_quotient(quotient, point)))
                # Rounding may hide a double root, at which q has an extreme.
                return self._find_preimage(step, math.sqrt(min(roots, default=nearest)), high)
            sign *= math.copysign(1.0, values[0])
            reached = max(abs(_evaluate(polynomial, x)) for x in _list_candidates(polynomial, 0.0, reached))
        return None if sign > 0 else high

    def find_overflow(self, high: float) -> float | None:
        """Return a singular value in [0, high] with which some step exceeds the largest float32, or None."""
        images = self._list_images(0.0, high)
        for steps in range(1, len(images)):
            if not max(map(abs, images[steps])) <= _LARGEST:
                part = PolynomialIteration(self.polynomials[:steps])
                return max(part.find_extremes(0.0, high), key=lambda x: np.nan_to_num(abs(part(x)), nan=np.inf))
        return None

    def find_image(self, low: float, high: float) -> tuple[float, float]:
        """Return the least and the greatest image of the singular values in [low, high], up to rounding."""
        return self._list_images(low, high)[-1]

    def _list_images(self, low: float, high: float) -> list[tuple[float, float]]:
        """Return the interval itself and its image after each step, up to the first that overflows."""
        images = [(low, high)]
        for polynomial in self.polynomials:
            values = [_evaluate(polynomial, x) for x in _list_candidates(polynomial, *images[-1])]
            images.append((float(min(values)), float(max(values))))
            if not max(map(abs, images[-1])) <= _LARGEST:
                break
        return images

    def _trace_back(self, images: list[tuple[float, float]], choose: Callable[..., float]) -> float:
        """Return the singular value whose image is the least or the greatest, found from the last step to the first."""
        if len(images) == 1:
            return choose(images[0])
        polynomial, image = self.polynomials[len(images) - 2], images[-2]
        place = choose(_list_candidates(polynomial, *image), key=lambda x: _evaluate(polynomial, x))
        return self._invert(images[:-1], place)

    def _find_preimage(self, steps: int, target: float, high: float) -> float:
        """Return a singular value in [0, high] that some steps map to the target or to its negative."""
        images = self._list_images(0.0, high)[: steps + 1]
        low, top = images[-1]
        return self._invert(images, target if low <= target <= top else -target)

    def _invert(self, images: list[tuple[float, float]], target: float) -> float:
        """Return the singular value whose image after all steps but those that are not in `images` is the target."""
        for step in reversed(range(len(images) - 1)):
            target = _find_preimage(self.polynomials[step], target, *images[step])
        return float(target)


def _evaluate(polynomial: Sequence[float], values: Any) -> Any:
    return _evaluate_quotient(polynomial, values * values) * values


def _evaluate_quotient(polynomial: Sequence[float], squares: Any) -> Any:
    """Return q(s^2), where the polynomial is s q(s^2)."""
    quotient: Any = 0.0
    for coefficient in reversed(polynomial):
        quotient = quotient * squares + coefficient
    return quotient


def _drop_leading_zeros(polynomial: Sequence[float]) -> Sequence[float]:
    first = next(power for power, coefficient in enumerate(polynomial) if coefficient)
    return polynomial[first:]


def _list_candidates(polynomial: Sequence[float], low: float, high: float) -> list[float]:
    """Return the points of an interval at which an odd polynomial may be least or greatest."""
    slope = [(2 * power + 1) * coefficient for power, coefficient in enumerate(polynomial)]
    squares = _select_within(_find_roots(slope), 0.0, max(low * low, high * high))
    points = [sign * math.sqrt(square) for square in squares for sign in (-1, 1)]
    return [low, high, *(x for x in points if low < x < high)]


def _find_preimage(polynomial: Sequence[float], target: float, low: float, high: float) -> float:
    """Return the least point of an interval that an odd polynomial maps to the target, which its image contains."""
    candidates = _list_candidates(polynomial, low, high)
    equation = [-target, *(c for coefficient in polynomial for c in (coefficient, 0.0))]
    slack = _ROUNDING * max(abs(low), abs(high))
    roots = _select_within(_find_roots(equation), low - slack, high + slack)
    points = sorted(candidates + [min(max(x, low), high) for x in roots])
    gaps = [abs(_evaluate(polynomial, x) - target) for x in points]
    return next(x for x, gap in zip(points, gaps, strict=True) if gap <= 1e3 * min(gaps) + _ROUNDING * abs(target))


def _differentiate(polynomial: Sequence[float]) -> list[float]:
    return [power * coefficient for power, coefficient in enumerate(polynomial)][1:]


def _find_roots(polynomial: Sequence[float]) -> list[complex]:
    """Return the complex roots of a polynomial, whose coefficients begin with the constant."""
    coefficients = list(polynomial)
    while coefficients and coefficients[-1] == 0:
        coefficients.pop()
    if len(coefficients) < 2:
        return []
    if len(coefficients) == 3:  # the squares of most iterations; the formula saves the time of an eigenvalue problem
        constant, linear, square = coefficients
        discriminant = linear * linear - 4 * square * constant
        if discriminant < 0:
            return [complex(-linear, math.sqrt(-discriminant)) / (2 * square)] * 2
        half = -0.5 * (linear + math.copysign(math.sqrt(discriminant), linear))
        return [half / square, constant / half if half else 0.0]
    return list(np.polynomial.polynomial.polyroots(coefficients))


def _select_within(roots: list[complex], low: float, high: float, real_only: bool = False) -> list[float]:
    """Return the real parts of roots that lie in an interval.

    Rounding gives a multiple root an imaginary part, so that roots with one count too, unless `real_only`: where
    extremes are sought among points, a point too many does no harm.
    """
    return [float(x.real) for x in roots if low <= x.real <= high and not (real_only and x.imag)]
