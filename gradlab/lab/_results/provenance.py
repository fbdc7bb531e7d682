"""The provenance of results: the command, the date, the versions and the machine that they come from."""

from __future__ import annotations

import datetime
import os
import platform

import jax
import numpy as np

import gradlab as gl

from .results_file import FORMAT


def collect_provenance(command: str) -> dict[str, str]:
    """Return the command, the date (UTC), the versions and the machine, as attributes of a results file."""
    return {
        "format": FORMAT,
        **collect_versions(),
        "command": command,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "devices": ", ".join(f"{device.platform}:{device.id} {device.device_kind}" for device in jax.devices()),
    }


def collect_versions() -> dict[str, str]:
    """Return the versions of the packages that compute the results."""
    return {
        "gradlab": gl.__version__,
        "jax": jax.__version__,
        "jaxlib": _version("jaxlib"),
        "optax": _version("optax"),
        "numpy": np.__version__,
    }


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)
