"""The folder of the user for what can be made again, and the kind of processor that it was made for."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
from pathlib import Path


def find_cache_folder() -> Path:
    """Return `$XDG_CACHE_HOME/gradlab`, or `~/.cache/gradlab` where that variable holds no absolute path."""
    place = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not place.is_absolute():  # which is to be ignored then
        place = Path(os.path.expanduser("~")) / ".cache"
    return place / "gradlab"


@functools.cache
def describe_machine() -> str:
    """Return the kind of processor, because XLA compiles for the one that it finds."""
    facts = dict.fromkeys(("model name", "flags"), "")
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        for name, _, value in (line.partition(":") for line in reversed(lines)):
            if name.strip() in facts:
                facts[name.strip()] = value.strip()
    return f"{platform.system()} {platform.machine()} {facts['model name'] or platform.processor()} {facts['flags']}"
