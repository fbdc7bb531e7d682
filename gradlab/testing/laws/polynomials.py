"""The claim of a matrix method that it computes a certain polynomial iteration, and that this is a good one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..matrix_methods.check_polynomials import (
    BELONGS,
    check_polynomial_iteration,
    find_out_of_band,
    find_wrong_sign,
    make_polynomial_iteration,
)
from ..matrix_methods.matrices import decompose, find_directions, list_kinds
from ..subjects.subject import Subject
from ..verdicts.law import ClaimValue, law, require

_OPTIONS = {
    "steps": None,
    "cycle": False,
    "safety": 1.0,
    "band": (0.5, 1.5),
    "interval": (0.01, 1.0),
    "tolerance": 0.01,
}


def _read_claim(claim: Any) -> dict[str, Any] | None:
    """Return all options of a claim with their iteration, or None if it cannot be read."""
    given = dict(claim) if isinstance(claim, Mapping) else {"coefficients": claim}
    if "coefficients" not in given or given.keys() - {"coefficients", *_OPTIONS}:
        return None
    options = _OPTIONS | given
    how = {name: options.pop(name) for name in ("coefficients", "steps", "cycle", "safety")}
    try:
        check_polynomial_iteration(how["coefficients"], band=options["band"], interval=options["interval"])
        return options | {"iteration": make_polynomial_iteration(**how)}
    except ValueError:
        return None


@law(
    "it computes the claimed polynomial of the singular values, which is positive and within its band",
    meaning=BELONGS + " If the polynomial is good, but not what is computed: the number of steps, the norm by which "
    "the gradient is divided, or the precision is another than claimed.",
    claimed=True,
    value=ClaimValue(
        f"the coefficients of each step, or a dict with coefficients and any of {', '.join(_OPTIONS)}",
        "{'coefficients': (3.4445, -4.775, 2.0315), 'steps': 5}",
        lambda value: _read_claim(value) is not None,
    ),
)
def polynomial(subject: Subject) -> None:
    """The claim is one set of coefficients (a, b, c), a sequence of sets, or a dict of them and of other options.

    The options are those of `check_polynomial_iteration`, and `tolerance`, the greatest difference to the polynomial,
    0.01 by default: `{"coefficients": (3.4445, -4.775, 2.0315), "steps": 5, "band": (0.68, 1.14)}`. The argument of the
    polynomial is the singular value divided by the Frobenius norm.
    """
    claim = _read_claim(subject.claims["polynomial"])
    assert claim is not None
    iteration, band, (low, high) = claim["iteration"], claim["band"], claim["interval"]
    found = find_wrong_sign(iteration, high) or (band and find_out_of_band(iteration, low, high, band))
    require(not found, f"by the claimed polynomial, {found}")
    for gradients in list_kinds():
        for name, direction in find_directions(subject, gradients)[0].items():
            spectrum = decompose(gradients, name, low)
            images, expected = np.diag(spectrum.compress(direction)), iteration(spectrum.values)
            worst = int(np.argmax(np.abs(images - expected)))
            require(
                abs(images[worst] - expected[worst]) <= claim["tolerance"],
                f"at {gradients.describe(name)}, the singular value {spectrum.values[worst]:.6g} (as a fraction of the "
                f"Frobenius norm) becomes {images[worst]:.6g}, but {expected[worst]:.6g} by the claimed polynomial",
            )
