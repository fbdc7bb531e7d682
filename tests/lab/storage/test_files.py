"""Files are complete at any moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradlab.lab._storage.files import remove_leftovers, replace_file


def test_an_exception_while_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "results.nc"
    path.write_text("old")

    def fail() -> None:
        with replace_file(path) as temporary:
            temporary.write_text("half of the n")
            raise RuntimeError("the power went out")

    with pytest.raises(RuntimeError, match="power"):
        fail()
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.nc"]
    with replace_file(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    (tmp_path / "mine.nc").write_text("mine")
    with replace_file(tmp_path / "results.nc") as temporary:
        half = temporary.read_bytes()
        assert half == b""
        (tmp_path / f"{temporary.name}.old").write_bytes(half)
    assert len(list(tmp_path.iterdir())) == 3
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"mine.nc", "results.nc"}
