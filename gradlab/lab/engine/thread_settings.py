"""The settings of JAX that one thread has for itself, for the threads that work for it."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import jax


def require_compilation() -> None:
    """Raise ValueError under `jax.disable_jit`: every run here is a compiled program."""
    if jax.config.values["jax_disable_jit"]:
        raise ValueError("jax_disable_jit is set, and runs are compiled programs; unset JAX_DISABLE_JIT")


def settings_of_this_thread() -> Callable[[], None]:
    """A function that gives the thread that calls it the settings of this thread.

    These are the values of context variables, and of all context managers of JAX: each of them, such as
    `jax.enable_x64`, changes a setting for one thread alone. Contexts that a user makes with `jax.make_user_context`
    are not passed on, because JAX does not list them.
    """
    wanted = {name: jax.config.values[name] for name in thread_settings()}
    context = contextvars.copy_context()

    def settle() -> None:
        for name, manager in thread_settings().items():
            if jax.config.values[name] != wanted[name]:
                manager(wanted[name]).__enter__()
        for variable, value in context.items():
            variable.set(value)

    return settle


def thread_settings() -> dict[str, Callable[[Any], AbstractContextManager[None]]]:
    """The settings of JAX that a thread can have for itself: name in `jax.config` -> the public context manager."""
    kind: type = type(jax.enable_x64)
    public: dict[str, Any] = {name: manager for name in dir(jax) if isinstance(manager := getattr(jax, name), kind)}
    public.pop("thread_guard", None)  # is about one thread: another that sets it takes the place of the first
    known: Mapping[str, Any] = jax.config.values
    found = {f"jax_{name}" if f"jax_{name}" in known else name: manager for name, manager in public.items()}
    return {name: manager for name, manager in found.items() if name in known}
