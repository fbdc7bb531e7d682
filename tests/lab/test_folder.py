"""What a race may write into, and what it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xarray as xr

from gradlab.lab import folder
from gradlab.lab.results import write


def results(path: Path, format: str = "gradlab-race-0") -> None:
    write(path, {"empty": xr.Dataset()}, {"format": format, "gradlab": "0.0.9", "date": "2020-02-02"})


def test_a_new_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    assert folder.prepare(tmp_path / "a" / "b") is None
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_files_of_other_people_are_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "cat.png").write_text("mine")
    assert folder.prepare(tmp_path) is None


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(folder.FolderError, match="is a file; pass the name of a folder"):
        folder.prepare(tmp_path / "file")
    with pytest.raises(folder.FolderError, match=r"cannot be written .* pass another folder"):
        folder.prepare(tmp_path / "file" / "below")


def test_results_of_another_version_stay_until_the_race_is_done(tmp_path: Path) -> None:
    results(tmp_path / "results.nc")
    note = folder.prepare(tmp_path)
    assert note is not None
    assert "gradlab 0.0.9 of 2020-02-02; they stay until this race is done" in note
    results(tmp_path / "results.partial.nc", "gradlab-race-1")
    assert folder.finish(tmp_path) == tmp_path / "results.nc"
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.nc"]


def test_a_stopped_race_is_replaced(tmp_path: Path) -> None:
    results(tmp_path / "results.partial.nc")
    assert "that was stopped; this one replaces it" in str(folder.prepare(tmp_path))


@pytest.mark.parametrize("text", ["", "someone else's"])
def test_results_that_no_race_wrote_are_not_touched(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.nc").write_text(text)
    with pytest.raises(folder.FolderError, match="was not written by a race, or is damaged; move it away"):
        folder.prepare(tmp_path)
    assert (tmp_path / "results.nc").read_text() == text


@pytest.mark.parametrize("name", ["leaderboard.csv", "leaderboard.json", "sensitivity_digits.png"])
def test_files_of_our_names_without_results_are_not_touched(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(folder.FolderError, match=f"holds {name} but no results of a race"):
        folder.prepare(tmp_path)


def test_stale_pictures_go_and_nothing_else(tmp_path: Path) -> None:
    for name in ("paths_ravine.png", "sensitivity_ravine.png", "cat.png", "paths_of_mine.png"):
        (tmp_path / name).write_text("")
    listed = ["race/paths_ravine.png", "race/sensitivity_ravine.png", "race/cat.png", "../../outside.png"]
    (tmp_path / "leaderboard.json").write_text(json.dumps({"files": listed}))
    old = folder.pictures_of_last_race(tmp_path)
    folder.remove_stale(old, [tmp_path / "sensitivity_ravine.png"])
    left = {entry.name for entry in tmp_path.iterdir()}
    assert left == {"sensitivity_ravine.png", "cat.png", "paths_of_mine.png", "leaderboard.json"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}'])
def test_a_broken_list_names_no_pictures(tmp_path: Path, text: str) -> None:
    (tmp_path / "leaderboard.json").write_text(text)
    assert folder.pictures_of_last_race(tmp_path) == set()
