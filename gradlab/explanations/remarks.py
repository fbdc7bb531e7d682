"""Remarks on a composition that works, but not as its publications describe it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax

from ..combinators.checks.descent_twice import find_second_descent
from ..combinators.checks.order_of_links import describe_second_descent
from ..core.base import Transformation
from ..core.composites import walk
from ..selectors.leaves import read_leaves
from ..states.named_leaves import list_links, role_of

_MATRIX = {"kernel": jax.ShapeDtypeStruct((2, 2), "float32")}  # whose way is followed, for lack of a model
_MOMENTA = {("scale_by_momentum",), ("scale_by_heavy_ball",), ("nesterov_momentum",)}


def find_remarks(tx: Any) -> tuple[str, ...]:
    """Return the remarks on a transformation and on all that it holds, as sentences; none if it is as published."""
    if not isinstance(tx, Transformation):
        return _remark_on_others(tx)
    remarks: dict[str, None] = {}

    def find() -> None:
        for place in walk(tx):
            if place.name == "schedule_free" and isinstance(place.tx, Transformation):
                remarks.update(dict.fromkeys(_remark_on_momentum(place.tx.arguments["tx"])))
            if place.name == "average_params" and isinstance(place.tx, Transformation):
                remarks.update(dict.fromkeys(_remark_on_micro_batches(place.tx.arguments["tx"])))
            if place.name == "chain" and isinstance(place.tx, Transformation):
                given = place.tx.arguments.get("links", ())  # a recipe that is a chain has other arguments
                remarks.update(dict.fromkeys(_remark_on_descent(place.parts.inner, given)))

    jax.eval_shape(find)  # so that no schedule is computed: an explanation must not start JAX's backend
    return tuple(remarks)


def _remark_on_others(tx: Any) -> tuple[str, ...]:
    """Return the remark on a transformation of another library, which is a pair of functions."""
    library = str(getattr(getattr(tx, "update", None), "__module__", "")).partition(".")[0]
    if library != "optax":
        return ()
    return (
        "A transformation of optax is a pair of functions, which tell neither their links nor their numbers. Explain "
        "the optimizer of the same name in gradlab, as in gl.explain(gl.adam(1e-3)), or in gl.flavors.optax.",
    )


def _remark_on_descent(links: Mapping[str, Any], given: Sequence[Any]) -> list[str]:
    try:
        pair = find_second_descent(links, given, read_leaves(_MATRIX))
    except ValueError:  # of a partition without a rule for this leaf
        return []
    return [] if pair is None else [f"{describe_second_descent(*pair)}."]


def _remark_on_micro_batches(inner: Any) -> list[str]:
    if not isinstance(inner, Transformation) or inner.factory.name != "accumulate":
        return []
    return [
        "average_params holds accumulate, so it averages after every micro-batch, also where no step was taken. Put it "
        "inside: accumulate(average_params(tx), every)."
    ]


def _remark_on_momentum(inner: Any) -> list[str]:
    links = list_links(inner) if isinstance(inner, Transformation) else {}
    momenta = [link for link, numbers in links.items() if role_of(link) in _MOMENTA and numbers.get("decay") != 0]
    if not momenta:
        return []
    return [
        f"schedule_free holds an optimizer with a momentum, {momenta[0]}, which acts beside b1. In the paper, b1 takes "
        "its place: leave the momentum out, as in sgd(0.1) or adam(b1=0.0)."
    ]
