"""Compilation for programs that run briefly: a third of XLA's usual time, for a tenth more time to run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax

from .._compat import compile_with_options

# Options of XLA for CPUs: leave out LLVM's last passes, generate fusions with XLA's older code, and split the program
# into no more than two parts.
FAST_COMPILATION: dict[str, Any] = {
    "xla_backend_optimization_level": 1,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 2,
}
# Batched decompositions of matrices wait for threads of the pool that they run in: on a machine with few cores, a
# program with several of them (SOAP under `jax.vmap`) never ends. In one thread they cannot wait for each other.
_IN_ONE_THREAD: dict[str, Any] = {"xla_cpu_multi_thread_eigen": False}
# Programs run four times as long without them. In a law and on a small problem that is milliseconds, fewer than LLVM
# takes.
WITHOUT_LLVM_PASSES: dict[str, Any] = {"xla_backend_optimization_level": 0}
_NEWER_CODE: dict[str, Any] = {"xla_cpu_use_fusion_emitters": True}


def compile_fast(lowered: jax.stages.Lowered, device: jax.Device, is_brief: bool = False) -> jax.stages.Compiled:
    """Compile a program for a device, on a CPU with the options of `FAST_COMPILATION`.

    A program that `is_brief` runs for milliseconds. It is compiled without passes of LLVM, in 0.4 of the time.
    """
    options = FAST_COMPILATION | (WITHOUT_LLVM_PASSES if is_brief else {})
    return compile_with_options(lowered, options) if device.platform == "cpu" else lowered.compile()


def jit_fast(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `jax.jit(function)`, for programs that run for milliseconds, on a CPU in one thread.

    It compiles with the options of `FAST_COMPILATION`, without passes of LLVM. XLA's older code lacks some operations,
    such as clamping complex numbers. A program with such an operation is compiled with the newer code.
    """
    options = _find_options(jax.default_backend())
    compiled = jax.jit(function, compiler_options=options)
    if options is None:
        return compiled

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        nonlocal compiled
        try:
            return compiled(*arguments)
        except jax.errors.JaxRuntimeError as error:
            if "UNIMPLEMENTED" not in str(error):
                raise
            compiled = jax.jit(function, compiler_options=options | _NEWER_CODE)
            return compiled(*arguments)

    return call


@functools.cache
def _find_options(platform: str) -> dict[str, Any] | None:
    """Return the options that this version of XLA has, all or none."""
    if platform != "cpu":
        return None
    options = FAST_COMPILATION | _IN_ONE_THREAD | WITHOUT_LLVM_PASSES
    try:
        jax.jit(lambda: 0, compiler_options=options).lower().compile()
    except jax.errors.JaxRuntimeError:
        return None
    return options
