"""`enable_cpu_fusion`: a step in one pass over memory on a CPU, by an option of XLA that is off by default."""

from __future__ import annotations

import os
import re
import warnings

import jax

from .._compat import backend_has_started, read_settings

OPTION = "xla_cpu_use_multi_output_fusion"
_FLAG = "--xla_backend_extra_options"
# The value of the flag, without the quotes that XLA allows around it.
_PATTERN = re.compile(rf"""{_FLAG}=["']?([^\s"']*)""")
_REMEDY = "Without fusion everything computes the same, in more passes over memory"


def enable_cpu_fusion() -> None:
    """Let XLA compute several arrays in one loop on a CPU, so that a step reads and writes each array once.

    XLA's CPU backend has this fusion, and leaves it off. It holds for all programs of the process, so call this before
    the first computation. It adds an option to `XLA_FLAGS` in the environment, which processes started later inherit.
    Results differ from those without it by rounding. It does nothing where `JAX_PLATFORMS` begins with another
    platform than the CPU.

    Before that, the fusion must pass a test: training steps are compiled and compared with NumPy in a process of its
    own. It takes about ten seconds, once for each version of jaxlib on each kind of machine; the verdict is kept in
    `$XDG_CACHE_HOME/gradlab` (`~/.cache/gradlab`).

    Raises RuntimeError if JAX has begun to compute, if the test fails, or if `XLA_FLAGS` names a file. Warns with a
    RuntimeWarning if, in this version of jaxlib, XLA ends the process when it compiles some programs that change arrays
    at given places, such as `(a.at[i].add(x), b.at[i].add(x))` (openxla/xla issue 47367; jaxlib 0.10.2 does). Gradients
    of embedding tables compile.

    >>> total = jnp.ones(2).sum()
    >>> gl.enable_cpu_fusion()
    Traceback (most recent call last):
    RuntimeError: enable_cpu_fusion must come before the first computation, because XLA reads its options ...
    """
    if cpu_fusion_enabled() or not _may_compute_on_cpu():
        return
    if backend_has_started():
        raise RuntimeError(
            "enable_cpu_fusion must come before the first computation, because XLA reads its options once, and JAX has "
            f"begun to compute. Call it right after the imports, or set XLA_FLAGS={_FLAG}={OPTION} in the environment"
        )
    from .cpu_fusion_verdicts import find_verdict  # here, because few processes need it

    flags = add_option(os.environ.get("XLA_FLAGS", ""))
    verdict = find_verdict(flags)
    if not verdict.passes:
        raise RuntimeError(f"enable_cpu_fusion: {verdict.reason}. {_REMEDY}; leave the call out")
    os.environ["XLA_FLAGS"] = flags
    if verdict.warning:
        warnings.warn(f"enable_cpu_fusion: {verdict.warning}. {_REMEDY}", RuntimeWarning, stacklevel=2)


def cpu_fusion_enabled() -> bool:
    """Return whether XLA's option for fusion on CPUs is on: whether it is in `XLA_FLAGS`.

    `enable_cpu_fusion` puts it there. It is also on if the environment came with it.

    >>> gl.cpu_fusion_enabled()  # unless somebody asked for it
    False
    """
    return any(OPTION in options.split(",") for options in _PATTERN.findall(os.environ.get("XLA_FLAGS", "")))


def runs_on_one_cpu() -> bool:
    """Return whether JAX has begun to compute, with a CPU as its only device. It does not begin for the question."""
    return backend_has_started() and jax.default_backend() == "cpu" and jax.device_count() == 1


def add_option(flags: str) -> str:
    """Return the text of `XLA_FLAGS` with the option, beside those that it has. Raises RuntimeError for a file."""
    if flags.strip() and not flags.lstrip().startswith("-"):
        raise RuntimeError(
            f"enable_cpu_fusion: XLA_FLAGS names the file {flags.strip()}; add the line {_FLAG}={OPTION} to it instead"
        )
    found = list(_PATTERN.finditer(flags))
    if not found:
        return f"{flags} {_FLAG}={OPTION}".strip()
    end = found[-1].end(1)
    return f"{flags[:end]}{',' if found[-1][1] else ''}{OPTION}{flags[end:]}"


def _may_compute_on_cpu() -> bool:
    """Return whether JAX may compute on a CPU by default, as far as its settings say."""
    platforms = str(read_settings()["jax_platforms"] or "cpu")
    return platforms.split(",")[0] == "cpu"
