"""`gradlab check mine:COEFFICIENTS`: examine the coefficients of a polynomial iteration."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...lab._inputs.name_lookup import suggest_name
from ..terminal.printing import fail

if TYPE_CHECKING:
    from gradlab.testing.verdicts.report import Report


def are_coefficients(found: Any) -> bool:
    """Return whether an object is a set of coefficients of a polynomial, or a sequence of such sets."""
    from gradlab.testing.matrix_methods.check_polynomials import read_coefficients

    if callable(found) or isinstance(found, str | Mapping):
        return False
    try:
        return bool(read_coefficients(found))
    except ValueError:
        return False


def examine_coefficients(name: str, coefficients: Any, arguments: dict[str, Any], others: Mapping[str, Any]) -> Report:
    """Return the report of `check_polynomial_iteration` with arguments that were typed as `--arg NAME=VALUE`.

    `others` are the options of the command that say nothing about coefficients. Ends the command if one of them is
    given, and for arguments that the examination does not take.
    """
    from gradlab.testing import check_polynomial_iteration

    if unused := [option for option, value in others.items() if value]:
        fail(f"{name} is a sequence of coefficients, which {unused[0]} says nothing about; leave it out")
    options = [*inspect.signature(check_polynomial_iteration).parameters][1:]
    if unknown := [given for given in arguments if given not in options]:
        known = f"there are {', '.join(options)}"
        fail(
            f"the coefficients {name} are examined without {unknown[0]!r}; {suggest_name(unknown[0], options) or known}"
        )
    try:
        return check_polynomial_iteration(coefficients, **arguments)
    except ValueError as error:
        fail(error)
