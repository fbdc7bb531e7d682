"""One row of `gradlab bench`: an optimizer at a size and a number of leaves, in all libraries, ready for JSON."""

from __future__ import annotations

import math
from typing import Any

import jax

from ..update_forms.as_written import as_written
from .bandwidth import LEAST_BYTES, STREAMS, Bandwidths, StreamContestant
from .counterparts import COUNTERPARTS, Counterpart
from .inspection.fewest_streams import count_fewest_bytes
from .programs import ProgramCost, measure_programs
from .steps import (
    choose_shape,
    describe_leaves,
    make_leaves,
    make_optimizer,
    make_state,
    make_step,
    standard_settings,
)
from .timing import Contestant, Repeated, Timing, compare, measure
from .torch_process import TorchError, TorchProcess

JAX_LIBRARIES = ("gradlab", "optax")
STREAM = "bandwidth"  # the contestant that only moves memory


@standard_settings()
def measure_row(
    name: str,
    size: int,
    leaves: int,
    against: list[str],
    seconds: float,
    bandwidths: Bandwidths,
    torch: TorchProcess | None = None,
) -> dict[str, Any]:
    """Measure a step of an optimizer, and what its program costs.

    `against` names the libraries beside gradlab, of "optax" and "torch". Each contestant runs for about `seconds`.
    Raises ValueError if `leaves` does not divide `size`.
    """
    counterpart = COUNTERPARTS[name]
    shape = choose_shape(size, leaves, counterpart.is_for_matrices)
    libraries = [
        library
        for library in JAX_LIBRARIES
        if (library == "gradlab" or library in against) and getattr(counterpart, library) is not None
    ]
    programs = measure_programs(counterpart, libraries, shape, leaves)
    contestants: dict[str, Contestant] = dict(
        zip(libraries, _make_contestants(counterpart, libraries, programs, shape, leaves), strict=True)
    )
    row: dict[str, Any] = {"optimizer": name, "size": size, "leaves": leaves, "shape": list(shape)}
    if torch is not None and counterpart.torch is not None:
        try:
            contestants["torch"] = made = torch.make(counterpart.torch, shape, leaves)
            row["torch_variant"] = made.variant
        except TorchError as error:
            row["torch_error"] = str(error)
    state_bytes = {library: _count_state_bytes(counterpart, library, shape, leaves) for library in libraries}
    fewest = count_fewest_streams(counterpart, shape)
    working = 2 * 4 * size + state_bytes["gradlab"]
    stream = None
    if fewest is not None and working >= LEAST_BYTES:
        kernel = bandwidths.find_best(working)
        contestants[STREAM] = stream = StreamContestant(STREAMS[kernel], working)
        row["bandwidth_kernel"] = kernel
    times = measure(contestants, seconds)
    row["steps"] = {library: describe_timing(times[library]) for library in contestants if library != STREAM}
    row["ratios"] = {
        library: _describe_ratio(compare(times["gradlab"], times[library]))
        for library in contestants
        if library not in ("gradlab", STREAM)
    }
    row["fewest_streams"] = fewest
    row["limit"] = None
    if stream is not None and fewest is not None:
        row["limit"] = _find_limit(times, stream.bytes, fewest * 4 * size)
    row["programs"] = {
        library: _describe_program(programs[library], size, leaves) | {"state_bytes": state_bytes[library]}
        for library in libraries
    }
    return row


@standard_settings()
def count_fewest_streams(counterpart: Counterpart, shape: tuple[int, ...]) -> float | None:
    """Return the fewest streams of a method, of those that gradlab's equations need and those that optax's need.

    Both compute the same method. None stands for methods that memory alone does not limit.
    """
    params = describe_leaves(shape, 1)
    found = []
    for library in JAX_LIBRARIES:
        if getattr(counterpart, library) is not None:
            optimizer = make_optimizer(counterpart, library)
            step = make_step(optimizer, counterpart.reads_loss)
            with as_written():
                found.append(count_fewest_bytes(step, params, jax.eval_shape(optimizer.init, params), params))
    known = [count for count in found if count is not None]
    return min(known) / (4 * math.prod(shape)) if known else None


@standard_settings()
def estimate_bytes(name: str, size: int, leaves: int, against: list[str]) -> int:
    """Return the bytes that the arrays of a row take: those of each contestant, and temporary ones as large."""
    counterpart = COUNTERPARTS[name]
    shape = choose_shape(size, leaves, counterpart.is_for_matrices)
    total, largest = 4 * size, 0  # the gradients
    for library in JAX_LIBRARIES:
        if getattr(counterpart, library) is not None and (library == "gradlab" or library in against):
            own = 4 * size + _count_state_bytes(counterpart, library, shape, leaves)
            total, largest = total + own, max(largest, own)
    if "torch" in against and counterpart.torch is not None:
        total += 4 * size + 2 * largest  # the gradients of its own; those that work on all leaves make temporary arrays
    return total + 2 * largest  # the arrays of the kernels, and temporary ones


def _find_limit(times: dict[str, Timing], stream_bytes: int, fewest_bytes: float) -> dict[str, Any]:
    """Return the time in which the memory moves the fewest bytes, and gradlab's in units of it.

    The bandwidth is that of the kernel, or that of another library's step if this is faster still: the loops of PyTorch
    reach up to a fifth more than those of XLA.
    """
    moved = {library: fewest_bytes for library in times if library != "gradlab"} | {STREAM: float(stream_bytes)}
    fastest = max(moved, key=lambda library: moved[library] / times[library].median)
    scale = moved[fastest] / fewest_bytes
    return {
        "seconds": times[fastest].median / scale,
        "bytes_per_second": moved[fastest] / times[fastest].median,
        "measured_by": fastest,
        **_describe_ratio(compare(times["gradlab"], times[fastest], scale)),
    }


def _make_contestants(
    counterpart: Counterpart,
    libraries: list[str],
    programs: dict[str, ProgramCost],
    shape: tuple[int, ...],
    leaves: int,
) -> list[Contestant]:
    gradients = make_leaves(shape, leaves, seed=1)
    made: list[Contestant] = []
    for library in libraries:
        params = make_leaves(shape, leaves, seed=0)
        state = make_state(make_optimizer(counterpart, library), params)
        made.append(Repeated(programs[library].compiled, (params, state), (gradients,)))
    return made


def _count_state_bytes(counterpart: Counterpart, library: str, shape: tuple[int, ...], leaves: int) -> int:
    state = jax.eval_shape(make_optimizer(counterpart, library).init, describe_leaves(shape, leaves))
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(state))


def describe_timing(timing: Timing) -> dict[str, Any]:
    """Return a timing, ready for JSON."""
    return {
        "seconds": timing.median,
        "quartiles": [timing.low, timing.high],
        "rounds": timing.rounds,
        "calls": timing.calls,
    }


def _describe_ratio(ratio: Timing) -> dict[str, Any]:
    return {"ratio": ratio.median, "quartiles": [ratio.low, ratio.high]}


def _describe_program(cost: ProgramCost, size: int, leaves: int) -> dict[str, Any]:
    return {
        "trace": describe_timing(cost.trace),
        "lower": describe_timing(cost.lower),
        "compile": describe_timing(cost.compile),
        "equations": cost.equations,
        "equations_per_leaf": cost.equations / leaves,
        "kernels": cost.traffic.kernels,
        "scalar_kernels": cost.traffic.scalar_kernels,
        "copies": cost.traffic.copies,
        "streams": cost.traffic.streams(4 * size),
        "peak_bytes": cost.peak_bytes,
    }
