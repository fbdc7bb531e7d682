"""Arrays that are too large to hold: they lie in a file, of which the system reads the parts that are used."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

HELD_BYTES = 2**24  # of one array: a larger one is not held in memory if there is a folder for it
SLICE_BYTES = 2**22  # of an array that is read or written slice by slice


def allocate(shape: tuple[int, ...], dtype: Any, folder: Path | None = None) -> np.ndarray:
    """Return a new array with arbitrary content, in memory, or in an unnamed file in the folder if it is large.

    The file is gone with the array, and with the process. Raises OSError if the disk has no room for it: that is asked
    for at once, because a disk that is full later would end the process.
    """
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    if folder is None or size < HELD_BYTES:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        return np.memmap(file, dtype, "w+", shape=shape)


def release(array: np.ndarray) -> None:
    """Let go of the memory of an array that `allocate` made in a file. Its values stay in the file."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def slices(shape: tuple[int, ...], itemsize: int) -> Iterator[tuple[slice, ...]]:
    """Yield indices of the parts of an array, each of about 4 MiB, in the order in which a file has them.

    Parts are of whole rows of the first two axes: the optimizers and the points of a results array.
    """
    if len(shape) < 2:
        yield (slice(None),) * len(shape)
        return
    row = max(1, int(np.prod(shape[2:], dtype=np.int64)) * itemsize)
    count = max(1, SLICE_BYTES // row)
    for first in range(shape[0]):
        for second in range(0, shape[1], count):
            yield slice(first, first + 1), slice(second, second + count)


def stack(arrays: list[np.ndarray], folder: Path | None = None) -> np.ndarray:
    """Return arrays of one shape, stacked along a new first axis: in memory, or in a file if they are large."""
    size = sum(array.nbytes for array in arrays)
    if folder is None or size < HELD_BYTES:
        return np.stack(arrays)
    if len(arrays) == 1:
        return arrays[0][None]
    stacked = allocate((len(arrays), *arrays[0].shape), arrays[0].dtype, folder)
    for index, array in enumerate(arrays):
        for part in slices((1, *array.shape), array.itemsize):
            stacked[index][part[1:]] = array[part[1:]]
            release(stacked)
            release(array)
    return stacked
