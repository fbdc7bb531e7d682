"""Results are labelled, come back as they were written, and are never half written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.race import Lap
from gradlab.lab.results import ResultsError, assemble, attributes_of, provenance, read, replacing, roles, write


def test_a_dataset_is_labelled(laps: list[Lap]) -> None:
    dataset = assemble(laps)
    assert dict(dataset.sizes) == {
        "optimizer": 2, "rate": 5, "seed": 4, "step": 30, "evaluation": 31, "parameter": 2,
    }  # fmt: skip
    assert dataset.optimizer.values.tolist() == ["sgd", "adam"]
    np.testing.assert_array_equal(dataset.learning_rate.sel(optimizer="adam"), laps[1].rates)
    np.testing.assert_array_equal(dataset.loss.sel(optimizer="sgd"), laps[0].curves.loss)
    np.testing.assert_array_equal(dataset.path.sel(optimizer="adam"), laps[1].curves.path)
    np.testing.assert_array_equal(dataset.diverged, dataset.divergence_step >= 0)
    assert dataset.diverged.sel(optimizer="sgd").values.any(axis=1).tolist() == [False, False, False, True, True]
    assert str(dataset.composition.sel(optimizer="sgd").item()) == "chain(scale_by_learning_rate(learning_rate=0.01))"
    assert dataset.role.values.tolist() == ["choose", "choose", "report", "report"]
    assert dataset.attrs["score"] in dataset


def test_what_is_read_is_what_was_written(laps: list[Lap], tmp_path: Path) -> None:
    path, dataset = tmp_path / "results.nc", assemble(laps)
    attributes = provenance("gradlab race --steps 30")
    write(path, {"ravine": dataset, "again": dataset.isel(optimizer=[1])}, attributes)
    problems, found = read(path)
    assert list(problems) == ["ravine", "again"]
    xr.testing.assert_identical(problems["ravine"].astype(dataset.dtypes), dataset)
    assert found == attributes
    assert {"gradlab", "jax", "optax", "numpy", "machine", "date", "command"} <= set(found)
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.nc"]


def test_an_exception_while_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "results.nc"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half of the n")
            raise RuntimeError("the power went out")

    with pytest.raises(RuntimeError, match="power"):
        fail()
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.nc"]
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_a_dataset_that_cannot_be_written_leaves_the_old_file(laps: list[Lap], tmp_path: Path) -> None:
    path, dataset = tmp_path / "results.nc", assemble(laps)
    write(path, {"ravine": dataset}, {"format": "gradlab-race-1"})
    before = path.read_bytes()
    bad = dataset.assign(wrong=("seed", np.array([object()] * 4)))
    with pytest.raises((TypeError, ValueError)):
        write(path, {"ravine": dataset, "second": bad}, {})
    assert path.read_bytes() == before


def test_files_of_another_kind_are_refused(laps: list[Lap], tmp_path: Path) -> None:
    path = tmp_path / "results.nc"
    with pytest.raises(FileNotFoundError):
        read(path)
    path.write_text("not NetCDF at all")
    with pytest.raises(ResultsError, match="cannot be read as NetCDF"):
        read(path)
    write(path, {"ravine": assemble(laps)}, {"format": "gradlab-race-0"})
    with pytest.raises(ResultsError, match="expected format gradlab-race-1, found gradlab-race-0"):
        read(path)
    assert attributes_of(path)["format"] == "gradlab-race-0"
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ResultsError, match="may be cut off"):
        read(path)


def test_half_of_the_seeds_choose_and_the_others_report() -> None:
    assert roles(1) == ["both"]
    assert roles(2) == ["choose", "report"]
    assert roles(5) == ["choose", "choose", "report", "report", "report"]
