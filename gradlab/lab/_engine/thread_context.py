"""The settings of the calling thread, copied to the worker threads that work for it."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from contextlib import ExitStack
from typing import ParamSpec, TypeVar

from gradlab._compat import find_setting_managers, read_settings

P = ParamSpec("P")
T = TypeVar("T")


def require_compilation() -> None:
    """Raise ValueError under `jax.disable_jit`, because every run is part of a compiled program."""
    if read_settings()["jax_disable_jit"]:
        raise ValueError("jax_disable_jit is set, and runs are compiled programs; unset JAX_DISABLE_JIT")


class ThreadSettings:
    """The settings that the thread had which made this object: those of JAX, and the values of context variables.

    A setting of JAX that a context manager makes, such as `jax.default_matmul_precision`, holds in one thread only.
    Contexts of `jax.make_user_context` are not included, because JAX does not list them. The mesh of `jax.set_mesh` is
    not included either, because programs are placed on devices of their own.
    """

    def __init__(self) -> None:
        settings = read_settings()
        self._values = {name: settings[name] for name in find_setting_managers()}
        self._variables = contextvars.copy_context()

    def apply_to(self, function: Callable[P, T]) -> Callable[P, T]:
        """Return a function that calls this one under these settings, in whatever thread, and leaves no trace there."""

        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            # A context can be entered by one thread at a time, so each call has its own copy.
            return self._variables.copy().run(call_with_settings, *args, **kwargs)

        def call_with_settings(*args: P.args, **kwargs: P.kwargs) -> T:
            current = read_settings()
            with ExitStack() as stack:
                for name, manager in find_setting_managers().items():
                    if current[name] != self._values[name]:
                        stack.enter_context(manager(self._values[name]))
                return function(*args, **kwargs)

        return call
