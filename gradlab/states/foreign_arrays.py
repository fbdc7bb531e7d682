"""The arrays that other libraries keep, by what they mean, and their places in a state of gradlab."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from .compared_links import divide_links
from .counters import convert_counters
from .named_arrays import name_arrays
from .named_leaves import NamedLeaf, list_links
from .transfer import Conversion, Transfer, TransferReport

_SECOND = ("scale_by_rms", "second_moment")

# Where the quantities are kept: the role of the link and the field.
_PLACES: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "momentum": (
        (("scale_by_momentum",), "moment"),
        (("scale_by_heavy_ball",), "buffer"),
        (("add", "chain", "scale_by_momentum"), "moment"),  # of AdEMAMix, which has two
    ),
    "second moment": (
        ((*_SECOND, "scale_by_momentum"), "moment"),
        (("scale_by_stddev", "second_moment", "scale_by_momentum"), "moment"),
    ),
    "mean": ((("scale_by_stddev", "mean", "scale_by_momentum"), "moment"),),
    "largest second moment": (((*_SECOND, "running_max"), "maximum"),),
    "sum of squares": (((*_SECOND, "running_sum"), "total"),),
    "second moment of the updates": ((("scale_by_update_rms",), "second_moment"),),
    "infinity norm": ((("scale_by_infinity_norm",), "norm"),),
    "start": ((("distance_from_start",), "start"), (("prodigy_distance",), "start")),
    "distance": ((("distance_from_start",), "distance"), (("prodigy_distance",), "distance")),
    "weighted gradients": ((("prodigy_distance",), "gradients"),),
    "progress": ((("prodigy_distance",), "progress"),),
    "sum of squared norms": ((("scale_by_global_rss",), "sum_of_squares"),),
    "sum of micro-batches": ((("accumulate",), "gradient"),),
    "number of micro-batches": ((("accumulate",), "micro_batches"), (("accumulate",), "weight")),
}


class ForeignArray(NamedTuple):
    """An array in the state of another library."""

    name: str  # the class or the library, the field and the parameter: `ScaleByAdamState:mu:dense/kernel`
    quantity: str  # what it holds, such as "second moment" or "step"; "" if it is not known
    parameter: str  # the path of the parameter to which it belongs
    value: Any  # the array
    in_steps: bool = False  # a momentum of steps, which include the learning rate, and not of directions
    is_corrected: bool = False  # a maximum of moments after their bias correction
    reason: str = ""  # why it has no place
    is_needed: bool = True  # False if nothing is lost without it


def take_over(tx: Any, params: Any, found: Iterable[ForeignArray], step: Any) -> tuple[Any, TransferReport]:
    """Return the state of an optimizer that goes on from arrays of another library, and the report."""
    found = list(_number_repeated(found))
    initial = tx.init(params)
    wanted = name_arrays(tx, initial, params)
    transfer = Transfer(wanted, jax.tree.leaves(initial), {array.name: array.value for array in found})
    for array in found:
        if array.reason:
            transfer.reasons[array.name] = array.reason
        if not array.is_needed:
            transfer.used.add(array.name)
            transfer.converted.append(Conversion(array.name, array.name, f"left out, since {array.reason}"))
        positions = [position for position in _find_positions(wanted, array) if position not in transfer.values]
        for position in positions if array.quantity == "number of micro-batches" else positions[:1]:
            _take(tx, transfer, position, array)
    _begin_sums(transfer, found)
    steps = [array.name for array in found if array.quantity == "step"]
    before = len(transfer.converted)
    convert_counters(transfer, step, steps[0] if steps else "")
    if len(transfer.converted) > before:
        transfer.used.update(steps)
    for name in steps:
        transfer.reasons.setdefault(name, "this state counts no steps")
    return jax.tree.unflatten(jax.tree.structure(initial), transfer.arrays_of_state()), transfer.report()


def _begin_sums(transfer: Transfer, found: Iterable[ForeignArray]) -> None:
    """Begin the sum of losses of `accumulate`, which others do not keep, where no micro-batch has come yet."""
    counts = [array for array in found if array.quantity == "number of micro-batches"]
    if counts and not any(isinstance(array.value, jax.core.Tracer) or jnp.any(array.value) for array in counts):
        for position in transfer.open:
            if transfer.wanted[position].role == ("accumulate",) and transfer.wanted[position].field == "value":
                transfer.convert(position, 0.0, counts[0].name, "0, since no micro-batch has come yet")


def _number_repeated(found: Iterable[ForeignArray]) -> Iterator[ForeignArray]:
    """Yield arrays with a number in each name that is there already, as in a chain with two traces."""
    counts: collections.Counter[str] = collections.Counter()
    for array in found:
        counts[array.name] += 1
        library, _, rest = array.name.partition(":")
        number = counts[array.name]
        yield array if number == 1 else array._replace(name=f"{library}_{number}:{rest}")


def _find_positions(wanted: list[NamedLeaf], array: ForeignArray) -> list[int]:
    places = _PLACES.get(array.quantity, ())
    return [
        position
        for position, leaf in enumerate(wanted)
        if (leaf.role, leaf.field) in places and leaf.parameter == array.parameter
    ]


def _take(tx: Any, transfer: Transfer, position: int, array: ForeignArray) -> None:
    """Take an array over, in the unit that it has at its new place."""
    leaf, links = transfer.wanted[position], list_links(tx)
    before = divide_links(list(links), leaf.link)[0]
    if array.quantity == "largest second moment" and array.is_corrected != ("bias_correction" in before):
        transfer.reasons[leaf.name] = transfer.reasons[array.name] = (
            "one library takes the maximum before the bias correction, and the other one behind it"
        )
        return
    if array.quantity != "momentum" or array.in_steps == ("scale_by_learning_rate" in before):
        transfer.take(position, array.name, f"the {array.quantity}")
        return
    holder = leaf.link.rpartition("/")[0]
    rate = links.get("/".join(filter(None, (holder, "scale_by_learning_rate"))), {}).get("learning_rate")
    if not rate:
        transfer.reasons[leaf.name] = transfer.reasons[array.name] = (
            "one keeps a momentum of steps and the other one of directions, and the learning rate is no constant"
        )
        return
    factor = -1 / rate if array.in_steps else -rate
    array = array._replace(value=jnp.asarray(array.value) * factor)
    transfer.arrays[array.name] = array.value
    transfer.take(position, array.name, f"the momentum, times {factor:.3g} because of where the learning rate stands")
