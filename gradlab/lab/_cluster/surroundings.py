"""The surroundings that change results: versions, settings, the kind of device and of processor."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradlab
from gradlab._compat import read_settings
from gradlab.compilation.user_cache import describe_machine

from .._results.plan import RARE_SETTINGS, SETTINGS, read_result_settings
from .._results.provenance import collect_versions
from .._storage.program_store import digest_package
from .desk import travels
from .messages import Code

# Settings that change no results, but which code is refused, and which errors are raised.
_OTHER_SETTINGS = (
    "jax_debug_infs",
    "jax_debug_nans",
    "jax_numpy_dtype_promotion",
    "jax_numpy_rank_promotion",
    "jax_transfer_guard",
)
_DEVICE_COUNT = "--xla_force_host_platform_device_count"


def describe_surroundings() -> dict[str, str]:
    """Return all that the results of this process depend on beside its tasks, by name."""
    versions = collect_versions()
    code = digest_package(Path(gradlab.__file__).parent)[:12]
    python = ".".join(map(str, sys.version_info[:2]))
    return {
        "python": python,
        **versions,
        "gradlab": f"{versions['gradlab']} (files {code})",
        **read_result_settings(),
        "processor": _describe_processor(),
    }


def compare_surroundings(there: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """Return the differences of two processes in words."""
    return [
        f"{name} {there.get(name)} there, {here.get(name)} here"
        for name in {**here, **there}
        if there.get(name) != here.get(name)
    ]


def compare_code(there: Code, here: Code) -> list[str]:
    """Return the differences of the user's files and packages in words, as far as a worker knows of them.

    The command may know of more: it has a script or a notebook too, of which a worker gets what the tasks need.
    """
    known = ({name: own.get(name, "") for name in other} for other, own in zip(there, here))
    return [text for other, own in zip(there, known) for text in compare_surroundings(other, own)]


def collect_environment() -> dict[str, str]:
    """Return the variables of this environment that go with a study. A process that computes has one device."""
    found = {name: value for name, value in os.environ.items() if travels(name)}
    flags = [flag for flag in found.get("XLA_FLAGS", "").split() if not flag.startswith(_DEVICE_COUNT)]
    return {**found, "XLA_FLAGS": " ".join(flags)} if flags else {k: v for k, v in found.items() if k != "XLA_FLAGS"}


def collect_settings() -> dict[str, Any]:
    """Return those settings of JAX in the calling thread that go with a study."""
    current = read_settings()
    names = (*SETTINGS, *RARE_SETTINGS, *_OTHER_SETTINGS)
    return {name: current[name] for name in names if name in current}


def _describe_processor() -> str:
    """Return the kind of processor in a few words: its name, and a digest of what it can do, for which XLA compiles."""
    text = describe_machine()
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    name = text.removeprefix(f"{platform.system()} {platform.machine()} ")
    return f"{' '.join(name.split()[:5])} ({digest})"
