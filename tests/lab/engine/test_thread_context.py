"""Work on other threads is done under the settings of the thread that asked for it, and leaves none of them behind."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np
import pytest

from gradlab._compat import find_setting_managers, read_settings
from gradlab.lab._engine.thread_context import ThreadSettings, require_compilation


@pytest.fixture
def thread() -> Iterator[Callable[[Callable[[], Any]], Any]]:
    """`thread(function)`: what a function returns in one and the same other thread."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda function: pool.submit(function).result(timeout=100)


def copy_settings() -> dict[str, Any]:
    return dict(read_settings())


def fail() -> None:
    raise ZeroDivisionError


def other_value(name: str, manager: Any) -> Any:
    """Return a value that a setting of JAX takes, and does not have now."""
    now = read_settings()[name]
    candidates: list[Any] = (
        [not now] if isinstance(now, bool) else ["rbg", "standard", "raise", "float32", "log", "warn"]
    )
    for value in [jax.devices()[1]] if name == "jax_default_device" else candidates:
        with contextlib.suppress(ValueError, TypeError), manager(value):
            if value != now and read_settings()[name] == value:
                return value
    raise AssertionError(f"no other value of {name} is known here")


def test_every_setting_that_a_thread_can_have_is_applied_and_undone(thread: Callable[..., Any]) -> None:
    managers = find_setting_managers()
    values = {name: other_value(name, manager) for name, manager in managers.items()}
    before = dict(read_settings())
    with contextlib.ExitStack() as stack:
        for name, manager in managers.items():
            stack.enter_context(manager(values[name]))
        settings = ThreadSettings()
    assert dict(read_settings()) == before
    during = thread(settings.apply_to(copy_settings))
    assert {name: during[name] for name in values} == values
    assert thread(copy_settings) == before


def test_guards_of_transfers_and_context_variables_are_applied_and_undone(thread: Callable[..., Any]) -> None:
    variable = contextvars.ContextVar("variable", default=0)

    def transfer() -> int:
        jax.jit(lambda x: x)(np.arange(3)).block_until_ready()
        return variable.get()

    variable.set(1)
    with jax.transfer_guard("disallow"):
        settings = ThreadSettings()
    with pytest.raises(jax.errors.JaxRuntimeError, match="Disallowed host-to-device"):
        thread(settings.apply_to(transfer))
    assert thread(settings.apply_to(variable.get)) == 1
    assert thread(transfer) == 0


def test_two_threads_can_work_under_the_same_settings_at_once() -> None:
    variable = contextvars.ContextVar("variable", default=0)
    variable.set(1)
    with jax.default_matmul_precision("float32"):
        settings = ThreadSettings()
    meeting = threading.Barrier(2)

    def look() -> tuple[int, Any]:
        meeting.wait(timeout=100)  # breaks unless both are inside
        return variable.get(), read_settings()["jax_default_matmul_precision"]

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(settings.apply_to(look)) for _ in range(2)]
        assert [future.result(timeout=100) for future in both] == [(1, "float32")] * 2


def test_settings_are_undone_after_an_error(thread: Callable[..., Any]) -> None:
    with jax.debug_nans(True):
        settings = ThreadSettings()
    with pytest.raises(ZeroDivisionError):
        thread(settings.apply_to(fail))
    assert thread(lambda: read_settings()["jax_debug_nans"]) is False


def test_runs_need_compilation() -> None:
    require_compilation()
    with jax.disable_jit(), pytest.raises(ValueError, match="unset JAX_DISABLE_JIT"):
        require_compilation()
