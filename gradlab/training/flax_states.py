"""Steps of Flax's training states: linen's `TrainState` and `nnx.Optimizer`.

Flax is imported only if one of them comes, so it need not be installed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax

from ..core.boundary import PyTree
from .models import call_whole
from .programs import StepProgram
from .step_arguments import describe_argument


def is_train_state(thing: Any) -> bool:
    """Return whether something is a `TrainState` of Flax linen, or a class with the same fields."""
    return all(hasattr(thing, name) for name in ("apply_gradients", "params", "opt_state", "tx", "step", "replace"))


def is_nnx_optimizer(thing: Any) -> bool:
    """Return whether something is an `nnx.Optimizer`."""
    return all(hasattr(thing, name) for name in ("opt_state", "tx", "step", "wrt", "update"))


def step_train_state(program: StepProgram, train_state: Any, batch: PyTree, **extra: Any) -> tuple[Any, Any]:
    """Return the next `TrainState`, and the loss."""
    if isinstance(train_state.params, Mapping) and "_overwrite_with_gradient" in train_state.params:
        raise ValueError(
            "these parameters hold _overwrite_with_gradient, the scales of float8 matrices, which are replaced and not "
            "optimized; train them by train_state.apply_gradients"
        )
    tx, params, state = train_state.tx, train_state.params, train_state.opt_state
    outcome = program(tx, params, state, batch, extra, (), call_whole)
    step = train_state.step + 1
    return train_state.replace(step=step, params=outcome.params, opt_state=outcome.state), outcome.result


class NnxModel(NamedTuple):
    """The structure of an nnx model."""

    graph: Any
    parameters: Any  # the structure of its parameters, as variables
    others: Any  # the structure of its other variables
    wrt: Any  # the filter that chooses the parameters

    def __call__(self, loss: Callable[..., Any], params: PyTree, kept: PyTree, batch: PyTree) -> Any:
        """Call the loss of the model, and return what it keeps beside its parameters, such as running means."""
        from flax import nnx

        # The variables are made anew, because nnx lets them change only within the trace that they were made in.
        trained = jax.tree.unflatten(self.parameters, jax.tree.leaves(params))
        model = nnx.merge(self.graph, trained, jax.tree.unflatten(self.others, jax.tree.leaves(kept)))
        result = loss(model, batch)
        _, _, others = _split(model, self.wrt)
        return result, nnx.as_pure(others)


def step_nnx(program: StepProgram, optimizer: Any, model: Any, batch: PyTree, **extra: Any) -> Any:
    """Update an nnx model and its optimizer in place, and return the loss."""
    from flax import nnx

    graph, trained, kept = _split(model, optimizer.wrt)
    params, others, state = nnx.as_pure(trained), nnx.as_pure(kept), nnx.as_pure(optimizer.opt_state)
    if not jax.tree.leaves(params):
        raise TypeError(
            f"step(optimizer, model, batch) takes the nnx model second; got {describe_argument(model)}, which holds "
            f"nothing that the optimizer's wrt chooses"
        )
    structure = NnxModel(graph, jax.tree.structure(trained), jax.tree.structure(kept), optimizer.wrt)
    outcome = program(optimizer.tx, params, state, batch, extra, others, structure)
    nnx.update(model, outcome.params, outcome.kept)
    nnx.update(optimizer.opt_state, nnx.state(outcome.state))
    optimizer.step[...] += 1
    return outcome.result


def _split(model: Any, wrt: Any) -> Any:
    """Return the structure of an nnx model, its parameters, and its other variables."""
    from flax import nnx

    return nnx.split(model, wrt, ...)
