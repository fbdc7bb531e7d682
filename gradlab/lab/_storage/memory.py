"""The memory that a study may need."""

from __future__ import annotations

import os
from pathlib import Path

MEMORY_VARIABLE = "GRADLAB_MEMORY_GIB"


def available_memory() -> int:
    """Return the bytes that a study may need: 80 % of the memory of the machine or container, or what the user allows.

    Raises ValueError for a `GRADLAB_MEMORY_GIB` that is not a number above zero.
    """
    allowed = os.environ.get(MEMORY_VARIABLE)
    if allowed:
        try:
            gibibytes = float(allowed)
        except ValueError:
            gibibytes = -1.0
        if not 0 < gibibytes < float("inf"):
            raise ValueError(f"{MEMORY_VARIABLE} must be a number above zero, of GiB; got {allowed!r}")
        return int(gibibytes * 2**30)
    return int(0.8 * min(_machine_memory(), *(_container_limit(path) for path in _CONTAINER)))


_CONTAINER = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def _machine_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not every system tells
        return 2**63


def _container_limit(path: str) -> int:
    """Return the memory limit of the container, if it has one."""
    try:
        return int(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 2**63
