"""The results of `gradlab bench` as one document: the rows, and what they were measured with."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

from ..compilation.cpu_fusion import cpu_fusion_enabled
from ..lab._results.provenance import collect_provenance
from ..lab._storage.files import write_text


def begin_document(command: str, kind: str, torch_version: str | None = None) -> dict[str, Any]:
    """Return a document without results: the command, the date, the machine, the versions and settings."""
    provenance = collect_provenance(command)
    names = ("gradlab", "jax", "jaxlib", "optax", "numpy", "python")
    return {
        "kind": kind,
        "command": command,
        "date": provenance["date"],
        "machine": {
            "processor": _read_processor(),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
            "devices": provenance["devices"],
        },
        "versions": {name: provenance[name] for name in names} | {"torch": torch_version},
        "settings": {
            "XLA_FLAGS": os.environ.get("XLA_FLAGS", ""),
            "cpu_fusion": cpu_fusion_enabled(),
            "dtype": "float32",
        },
        "complete": False,
    }


def describe_document(document: dict[str, Any]) -> str:
    """Return a line on the machine, the versions and the settings of a document."""
    machine, versions = document["machine"], document["versions"]
    torch = versions["torch"]
    fusion = "on" if document["settings"]["cpu_fusion"] else "off"
    parts = [
        f"{machine['processor']}, {machine['cores']} cores",
        f"jax {versions['jax']}, optax {versions['optax']}" + (f", torch {torch}" if torch else ""),
        f"CPU fusion {fusion}",
        document["date"][:10],
    ]
    return "; ".join(parts)


def write_document(path: Path, document: dict[str, Any]) -> None:
    """Write a document in one step, so that a reader finds this one or the one before. Raises OSError."""
    write_text(path, format_document(document) + "\n")


def format_document(document: dict[str, Any]) -> str:
    """Return a document as JSON."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)


def _read_processor() -> str:
    """Return the name of the processor, from Linux or from Python."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    except OSError:
        pass
    return platform.processor() or platform.machine()
