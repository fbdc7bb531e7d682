"""Results have labels, are read as they were written, and are never half-written."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from gradlab.lab._engine.task import TaskResult
from gradlab.lab._results import results_file
from gradlab.lab._results.assembly import assemble_dataset, assign_roles
from gradlab.lab._results.provenance import collect_provenance
from gradlab.lab._results.results_file import FORMAT, DamagedResultsError, ResultsError, read, read_attributes, write


def test_a_dataset_is_labelled(task_results: list[TaskResult]) -> None:
    dataset = assemble_dataset(task_results)
    assert dict(dataset.sizes) == {
        "optimizer": 2, "rate": 5, "seed": 4, "step": 30, "evaluation": 31, "parameter": 2,
    }  # fmt: skip
    assert dataset.optimizer.values.tolist() == ["sgd", "adam"]
    np.testing.assert_array_equal(
        dataset.learning_rate.sel(optimizer="adam"), task_results[1].task.points["learning_rate"]
    )
    np.testing.assert_array_equal(dataset.loss.sel(optimizer="sgd"), task_results[0].curves.loss)
    np.testing.assert_array_equal(dataset.path.sel(optimizer="adam"), task_results[1].curves.path)
    np.testing.assert_array_equal(dataset.diverged, dataset.divergence_step >= 0)
    assert dataset.diverged.sel(optimizer="sgd").values.any(axis=1).tolist() == [False, False, False, True, True]
    assert str(dataset.composition.sel(optimizer="sgd").item()) == "chain(scale_by_learning_rate(learning_rate=0.01))"
    assert dataset.role.values.tolist() == ["choose", "choose", "report", "report"]
    assert dataset.attrs["score"] in dataset


def test_what_is_read_is_what_was_written(task_results: list[TaskResult], tmp_path: Path) -> None:
    path, dataset = tmp_path / "results.nc", assemble_dataset(task_results)
    attributes = collect_provenance("gradlab race --steps 30")
    write(path, {"ravine": dataset, "again": dataset.isel(optimizer=[1])}, attributes)
    problems, found = read(path)
    assert list(problems) == ["ravine", "again"]
    xr.testing.assert_identical(problems["ravine"].astype(dataset.dtypes), dataset)
    assert found == attributes
    assert {"gradlab", "jax", "optax", "numpy", "machine", "date", "command"} <= set(found)
    assert {entry.name for entry in tmp_path.iterdir()} == {"results.nc", "provenance.json"}


def test_dates_and_seconds_are_not_in_the_file(task_results: list[TaskResult], tmp_path: Path) -> None:
    again = [result._replace(run_seconds=result.run_seconds + 1, compile_seconds=0.5) for result in task_results]
    for folder, found, command in (("a", task_results, "one"), ("b", again, "two")):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "results.nc", {"ravine": assemble_dataset(found)}, collect_provenance(command))
    assert (tmp_path / "a" / "results.nc").read_bytes() == (tmp_path / "b" / "results.nc").read_bytes()
    problems, attributes = read(tmp_path / "b" / "results.nc")
    assert problems["ravine"].run_seconds.values.tolist() == [result.run_seconds for result in again]
    assert attributes["command"] == "two"


def test_results_can_be_read_without_their_provenance(task_results: list[TaskResult], tmp_path: Path) -> None:
    write(tmp_path / "results.nc", {"ravine": assemble_dataset(task_results)}, collect_provenance("gradlab race"))
    for text in (None, "[", "[]"):
        (tmp_path / "provenance.json").unlink() if text is None else (tmp_path / "provenance.json").write_text(text)
        problems, attributes = read(tmp_path / "results.nc")
        assert np.isnan(problems["ravine"].run_seconds).all()
        assert "command" not in attributes


def test_a_dataset_that_cannot_be_written_leaves_the_old_file(task_results: list[TaskResult], tmp_path: Path) -> None:
    path, dataset = tmp_path / "results.nc", assemble_dataset(task_results)
    write(path, {"ravine": dataset}, {"format": FORMAT})
    before = path.read_bytes()
    bad = dataset.assign(wrong=("seed", np.array([object()] * 4)))
    with pytest.raises((TypeError, ValueError)):
        write(path, {"ravine": dataset, "second": bad}, {})
    assert path.read_bytes() == before


def test_a_full_disk_is_an_error_and_no_crash(task_results: list[TaskResult], tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")  # not on Windows
    size, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, most))  # as a disk that is full after so many bytes
    try:
        with pytest.raises(OSError, match="File too large"):
            write(tmp_path / "results.nc", {"ravine": assemble_dataset(task_results)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    assert not list(tmp_path.iterdir())
    write(tmp_path / "results.nc", {"ravine": assemble_dataset(task_results)}, {"format": FORMAT})
    assert read(tmp_path / "results.nc")[0]["ravine"].loss.identical(assemble_dataset(task_results).loss)


def test_files_of_another_kind_are_refused(task_results: list[TaskResult], tmp_path: Path) -> None:
    path = tmp_path / "results.nc"
    with pytest.raises(FileNotFoundError):
        read(path)
    path.write_text("not NetCDF at all")
    with pytest.raises(ResultsError, match="cannot be read as NetCDF"):
        read(path)
    write(path, {"ravine": assemble_dataset(task_results)}, {"format": "gradlab-race-0"})
    with pytest.raises(ResultsError, match=f"expected format {FORMAT}, found gradlab-race-0"):
        read(path)
    assert read_attributes(path)["format"] == "gradlab-race-0"
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ResultsError, match="may be cut off"):
        read(path)


def test_half_of_the_seeds_choose_and_the_others_report() -> None:
    assert assign_roles(1) == ["both"]
    assert assign_roles(2) == ["choose", "report"]
    assert assign_roles(5) == ["choose", "choose", "report", "report", "report"]


def test_a_path_may_be_text_and_a_folder(task_results: list[TaskResult], tmp_path: Path) -> None:
    write(tmp_path / "results.nc", {"ravine": assemble_dataset(task_results)}, collect_provenance("gradlab race"))
    for path in (tmp_path, str(tmp_path), str(tmp_path / "results.nc")):
        assert list(read(path)[0]) == ["ravine"]
    with pytest.raises(FileNotFoundError):
        read(str(tmp_path / "nothing"))


def test_one_bit_that_is_changed_anywhere_is_seen(task_results: list[TaskResult], tmp_path: Path) -> None:
    path, dataset = tmp_path / "results.nc", assemble_dataset(task_results)
    write(path, {"ravine": dataset}, collect_provenance("gradlab race"))
    whole = path.read_bytes()
    for at in [*range(0, len(whole), max(1, len(whole) // 300)), *range(len(whole) - 90, len(whole))]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
        with pytest.raises(DamagedResultsError, match="is damaged"):
            read(path)
    for damaged in (whole[:-1], whole[:-90], whole + b"x", whole[1:], whole[: len(whole) // 2], b""):
        path.write_bytes(damaged)
        with pytest.raises(DamagedResultsError):
            read_attributes(path)
    path.write_bytes(whole)
    assert list(read(path)[0]) == ["ravine"]


def test_other_programs_read_the_file_as_any_other(task_results: list[TaskResult], tmp_path: Path) -> None:
    write(tmp_path / "results.nc", {"ravine": assemble_dataset(task_results)}, collect_provenance("gradlab race"))
    with xr.open_dataset(tmp_path / "results.nc", group="ravine") as found:
        np.testing.assert_array_equal(found.loss, assemble_dataset(task_results).loss)
        assert "checksum" not in found.attrs


def test_a_file_of_the_version_before_has_no_checksum_and_is_read(
    task_results: list[TaskResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {**collect_provenance("gradlab race"), "format": "gradlab-results-2"}
    write(tmp_path / "results.nc", {"ravine": assemble_dataset(task_results)}, old)
    content = (tmp_path / "results.nc").read_bytes()
    (tmp_path / "results.nc").write_bytes(content[:-90])
    (tmp_path / "provenance.json").write_text(
        '{"command": "gradlab race", "seconds": {"ravine": {"run_seconds": [1, 2]}}}'
    )
    problems, attributes = read(tmp_path / "results.nc")
    assert problems["ravine"].loss.identical(assemble_dataset(task_results).loss)
    assert problems["ravine"].run_seconds.values.tolist() == [1, 2]
    assert (attributes["format"], attributes["command"]) == ("gradlab-results-2", "gradlab race")


def test_a_changed_bit_of_the_provenance_gives_the_same_or_nothing(
    task_results: list[TaskResult], tmp_path: Path
) -> None:
    write(tmp_path / "results.nc", {"ravine": assemble_dataset(task_results)}, collect_provenance("gradlab race"))
    _, expected = read(tmp_path)
    path = tmp_path / "provenance.json"
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
        found = results_file._read_varying(tmp_path / "results.nc")
        assert {name: expected[name] for name in found if name != "seconds"} == {
            name: value for name, value in found.items() if name != "seconds"
        }
        assert found.get("seconds") in (None, {"ravine": {
            "compile_seconds": [result.compile_seconds for result in task_results],
            "run_seconds": [result.run_seconds for result in task_results],
        }})  # fmt: skip


WRONG = [
    "", "[", "[]", "null", "NaN", "3", '"text"', "{" * 9_999, '{"a":' * 99_999, "1" * 9_999, "\ufeff{}", "\0",
    '{"seconds": 3, "command": null, "date": ["x"], "python": {}, "machine": 1e999, "devices": NaN}',
    '{"seconds": {"ravine": 3}}', '{"seconds": {"ravine": {"run_seconds": [1, "2"]}}}', '{"seconds": [[]]}',
    '{"seconds": {"ravine": {"run_seconds": {"0": 1}, "compile_seconds": [[1], [2]]}}}',
    '{"seconds": {"ravine": {"run_seconds": [true, "1"]}}}', '{"seconds": {"ravine": {"run_seconds": [1]}}}',
]  # fmt: skip


def test_damaged_provenance_is_no_provenance(task_results: list[TaskResult], tmp_path: Path) -> None:
    write(tmp_path / "results.nc", {"ravine": assemble_dataset(task_results)}, collect_provenance("gradlab race"))
    path = tmp_path / "provenance.json"
    for content in [
        *(text.encode() for text in WRONG),
        b"\xff\xfe{\0}\0",
        b'{"command": "\xff"}',
        "{}".encode("utf-16"),
    ]:
        path.write_bytes(content)
        problems, attributes = read(tmp_path)
        assert np.isnan(problems["ravine"].run_seconds).all()
        assert not {"command", "date", "python", "machine", "devices"} & set(attributes)
    path.unlink()
    path.mkdir()
    assert np.isnan(read(tmp_path)[0]["ravine"].run_seconds).all()


def test_results_without_permission_to_read_are_not_called_damaged(
    task_results: list[TaskResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.nc"
    write(path, {"ravine": assemble_dataset(task_results)}, collect_provenance("gradlab race"))

    def refuse(self: Path, *mode: str) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ResultsError, match=r"cannot be read \(Permission denied\); check its permissions") as caught:
        read(path)
    assert not isinstance(caught.value, DamagedResultsError)


def test_a_pipe_in_the_place_of_results_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "results.nc")
    with pytest.raises(ResultsError, match="not a regular file"):
        read(tmp_path)


def test_names_that_are_not_utf_8_are_escaped(task_results: list[TaskResult], tmp_path: Path) -> None:
    result = task_results[0]
    odd = result._replace(task=dataclasses.replace(result.task, name="sgd\udcff", notes={"note": "a\udce9\0"}))
    write(tmp_path / "results.nc", {"ravine": assemble_dataset([odd])}, collect_provenance("gradlab race --out \udcff"))
    problems, attributes = read(tmp_path)
    assert problems["ravine"].optimizer.values.tolist() == ["sgd\\udcff"]
    assert problems["ravine"].attrs["note"] == "a\\udce9\\x00"
    assert attributes["command"] == "gradlab race --out \udcff"


def test_names_in_any_alphabet_are_read_as_they_were(task_results: list[TaskResult], tmp_path: Path) -> None:
    result = task_results[0]
    named = result._replace(task=dataclasses.replace(result.task, name="größer", family="最適化"))
    write(tmp_path / "results.nc", {"tal_øst": assemble_dataset([named])}, {"format": FORMAT, "note": "é"})
    problems, attributes = read(tmp_path)
    assert list(problems) == ["tal_øst"]
    assert problems["tal_øst"].optimizer.values.tolist() == ["größer"]
    assert problems["tal_øst"].family.values.tolist() == ["最適化"]
    assert attributes["note"] == "é"
