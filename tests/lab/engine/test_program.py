"""One program does every block and every chunk of a task, on any points of its structure."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab.engine.partition import Partition
from gradlab.lab.engine.program import Program
from gradlab.lab.engine.training_loop import draw, stack_optimizers
from gradlab.lab.problems import Problem
from tests.lab.training import train

CUT = Partition(points=3, seeds=2, steps=7, block_points=2, block_seeds=1, chunk=3)
RATES = (0.1, 0.2, 0.3)


@pytest.fixture
def program(noisy: Problem) -> Program:
    return Program(noisy, stack_optimizers([gl.adam(rate) for rate in RATES]), CUT, jax.devices()[:1])


def whole(program: Program, problem: Problem) -> np.ndarray:
    """The losses of all chunks of all blocks, on (point, seed, step)."""
    draws, found = draw(problem, range(2), 7), np.zeros((3, 2, 7), np.float32)
    for block in CUT.blocks():
        carry: Any = None
        losses = []
        for chunk in range(CUT.chunks):
            carry, trace = program.run([block], draws, chunk, carry)
            first = jax.tree.map(lambda array: np.asarray(array)[0], trace)
            losses.append(program.select_results(chunk, first)["loss"])
        found[np.ix_(block.points, block.seeds)] = np.concatenate(losses, -1)
    return found


def test_blocks_and_chunks_make_the_whole(program: Program, noisy: Problem) -> None:
    expected = train(noisy, [gl.adam(rate) for rate in RATES], range(2), 7)
    np.testing.assert_allclose(whole(program, noisy), expected.loss, rtol=1e-6)


def test_other_points_run_on_the_same_program(program: Program, noisy: Problem) -> None:
    others = [gl.adam(rate, b1=0.5) for rate in (0.5, 0.6, 0.7)]
    other = program.replace_points(stack_optimizers(others))
    assert other._compiled is program._compiled
    assert (other.compile_seconds, program.compile_seconds > 0) == (0.0, True)
    np.testing.assert_allclose(whole(other, noisy), train(noisy, others, range(2), 7).loss, rtol=1e-6)
    assert not np.allclose(whole(program, noisy), whole(other, noisy))


def test_only_what_was_asked_for_is_valid(program: Program, noisy: Problem) -> None:
    _, trace = program.run([CUT.blocks()[0]], draw(noisy, range(2), 7), 2, None)
    arrays = program.select_results(2, jax.tree.map(lambda array: np.asarray(array)[0], trace))
    assert arrays["loss"].shape == (2, 1, 1)  # of the positions 6, 7 and 8, one is a step
    assert arrays["metric final_loss"].shape == (2, 1, 2)  # and 6 and 7 are evaluated
    assert "path" not in arrays  # there is no landscape


def test_the_carry_has_the_shapes_that_are_told(program: Program, noisy: Problem) -> None:
    carry, _ = program.run([CUT.blocks()[0]], draw(noisy, range(2), 7), 0, None)
    assert [(array.shape[1:], array.dtype) for array in carry] == program.carry_shapes()
