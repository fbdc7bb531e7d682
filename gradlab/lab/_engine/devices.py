"""The devices that compute."""

from __future__ import annotations

from typing import Any

import jax

from gradlab._compat import read_settings


def select_devices() -> list[jax.Device]:
    """Return the devices of this process that compute: all, unless `jax_default_device` names one, or a platform."""
    default: Any = read_settings()["jax_default_device"]
    if default is None:
        return jax.local_devices()
    return jax.local_devices(backend=default) if isinstance(default, str) else [default]
