"""The costs of the program of a step before it runs: seconds to trace, lower and compile it, its size, its memory."""

from __future__ import annotations

import random
import time
from typing import Any, NamedTuple

import jax

from .._compat import without_compilation_cache
from .counterparts import Counterpart
from .inspection.equations import count_equations
from .inspection.kernels import Traffic, measure_traffic
from .steps import describe_leaves, jit_step, make_optimizer, make_step, standard_settings
from .timing import Timing, summarize

ROUNDS = 3
MOST_SECONDS = 60.0  # after which no further round begins


class ProgramCost(NamedTuple):
    """The costs of the program of one step."""

    trace: Timing
    lower: Timing
    compile: Timing
    equations: int
    traffic: Traffic
    peak_bytes: int | None  # arguments, results and temporary arrays; None where XLA does not tell
    compiled: Any


@standard_settings()
def measure_programs(
    counterpart: Counterpart, libraries: list[str], shape: tuple[int, ...], leaves: int, seed: int = 0
) -> dict[str, ProgramCost]:
    """Trace, lower and compile the step of each library, in an order that is shuffled in each of three rounds.

    Everything is made anew in each round. Before, a program of two small leaves is compiled, so that nobody pays for
    what JAX does once. Compilation caches on the disk are not used.
    """
    order = random.Random(seed)
    seconds: dict[str, list[tuple[float, float, float]]] = {library: [] for library in libraries}
    last: dict[str, tuple[Any, Any]] = {}
    with without_compilation_cache():
        small = tuple(min(length, 4) for length in shape)
        for library in libraries:
            _compile(counterpart, library, small, 2)
        begin = time.perf_counter()
        for _ in range(ROUNDS):
            names = list(libraries)
            order.shuffle(names)
            for library in names:
                last.pop(library, None)  # so that no memory is held twice
                times, *last_of = _compile(counterpart, library, shape, leaves)
                seconds[library].append(times)
                last[library] = (last_of[0], last_of[1])
            if time.perf_counter() - begin > MOST_SECONDS:
                break
    return {library: _summarize(seconds[library], *last[library]) for library in libraries}


def _compile(counterpart: Counterpart, library: str, shape: tuple[int, ...], leaves: int) -> tuple[Any, Any, Any]:
    """Return the seconds to trace, lower and compile a step, its jaxpr, and the compiled program."""
    optimizer = make_optimizer(counterpart, library)
    params = describe_leaves(shape, leaves)
    state = jax.eval_shape(optimizer.init, params)
    jitted = jit_step(make_step(optimizer, counterpart.reads_loss))
    clock = [time.perf_counter()]
    traced = jitted.trace(params, state, params)
    clock.append(time.perf_counter())
    lowered = traced.lower()
    clock.append(time.perf_counter())
    compiled = lowered.compile()
    clock.append(time.perf_counter())
    times = (clock[1] - clock[0], clock[2] - clock[1], clock[3] - clock[2])
    return times, traced.jaxpr, compiled


def _summarize(seconds: list[tuple[float, float, float]], jaxpr: Any, compiled: Any) -> ProgramCost:
    trace, lower, compile_ = ([times[part] for times in seconds] for part in range(3))
    return ProgramCost(
        summarize(trace),
        summarize(lower),
        summarize(compile_),
        count_equations(jaxpr),
        measure_traffic(compiled),
        _read_peak(compiled),
        compiled,
    )


def _read_peak(compiled: Any) -> int | None:
    analysis = compiled.memory_analysis()
    if analysis is None:
        return None
    own = analysis.argument_size_in_bytes + analysis.output_size_in_bytes + analysis.temp_size_in_bytes
    return int(own - analysis.alias_size_in_bytes)
