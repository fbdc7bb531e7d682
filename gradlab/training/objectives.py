"""The loss of a training step, and its gradient over one batch or over several micro-batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..core.boundary import PyTree, raise_precision


class Evaluation(NamedTuple):
    """The result of one evaluation of the loss and its gradient."""

    value: jax.Array  # real scalar, the loss without any scale
    gradient: PyTree  # like the parameters, of the loss times its scale
    kept: PyTree  # what the model remembers beside its parameters, such as running means
    aux: Any  # what the loss returned beside its value; for micro-batches, along a new first axis
    weight: Any  # scalar, the sum of the weights of the micro-batches


class Objective(NamedTuple):
    """A loss over one batch, or over several micro-batches."""

    loss: Callable[[PyTree, PyTree, PyTree], Any]  # (params, kept, batch) -> (value, (kept, aux))
    weight: Callable[[PyTree], Any] | None  # the weight of a micro-batch
    split: Callable[[PyTree], PyTree] | None  # makes micro-batches of a batch, along a new first axis; None for one

    def value(self, params: PyTree, kept: PyTree, batch: PyTree) -> jax.Array:
        """Return the loss over a batch."""

        def evaluate(kept: PyTree, part: PyTree) -> Any:
            value, (kept, _) = self.loss(params, kept, part)
            return (value,), kept, ()

        return self._average(evaluate, kept, batch)[0][0]

    def evaluate(self, params: PyTree, kept: PyTree, batch: PyTree, scale: Any = 1.0) -> Evaluation:
        """Return the loss and its gradient over a batch.

        `scale` multiplies the gradient, and not the loss. For several micro-batches, both are means, weighted by
        `weight`, and are at least float32.
        """

        def evaluate(kept: PyTree, part: PyTree) -> Any:
            value, pullback, (kept, aux) = jax.vjp(lambda p: self.loss(p, kept, part), params, has_aux=True)
            # The scale enters with the derivative, so the loss itself cannot overflow.
            (gradient,) = pullback(jnp.asarray(scale).astype(value.dtype))
            # JAX's gradient of a complex leaf points the other way.
            return (value, jax.tree.map(lambda g: g.conj(), gradient)), kept, aux

        (value, gradient), kept, aux, weight = self._average(evaluate, kept, batch)
        return Evaluation(value, gradient, kept, aux, weight)

    def _average(self, evaluate: Callable[[PyTree, PyTree], Any], kept: PyTree, batch: PyTree) -> Any:
        """Return the means of what a function computes for each micro-batch, what is kept, the rest, and the weight."""
        if self.split is None:
            return *evaluate(kept, batch), self._weigh(batch)
        batches = self.split(batch)

        def raised(kept: PyTree, part: PyTree) -> Any:
            results, kept, aux = evaluate(kept, part)
            return raise_precision(results, "the gradient"), kept, aux

        def add(carry: Any, part: PyTree) -> Any:
            totals, weights, kept = carry
            results, kept, aux = raised(kept, part)
            w = self._weigh(part)
            return (jax.tree.map(lambda total, x: total + _weight(w, x), totals, results), weights + w, kept), aux

        shapes = jax.eval_shape(lambda: raised(kept, jax.tree.map(lambda leaf: leaf[0], batches)))[0]
        zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        (totals, weights, kept), aux = jax.lax.scan(add, (zeros, jnp.zeros(()), kept), batches)
        means = jax.tree.map(lambda total: total / jnp.where(weights == 0, 1, weights).astype(total.dtype), totals)
        return means, kept, aux, weights

    def _weigh(self, batch: PyTree) -> jax.Array:
        weight = 1.0 if self.weight is None else self.weight(batch)
        return jnp.asarray(weight).astype(jnp.zeros(()).dtype)


def _weight(weight: jax.Array, x: jax.Array) -> jax.Array:
    """Return a product, which is 0 for a weight of 0, even if the other factor is NaN."""
    return jnp.where(weight == 0, jnp.zeros_like(x), weight.astype(x.dtype) * x)
