"""A transformation of optax's catalog, called by hand, without the law kit."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .optax_catalog import CATALOG

NUMBERS = np.random.default_rng(0).normal(size=(6, 3, 4))


class Case:
    """A transformation of the catalog, with what it is called with."""

    def __init__(self, name: str):
        example = CATALOG[name]
        self.make, self.arguments, self.extra = example.factory, dict(example.arguments), dict(example.extra)
        self.tx = optax.with_extra_args_support(example.factory(**self.arguments))
        self.is_lookahead = name.startswith("lookahead")

    def init(self, params: Any) -> Any:
        return self.tx.init(self._own(params))

    def update(self, gradient: Any, state: Any, params: Any) -> tuple[Any, Any]:
        updates, state = self.tx.update(gradient, state, self._own(params), **self.extra)
        return (updates.fast if self.is_lookahead else updates), state

    def run(self, gradients: list[Any], params: Any) -> list[Any]:
        """Return the updates at fixed parameters."""
        state, results = self.init(params), []
        for gradient in gradients:
            updates, state = self.update(gradient, state, params)
            results.append(updates)
        return results

    def slope(self, gradient: Any, params: Any, steps: int = 0, by: str = "gradient") -> list[Any]:
        """Return the derivatives of the sum of the updates after some steps."""
        state = self.init(params)
        for _ in range(steps):
            _, state = self.update(gradient, state, params)
        floats = [isinstance(x, jax.Array) and jnp.issubdtype(x.dtype, jnp.floating) for x in jax.tree.leaves(state)]

        def total(x: Any) -> Any:
            structure: Any
            leaves, structure = jax.tree.flatten(state)
            if by == "state":
                new = iter(x)
                leaves = [next(new) if is_float else leaf for leaf, is_float in zip(leaves, floats, strict=True)]
            updates, _ = self.update(
                x if by == "gradient" else gradient, structure.unflatten(leaves), x if by == "parameters" else params
            )
            return sum(jnp.sum(leaf.astype(jnp.float32)) for leaf in jax.tree.leaves(updates))

        chosen = [leaf for leaf, is_float in zip(jax.tree.leaves(state), floats, strict=True) if is_float]
        point = {"gradient": gradient, "parameters": params, "state": chosen}[by]
        return jax.tree.leaves(jax.grad(total)(point))

    def _own(self, params: Any) -> Any:
        return optax.LookaheadParams(params, params) if self.is_lookahead else params


def tree(dtype: Any = jnp.float32, index: int = 0) -> dict[str, Any]:
    """Return a vector and a matrix."""
    return {"vector": jnp.asarray(NUMBERS[index, 0, :3], dtype), "matrix": jnp.asarray(NUMBERS[index], dtype)}


def zeros(dtype: Any = jnp.float32) -> dict[str, Any]:
    return jax.tree.map(jnp.zeros_like, tree(dtype))
