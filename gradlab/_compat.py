"""All uses of JAX that its documentation does not promise, in one file, so that a new version can break only this one.

The registration with Flax is here, too.

`tests/test_compat.py` examines each function, and fails with a message that says what a new version of JAX changed.
"""

from __future__ import annotations

import functools
import pickle
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import jax
import jax.numpy as jnp


def read_settings() -> Mapping[str, Any]:
    """Return the value of every setting of JAX in the calling thread, by its name in `jax.config`.

    The documentation does not mention `jax.config.values`. It is used because some settings that change results, such
    as `jax_exec_time_optimization_effort`, cannot be read in another way.
    """
    return jax.config.values


def find_setting_managers() -> dict[str, Callable[[Any], AbstractContextManager[None]]]:
    """Return the public context manager of each setting that a thread can have for itself, by its name in `jax.config`.

    JAX does not list them. They are recognized as the attributes of `jax` that have the type of `jax.enable_x64`.
    `jax.thread_guard` is left out: it names the one thread that may communicate, so another thread must not set it too.
    """
    kind: type = type(jax.enable_x64)
    public: dict[str, Any] = {name: manager for name in dir(jax) if isinstance(manager := getattr(jax, name), kind)}
    public.pop("thread_guard", None)
    settings = read_settings()
    by_setting = {f"jax_{name}" if f"jax_{name}" in settings else name: manager for name, manager in public.items()}
    return {name: manager for name, manager in by_setting.items() if name in settings}


def compile_with_options(lowered: jax.stages.Lowered, options: Mapping[str, Any]) -> jax.stages.Compiled:
    """Compile with options of XLA, or without any if this version of XLA does not have one of them.

    XLA's options are not documented and change without notice. An unknown one is recognized by the text of the error,
    because JAX raises the same class for every failure of a compilation.
    """
    try:
        return lowered.compile(compiler_options=dict(options))
    except jax.errors.JaxRuntimeError as error:
        if "No such compile option" not in str(error):
            raise
        return lowered.compile()


@contextmanager
def without_compilation_cache() -> Iterator[None]:
    """Compile in the context, in any thread, without JAX's compilation cache on the disk.

    JAX remembers whether there is one, for the whole process. Only `reset_cache` makes it look again.
    """
    from jax.experimental.compilation_cache import compilation_cache  # here, because most processes do not need it

    def count(change: int) -> None:
        global _inside, _before
        with _lock:
            if _inside == 0:
                _before = bool(read_settings()["jax_enable_compilation_cache"])
            _inside += change
            jax.config.update("jax_enable_compilation_cache", _before and _inside == 0)
            compilation_cache.reset_cache()

    count(1)
    try:
        yield
    finally:
        count(-1)


_lock, _inside, _before = threading.Lock(), 0, True  # of `without_compilation_cache`: the threads that are in it


def serialize_program(compiled: jax.stages.Compiled) -> bytes:
    """Return a compiled program as bytes, for `load_program` in a process with the same versions and kind of device.

    The module is experimental. The program's arguments and results must be trees that can be pickled, and the program
    must not come from JAX's compilation cache: what is made of such a program lacks some of its functions.
    """
    from jax.experimental.serialize_executable import serialize  # here, because most processes do not need it

    return pickle.dumps(serialize(compiled))


def load_program(content: bytes, devices: Sequence[jax.Device]) -> Any:
    """Return the program that `serialize_program` made bytes of, for some devices; it is called as the program was."""
    from jax.experimental.serialize_executable import deserialize_and_load

    _find_lapack()
    program, arguments, results = pickle.loads(content)
    return deserialize_and_load(program, arguments, results, execution_devices=devices)


@functools.cache
def _find_lapack() -> None:
    """Let JAX find the routines of LAPACK, which it does when it lowers a program that calls one.

    A program that was lowered in another process, and calls one that was not found here, ends the process.
    """
    jax.jit(jnp.linalg.eigvalsh).lower(jax.ShapeDtypeStruct((1, 1), jnp.float32))


def count_operations(lowered: jax.stages.Lowered) -> float:
    """Return the floating-point operations of a program before it is optimized, or 0 where they are not counted.

    What `cost_analysis` returns depends on the version and on the backend; the key `flops` is not documented.
    """
    try:
        analysis = lowered.cost_analysis()
    except (TypeError, NotImplementedError, RuntimeError):
        return 0.0
    return float((analysis or {}).get("flops", 0.0))


def convert_weakly(value: Any, dtype: Any) -> jax.Array:
    """Convert a value to a weakly typed array of a dtype.

    jax.numpy makes weakly typed arrays from Python numbers only, so this binds the primitive, for tracers too.
    """
    from jax.extend.core.primitives import convert_element_type_p  # here, because it imports all of Pallas

    return convert_element_type_p.bind(jnp.asarray(value), new_dtype=dtype, weak_type=True, sharding=None)


def is_compiling() -> bool:
    """Return whether a function is being traced for a program, as under `jax.jit`, not only mapped or differentiated.

    JAX calls it unsafe because a function should not return other results there.
    """
    import jax.extend.core  # here, because it takes a while

    return bool(jax.extend.core.unsafe_am_i_under_a_jit_DO_NOT_USE())  # type: ignore[attr-defined]


def inlining(is_wanted: bool) -> AbstractContextManager[None]:
    """Let XLA inline the calls of jitted functions that are traced in the context, as it does by itself, or not.

    XLA reads this from an attribute of the call, which no documentation names. Without it, programs compile slower.
    """
    from jax.experimental.xla_metadata import set_xla_metadata  # here, because most processes do not need it

    return set_xla_metadata(inlineable=None if is_wanted else "false")


def is_mapped(x: Any) -> bool:
    """Return whether an array stands for several, inside `jax.vmap`. The type that says so has no public name."""
    return type(x).__name__ == "BatchTracer"


def find_varying_axes(x: Any) -> frozenset[str]:
    """Return the axes of the mesh over which JAX knows that an array may differ, inside `jax.shard_map`.

    It is empty outside, and with `check_vma=False`. The documentation describes the type (`jax.typeof` prints it), but
    not its attributes.
    """
    kind = jax.typeof(x)
    varying = getattr(getattr(kind, "manual_axis_type", None), "varying", None)
    return frozenset(getattr(kind, "vma", ()) if varying is None else varying)


def register_with_nnx(kind: type) -> None:
    """Declare a type as data to Flax nnx, if that is imported, so that its modules take values that hold arrays.

    `nnx.Optimizer` treats its optimizer as structure otherwise, and refuses arrays there. Flax is not imported for it.
    """
    register = getattr(sys.modules.get("flax.nnx"), "register_data_type", None)
    if register is not None:
        register(kind)


def backend_has_started() -> bool:
    """Return whether JAX has a backend, from whose start on XLA does not read its options again.

    No public function tells it without starting one.
    """
    from jax._src import xla_bridge

    return bool(xla_bridge.backends_are_initialized())
