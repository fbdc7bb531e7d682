"""The compiler compiles once for all tasks of one shape, under the settings of the calling thread."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab._compat import read_settings
from gradlab.lab._engine.compiler import Compiler
from gradlab.lab._engine.devices import select_devices
from gradlab.lab._engine.task import Task
from gradlab.lab._inputs.user_errors import UserCodeError
from gradlab.lab.problems import Problem


def task_at(problem: Problem, *rates: float, seeds: tuple[int, ...] = (0, 1)) -> Task:
    return Task(problem, "sgd", "descent", gl.sgd, {"learning_rate": np.array(rates)}, seeds, 3)


class Counted(Problem):
    """A bowl that counts how often its loss is traced, which is once or more for each compilation."""

    name, summary, traces = "counted", "Counts its traces.", 0

    def init(self, key: jax.Array) -> jax.Array:
        return jax.random.normal(key, (3,), jnp.float32)

    def loss(self, params: jax.Array, batch: Any) -> jax.Array:
        type(self).traces += 1
        return jnp.sum(params**2)


def first_losses(compiler: Compiler, task: Task) -> tuple[Any, float]:
    """Compile a task of one block, and return its losses on (point, seed, step), and the seconds of the compilation."""
    future, draws = compiler.prepare(task)
    program = future.result(timeout=100)
    _, trace = program.run(task.partition.blocks(), draws.result(timeout=100), 0, None)
    return np.asarray(trace.loss)[0].T, program.compile_seconds


def test_a_program_is_reused_for_other_points_of_the_same_shape() -> None:
    problem = Counted()
    with Compiler(jax.devices()[:1], reuse_programs=True) as compiler:
        first, seconds = first_losses(compiler, task_at(problem, 0.1, 0.2))
        traces = problem.traces
        second, no_seconds = first_losses(compiler, task_at(problem, 0.3, 0.4))
        assert (seconds > 0, no_seconds, problem.traces) == (True, 0.0, traces)
        third, more_seconds = first_losses(compiler, task_at(problem, 0.1, 0.2, 0.3))
        assert more_seconds > 0
        assert problem.traces == traces  # another program, which shares the trace of the loss
    np.testing.assert_allclose(third[:2], first[:2], rtol=1e-6)
    for losses, rates in ((first, (0.1, 0.2)), (second, (0.3, 0.4))):
        for loss, rate in zip(losses, rates):  # x <- (1 - 2 rate) x
            np.testing.assert_allclose(loss[:, 1] / loss[:, 0], (1 - 2 * rate) ** 2, rtol=1e-5)


def test_each_program_is_compiled_anew_without_reuse() -> None:
    with Compiler(jax.devices()[:1]) as compiler:
        assert all(first_losses(compiler, task_at(Counted(), rate, 1.0))[1] > 0 for rate in (0.1, 0.2))


def test_another_problem_gets_draws_and_a_program_of_its_own(noisy: Problem) -> None:
    with Compiler(reuse_programs=True) as compiler:
        prepared = [compiler.prepare(task_at(problem, 0.1)) for problem in (noisy, type(noisy)(), noisy)]
        assert all(program.result(timeout=100).compile_seconds > 0 for program, _ in prepared[:2])
        assert prepared[2][0].result(timeout=100).compile_seconds == 0
    assert prepared[0][1] is not prepared[1][1]


def test_optimizers_on_one_problem_share_the_draws(noisy: Problem) -> None:
    with Compiler() as compiler:
        draws = [compiler.prepare(task_at(noisy, rate))[1].result(timeout=100) for rate in (0.1, 0.2)]
        other = compiler.prepare(task_at(noisy, 0.1, seeds=(1, 2)))[1].result(timeout=100)
    assert draws[0] is draws[1]
    assert draws[0].params["a"].shape == (2, 3)
    np.testing.assert_array_equal(other.params["a"][0], draws[0].params["a"][1])  # both are of seed 1


def test_errors_in_user_code_are_recognized(noisy: Problem) -> None:
    def broken(learning_rate: float) -> object:
        raise RuntimeError("no")

    task = Task(noisy, "mine", "", broken, {"learning_rate": np.array([0.1])}, (0,), 3)
    with Compiler() as compiler, pytest.raises(UserCodeError, match=r"mine on noisy fails at .*test_compiler.py"):
        compiler.prepare(task)


def test_runs_draw_and_compute_under_the_settings_of_the_caller(noisy: Problem) -> None:
    def starts() -> Any:
        with Compiler() as compiler:
            program, draws = compiler.prepare(task_at(noisy, 0.1))
            program.result(timeout=100)
            return draws.result(timeout=100).params["a"]

    with jax.default_prng_impl("rbg"):
        key, _ = jax.random.split(jax.random.key(jnp.uint32(1)))
        expected = jax.random.normal(key, (3,), jnp.float32)
        np.testing.assert_array_equal(starts()[1], expected)
    assert not np.array_equal(starts()[1], expected)


def test_settings_of_the_caller_hold_where_a_problem_is_drawn_and_compiled() -> None:
    seen = {"init": set[Any](), "loss": set[Any]()}

    class Observed(Counted):
        def init(self, key: jax.Array) -> jax.Array:
            seen["init"].add(read_settings()["jax_default_matmul_precision"])
            return super().init(key)

        def loss(self, params: jax.Array, batch: Any) -> jax.Array:
            seen["loss"].add(read_settings()["jax_default_matmul_precision"])
            return super().loss(params, batch)

    with jax.default_matmul_precision("float32"), Compiler(jax.devices()[:1]) as compiler:
        first_losses(compiler, task_at(Observed(), 0.1))
    assert seen == {"init": {"float32"}, "loss": {"float32"}}


def test_the_default_device_is_the_one_that_computes(noisy: Problem) -> None:
    second = jax.devices()[1]
    with jax.default_device(second), Compiler() as compiler:
        assert select_devices() == [second]
        task = task_at(noisy, 0.1)
        future, draws = compiler.prepare(task)
        program = future.result(timeout=100)
        _, trace = program.run(task.partition.blocks(), draws.result(timeout=100), 0, None)
    assert program.width == 1
    assert trace.loss.devices() == {second}
    with jax.default_device("cpu"):
        assert select_devices() == jax.local_devices()
