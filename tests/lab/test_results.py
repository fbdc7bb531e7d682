"""Results are labelled, come back as they were written, and are never half written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.results import FORMAT, ResultsError, assemble, attributes_of, provenance, read, roles, write
from gradlab.lab.task import Lap


def test_a_dataset_is_labelled(laps: list[Lap]) -> None:
    dataset = assemble(laps)
    assert dict(dataset.sizes) == {
        "optimizer": 2, "rate": 5, "seed": 4, "step": 30, "evaluation": 31, "parameter": 2,
    }  # fmt: skip
    assert dataset.optimizer.values.tolist() == ["sgd", "adam"]
    np.testing.assert_array_equal(dataset.learning_rate.sel(optimizer="adam"), laps[1].task.points["learning_rate"])
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
    assert {entry.name for entry in tmp_path.iterdir()} == {"results.nc", "provenance.json"}


def test_what_differs_from_run_to_run_is_not_in_the_file(laps: list[Lap], tmp_path: Path) -> None:
    again = [lap._replace(run_seconds=lap.run_seconds + 1, compile_seconds=0.5) for lap in laps]
    for folder, found, command in (("a", laps, "one"), ("b", again, "two")):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "results.nc", {"ravine": assemble(found)}, provenance(command))
    assert (tmp_path / "a" / "results.nc").read_bytes() == (tmp_path / "b" / "results.nc").read_bytes()
    problems, attributes = read(tmp_path / "b" / "results.nc")
    assert problems["ravine"].run_seconds.values.tolist() == [lap.run_seconds for lap in again]
    assert attributes["command"] == "two"


def test_results_can_be_read_without_their_provenance(laps: list[Lap], tmp_path: Path) -> None:
    write(tmp_path / "results.nc", {"ravine": assemble(laps)}, provenance("gradlab race"))
    for text in (None, "[", "[]"):
        (tmp_path / "provenance.json").unlink() if text is None else (tmp_path / "provenance.json").write_text(text)
        problems, attributes = read(tmp_path / "results.nc")
        assert np.isnan(problems["ravine"].run_seconds).all()
        assert "command" not in attributes


def test_a_dataset_that_cannot_be_written_leaves_the_old_file(laps: list[Lap], tmp_path: Path) -> None:
    path, dataset = tmp_path / "results.nc", assemble(laps)
    write(path, {"ravine": dataset}, {"format": FORMAT})
    before = path.read_bytes()
    bad = dataset.assign(wrong=("seed", np.array([object()] * 4)))
    with pytest.raises((TypeError, ValueError)):
        write(path, {"ravine": dataset, "second": bad}, {})
    assert path.read_bytes() == before


def test_a_full_disk_is_an_error_and_no_crash(laps: list[Lap], tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")  # not on Windows
    size, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, most))  # as a disk that is full after so many bytes
    try:
        with pytest.raises(OSError, match="File too large"):
            write(tmp_path / "results.nc", {"ravine": assemble(laps)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    assert [path.name for path in tmp_path.iterdir()] == ["provenance.json"]
    write(tmp_path / "results.nc", {"ravine": assemble(laps)}, {"format": FORMAT})
    assert read(tmp_path / "results.nc")[0]["ravine"].loss.identical(assemble(laps).loss)


def test_files_of_another_kind_are_refused(laps: list[Lap], tmp_path: Path) -> None:
    path = tmp_path / "results.nc"
    with pytest.raises(FileNotFoundError):
        read(path)
    path.write_text("not NetCDF at all")
    with pytest.raises(ResultsError, match="cannot be read as NetCDF"):
        read(path)
    write(path, {"ravine": assemble(laps)}, {"format": "gradlab-race-0"})
    with pytest.raises(ResultsError, match=f"expected format {FORMAT}, found gradlab-race-0"):
        read(path)
    assert attributes_of(path)["format"] == "gradlab-race-0"
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ResultsError, match="may be cut off"):
        read(path)


def test_half_of_the_seeds_choose_and_the_others_report() -> None:
    assert roles(1) == ["both"]
    assert roles(2) == ["choose", "report"]
    assert roles(5) == ["choose", "choose", "report", "report", "report"]


def test_a_path_may_be_text_and_a_folder(laps: list[Lap], tmp_path: Path) -> None:
    write(tmp_path / "results.nc", {"ravine": assemble(laps)}, provenance("gradlab race"))
    for path in (tmp_path, str(tmp_path), str(tmp_path / "results.nc")):
        assert list(read(path)[0]) == ["ravine"]
    with pytest.raises(FileNotFoundError):
        read(str(tmp_path / "nothing"))
