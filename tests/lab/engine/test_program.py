"""A program computes every block and every chunk of a task, for any points of the same structure."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.compilation.fast_compilation import compile_fast
from gradlab.lab._engine import program as program_module
from gradlab.lab._engine.partition import Partition
from gradlab.lab._engine.program import Program
from gradlab.lab._engine.training_loop import draw, stack_optimizers
from gradlab.lab.problems import Problem
from tests.lab.training import train

PARTITION = Partition(points=3, seeds=2, steps=7, block_points=2, block_seeds=1, chunk=3)
RATES = (0.1, 0.2, 0.3)


@pytest.fixture
def program(noisy: Problem) -> Program:
    return Program(noisy, stack_optimizers([gl.adam(rate) for rate in RATES]), PARTITION, jax.devices()[:1])


def all_losses(program: Program, problem: Problem) -> np.ndarray:
    """The losses of all chunks of all blocks, on (point, seed, step)."""
    draws, losses = draw(problem, range(2), 7), np.zeros((3, 2, 7), np.float32)
    for block in PARTITION.blocks():
        carry: Any = None
        block_losses = []
        for chunk in range(PARTITION.chunks):
            carry, trace = program.run([block], draws, chunk, carry)
            first = jax.tree.map(lambda array: np.asarray(array)[0], trace)
            block_losses.append(program.select_results(chunk, first)["loss"])
        losses[np.ix_(block.points, block.seeds)] = np.concatenate(block_losses, -1)
    return losses


def test_blocks_and_chunks_compute_all_losses(program: Program, noisy: Problem) -> None:
    expected = train(noisy, [gl.adam(rate) for rate in RATES], range(2), 7)
    np.testing.assert_allclose(all_losses(program, noisy), expected.loss, rtol=1e-6)


def test_other_points_run_on_the_same_program(program: Program, noisy: Problem) -> None:
    others = [gl.adam(rate, b1=0.5) for rate in (0.5, 0.6, 0.7)]
    other = program.replace_points(stack_optimizers(others))
    assert (other.compile_seconds, program.compile_seconds > 0) == (0.0, True)
    np.testing.assert_allclose(all_losses(other, noisy), train(noisy, others, range(2), 7).loss, rtol=1e-6)
    assert not np.allclose(all_losses(program, noisy), all_losses(other, noisy))


def test_only_steps_and_evaluations_are_results(program: Program, noisy: Problem) -> None:
    _, trace = program.run([PARTITION.blocks()[0]], draw(noisy, range(2), 7), 2, None)
    arrays = program.select_results(2, jax.tree.map(lambda array: np.asarray(array)[0], trace))
    assert arrays["loss"].shape == (2, 1, 1)  # of the positions 6, 7 and 8, one is a step
    assert arrays["metric final_loss"].shape == (2, 1, 2)  # and 6 and 7 are evaluated
    assert "path" not in arrays  # there is no landscape


def test_the_carry_has_the_announced_shapes(program: Program, noisy: Problem) -> None:
    carry, _ = program.run([PARTITION.blocks()[0]], draw(noisy, range(2), 7), 0, None)
    assert [(array.shape[1:], array.dtype) for array in carry] == program.carry_shapes()


def test_a_program_of_whole_runs_carries_nothing(program: Program, noisy: Problem) -> None:
    whole = dataclasses.replace(PARTITION, chunk=8)
    made = Program(noisy, stack_optimizers([gl.adam(rate) for rate in RATES]), whole, jax.devices()[:1])
    carry, trace = made.run([whole.blocks()[0]], draw(noisy, range(2), 7), 0, None)
    assert (carry, made.carry_shapes()) == ([], [])
    found = made.select_results(0, jax.tree.map(lambda array: np.asarray(array)[0], trace))["loss"]
    np.testing.assert_allclose(found, all_losses(program, noisy)[:2, :1], rtol=1e-6)


def test_what_happens_every_few_updates_is_a_branch(program: Program, noisy: Problem) -> None:
    """Under `vmap`, a branch whose condition may differ between lanes becomes a selection, which computes both."""
    tx = [gl.sophia(rate) for rate in RATES]
    sophia = Program(noisy, stack_optimizers(tx), PARTITION, jax.devices()[:1])
    branches = [made._kept.compiled.as_text().count(" conditional(") for made in (program, sophia)]
    assert branches[1] == branches[0] + 1
    np.testing.assert_allclose(all_losses(sophia, noisy), train(noisy, tx, range(2), 7).loss, rtol=1e-5)


def test_a_task_of_milliseconds_is_compiled_without_passes_of_llvm(
    noisy: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, stack = list[bool](), stack_optimizers([gl.sgd(rate) for rate in RATES])

    def note(lowered: jax.stages.Lowered, device: jax.Device, is_brief: bool) -> jax.stages.Compiled:
        found.append(is_brief)
        return compile_fast(lowered, device, is_brief=True)

    monkeypatch.setattr(program_module, "compile_fast", note)
    for operations in (2e7, 1.0):
        monkeypatch.setattr(program_module, "BRIEF_OPERATIONS", operations)
        Program(noisy, stack, PARTITION, jax.devices()[:1])
    assert found == [True, False]


def test_flags_are_one_for_all_lanes_if_they_do_not_differ(noisy: Problem) -> None:
    """The first update of ADOPT is known by a flag. The other flag, here, says whether any gradient was positive."""

    def init(params: Any) -> Any:
        return jnp.zeros((), jnp.int32), jnp.array(False)

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        is_positive = [jnp.any(update > 0) for update in jax.tree.leaves(updates)]
        return updates, (state[0] + 1, state[1] | jnp.stack(is_positive).any())

    flagged = optax.GradientTransformation(init, update)
    for before, kinds in ((gl.adopt(0.1), {"i", "b"}), (gl.chain(flagged, gl.sgd(0.1)), {"i"})):
        made = Program(noisy, stack_optimizers([before] * 3), PARTITION, jax.devices()[:1])
        shared = {dtype.kind for (_, dtype), is_shared in zip(made.carry_shapes(), made._is_shared) if is_shared}
        assert shared == kinds


def test_lanes_may_differ_in_whole_numbers(noisy: Problem) -> None:
    """The number of updates without a NaN in a row depends on the gradient."""
    tx = [gl.skip_nonfinite(gl.sgd(rate)) for rate in RATES]
    skipping = Program(noisy, stack_optimizers(tx), PARTITION, jax.devices()[:1])
    assert not any(skipping._is_shared)
    np.testing.assert_allclose(all_losses(skipping, noisy), train(noisy, tx, range(2), 7).loss, rtol=1e-6)
