"""The definition of a law, and the registry of all laws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


class Broken(Exception):  # noqa: N818
    """Raised where a law does not hold. The message is the counterexample.

    `meaning` is the usual cause of just this breach, and the remedy, where the law's own `meaning` would lead astray.
    """

    def __init__(self, counterexample: str, meaning: str = ""):
        super().__init__(counterexample)
        self.meaning = meaning


class NotApplicable(Exception):  # noqa: N818
    """Raised where a law says nothing about a transformation. The message is the reason."""


@dataclass(frozen=True)
class ClaimValue:
    """The value without which a claim cannot be examined, such as the number of micro-batches of an accumulator."""

    description: str  # such as "the number of micro-batches, an integer of at least 1"
    example: str  # as it is written on the command line, such as "4"
    accepts: Callable[[Any], bool]
    is_optional: bool = False  # whether the law has a value of its own for a claim without one, such as a tolerance

    def allows(self, claim: Any) -> bool:
        """Return whether the law can be examined with what a claim gives; None and True stand for no value."""
        return self.is_optional if claim is None or claim is True else self.accepts(claim)


@dataclass(frozen=True)
class Law:
    """A promise about transformations.

    `examine(subject)` returns if the promise holds, raises `Broken` if it does not, and `NotApplicable` if the law says
    nothing about this transformation. If it could not examine a part of the promise, it returns a sentence that says
    which part, and what to pass for it to be examined.

    >>> from gradlab import testing
    >>> testing.CONTRACTS["pure"].statement
    'the same inputs give exactly the same outputs'
    >>> testing.CLAIMS["unbiased"].claimed
    True
    """

    name: str  # as in a report, such as "any tree"
    statement: str  # the promise in one sentence
    meaning: str  # the usual cause of a breach, and the remedy
    examine: Callable[..., str | None]  # the function that examines a subject, as above
    claimed: bool = False  # whether it is examined only where the transformation claims it
    value: ClaimValue | None = None  # what the claim must give
    excludes: tuple[str, ...] = ()  # the domains (see gradlab.core.claims.DOMAINS) in which nothing is promised


TRAJECTORY = "same trajectory"  # the name of the law that a reference adds
TRAJECTORY_AT_SETTINGS = "same trajectory at other values"  # of the arguments; a reference adds this law, too
TRAJECTORY_ON_SCHEDULE = "same trajectory on a schedule"  # of the learning rate; a reference adds this law, too
TRAJECTORY_ON_COMPLEX = "same trajectory on complex leaves"  # a reference adds this law, too
TRAJECTORIES = (TRAJECTORY, TRAJECTORY_AT_SETTINGS, TRAJECTORY_ON_SCHEDULE, TRAJECTORY_ON_COMPLEX)
CONTRACTS: dict[str, Law] = {}  # what every transformation must keep
CLAIMS: dict[str, Law] = {}  # what a transformation may claim to keep
PARTS = ("turns with i", "slopes in float16")  # the parts of laws that may be excepted, as whole laws may


def law(
    statement: str,
    *,
    meaning: str,
    claimed: bool = False,
    value: ClaimValue | None = None,
    excludes: tuple[str, ...] = (),
) -> Callable[[Callable[..., str | None]], Callable[..., str | None]]:
    """Register the decorated function `examine(subject)` as a law, under its own name with spaces for underscores.

    The function returns, or raises an error, as `Law` says, whose fields the arguments are. A law that is `claimed` is
    examined where a transformation claims it, and any other one always.

    >>> from gradlab import testing
    >>> statement = "the sum of the update is that of the gradient"
    >>> @testing.law(statement, meaning="an element is lost", claimed=True)
    ... def keeps_the_sum(subject):
    ...     pass
    >>> testing.CLAIMS.pop("keeps the sum").statement  # which also takes it back
    'the sum of the update is that of the gradient'
    """

    def register(examine: Callable[..., str | None]) -> Callable[..., str | None]:
        name = examine.__name__.replace("_", " ")
        (CLAIMS if claimed else CONTRACTS)[name] = Law(name, statement, meaning, examine, claimed, value, excludes)
        return examine

    return register


def require(condition: Any, counterexample: str) -> None:
    """Raise `Broken` with the counterexample unless the condition holds."""
    if not condition:
        raise Broken(counterexample)


def require_claim_values(claims: Mapping[str, Any], laws: Mapping[str, Law] = CLAIMS) -> None:
    """Raise ValueError if a claim lacks the value that its law needs, or has one of another kind.

    `laws` are those that may be claimed, by name.

    None and True stand for no value, as in `claims=("descends",)`.
    """
    for name, value in claims.items():
        law = laws.get(name)
        if law is None:
            continue
        is_given = not (value is None or value is True)
        if law.value is None:
            if is_given:
                raise ValueError(f"the claim {name!r} takes no value, got {value!r}; write claims=({name!r},)")
        elif not law.value.allows(value):
            got = repr(value) if is_given else "no value"
            option = f"{name}={law.value.example}"
            raise ValueError(
                f"the claim {name!r} needs {law.value.description}; got {got}. Pass "
                f"claims={{{name!r}: {law.value.example}}}, or on the command line "
                f"--claim {repr(option) if ' ' in option else option}"
            )


def is_positive(value: Any) -> bool:
    """Return whether a value is a finite number above zero, and not a boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


def is_count(value: Any) -> bool:
    """Return whether a value is an integer of at least 1, and not a boolean."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
