"""The store of a run in progress: its plan, and one file for each chunk that is done.

    plan.json              everything that determines the results; written first
    parts/0003-0001-0000   task 3, block 1, chunk 0: what it gave (an npz archive)
    parts/0003-0001-carry  what block 1 goes on from (an npz archive that names its chunk)

A chunk's carry is written before the chunk itself, which is thereby committed. Every file is written beside its place
and moved there, and every array has a checksum: a crash loses what is in flight, and damage is seen.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from .files import add_checksum, read_json, remove_checksum, remove_leftovers, replace_file, write_text
from .ownership import PARTS, PLAN, is_part


class DamagedPartError(ValueError):
    """A part that is cut off, changed, or of another plan."""


class Part(NamedTuple):
    """What one chunk of one block gave: arrays on (point, seed, ...), and the time that it took."""

    arrays: dict[str, np.ndarray]
    seconds: float
    compile_seconds: float


class CheckpointStore:
    """The parts of one plan in a folder. Raises OSError where the disk refuses.

    Its tasks are numbered from `first` on, so that the rounds of a search can each have a store in one folder.
    """

    def __init__(self, folder: Path, plan: Mapping[str, Any], first: int = 0):
        self.folder, self.digest, self.first = folder / PARTS, digest(plan), first
        self.folder.mkdir(exist_ok=True)
        remove_leftovers(self.folder)

    def parts(self, task: int, block: int, chunks: int) -> list[Part]:
        """The chunks of a block that are done, in order. Raises DamagedPartError if one is, or what to go on from."""
        found = []
        for chunk in range(chunks):
            path = self._path(task, block, f"{chunk:04d}")
            if not path.exists():
                break
            arrays = self._read(path)
            seconds, compile_seconds = arrays.pop("seconds").tolist()
            found.append(Part(arrays, seconds, compile_seconds))
        if 0 < len(found) < chunks:
            self._carry(task, block, len(found) - 1)
        return found

    def carry(self, task: int, block: int, chunk: int, shapes: Sequence[tuple[tuple[int, ...], Any]]) -> list[Any]:
        """What a block goes on from after a chunk: arrays of these shapes and dtypes."""
        stored = self._carry(task, block, chunk)
        # As bytes, because NumPy's files do not know bfloat16 and its kin.
        return [stored[f"{i}"].view(jnp.dtype(dtype)).reshape(shape) for i, (shape, dtype) in enumerate(shapes)]

    def write(self, task: int, block: int, chunk: int, part: Part, carry: Sequence[np.ndarray]) -> None:
        """Add a chunk; `carry` is what to go on from, and empty after the last one."""
        if carry:
            arrays = {f"{i}": np.frombuffer(array.tobytes(), np.uint8) for i, array in enumerate(carry)}
            self._write(self._path(task, block, f"carry-{chunk:04d}"), arrays)
        times = np.array([part.seconds, part.compile_seconds])
        self._write(self._path(task, block, f"{chunk:04d}"), {**part.arrays, "seconds": times})
        if chunk:
            self._path(task, block, f"carry-{chunk - 1:04d}").unlink(missing_ok=True)

    def discard(self, task: int, block: int) -> None:
        """Forget a block."""
        for path in self.folder.glob(self._path(task, block, "*").name):
            path.unlink()

    def _carry(self, task: int, block: int, chunk: int) -> dict[str, np.ndarray]:
        return self._read(self._path(task, block, f"carry-{chunk:04d}"))

    def _path(self, task: int, block: int, kind: str) -> Path:
        return self.folder / f"{self.first + task:04d}-{block:04d}-{kind}"

    def _write(self, path: Path, arrays: Mapping[str, np.ndarray]) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, plan=np.array(self.digest), **arrays)
        with replace_file(path) as temporary:
            temporary.write_bytes(add_checksum(buffer.getvalue()))

    def _read(self, path: Path) -> dict[str, np.ndarray]:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise DamagedPartError(f"{path} is missing") from None
        try:
            content, _ = remove_checksum(content)  # an older part has only the checksums of its arrays
            with np.load(io.BytesIO(content), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}  # checks the checksum of each
            plan = str(arrays.pop("plan"))
        except Exception as error:  # zipfile and NumPy raise of all kinds for what is damaged, MemoryError among them
            raise DamagedPartError(f"{path} is damaged ({error})") from None
        if plan != self.digest:
            raise DamagedPartError(f"{path} belongs to another plan")
        return arrays


def digest(plan: Mapping[str, Any]) -> str:
    """A short name for a plan, that another plan does not have."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()[:32]


def begin(folder: Path, plan: Mapping[str, Any]) -> None:
    """Write down what is going to be done, and make the place for its parts; those of an older plan go."""
    end(folder)
    write_plan(folder, plan)


def write_plan(folder: Path, plan: Mapping[str, Any]) -> None:
    """Write down what is done in a folder."""
    write_text(folder / PLAN, json.dumps(plan, indent=1) + "\n")


def has_parts(folder: Path) -> bool:
    """Whether anything of a run is kept."""
    return bool(stored_chunks(folder))


def stored_chunks(folder: Path) -> list[tuple[int, int, int]]:
    """The task, block and chunk of each part that is kept, in order."""
    found = []
    for path in (folder / PARTS).glob("[0-9]*"):
        numbers = path.name.split("-")
        if len(numbers) == 3 and is_part(path.name):
            found.append((int(numbers[0]), int(numbers[1]), int(numbers[2])))
    return sorted(found)


def end(folder: Path) -> None:
    """Remove the parts, of which the results have been made. What is not a part stays, and with it the folder."""
    parts = folder / PARTS
    if parts.is_symlink() or not parts.is_dir():
        return
    left = False
    for path in parts.iterdir():
        if is_part(path.name) and not path.is_dir():
            path.unlink(missing_ok=True)
        else:
            left = True
    if not left:
        parts.rmdir()


def read_plan(folder: Path) -> dict[str, Any] | None:
    """The plan of a folder; None if there is none. Raises OSError, and DamagedJSONError if it holds no plan."""
    try:
        return read_json(folder / PLAN)
    except FileNotFoundError:
        return None


def stored_plan(folder: Path, plan: Mapping[str, Any]) -> Mapping[str, Any]:
    """The plan as the folder has it, which may be in the words of an older version; the one given, if it has none."""
    return read_plan(folder) or plan
