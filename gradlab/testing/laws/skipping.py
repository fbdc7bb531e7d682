"""The claim that steps whose gradient is not finite are skipped."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..inputs.trees import sample
from ..subjects.gaps import describe_gap
from ..subjects.subject import Subject
from ..verdicts.law import Broken, ClaimValue, law
from .accumulation import find_motion

_MANY = 50  # steps in a row, for a claim that there is no limit


def _is_limit(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and (value == float("inf") or (value >= 0 and value == int(value)))


@law(
    "a gradient with a NaN or an infinity changes nothing, until too many come in a row",
    meaning="It multiplies the update by zero, but NaN times zero is NaN; the state has seen the bad gradient; a leaf "
    "or a kind of number is not examined; or the counter does not begin again at a finite gradient.",
    claimed=True,
    value=ClaimValue(
        "how many are skipped in a row at most, an integer that is not negative, or infinity", "3", _is_limit, True
    ),
)
def skips_nonfinite(subject: Subject) -> str | None:
    """Gradients with a NaN or an infinity are put between finite ones, whose updates must be as without them."""
    claim = subject.claims["skips nonfinite"]
    limit = None if claim is None or claim is True else claim
    good = [sample(subject.network, seed=30 + i) for i in range(2)]
    expected = _run(subject, good)
    kinds = [(at, number) for at in (0, -1) for number in (jnp.nan, jnp.inf, -jnp.inf)]
    if limit is None or limit >= 1:
        for at, number in kinds:
            bad = _spoil(good[1], at, number)
            updates = _run(subject, [good[0], bad, good[1]])
            _require_rest(updates[1], f"{_name(number)} in its {'first' if at == 0 else 'last'} leaf")
            for i, u in ((0, updates[0]), (1, updates[2])):
                place = describe_gap(u, expected[i], "float32", factor=5.0)
                if place:
                    raise Broken(f"after a gradient with {_name(number)}, the next update is another one, {place}")
    if limit is None:
        return "how many it skips in a row. Pass the limit: claims={'skips nonfinite': 3}"
    _require_limit(subject, good, limit)
    return None


def _require_limit(subject: Subject, good: list[Any], limit: float) -> None:
    bad, count = _spoil(good[1], 0, jnp.nan), int(min(limit, _MANY))
    updates = _run(subject, [bad] * count + [good[0]] + [bad] * count + [bad] * (limit <= _MANY))
    for i, u in enumerate(updates[: 2 * count + 1]):
        if i != count:
            again = " again" if i > count else ""
            _require_rest(u, f"a NaN, number {i - (count + 1) * (i > count) + 1} in a row{again} of {limit:g} that are")
    if limit <= _MANY and not find_motion(updates[-1]):
        raise Broken(f"number {count + 1} in a row of gradients with a NaN is skipped, beyond the limit of {limit:g}")


def _run(subject: Subject, gradients: list[Any]) -> list[Any]:
    """Return the updates on gradients, at parameters that do not move."""
    params = sample(subject.network)
    state, results = subject.tx.init(params), []
    for gradient in gradients:
        updates, state = subject.jitted(gradient, state, params)
        results.append(updates)
    return results


def _spoil(gradient: Any, at: int, number: Any) -> Any:
    """Return a gradient with another number as one element of its first or its last leaf that has any."""
    leaves, structure = jax.tree.flatten(gradient)
    index = [i for i, leaf in enumerate(leaves) if leaf.size][at]
    flat = leaves[index].ravel().at[at].set(number)
    leaves[index] = flat.reshape(leaves[index].shape)
    return jax.tree.unflatten(structure, leaves)


def _require_rest(updates: Any, what: str) -> None:
    place = find_motion(updates)
    if place:
        raise Broken(f"a gradient with {what} moves the parameters: {place}")


def _name(number: Any) -> str:
    return "a NaN" if number != number else f"{'-' if number < 0 else ''}infinity"
