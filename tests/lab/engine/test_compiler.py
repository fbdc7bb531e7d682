"""The compiler compiles once for what has one shape, with the settings of who asks."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab.engine.compiler import Compiler
from gradlab.lab.engine.devices import local_devices
from gradlab.lab.engine.task import Task
from gradlab.lab.engine.thread_settings import settings_of_this_thread, thread_settings
from gradlab.lab.inputs.user_errors import UserCodeError
from gradlab.lab.problems import Problem


def task_at(problem: Problem, *rates: float, seeds: tuple[int, ...] = (0, 1)) -> Task:
    return Task(problem, "sgd", "descent", gl.sgd, {"learning_rate": np.array(rates)}, seeds, 3)


def test_it_keeps_programs_for_other_points(noisy: Problem) -> None:
    with Compiler(keep=True) as compiler:
        (first, draws), (second, same), (third, _) = map(
            compiler.prepare, (task_at(noisy, 0.1, 0.2), task_at(noisy, 0.3, 0.4), task_at(noisy, 0.1, 0.2, 0.3))
        )
        assert same is draws  # of one problem and one set of seeds
        programs = [future.result(timeout=100) for future in (first, second, third)]
        assert draws.result().params["a"].shape == (2, 3)
    assert programs[0]._compiled is programs[1]._compiled
    assert programs[0].compile_seconds > 0 == programs[1].compile_seconds
    np.testing.assert_allclose(jax.tree.leaves(programs[1]._numbers)[0], [0.3, 0.4])
    assert programs[2]._compiled is not programs[0]._compiled


def test_by_itself_it_keeps_nothing(noisy: Problem) -> None:
    with Compiler() as compiler:
        programs = [compiler.prepare(task_at(noisy, rate, 1.0))[0].result(timeout=100) for rate in (0.1, 0.2)]
    assert programs[0]._compiled is not programs[1]._compiled


def test_failures_of_others_are_told_apart(noisy: Problem) -> None:
    def broken(learning_rate: float) -> object:
        raise RuntimeError("no")

    task = Task(noisy, "mine", "", broken, {"learning_rate": np.array([0.1])}, (0,), 3)
    with Compiler() as compiler, pytest.raises(UserCodeError, match=r"mine on noisy fails at .*test_compiler.py"):
        compiler.prepare(task)


def in_another_thread(settle: Callable[[], None], look: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1, initializer=settle) as pool:
        return pool.submit(look).result(timeout=100)


def other_value(name: str, manager: Any) -> Any:
    """A value that a setting of JAX takes, and does not have now."""
    now = jax.config.values[name]
    candidates: list[Any] = (
        [not now] if isinstance(now, bool) else ["rbg", "standard", "raise", "float32", "log", "warn"]
    )
    for value in [jax.devices()[1]] if name == "jax_default_device" else candidates:
        with contextlib.suppress(ValueError, TypeError), manager(value):
            if value != now and jax.config.values[name] == value:
                return value
    raise AssertionError(f"no other value of {name} is known here")


def test_threads_take_on_every_setting_that_a_thread_can_have() -> None:
    managers = thread_settings()
    assert {"jax_enable_x64", "jax_debug_nans", "jax_default_prng_impl"} < set(managers)
    public = [name for name in dir(jax) if type(getattr(jax, name)) is type(jax.debug_nans)]
    assert len(managers) == len(public) - 1  # without thread_guard
    wanted = {name: other_value(name, manager) for name, manager in managers.items()}
    before = dict(jax.config.values)
    with contextlib.ExitStack() as stack:
        for name, manager in managers.items():
            stack.enter_context(manager(wanted[name]))
        settle = settings_of_this_thread()
    assert jax.config.values == before
    seen = in_another_thread(settle, lambda: dict(jax.config.values))
    assert {name: seen[name] for name in wanted} == wanted
    assert in_another_thread(lambda: None, lambda: dict(jax.config.values)) == before


def test_threads_take_on_the_guards_of_transfers_and_context_variables() -> None:
    variable = contextvars.ContextVar("variable", default=0)

    def transfer() -> str:
        with pytest.raises(jax.errors.JaxRuntimeError, match="Disallowed host-to-device"):
            jax.jit(lambda x: x)(np.arange(3))
        return str(variable.get())

    variable.set(1)
    with jax.transfer_guard("disallow"):
        settle = settings_of_this_thread()
    assert in_another_thread(settle, transfer) == "1"


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


def test_the_default_device_is_the_one_that_computes(noisy: Problem) -> None:
    second = jax.devices()[1]
    with jax.default_device(second), Compiler() as compiler:
        assert local_devices() == [second]
        program = compiler.prepare(task_at(noisy, 0.1))[0].result(timeout=100)
    assert program.width == 1
    assert program._compiled.input_shardings[0][0].device_set == {second}
    with jax.default_device("cpu"):
        assert local_devices() == jax.local_devices()
