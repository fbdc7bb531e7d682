"""The checkpoints of a study that is running: its plan, and a file for each chunk that is finished.

    plan.json                    everything that determines the results; written first
    parts/0003-0001-0000         the result of task 3, block 1, chunk 0 (an npz archive)
    parts/0003-0001-carry-0000   the state that chunk 1 of this block continues from (an npz archive)
    parts/known-0a1b2c3d-0000    runs of a study that this one grew from (see `known_runs`)

The carry of a chunk is written before its result, so that a result is never without its carry. Each file is written
under another name and then renamed, and has a checksum: a crash loses only the chunks that are running, and damage is
noticed.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from .archives import DamagedCheckpointError as DamagedCheckpointError
from .archives import read_arrays, write_arrays
from .files import digest_json, read_json, remove_leftovers, write_text
from .known_runs import KnownRuns, list_known
from .ownership import PARTS, PLAN, is_part

# The first axes of a carry. A carry of an older version has them the other way round, and is not continued from.
_CARRY_AXES = "seed, point"


class ChunkResult(NamedTuple):
    """The result of one chunk of one block: arrays on (point, seed, ...), and the time that it took."""

    arrays: dict[str, np.ndarray]
    seconds: float
    compile_seconds: float


class CheckpointStore:
    """The checkpoints of one plan in a folder. Its methods raise OSError if the disk refuses.

    Tasks are numbered from `first` on, so that each round of a search can have its own store in the same folder.
    `known` are the runs that the folder holds already, for each task. Blocks are those of the other runs.
    """

    def __init__(
        self,
        folder: Path,
        plan: Mapping[str, Any],
        first: int = 0,
        known: Sequence[KnownRuns] = (),
        read_only: bool = False,
    ):
        self.known = tuple(known)
        missing = [runs.missing for runs in known]
        self.digest = compute_digest({**plan, "missing": missing} if any(runs.parts for runs in known) else plan)
        self.folder, self.first = folder / PARTS, first
        if not read_only:
            self.folder.mkdir(exist_ok=True)
            remove_leftovers(self.folder)

    def read_results(self, task: int, block: int, chunks: int) -> list[ChunkResult]:
        """Return the results of a block's finished chunks, in order.

        Raises DamagedCheckpointError if one of them is damaged, or the carry that the block continues from.
        """
        results = []
        for chunk in range(chunks):
            if not self._path(task, block, f"{chunk:04d}").exists():
                break
            results.append(self.read_result(task, block, chunk))
        if 0 < len(results) < chunks:
            self.read_stored_carry(task, block, len(results) - 1)
        return results

    def read_result(self, task: int, block: int, chunk: int) -> ChunkResult:
        """Return the result of a finished chunk. Raises DamagedCheckpointError, and OSError if it is not there."""
        arrays = self._read(self._path(task, block, f"{chunk:04d}"))
        seconds, compile_seconds = arrays.pop("seconds").tolist()
        return ChunkResult(arrays, seconds, compile_seconds)

    def list_results(self) -> list[tuple[int, int, int]]:
        """Return the task, block and chunk of each result, in order. Other tasks in the folder may be among them."""
        found = list_chunks(self.folder.parent)
        return [(task - self.first, block, chunk) for task, block, chunk in found if task >= self.first]

    def read_carry(self, task: int, block: int, chunk: int, shapes: Sequence[tuple[tuple[int, ...], Any]]) -> list[Any]:
        """Return the state that a block has after a chunk, as arrays of these shapes and dtypes."""
        return restore_carry(self.read_stored_carry(task, block, chunk), shapes)

    def write(self, task: int, block: int, chunk: int, result: ChunkResult, carry: Sequence[np.ndarray]) -> None:
        """Add a chunk. `carry` is the state that the next chunk continues from; it is empty after the last chunk."""
        if carry:
            arrays = {f"{i}": np.ascontiguousarray(array).reshape(-1).view(np.uint8) for i, array in enumerate(carry)}
            self._write(self._path(task, block, f"carry-{chunk:04d}"), {"axes": np.array(_CARRY_AXES), **arrays})
        times = np.array([result.seconds, result.compile_seconds])
        self._write(self._path(task, block, f"{chunk:04d}"), {**result.arrays, "seconds": times})
        if chunk:
            self._path(task, block, f"carry-{chunk - 1:04d}").unlink(missing_ok=True)

    def discard_block(self, task: int, block: int) -> None:
        """Remove all checkpoints of a block."""
        for path in self.folder.glob(self._path(task, block, "*").name):
            path.unlink()

    def discard_tasks(self, remainder: int, count: int) -> None:
        """Remove all checkpoints of the tasks whose numbers have a remainder when they are divided by `count`."""
        for path in self.folder.glob("[0-9]*"):
            if (int(path.name.partition("-")[0]) - self.first) % count == remainder:
                path.unlink()

    def discard_carries(self, task: int) -> None:
        """Remove the states of all blocks of a task, from which nothing will continue."""
        for path in self.folder.glob(f"{self.first + task:04d}-*-carry-*"):
            path.unlink()

    def has_task(self, task: int) -> bool:
        """Return whether any chunk of a task is there."""
        return any(self.folder.glob(f"{self.first + task:04d}-*"))

    def read_stored_carry(self, task: int, block: int, chunk: int) -> dict[str, np.ndarray]:
        """Return the state that a block has after a chunk, as it is stored; `restore_carry` makes arrays of it."""
        path = self._path(task, block, f"carry-{chunk:04d}")
        arrays = self._read(path)
        if str(arrays.pop("axes", "")) != _CARRY_AXES:
            raise DamagedCheckpointError(f"{path} is of an older version")
        return arrays

    def _path(self, task: int, block: int, kind: str) -> Path:
        return self.folder / f"{self.first + task:04d}-{block:04d}-{kind}"

    def _write(self, path: Path, arrays: Mapping[str, np.ndarray]) -> None:
        write_arrays(path, self.digest, arrays)

    def _read(self, path: Path) -> dict[str, np.ndarray]:
        return read_arrays(path, self.digest)


def restore_carry(stored: Mapping[str, np.ndarray], shapes: Sequence[tuple[tuple[int, ...], Any]]) -> list[np.ndarray]:
    """Return the state of a block as arrays of these shapes and dtypes, given what is stored of it."""
    # They are stored as bytes, because NumPy's files cannot hold dtypes such as bfloat16.
    return [stored[f"{i}"].view(jnp.dtype(dtype)).reshape(shape) for i, (shape, dtype) in enumerate(shapes)]


def compute_digest(plan: Mapping[str, Any]) -> str:
    """Return a short text that identifies a plan."""
    return digest_json(plan)[:32]


def initialize_folder(folder: Path, plan: Mapping[str, Any]) -> None:
    """Remove the checkpoints of an older plan, and write the new plan."""
    remove_checkpoints(folder)
    write_plan(folder, plan)


def write_plan(folder: Path, plan: Mapping[str, Any]) -> None:
    """Write the plan of a folder."""
    write_text(folder / PLAN, json.dumps(plan, indent=1) + "\n")


def has_checkpoints(folder: Path) -> bool:
    """Return whether a folder has any finished chunk, or runs of a study that it grew from."""
    return bool(list_chunks(folder) or list_known(folder))


def list_chunks(folder: Path) -> list[tuple[int, int, int]]:
    """Return the task, block and chunk of each result in a folder, in order."""
    chunks = []
    for path in (folder / PARTS).glob("[0-9]*"):
        numbers = path.name.split("-")
        if len(numbers) == 3 and is_part(path.name):
            chunks.append((int(numbers[0]), int(numbers[1]), int(numbers[2])))
    return sorted(chunks)


def remove_checkpoints(folder: Path) -> None:
    """Remove the checkpoints of a folder. Files that gradlab did not write stay, and the folder of parts with them."""
    parts = folder / PARTS
    if parts.is_symlink() or not parts.is_dir():
        return
    has_others = False
    for path in parts.iterdir():
        if is_part(path.name) and not path.is_dir():
            path.unlink(missing_ok=True)
        else:
            has_others = True
    if not has_others:
        parts.rmdir()


def replace_plan(folder: Path, plan: Mapping[str, Any], kept_chunks: Collection[int] = ()) -> None:
    """Write the plan of a study that grew, and remove the checkpoints of the one before, but for those of some tasks.

    The runs that the new plan knows must be in the folder already. Until the plan is written the folder belongs to the
    old one, and has all that the old one needs.
    """
    write_plan(folder, plan)
    kept = set(list_known(folder, compute_digest(plan)))
    for path in (folder / PARTS).iterdir():
        task = path.name.partition("-")[0]
        is_kept = path in kept or (task.isdigit() and int(task) in kept_chunks)
        if is_part(path.name) and not path.is_dir() and not is_kept:
            path.unlink(missing_ok=True)


def read_plan(folder: Path) -> dict[str, Any] | None:
    """Return the plan of a folder, or None if it has none. Raises OSError, and DamagedJSONError for a damaged plan."""
    try:
        return read_json(folder / PLAN)
    except FileNotFoundError:
        return None


def prefer_stored_plan(folder: Path, plan: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the plan as a folder has it, or `plan` if it has none.

    A folder of an older version has the same plan in an older format, and its checkpoints refer to that one.
    """
    return read_plan(folder) or plan
