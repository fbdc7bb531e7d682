"""Where the arrays of a training step are on a mesh of devices."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp


class Placement:
    """A mesh, and the axes over which the rows of a batch are spread. Without a mesh, all arrays stay where they are.

    Raises TypeError for a mesh that is none, and ValueError for an axis that it does not have.
    """

    def __init__(self, mesh: Any = None, data_axis: str | tuple[str, ...] = "data"):
        if mesh is not None and not isinstance(mesh, jax.sharding.Mesh):
            raise TypeError(f"make_step: mesh must be a jax.sharding.Mesh, got {type(mesh).__name__}: {mesh!r}")
        names = data_axis if isinstance(data_axis, tuple | list) else (data_axis,)
        if not all(isinstance(name, str) for name in names):
            raise TypeError(
                f"make_step: data_axis must be the name of an axis of the mesh, or a tuple of names; got {data_axis!r}"
            )
        axes = (data_axis,) if isinstance(data_axis, str) else tuple(data_axis)
        if mesh is not None and (missing := [axis for axis in axes if axis not in mesh.axis_names]):
            raise ValueError(
                f"make_step: data_axis names {', '.join(map(repr, missing))}, but the axes of the mesh are "
                f"{mesh.axis_names}; pass the axis over which the batch is spread"
            )
        self.mesh: Any = None
        self.axes, self.shards = axes, 1
        if mesh is not None:
            # The compiler places what the loss computes, so that the loss need not say where that is.
            kinds = (jax.sharding.AxisType.Auto,) * len(mesh.axis_names)
            self.mesh = jax.sharding.Mesh(mesh.devices, mesh.axis_names, axis_types=kinds)
            self.shards = math.prod(mesh.shape[axis] for axis in axes)

    def put(self, tree: Any) -> Any:
        """Return parameters or a state on the mesh. What is not on it yet is copied to all of its devices."""
        if self.mesh is None:
            return tree
        return jax.tree.map(lambda leaf: jax.device_put(leaf, self._sharding_of(leaf)), tree)

    def put_batch(self, batch: Any) -> Any:
        """Return a batch with the rows of its arrays spread over the mesh, and its scalars on all devices.

        Raises ValueError, naming the path, if the rows cannot be spread evenly.
        """
        if self.mesh is None:
            return batch

        def put(path: Any, leaf: Any) -> Any:
            shape = jnp.shape(leaf)
            if shape and shape[0] % self.shards:
                raise ValueError(
                    f"the rows of the batch are spread over {self.shards} devices, but "
                    f"{jax.tree_util.keystr(path) or 'the batch'} has {shape[0]}; pass a number that {self.shards} "
                    f"divides"
                )
            return jax.device_put(leaf, self._named(self.axes) if shape else self._named())

        return jax.tree_util.tree_map_with_path(put, batch)

    def find_layout(self, tree: Any) -> tuple[Any, ...]:
        """Return the sharding of each leaf, as part of the structure of a program; none without a mesh."""
        return () if self.mesh is None else tuple(leaf.sharding for leaf in jax.tree.leaves(tree))

    def keep(self, tree: Any, layout: tuple[Any, ...]) -> Any:
        """Return a result of a program in a layout."""
        if self.mesh is None:
            return tree
        leaves, structure = jax.tree.flatten(tree)
        return jax.tree.unflatten(structure, map(jax.lax.with_sharding_constraint, leaves, layout))

    def spread_micro_batches(self, batches: Any) -> Any:
        """Return micro-batches along a first axis with the rows of each spread over the mesh."""
        if self.mesh is None:
            return batches

        def spread(leaf: Any) -> Any:
            axes = (None, self.axes) if leaf.ndim > 1 else ()
            return jax.lax.with_sharding_constraint(leaf, self._named(*axes))

        return jax.tree.map(spread, batches)

    def _sharding_of(self, leaf: Any) -> jax.sharding.NamedSharding:
        own = getattr(leaf, "sharding", None)
        if isinstance(own, jax.sharding.NamedSharding) and own.mesh.axis_names == self.mesh.axis_names:
            return self._named(*own.spec)
        return self._named()

    def _named(self, *spec: Any) -> jax.sharding.NamedSharding:
        return jax.sharding.NamedSharding(self.mesh, jax.P(*spec))
