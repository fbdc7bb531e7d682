"""The time of a call of a small step, with the optimizer as an argument of it, or closed over."""

from __future__ import annotations

from typing import Any

import jax
import optax

from .counterparts import Counterpart
from .steps import choose_shape, jit_step, make_leaves, make_optimizer, make_state, make_step, standard_settings
from .timing import Repeated, Timing, measure

SIZE = 64  # parameters, which are computed in less time than a call takes
AS_ARGUMENT = "gradlab, as an argument"
ON_DEVICE = "gradlab, as an argument on the device"


@standard_settings()
def measure_calls(counterpart: Counterpart, libraries: list[str], seconds: float) -> dict[str, Timing]:
    """Return the seconds of a call by library, closed over, and of gradlab's with the optimizer as an argument.

    The keys of the result are the names of the libraries, and two more for gradlab's optimizer as an argument: one for
    hyperparameters that are Python numbers, which each call converts, and one for arrays on the device.
    """
    contestants = {}
    for library in libraries:
        optimizer = make_optimizer(counterpart, library)
        jitted = jit_step(make_step(optimizer, counterpart.reads_loss))
        contestants[library] = Repeated(jitted, *_make_arguments(counterpart, optimizer))
    if not counterpart.reads_loss:
        optimizer = make_optimizer(counterpart, "gradlab")

        def step(params: Any, state: Any, gradients: Any, tx: Any) -> tuple[Any, Any]:
            updates, state = tx.update(gradients, state, params)
            return optax.apply_updates(params, updates), state

        first, rest = _make_arguments(counterpart, optimizer)
        contestants[AS_ARGUMENT] = Repeated(jit_step(step), first, (*rest, optimizer))
        first, rest = _make_arguments(counterpart, optimizer)
        contestants[ON_DEVICE] = Repeated(jit_step(step), first, (*rest, jax.device_put(optimizer)))
    return measure(contestants, seconds)


def _make_arguments(counterpart: Counterpart, optimizer: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return parameters and state, and the gradients."""
    shape = choose_shape(SIZE, 1, counterpart.is_for_matrices)
    params = make_leaves(shape, 1, 0)
    return (params, make_state(optimizer, params)), (make_leaves(shape, 1, 1),)
