"""`apply_updates`, which adds updates to parameters, and refuses what would be broadcast or is exchanged."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

from ..core.boundary import PyTree, is_absent
from ..core.tree_differences import find_difference


def apply_updates(params: PyTree, updates: PyTree) -> PyTree:
    """Return the parameters plus the updates, $x_t = x_{t-1} + u_t$, in the dtypes of the parameters.

    This is `optax.apply_updates`, which broadcasts an update of another shape; here, it is refused. A parameter stays
    as it is where the updates have None.

    The parameters may be an optimizer, which is a pytree of its numbers, and the updates are another one then. Raises
    ValueError, naming the place, if the two have other structures or shapes, and TypeError if only one of them is an
    optimizer.

    >>> print(gl.apply_updates({"bias": jnp.array([1.0, 2.0])}, {"bias": jnp.array([-0.5, 0.5])})["bias"])
    [0.5 2.5]
    """
    are_optimizers = [isinstance(tree, optax.GradientTransformation) for tree in (params, updates)]
    if any(are_optimizers) and not all(are_optimizers):
        raise TypeError(
            f"apply_updates(params, updates): got an optimizer as {'params' if are_optimizers[0] else 'updates'}; it "
            f"takes what the optimizer's update returned: updates, state = tx.update(grads, state, params)"
        )

    def add(param: Any, update: Any) -> Any:
        if is_absent(param) or is_absent(update):
            return param
        if jnp.shape(param) != jnp.shape(update):
            raise ValueError  # the message is made below, from the whole trees
        return jnp.asarray(param + update).astype(jnp.asarray(param).dtype)

    try:
        return jax.tree.map(add, params, updates, is_leaf=is_absent)
    except (TypeError, ValueError) as error:
        difference = find_difference(params, updates)
        if difference is None:
            raise
        raise ValueError(_explain(params, updates, *difference)) from error


def _explain(params: PyTree, updates: PyTree, path: str, param: str, update: str) -> str:
    """Say where the trees differ, and which of them looks like a state."""
    for name, tree in (("params", params), ("updates", updates)):
        if _looks_like_state(tree):
            return (
                f"apply_updates(params, updates): {name} look like the state of an optimizer; pass the parameters and "
                f"the updates, as in updates, state = tx.update(grads, state, params)"
            )
    return (
        f"apply_updates(params, updates): the two must be trees of the same structure and shapes, but differ at "
        f"{path}: {param} in params, {update} in updates. Pass the first that tx.update(grads, state, params) "
        f"returned for these parameters"
    )


def _looks_like_state(tree: PyTree) -> bool:
    """Return whether a tree is a state of gradlab or optax, or a tuple that holds one."""
    nodes = tree if type(tree) is tuple else (tree,)
    libraries = (type(node).__module__.partition(".")[0] for node in nodes if hasattr(node, "_fields"))
    return any(library in ("gradlab", "optax") for library in libraries)
