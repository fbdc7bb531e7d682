"""The compiled program of a task. It computes one chunk of a group: one block on each device."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from gradlab._compat import without_compilation_cache
from gradlab.compilation.fast_compilation import compile_fast

from .._inputs.importing import imported_modules
from .._profile import measure
from .._storage.program_store import KeptProgram, active_store
from ..problems.base import Problem
from .devices import select_devices
from .evaluation_steps import choose_evaluation_steps
from .partition import Block, Partition, count_operations_of_gradients
from .random_key_conversion import unwrap_keys, wrap_keys
from .training_loop import (
    Draws,
    ProblemFunctions,
    Trace,
    compute_draw_shapes,
    make_initial_carry,
    run_step,
    unstack_metrics,
)

BLOCK = PartitionSpec("block")
# Gradients of fewer floating-point operations than this, in a whole task, take milliseconds: less than LLVM takes.
BRIEF_OPERATIONS = 2e7


class Program:
    """A program for some devices of this process. Making an instance compiles it; each device runs it on its own block.

    `stack` is one optimizer whose hyperparameters are arrays on (point,), as `stack_optimizers` returns it. A profile
    calls the program by its `label`. Programs that are given the same `functions` share the traces of these.

    The first axis of all inputs and outputs is the block. Nothing is computed across this axis, so that the results of
    a block do not depend on how many blocks there are.
    """

    def __init__(
        self,
        problem: Problem,
        stack: optax.GradientTransformation,
        partition: Partition,
        devices: Sequence[jax.Device] | None = None,
        label: str = "",
        functions: ProblemFunctions | None = None,
    ):
        begin = time.perf_counter()
        self.problem, self.partition, self.label = problem, partition, label
        self._functions = functions or ProblemFunctions(problem)
        devices = list(devices or select_devices())
        self.width, self.platform = len(devices), devices[0].platform  # the width is the number of blocks in a group
        self._hyperparameters = jax.tree.map(np.asarray, stack)  # on (point,)
        self._evaluations = choose_evaluation_steps(partition.steps)
        lane = jax.tree.map(lambda number: jax.ShapeDtypeStruct((), number.dtype), self._hyperparameters)
        self._lane = lane
        self._kept = self._find_kept(devices)
        self.compile_seconds = time.perf_counter() - begin

    @property
    def _continues(self) -> bool:
        """False if a chunk is a whole run, so that no run is continued."""
        return self.partition.chunk < self.partition.positions

    @cached_property
    def _draw_shapes(self) -> Draws:
        return compute_draw_shapes(self.problem, self.partition.steps)

    @cached_property
    def _carry(self) -> Any:
        return jax.eval_shape(make_initial_carry, self._lane, self._draw_shapes.params)

    def _find_kept(self, devices: Sequence[jax.Device]) -> KeptProgram:
        """Return the program from the store, if there is one that has it, or else make it."""
        store = None if imported_modules else active_store()  # what a user imports may change anything in gradlab
        parts = type(self.problem), self.problem, self._lane, self.partition.program_shape
        key = store.find_key(devices, *parts) if store else None
        if store is None or key is None:
            return self._compile(devices)
        with measure("compile", self.label):
            kept = store.load(key, devices)
        if kept is None:
            with without_compilation_cache():
                kept = self._compile(devices)
            with measure("compile", self.label):
                store.save(key, kept)
        return kept

    def replace_points(self, stack: optax.GradientTransformation) -> Program:
        """Return the same program for other points: as many as before, and of the same structure."""
        other = copy.copy(self)
        other._hyperparameters, other.compile_seconds = jax.tree.map(np.asarray, stack), 0.0
        return other

    def replace_partition(self, partition: Partition) -> Program:
        """Return the same program for another part of the runs, in blocks and chunks of the same size."""
        other = copy.copy(self)
        other.partition = partition
        return other

    def _compile(self, devices: Sequence[jax.Device]) -> KeptProgram:
        mesh, lane = Mesh(np.array(devices), ("block",)), self._lane
        lowered = self._lower_shared(mesh, lane)
        is_brief = count_operations_of_gradients(self.problem, self.partition) < BRIEF_OPERATIONS
        with measure("compile", self.label):
            compiled = compile_fast(lowered, mesh.devices.flat[0], is_brief)
        return KeptProgram(compiled, self._list_carry(), "lapack_" in (compiled.as_text() or ""))

    def _lower_shared(self, mesh: Mesh, lane: Any) -> jax.stages.Lowered:
        """Trace the program, with as many arrays of the carry as possible that are one for all lanes (see `_lower`)."""
        raw = self._raw_carry()
        for kinds in ("iub", "iu", ""):
            self._is_shared = [leaf.shape == () and leaf.dtype.kind in kinds for leaf in raw]
            try:
                return self._lower(mesh, lane)
            except ValueError:
                if not any(self._is_shared):  # else lanes differ in one of them, or the user's code fails
                    raise
        raise AssertionError

    def _lower(self, mesh: Mesh, lane: Any) -> jax.stages.Lowered:
        """Trace the program. Whole numbers and flags of the state, such as the number of updates, are the same in all
        lanes.

        They are one number for all lanes, so that what an optimizer does every few updates is a branch that is taken
        every few updates. If lanes had numbers of their own, `vmap` would compute both branches at each update. Raises
        ValueError if they are not the same.
        """
        partition = self.partition
        axes = jax.tree.unflatten(
            jax.tree.structure(self._carry_shape()), [None if shared else 0 for shared in self._is_shared]
        )

        # Seeds are outside and points inside. All points of a seed have their batches in common, so that their first
        # products are those of one matrix, which stands in memory as it is needed. The loop over the steps is around
        # both, so that batches and records have the position on their first axis, and nothing is transposed.
        def over_lanes(function: Any, of_points: Any, of_seeds: Any, outputs: Any) -> Any:
            return jax.vmap(jax.vmap(function, of_points, outputs), of_seeds, outputs)

        start_lanes = over_lanes(self._start_lane, (0, None), (None, 0), axes)
        step_lanes = over_lanes(self._step_lane, (0, axes, None, None), (None, axes, 0, None), (axes, 0))

        raw_draws = jax.eval_shape(unwrap_keys, self._draw_shapes)
        # A selection for each array of the carry is a quarter of the kernels that are compiled for a small optimizer.
        continues = self._continues
        trees = lane, raw_draws.params, self._carry_shape() if continues else (), raw_draws.batches

        def run_block(is_start: Any, evaluate: Any, *leaves: list[Any]) -> Any:
            # Each device has one block. Arrays come and go in lists, which are the same in all programs that are kept.
            tx, params, carry, batches = (
                jax.tree.unflatten(jax.tree.structure(tree), [leaf[0] for leaf in some])
                for tree, some in zip(trees, leaves, strict=True)
            )
            start = start_lanes(tx, params)
            # Whether the runs start or continue is an input, so that one program does both.
            carry = jax.tree.map(lambda new, old: jnp.where(is_start, new, old), start, carry) if continues else start
            carry, trace = jax.lax.scan(
                lambda carry, inputs: step_lanes(tx, carry, *inputs), carry, (batches, evaluate), length=len(evaluate)
            )
            return jax.tree.map(lambda array: array[None], (jax.tree.leaves(carry) if continues else [], trace))

        sharded, replicated = NamedSharding(mesh, BLOCK), NamedSharding(mesh, PartitionSpec())

        def shapes(tree: Any, *leading: int) -> list[Any]:
            return [
                jax.ShapeDtypeStruct((self.width, *leading, *leaf.shape), leaf.dtype, sharding=sharded)
                for leaf in jax.tree.leaves(tree)
            ]

        carry = [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in self._list_carry()]
        batch = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), raw_draws.batches)
        arguments = (
            jax.ShapeDtypeStruct((), bool, sharding=replicated),
            jax.ShapeDtypeStruct((partition.chunk,), bool, sharding=replicated),
            shapes(lane, partition.block_points),
            shapes(raw_draws.params, partition.block_seeds),
            shapes(carry),
            shapes(batch, partition.chunk, partition.block_seeds),
        )
        on_all_devices = jax.shard_map(
            run_block,
            mesh=mesh,
            in_specs=(PartitionSpec(), PartitionSpec(), BLOCK, BLOCK, BLOCK, BLOCK),
            out_specs=BLOCK,
            check_vma=False,
        )
        return jax.jit(on_all_devices).lower(*arguments)

    def _start_lane(self, tx: Any, params: Any) -> Any:
        return unwrap_keys(make_initial_carry(tx, wrap_keys(params, self._draw_shapes.params)))

    def _step_lane(self, tx: Any, carry: Any, batch: Any, is_evaluated: Any) -> tuple[Any, Trace]:
        batch = wrap_keys(batch, self._draw_shapes.batches)
        carry, trace = run_step(self._functions, tx, wrap_keys(carry, self._carry), batch, is_evaluated)
        return unwrap_keys(carry), trace

    @property
    def decomposes(self) -> bool:
        """True for a program that decomposes matrices by routines of LAPACK."""
        return self._kept.decomposes

    def carry_shapes(self) -> list[tuple[tuple[int, ...], Any]]:
        """Return the shape and dtype of each array that a block carries from chunk to chunk, on (seed, point, ...).

        There are none if a chunk is a whole run.
        """
        return self._kept.carry

    def _list_carry(self) -> list[tuple[tuple[int, ...], Any]]:
        if not self._continues:
            return []
        lanes = (self.partition.block_seeds, self.partition.block_points)
        leaves = zip(self._raw_carry(), self._is_shared)
        return [(leaf.shape if shared else (*lanes, *leaf.shape), leaf.dtype) for leaf, shared in leaves]

    def _carry_shape(self) -> Any:
        return jax.eval_shape(unwrap_keys, self._carry)

    def _raw_carry(self) -> list[Any]:
        return jax.tree.leaves(self._carry_shape())

    def run(
        self, blocks: Sequence[Block], draws: Draws, chunk: int, carry: list[Any] | None
    ) -> tuple[list[jax.Array], Trace]:
        """Run one chunk of as many blocks as there are devices.

        `carry` is what the previous chunk returned: arrays on (block, ...), or None at the start. Returns the carry for
        the next chunk, and the traces on (block, position, seed, point).
        """
        is_start = carry is None
        if carry is None:
            carry = [np.zeros((self.width, *shape), dtype) for shape, dtype in self.carry_shapes()]
        positions = self.partition.chunk_positions(chunk)
        steps = np.minimum(positions, self.partition.steps - 1)  # the last position has no batch of its own
        points, seeds = (np.stack([getattr(block, axis) for block in blocks]) for axis in ("points", "seeds"))
        next_carry, trace = self._kept.compiled(
            np.asarray(is_start),
            np.isin(positions, self._evaluations),
            [array[points] for array in jax.tree.leaves(self._hyperparameters)],
            [array[seeds] for array in jax.tree.leaves(draws.params)],
            carry,
            [array[seeds[:, None], steps[:, None]] for array in jax.tree.leaves(draws.batches)],
        )
        return next_carry, trace

    def run_first_gradients(self, blocks: Sequence[Block], draws: Draws) -> None:
        """Compute the first gradient of up to three seeds of some blocks, operation by operation.

        Under `jax.debug_nans` this raises an error at the operation that returns NaN. Compiled code does not name it.
        """

        def select(array: np.ndarray, *at: int) -> jax.Array:
            return jnp.asarray(array[at])

        for seed in np.unique(np.concatenate([block.seeds for block in blocks]))[:3]:
            params = jax.tree.map(lambda array, at=seed: select(array, at), draws.params)
            batch = jax.tree.map(lambda array, at=seed: select(array, at, 0), draws.batches)
            params, batch = wrap_keys(params, self._draw_shapes.params), wrap_keys(batch, self._draw_shapes.batches)
            with jax.disable_jit():
                jax.value_and_grad(self.problem.loss)(params, batch)

    def select_results(self, chunk: int, trace: Trace) -> dict[str, np.ndarray]:
        """Return the arrays of a block's trace without the positions that are no results, by name.

        The trace has NumPy arrays on (position, seed, point), and the results are on (point, seed, position). The loss
        and the path have a value for each step, and metrics for each evaluation.
        """
        trace = jax.tree.map(lambda array: np.swapaxes(array, 0, 2), trace)
        positions = self.partition.chunk_positions(chunk)
        is_step, is_evaluated = positions < self.partition.steps, np.isin(positions, self._evaluations)
        metrics = unstack_metrics(trace.metrics)
        arrays = {f"metric {name}": metric[..., is_evaluated] for name, metric in metrics.items()}
        arrays["loss"] = trace.loss[..., is_step]
        if trace.path is not None:
            arrays["path"] = trace.path[..., is_step, :]
        return arrays
