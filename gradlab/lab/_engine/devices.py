"""The devices that compute, and the fast compilation of programs for them."""

from __future__ import annotations

from typing import Any

import jax

from gradlab._compat import compile_with_options, read_settings

# Options of XLA for CPUs: leave out LLVM's last passes, generate fusions with XLA's older code, and split the program
# into no more than two parts. It then compiles in a third of the time, and takes at most a tenth longer to run.
FAST_COMPILATION: dict[str, Any] = {
    "xla_backend_optimization_level": 1,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 2,
}


def select_devices() -> list[jax.Device]:
    """Return the devices of this process that compute: all, unless `jax_default_device` names one, or a platform."""
    default: Any = read_settings()["jax_default_device"]
    if default is None:
        return jax.local_devices()
    return jax.local_devices(backend=default) if isinstance(default, str) else [default]


def compile_fast(lowered: jax.stages.Lowered, device: jax.Device) -> jax.stages.Compiled:
    """Compile a program for a device, on a CPU with the options of `FAST_COMPILATION`."""
    return compile_with_options(lowered, FAST_COMPILATION) if device.platform == "cpu" else lowered.compile()
