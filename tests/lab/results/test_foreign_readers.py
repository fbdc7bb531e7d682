"""Programs that know nothing of gradlab read a results file: plain xarray, netCDF4 and h5netcdf's own reader."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

from gradlab.lab._engine.task import TaskResult
from gradlab.lab._results import results_file
from gradlab.lab._results.assembly import assemble_dataset


@pytest.mark.filterwarnings("ignore:.*ndarray size changed:RuntimeWarning")
def test_plain_readers_find_the_data(task_results: list[TaskResult], tmp_path: Path) -> None:
    path, dataset = tmp_path / "results.nc", assemble_dataset(task_results)
    results_file.write(path, {"ravine": dataset}, {"format": results_file.FORMAT})
    times = ["compile_seconds", "run_seconds"]
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        assert tree["ravine"].to_dataset().load().identical(dataset.drop_vars(times))
    with xr.open_dataset(path, group="ravine", engine="netcdf4") as found:
        assert found.load().identical(dataset.drop_vars(times))
    with xr.open_dataset(path, engine="h5netcdf") as root:  # which has no data, and says where they are
        assert "a group for each problem; xarray.open_datatree" in root.attrs["comment"]
    with netCDF4.Dataset(path) as file:
        assert file.comment == root.attrs["comment"]
        group = file["ravine"]
        assert group["loss"].dimensions == ("optimizer", "rate", "seed", "step")
        assert group["optimizer"][:].tolist() == ["sgd", "adam"]
        np.testing.assert_array_equal(group["loss"][:].filled(np.nan), dataset.loss.values)
    assert "comment" not in results_file.read(path)[1]
