"""Optimizers of which nothing but the part for other leaves acts on a problem, such as Muon on a vector.

A partition sends the leaves that its selectors choose through one transformation, and all others through another. Where
no leaf is chosen, the optimizer is that other transformation, and its rank is about that one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import jax
import numpy as np

from ...core.composites import walk
from ...selectors import ndim
from ...selectors.leaves import read_leaves
from ...values.value import Value
from .._formatting import join_names
from .base import Problem

ATTRIBUTE = "default_groups"  # of a Dataset: optimizer -> what `find_default_group` found, as JSON; left out if nothing
_COMBINATORS = ("chain", "partition", "add")  # whose names say nothing about what an optimizer is

DefaultGroup: TypeAlias = Mapping[str, Any]


def find_default_group(tx: Any, problem: Problem, rate: float | None) -> DefaultGroup | None:
    """Return by what an optimizer of this learning rate trains all leaves, if its selectors choose none of them.

    The keys are `selector`, its text; `by`, the name of the optimizer in its place, or None if that is a composition;
    and `share`, the learning rate of that one in units of the own, or None if it is unknown.
    """
    for place in walk(tx):
        if place.name != "partition" or place.tx.arguments["default"] is None:
            continue
        rules, default = place.tx.arguments["rules"], place.tx.arguments["default"]
        leaves = read_leaves(jax.eval_shape(problem.init, jax.eval_shape(lambda: jax.random.key(0))))
        if rules and not any(any(selector.choose(leaves)) for selector, _ in rules):
            is_named = isinstance(default, Value) and default.factory.name not in _COMBINATORS
            return {
                "selector": repr(rules[0][0]) if len(rules) == 1 else "any of its selectors",
                "by": default.factory.name if is_named else None,
                "share": _divide(default, rate) if is_named and rate else None,
            }
    return None


def _divide(default: Any, rate: float) -> float | None:
    own = default.arguments.get("learning_rate")
    is_number = np.ndim(own) == 0 and np.issubdtype(np.asarray(own).dtype, np.number)
    share = float(own) / rate if is_number else math.nan
    return float(f"{share:.3g}") if math.isfinite(share) else None


def as_attribute(groups: Mapping[str, DefaultGroup | None]) -> dict[str, str]:
    """Return the attribute of a Dataset from what was found, by optimizer; empty if nothing was."""
    found = {name: dict(group) for name, group in groups.items() if group}
    return {ATTRIBUTE: json.dumps(found)} if found else {}


def read_default_groups(attributes: Mapping[str, Any]) -> dict[str, DefaultGroup]:
    """Return what the attributes of a Dataset say, by optimizer."""
    return dict(json.loads(attributes.get(ATTRIBUTE, "{}")))


def describe_default_groups(attributes: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each selector that chose nothing, with the optimizers that have it."""
    found: dict[str, dict[str, list[str]]] = {}  # selector -> what they are -> optimizers
    for name, group in read_default_groups(attributes).items():
        found.setdefault(group["selector"], {}).setdefault(_describe(group), []).append(name)
    sentences = []
    for selector, kinds in found.items():
        is_matrix = selector == repr(ndim(2))
        reason = "no parameter is a matrix" if is_matrix else f"no parameter is chosen by {selector}"
        said = (f"{join_names(names)} {'is' if len(names) == 1 else 'are'} {what}" for what, names in kinds.items())
        sentences.append(f"On {attributes['problem']}, {reason}, so that {'; '.join(said)}.")
    return sentences


def _describe(group: DefaultGroup) -> str:
    if group["by"] is None:
        return "only what it is for other parameters"
    if group["share"] in (None, 1.0):
        return str(group["by"])
    return f"{group['by']} at {group['share']:g} times the rate"
