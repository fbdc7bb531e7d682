"""The compiled program of a training step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import optax

from ..core.boundary import PyTree, raise_precision
from ..states.points import gradient_params
from ..values.static import Static
from ..values.value import Value, rejoin, separate
from .donation import copy_shared
from .extra_arguments import require_read
from .loss_scale import loss_scale
from .losses import require_scalar
from .micro_batches import split_batch
from .objectives import Objective
from .placement import Placement
from .signals import select_signals


class Options(NamedTuple):
    """The arguments of `make_step`, as a step uses them."""

    loss: Callable[..., Any]
    has_aux: bool
    micro_batches: int
    weight: Callable[[Any], Any] | None
    placement: Placement
    donate: bool


class Outcome(NamedTuple):
    """The result of a step: the model and the state of its optimizer after it."""

    params: PyTree
    state: PyTree
    kept: PyTree  # what the model holds beside its parameters, such as running means
    result: Any  # the loss, or with `has_aux` a pair of it and of what came with it


class StepProgram:
    """A training step as one compiled program for each structure of its arguments. Numbers are data."""

    def __init__(self, options: Options):
        self.options = options
        self._compiled = jax.jit(self._run, donate_argnums=(1, 2) if options.donate else ())

    def __call__(
        self, tx: Any, params: PyTree, state: PyTree, batch: PyTree, extra: dict[str, Any], kept: PyTree, call: Any
    ) -> Outcome:
        """Take one step. `call` is the structure of the model, and `kept` what it holds beside its parameters."""
        if extra:
            require_read(tx, extra, self.options.loss)
        place = self.options.placement
        params, state, kept, batch = place.put(params), place.put(state), place.put(kept), place.put_batch(batch)
        if self.options.donate:
            params, state = copy_shared((params, state), (tx, batch, kept, extra))
        layout = Static((place.find_layout(params), place.find_layout(state)))
        optimizer = tx if isinstance(tx, Value) else Static(tx)
        try:
            return self._compiled(optimizer, params, state, kept, batch, separate(extra), Static(call), layout)
        except TypeError:
            raise_precision(params, "the parameter")  # raises for a leaf that cannot be trained, with its path
            raise

    def call_loss(self, params: PyTree, batch: PyTree) -> Any:
        """Return the loss of whole parameters and a batch. Raises TypeError unless it is a real scalar."""
        result = self.options.loss(params, batch)
        require_scalar(result, self.options.has_aux)
        return result

    def _run(
        self, tx: Any, params: PyTree, state: PyTree, kept: PyTree, batch: PyTree, extra: Any, call: Any, layout: Any
    ) -> Outcome:
        options, tx = self.options, tx.value if isinstance(tx, Static) else tx

        def loss(params: PyTree, kept: PyTree, batch: PyTree) -> Any:
            result, kept = call.value(options.loss, params, kept, batch)
            require_scalar(result, options.has_aux)
            value, aux = result if options.has_aux else (result, ())
            return jax.numpy.asarray(value), (kept, aux)

        objective = Objective(loss, options.weight, self._split if options.micro_batches > 1 else None)
        point, scale = gradient_params(tx, state, params), loss_scale(tx, state)
        found = objective.evaluate(point, kept, batch, scale)
        known = {
            "value": found.value,
            "grad": found.gradient,
            "value_fn": lambda params: objective.value(params, kept, batch),
            "gradient_fn": lambda params: objective.evaluate(params, kept, batch, scale).gradient,
            "loss_scale": scale,
            "weight": found.weight,
        }
        update = optax.with_extra_args_support(tx).update
        updates, state = update(found.gradient, state, params, **select_signals(tx, known), **rejoin(extra))
        params = jax.tree.map(_apply, updates, params, is_leaf=lambda node: node is None)
        of_params, of_state = layout.value
        params, state = options.placement.keep(params, of_params), options.placement.keep(state, of_state)
        return Outcome(params, state, found.kept, (found.value, found.aux) if options.has_aux else found.value)

    def _split(self, batch: PyTree) -> PyTree:
        place = self.options.placement
        return place.spread_micro_batches(split_batch(batch, self.options.micro_batches, place.shards))


def _apply(update: Any, param: Any) -> Any:
    """Return a parameter after its update, rounded once. Gradients of micro-batches are wider than the parameter."""
    if update is None:
        return param
    dtype = jax.numpy.result_type(param)
    return (jax.numpy.asarray(param).astype(update.dtype) + update).astype(dtype)
