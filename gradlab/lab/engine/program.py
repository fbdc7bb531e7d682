"""The compiled program of a task: one chunk of a group, which is a block of lanes on each device."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ..problems.base import Problem
from .devices import compile_fast, local_devices
from .evaluation_steps import evaluation_steps
from .partition import Block, Partition
from .random_keys import unwrap_keys, wrap_keys
from .training_loop import Draws, Trace, draw_shapes, initial_carry, run_chunk

BLOCK = PartitionSpec("block")


class Program:
    """Compiled when made, for some devices of this process; every device runs the same program on blocks of its own.

    The first axis of all that goes in and comes out is the block. Nothing crosses it, so that the numbers of a block
    do not depend on how many there are.
    """

    def __init__(
        self,
        problem: Problem,
        stacked: optax.GradientTransformation,
        partition: Partition,
        devices: Sequence[jax.Device] | None = None,
    ):
        begin = time.perf_counter()
        self.problem, self.partition = problem, partition
        devices = list(devices or local_devices())
        self.width, self.platform = len(devices), devices[0].platform  # the width of a group, in blocks
        self._numbers = jax.tree.map(np.asarray, stacked)  # on (point,)
        self._evaluated = evaluation_steps(partition.steps)
        lane = jax.tree.map(lambda number: jax.ShapeDtypeStruct((), number.dtype), self._numbers)
        self._shapes = draw_shapes(problem, partition.steps)
        self._carry = jax.eval_shape(initial_carry, lane, self._shapes.params)
        self._compiled = self._compile(Mesh(np.array(devices), ("block",)), lane)
        self.compile_seconds = time.perf_counter() - begin

    def of(self, stacked: optax.GradientTransformation) -> Program:
        """The same program for as many other points of the same structure."""
        other = copy.copy(self)
        other._numbers, other.compile_seconds = jax.tree.map(np.asarray, stacked), 0.0
        return other

    def _compile(self, mesh: Mesh, lane: Any) -> Any:
        partition = self.partition
        over_seeds = jax.vmap(self._lane, in_axes=(None, None, 0, 0, 0, None))
        over_points = jax.vmap(over_seeds, in_axes=(None, 0, None, 0, None, None))

        def one_block(first: Any, tx: Any, starts: Any, carry: Any, batches: Any, evaluate: Any) -> Any:
            own = partial(jax.tree.map, lambda array: array[0])
            results = over_points(first, own(tx), own(starts), own(carry), own(batches), evaluate)
            return jax.tree.map(lambda array: array[None], results)

        placed, same = NamedSharding(mesh, BLOCK), NamedSharding(mesh, PartitionSpec())

        def shapes(tree: Any, *leading: int) -> Any:
            def shape(leaf: Any) -> Any:
                return jax.ShapeDtypeStruct((self.width, *leading, *leaf.shape), leaf.dtype, sharding=placed)

            return jax.tree.map(shape, tree)

        raw_draws = jax.eval_shape(unwrap_keys, self._shapes)
        batch = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), raw_draws.batches)
        arguments = (
            jax.ShapeDtypeStruct((), bool, sharding=same),
            shapes(lane, partition.block_points),
            shapes(raw_draws.params, partition.block_seeds),
            shapes(jax.eval_shape(unwrap_keys, self._carry), partition.block_points, partition.block_seeds),
            shapes(batch, partition.block_seeds, partition.chunk),
            jax.ShapeDtypeStruct((partition.chunk,), bool, sharding=same),
        )
        everywhere = jax.shard_map(
            one_block,
            mesh=mesh,
            in_specs=(PartitionSpec(), BLOCK, BLOCK, BLOCK, BLOCK, PartitionSpec()),
            out_specs=BLOCK,
            check_vma=False,
        )
        return compile_fast(jax.jit(everywhere).lower(*arguments), mesh.devices.flat[0])

    def _lane(self, first: Any, tx: Any, params: Any, carry: Any, batches: Any, evaluate: Any) -> Any:
        # Whether to start or to go on is an input, so that one program does both.
        begin = unwrap_keys(initial_carry(tx, wrap_keys(params, self._shapes.params)))
        carry = jax.tree.map(lambda new, old: jnp.where(first, new, old), begin, carry)
        carry, trace = run_chunk(
            self.problem, tx, wrap_keys(carry, self._carry), wrap_keys(batches, self._shapes.batches), evaluate
        )
        return unwrap_keys(carry), trace

    def carry_shapes(self) -> list[tuple[tuple[int, ...], Any]]:
        """Shape and dtype of each array that a block carries from chunk to chunk."""
        leading = (self.partition.block_points, self.partition.block_seeds)
        leaves = jax.tree.leaves(jax.eval_shape(unwrap_keys, self._carry))
        return [((*leading, *leaf.shape), leaf.dtype) for leaf in leaves]

    def run(
        self, blocks: Sequence[Block], draws: Draws, chunk: int, carry: list[Any] | None
    ) -> tuple[list[jax.Array], Trace]:
        """Run one chunk of as many blocks as there are devices, from `carry` (arrays on (block, ...)) or the start.

        Returns what to go on from, and the traces on (block, point, seed, position).
        """
        structure = jax.tree.structure(self._carry)
        if carry is None:
            carry = [np.zeros((self.width, *shape), dtype) for shape, dtype in self.carry_shapes()]
        span = self.partition.chunk_positions(chunk)
        at = np.minimum(span, self.partition.steps - 1)
        points, seeds = (np.stack([getattr(block, axis) for block in blocks]) for axis in ("points", "seeds"))
        carried, trace = self._compiled(
            np.asarray(chunk == 0),
            jax.tree.map(lambda number: number[points], self._numbers),
            jax.tree.map(lambda array: array[seeds], draws.params),
            jax.tree.unflatten(structure, carry),
            jax.tree.map(lambda array: array[seeds[..., None], at], draws.batches),
            np.isin(span, self._evaluated),
        )
        return jax.tree.leaves(carried), trace

    def try_starts(self, blocks: Sequence[Block], draws: Draws) -> None:
        """Compute the first gradient from some starts of some blocks, operation by operation.

        Compiled code does not say which operation gave NaN. Under `jax.debug_nans` this does, by raising there.
        """

        def first(array: np.ndarray, *at: int) -> jax.Array:
            return jnp.asarray(array[at])

        for seed in np.unique(np.concatenate([block.seeds for block in blocks]))[:3]:
            params = wrap_keys(jax.tree.map(lambda array, at=seed: first(array, at), draws.params), self._shapes.params)
            batch = jax.tree.map(lambda array, at=seed: first(array, at, 0), draws.batches)
            with jax.disable_jit():
                jax.value_and_grad(self.problem.loss)(params, wrap_keys(batch, self._shapes.batches))

    def valid(self, chunk: int, trace: Trace) -> dict[str, np.ndarray]:
        """What of a block's trace (NumPy arrays) belongs to the results, by name."""
        span = self.partition.chunk_positions(chunk)
        steps, evaluated = span < self.partition.steps, np.isin(span, self._evaluated)
        arrays = {f"metric {name}": metric[..., evaluated] for name, metric in trace.metrics.items()}
        arrays["loss"] = trace.loss[..., steps]
        if trace.path is not None:
            arrays["path"] = trace.path[..., steps, :]
        return arrays
