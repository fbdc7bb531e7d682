"""Large arrays lie in files that are gone with them; small ones, and those without a folder, are in memory."""

from __future__ import annotations

import errno
import math
import os
from pathlib import Path

import numpy as np
import pytest

from gradlab.lab._storage import mapped_arrays
from gradlab.lab._storage.mapped_arrays import allocate, release, slices, stack


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped_arrays, "HELD_BYTES", 64)
    monkeypatch.setattr(mapped_arrays, "SLICE_BYTES", 256)


def test_only_a_large_array_with_a_folder_is_in_a_file(small_memory: None, tmp_path: Path) -> None:
    assert isinstance(allocate((4, 4), np.float32, tmp_path), np.memmap)
    assert not isinstance(allocate((3, 4), np.float32, tmp_path), np.memmap)
    assert not isinstance(allocate((4, 4), np.float32), np.memmap)
    assert not list(tmp_path.iterdir())  # the file has no name


def test_what_is_released_is_still_there(small_memory: None, tmp_path: Path) -> None:
    array = allocate((2, 5000, 3), np.float64, tmp_path)
    values = np.random.default_rng(0).normal(size=array.shape)
    for index in range(2):
        array[index] = values[index]
        release(array)
    release(np.asarray(array)[None, :, 2:])  # a view of it
    np.testing.assert_array_equal(array, values)
    release(values)  # an array in memory has nothing to release
    assert np.isfinite(values).all()


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="room cannot be asked for")
def test_a_full_disk_is_an_error_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(OSError, match="No space left"):
        allocate((mapped_arrays.HELD_BYTES,), np.uint8, tmp_path)


@pytest.mark.parametrize("shape", [(), (7,), (2, 100), (3, 50, 4), (1, 9, 2, 1000)])
def test_slices_have_every_element_once_and_are_small(small_memory: None, shape: tuple[int, ...]) -> None:
    counts = np.zeros(shape, int)
    for part in slices(shape, 8):
        counts[part] += 1
        assert len(shape) < 2 or counts[part].size <= max(32, math.prod(shape[2:]))
    assert (counts == 1).all()


@pytest.mark.parametrize("count", [1, 3])
def test_arrays_are_stacked_in_a_file(small_memory: None, tmp_path: Path, count: int) -> None:
    arrays = [np.random.default_rng(index).normal(size=(40, 2, 3)) for index in range(count)]
    stacked = stack(arrays, tmp_path)
    np.testing.assert_array_equal(stacked, np.stack(arrays))
    assert isinstance(stacked, np.memmap) == (count > 1)  # a single one is not copied
    assert count > 1 or np.shares_memory(stacked, arrays[0])
    assert not isinstance(stack(arrays), np.memmap)
