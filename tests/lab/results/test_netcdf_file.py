"""Large arrays are written slice by slice and mapped where they are read, and nobody sees a difference."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab._engine.task import TaskResult
from gradlab.lab._results.assembly import assemble_dataset
from gradlab.lab._results.netcdf_file import load_groups, write_netcdf
from gradlab.lab._storage import mapped_arrays


@pytest.fixture
def dataset(task_results: list[TaskResult]) -> xr.Dataset:
    return assemble_dataset(task_results).drop_vars(["compile_seconds", "run_seconds"])


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an array of a loss for each step being a large one."""
    monkeypatch.setattr(mapped_arrays, "HELD_BYTES", 2000)
    monkeypatch.setattr(mapped_arrays, "SLICE_BYTES", 500)


def load(path: Path) -> dict[str, xr.Dataset]:
    with path.open("rb") as file:
        return load_groups(file)


def is_mapped(array: xr.DataArray) -> bool:
    base: Any = array.values
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, mmap.mmap)


def test_large_arrays_are_read_as_they_were_written(dataset: xr.Dataset, small_memory: None, tmp_path: Path) -> None:
    again = dataset.isel(optimizer=[1])
    write_netcdf(tmp_path / "new.nc", {"ravine": dataset, "again": again}, {"format": "test"})
    found = load(tmp_path / "new.nc")
    xr.testing.assert_identical(found["ravine"].astype(dataset.dtypes), dataset)
    xr.testing.assert_identical(found["again"].astype(dataset.dtypes), again)
    assert is_mapped(found["ravine"].loss)
    assert is_mapped(found["ravine"].path)
    assert not is_mapped(found["ravine"].diverged)


def test_another_program_reads_them_and_the_same_datasets_give_the_same_bytes(
    dataset: xr.Dataset, small_memory: None, tmp_path: Path
) -> None:
    for name in ("one.nc", "two.nc"):
        write_netcdf(tmp_path / name, {"ravine": dataset}, {"format": "test"})
    assert (tmp_path / "one.nc").read_bytes() == (tmp_path / "two.nc").read_bytes()
    with xr.open_dataset(tmp_path / "one.nc", group="ravine", engine="h5netcdf") as found:
        xr.testing.assert_identical(found.astype(dataset.dtypes).load(), dataset)


def test_a_mapped_array_can_be_changed_and_the_file_stays(
    dataset: xr.Dataset, small_memory: None, tmp_path: Path
) -> None:
    path = tmp_path / "results.nc"
    write_netcdf(path, {"ravine": dataset}, {})
    before = path.read_bytes()
    found = load(path)["ravine"]
    found.loss[:] = 0.0
    assert (found.loss == 0).all()
    assert path.read_bytes() == before


@pytest.mark.parametrize("share", [0.01, 0.5, 0.8, 0.99])
def test_a_disk_that_is_full_at_any_moment_is_an_error_and_no_crash(
    dataset: xr.Dataset, small_memory: None, tmp_path: Path, share: float
) -> None:
    resource = pytest.importorskip("resource")  # not on Windows
    write_netcdf(tmp_path / "whole.nc", {"ravine": dataset}, {})
    limit = int(share * (tmp_path / "whole.nc").stat().st_size)
    size, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_netcdf(tmp_path / "part.nc", {"ravine": dataset}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
