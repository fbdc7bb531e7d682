"""Counters of a state from those of another: the number of steps, and the weights of running means after as many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..schedules.base import Schedule
from .named_leaves import SCHEDULE_STEP, NamedLeaf, parse_name
from .transfer import Conversion, Transfer

# The counts of steps and the weights of running means, by the kind of the link and the field of its state. A weight
# belongs to the decay that is the argument of this name.
_COUNTS = {("bias_correction", "step"), ("add_noise", "step"), ("scale_by_heavy_ball", "entries")}
_WEIGHTS = {
    ("bias_correction", "first_weight"): "first_decay",
    ("bias_correction", "second_weight"): "second_decay",
    ("nesterov", "weight"): "decay",
}
# Two places of one weight: Adam as published corrects the second moment itself, the efficient form the quotient.
_SAME_WEIGHT = {
    (("bias_correction",), "second_weight"): (("scale_by_rms", "second_moment", "bias_correction"), "first_weight"),
    (("scale_by_rms", "second_moment", "bias_correction"), "first_weight"): (("bias_correction",), "second_weight"),
}


def match_weights(transfer: Transfer) -> None:
    """Take the weight of a running mean from where another form of the same optimizer keeps it."""
    for position in transfer.open:
        wanted = transfer.wanted[position]
        other = _SAME_WEIGHT.get((wanted.role, wanted.field))
        found = [name for name, leaf in transfer.unused.items() if (leaf.role, leaf.field) == other]
        if other is not None and len(found) == 1:
            transfer.take(position, found[0], "the same weight, which this form keeps elsewhere")


def convert_counters(transfer: Transfer, step: Any = None, source: str = "the argument step") -> None:
    """Compute the counters that were not found from the number of steps, which is given or found among the arrays.

    `source` says where a number that is given came from.
    """
    if step is None:
        source, step = _find_step(transfer)
    outside = {leaf.link for leaf in transfer.wanted if _counts_micro_batches(leaf, transfer.wanted)}
    for position in transfer.open:
        wanted = transfer.wanted[position]
        if not _is_counter(wanted):
            continue
        if wanted.link in outside:
            transfer.reasons.setdefault(wanted.name, "it counts micro-batches, whose number is not known")
            continue
        value = None if step is None else _value_after(wanted, step)
        if value is None and wanted.field == "entries" and _has_taken_buffer(transfer, wanted.link):
            transfer.convert(position, 1, source or f"{wanted.link}:buffer", "the buffer is in use")
        elif value is not None:
            transfer.convert(position, value, source, "from the number of steps")
        else:
            transfer.reasons.setdefault(wanted.name, "the number of steps is not known; pass step=")


def leave_out_counters(transfer: Transfer, links: Iterable[str]) -> None:
    """Leave out the counters of schedules where a link is still there, and has no schedule now: nothing is lost."""
    roles = {parse_name(link).role for link in links}
    roles -= {leaf.role for leaf in transfer.wanted if leaf.field == SCHEDULE_STEP}
    for name, leaf in transfer.unused.items():
        if leaf.field == SCHEDULE_STEP and leaf.role in roles and name not in transfer.reasons:
            transfer.used.add(name)
            transfer.converted.append(Conversion(name, name, "left out, since this link has no schedule now"))


def _counts_micro_batches(leaf: NamedLeaf, leaves: Iterable[NamedLeaf]) -> bool:
    """Return whether a counter stands outside of an `accumulate`, whose inner transformation counts steps."""
    return "accumulate/tx" not in leaf.link and any("accumulate/tx" in other.link for other in leaves)


def is_weight(leaf: NamedLeaf) -> bool:
    """Return whether an array is the weight of running means, or a counter that stands for it."""
    return not leaf.parameter and (_kind(leaf) in _WEIGHTS or _kind(leaf) in _COUNTS - {("add_noise", "step")})


def _has_taken_buffer(transfer: Transfer, link: str) -> bool:
    taken = (transfer.wanted[position] for position in transfer.values)
    return any(leaf.link == link and leaf.field == "buffer" for leaf in taken)


def _kind(leaf: NamedLeaf) -> tuple[str, str]:
    return (leaf.role or ("",))[-1], leaf.field


def _is_counter(leaf: NamedLeaf) -> bool:
    return not leaf.parameter and (_kind(leaf) in _COUNTS | set(_WEIGHTS) or leaf.field == SCHEDULE_STEP)


def _value_after(leaf: NamedLeaf, step: Any) -> Any:
    """Return the value of a counter after a number of steps, or None if it depends on numbers that are not known."""
    if _kind(leaf) not in _WEIGHTS or getattr(leaf.tx, "as_power", False):
        return step
    decay = getattr(leaf.tx, _WEIGHTS[_kind(leaf)])
    if isinstance(decay, jax.core.Tracer) or callable(decay):
        return _weight_on_schedule(decay, step) if isinstance(decay, Schedule) else None
    # 1 - decay^step, exact for a decay near 1; the bound stands for 0, whose weight is 1 after any step.
    return -jnp.expm1(jnp.asarray(step, float) * jnp.log(jnp.maximum(decay, 1e-30)))


def _weight_on_schedule(decay: Schedule, step: Any) -> Any:
    rest = jax.lax.fori_loop(0, step, lambda t, rest: rest * decay(t).astype(rest.dtype), jnp.ones(()))
    return 1 - rest


def _find_step(transfer: Transfer) -> tuple[str, Any]:
    """Return the name of a counter of steps, or of a weight that tells their number, and this number; or None."""
    sources = list(transfer.sources.values())
    counters = {
        name: leaf for name, leaf in transfer.sources.items() if _kind(leaf) in _COUNTS or leaf.field == SCHEDULE_STEP
    }
    steps = [name for name, leaf in counters.items() if not _counts_micro_batches(leaf, sources)]
    counts = {name: int(np.max(transfer.arrays[name])) for name in steps if _is_concrete(transfer.arrays[name])}
    if counts:
        name = next(iter(counts))
        return name, counts[name] if len(set(counts.values())) == 1 else None
    decays = {(leaf.role[:-1], decay): leaf.tx for leaf in transfer.wanted for decay in ("first_decay", "second_decay")}
    for name, leaf in transfer.sources.items():
        argument = _WEIGHTS.get(_kind(leaf), "")
        decay = getattr(decays.get((leaf.role[:-1], argument)), argument, None) if argument else None
        if isinstance(decay, float) and _is_concrete(transfer.arrays[name]):
            step = _count_steps(float(np.max(transfer.arrays[name])), decay)
            if step is not None:
                return name, step
    return "", None


def _count_steps(weight: float, decay: float) -> int | None:
    """Return the number of steps after which a running mean has a weight, or None if rounding hides it."""
    if not (0 <= weight < 1 - 1e-4 and 0 < decay < 1):
        return 0 if weight == 0 else None
    steps = np.log1p(-weight) / np.log(decay)
    return round(steps) if abs(steps - round(steps)) < 0.1 else None


def _is_concrete(array: Any) -> bool:
    return not isinstance(array, jax.core.Tracer) and np.size(array) > 0
