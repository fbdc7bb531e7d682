"""What a call of a small step costs: the optimizer as an argument of it, or closed over."""

from __future__ import annotations

import time
from typing import Any

import jax
import optax

from .counterparts import Counterpart
from .steps import choose_shape, jit_step, make_leaves, make_optimizer, make_state, make_step, standard_settings
from .timing import Timing, measure

SIZE = 64  # parameters, which are computed in less time than a call takes
AS_ARGUMENT = "gradlab, as an argument"


class _Call:
    """A compiled step that is called again and again, behind arguments that stay the same."""

    def __init__(self, jitted: Any, first: tuple[Any, ...], params: Any, state: Any, gradients: Any):
        self._jitted, self._first, self._carry, self._gradients = jitted, first, (params, state), gradients

    def run(self, calls: int) -> float:
        jitted, first, (params, state), gradients = self._jitted, self._first, self._carry, self._gradients
        begin = time.perf_counter()
        for _ in range(calls):
            params, state = jitted(*first, params, state, gradients)
        jax.block_until_ready((params, state))
        seconds = time.perf_counter() - begin
        self._carry = params, state
        return seconds


@standard_settings()
def measure_calls(counterpart: Counterpart, libraries: list[str], seconds: float) -> dict[str, Timing]:
    """Return the seconds of a call by library, closed over, and of gradlab's with the optimizer as an argument."""
    shape = choose_shape(SIZE, 1, counterpart.is_for_matrices)
    contestants = {}
    for library in libraries:
        optimizer = make_optimizer(counterpart, library)
        params = make_leaves(shape, 1, 0)
        jitted = jit_step(make_step(optimizer, counterpart.reads_loss))
        contestants[library] = _Call(jitted, (), params, make_state(optimizer, params), make_leaves(shape, 1, 1))
    if not counterpart.reads_loss:
        optimizer = make_optimizer(counterpart, "gradlab")

        def step(tx: Any, params: Any, state: Any, gradients: Any) -> Any:
            updates, state = tx.update(gradients, state, params)
            return optax.apply_updates(params, updates), state

        params = make_leaves(shape, 1, 0)
        contestants[AS_ARGUMENT] = _Call(
            jax.jit(step, donate_argnums=(1, 2)),
            (optimizer,),
            params,
            make_state(optimizer, params),
            make_leaves(shape, 1, 1),
        )
    return measure(contestants, seconds)
