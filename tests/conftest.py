"""Every test runs in float64, under strict dtype promotion, seeded, and compiles what it runs anew.

They compile with the options of the laws, but those of `-m xla_defaults` as XLA does by itself. Settings that
a terminal, a user or a continuous integration service makes in the environment do not reach the tests.
"""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import jax
import numpy as np
import pytest

from gradlab.compilation.fast_compilation import FAST_COMPILATION, WITHOUT_LLVM_PASSES
from tests.browser import Browser, browser, missing
from tests.file_order import find_place
from tests.shared_contexts import share_contexts

for variable in ("COLUMNS", "LINES", "TERMINAL_WIDTH", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(variable, None)  # what is printed would depend on it
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # which a shell in the background leaves to what it starts
    signal.signal(signal.SIGINT, signal.default_int_handler)

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_num_cpu_devices", 2)  # for what runs sharded
jax.config.update("jax_compilation_cache_dir", None)  # a test that compiles nothing can hide a retrace
os.environ["GRADLAB_PROGRAM_CACHE"] = "off"  # and so it can in the commands that tests start

hypothesis.settings.register_profile("gradlab", derandomize=True, deadline=None, database=None, max_examples=50)
hypothesis.settings.load_profile("gradlab")

share_contexts()
gc.set_threshold(100_000, 50, 100)  # each collection walks over all traces of programs: 5 % of the time by default


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the files that take longest.

    Refuse names of tests that hold an address, because processes that share the tests compare the names.
    """
    wrong = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if wrong:
        raise pytest.UsageError(f"these tests need ids that are equal in every process: {', '.join(wrong)}")
    items.sort(key=lambda item: find_place(item.nodeid.partition("::")[0]))


def pytest_configure(config: pytest.Config) -> None:
    """Compile as the laws do, which takes less than half the time, unless the tests of XLA's own options are run.

    XLA reads the options once, when a backend starts. They are not left in the environment, so that commands which a
    test starts, and what a study records of its settings, are as a user's.
    """
    if config.option.markexpr != "xla_defaults":
        options = FAST_COMPILATION | WITHOUT_LLVM_PASSES
        flags = [f"--{name}={str(value).lower()}" for name, value in options.items()]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XLA_FLAGS", " ".join([os.environ.get("XLA_FLAGS", ""), *flags]).strip())
            jax.devices()


@pytest.fixture(autouse=True, scope="module")
def drop_old_programs() -> Iterator[None]:
    """Drop all compiled programs when there are many, since Linux allows a process 65,530 pieces of memory.

    Each program takes several, and XLA crashes where there are no more.
    """
    yield
    pieces = Path("/proc/self/maps")
    if pieces.exists() and pieces.read_bytes().count(b"\n") > 30_000:
        jax.clear_caches()


@pytest.fixture(autouse=True)
def return_memory() -> Iterator[None]:
    """Return what dropped programs and traces held to the system, if the process holds more than 4 GiB.

    JAX keeps them as long as it can, and the C library keeps the pieces. Two processes took 11 GiB before.
    """
    yield
    pages = Path("/proc/self/statm")
    if pages.exists() and int(pages.read_text().split()[1]) * resource.getpagesize() > 4 * 2**30:
        jax.clear_caches()
        gc.collect()
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # which the C library of GNU has
        if trim is not None:
            trim(0)


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers that are the same in every run, whatever ran before."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One window for all tests of a process; where there is no browser, they are skipped."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    with browser() as window:
        yield window


@pytest.fixture(scope="session")
def rollout() -> Callable[..., Any]:
    """`rollout(tx, gradients, params=None)`: the updates [steps, ...] for gradients [steps, ...], at fixed parameters.

    One compiled loop for all tests: the transformation and the gradients are arguments, so that tests which differ in
    numbers only share a program.
    """

    @jax.jit
    def run(tx: Any, gradients: Any, params: Any) -> Any:
        signals = tx.core.reads() if hasattr(tx, "core") else ()
        known = {"value": 1.0, "gradient_fn": lambda params: params}
        extra = {name: signal for name, signal in known.items() if name in signals}

        def step(state: Any, gradient: Any) -> Any:
            updates, state = tx.update(gradient, state, params, **extra)
            return state, updates

        return jax.lax.scan(step, tx.init(params), gradients)[1]

    def rollout(tx: Any, gradients: Any, params: Any = None) -> Any:
        gradients = jax.tree.map(jax.numpy.asarray, gradients)
        params = jax.tree.map(lambda g: g[0], gradients) if params is None else params
        return jax.tree.map(np.asarray, run(tx, gradients, params))

    return rollout
