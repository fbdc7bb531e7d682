"""The programs of tasks on the disk, so that a second study neither traces nor compiles them.

A program is kept under a digest of all that it depends on. What cannot be described beyond doubt is not kept: code of
the user, and programs for anything but a single CPU device.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import io
import os
import pickle
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax

import gradlab
from gradlab._compat import load_program, read_settings, serialize_program

from .files import replace_file

SUFFIX = ".program"
MOST_BYTES = 2**29  # beyond it, the programs that were not used for the longest time are removed
_PACKAGES = ("jax", "jaxlib", "numpy", "optax", "chex", "scipy", "scikit-learn", "ml_dtypes", "opt_einsum")
_VARIABLES = ("XLA_", "TF_XLA_", "JAX_", "NPROC")  # the beginnings of names in the environment that XLA may read
_KNOWN = {"gradlab", "jax", "jaxlib", "numpy", *sys.stdlib_module_names} - {"__main__"}


class KeptProgram(NamedTuple):
    """A program as it is kept: what runs, and what else is known of it only once it was traced."""

    compiled: Any
    carry: list[tuple[tuple[int, ...], Any]]  # the shape and dtype of each array that a block carries
    decomposes: bool


class ProgramStore:
    """The programs in a folder, for the files of gradlab and the versions of packages that this process has."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES, package: Path = Path(gradlab.__file__).parent):
        self.folder, self.most_bytes = folder, most_bytes
        self._origin = [digest_package(package), sys.version, platform.machine()]
        self._origin += [f"{name} {_find_version(name)}" for name in _PACKAGES]

    def find_key(self, devices: Sequence[jax.Device], *parts: Any) -> str | None:
        """Return the digest of a program for some devices that is made of some parts, or None if it is not to be kept.

        Arrays among the parts count with their values, and `jax.ShapeDtypeStruct` with shapes and dtypes.
        """
        is_cpu = len(devices) == jax.device_count() == jax.process_count() == 1 and devices[0].platform == "cpu"
        if not is_cpu:
            return None
        # Where programs are kept decides nothing, and is another setting while a thread compiles.
        settings = sorted((name, repr(value)) for name, value in read_settings().items() if "_cache" not in name)
        environment = sorted(item for item in os.environ.items() if item[0].startswith(_VARIABLES))
        try:
            described = _describe([self._origin, settings, environment, os.cpu_count(), parts])
        except Exception:  # pickle raises errors of any class for what it cannot describe
            return None
        return hashlib.sha256(described).hexdigest()

    def load(self, key: str, devices: Sequence[jax.Device]) -> KeptProgram | None:
        """Return a program for some devices, or None if it is not there, or is damaged."""
        path = self._path(key)
        try:
            content = path.read_bytes()
            digest, body = content[:32], content[32:]
            if hashlib.sha256(body).digest() != digest:
                return None
            program, carry, decomposes = pickle.loads(body)
            kept = KeptProgram(load_program(program, devices), carry, decomposes)
            os.utime(path)
        except Exception:  # another process may remove it at any time, and XLA may refuse it
            return None
        return kept

    def save(self, key: str, kept: KeptProgram) -> None:
        """Keep a program, and remove old ones if there is no room. If that fails, nothing is kept."""
        with contextlib.suppress(Exception):  # the disk may be full, and not every program can be serialized
            body = pickle.dumps((serialize_program(kept.compiled), kept.carry, kept.decomposes))
            with replace_file(self._path(key)) as temporary:
                temporary.write_bytes(hashlib.sha256(body).digest() + body)
            self._remove_old()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{SUFFIX}"

    def _remove_old(self) -> None:
        found = [(path.stat(), path) for path in self.folder.glob(f"*{SUFFIX}")]
        size = sum(status.st_size for status, _ in found)
        for status, path in sorted(found, key=lambda item: item[0].st_mtime):
            if size <= self.most_bytes:
                break
            path.unlink(missing_ok=True)
            size -= status.st_size


_store: ProgramStore | None = None


def keep_programs(folder: Path | None) -> None:
    """Keep the programs of this process, and of its copies, in a folder from now on; None keeps none."""
    global _store
    _store = None if folder is None else ProgramStore(folder)


def active_store() -> ProgramStore | None:
    """Return the store that this process uses, if there is one."""
    return _store


def digest_package(folder: Path) -> str:
    """Return a digest of the names and contents of all files of a package, compiled ones left out."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _find_version(package: str) -> str:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(package)
    return "none"


class _Describer(pickle.Pickler):
    """Pickles objects that consist of data and of the code of gradlab and the libraries whose versions are compared."""

    def reducer_override(self, thing: Any) -> Any:
        for owner in (thing, type(thing)):
            module = getattr(owner, "__module__", None)
            if isinstance(module, str) and module.partition(".")[0] not in _KNOWN:
                raise pickle.PicklingError(f"{owner!r} is defined in {module}")
        return NotImplemented


def _describe(thing: Any) -> bytes:
    stream = io.BytesIO()
    _Describer(stream, protocol=5).dump(thing)
    return stream.getvalue()
