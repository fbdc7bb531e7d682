"""An export appears whole or not at all, and replaces nothing that it was not told to replace."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradlab.lab._exports.target_folder import replace_folder, write_description
from gradlab.lab._results.study_folder import FolderError


def write(target: Path, text: str, overwrite: bool = False) -> None:
    with replace_folder(target, overwrite) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "a.csv").write_text(text)
        write_description(folder, {})
        assert not (target / "deep" / "b.csv").exists()


def test_an_export_is_replaced_only_when_told(tmp_path: Path) -> None:
    target = tmp_path / "new" / "csv"
    write(target, "old")
    with pytest.raises(FolderError, match="holds an export already; --overwrite"):
        write(target, "new")
    assert (target / "deep" / "a.csv").read_text() == "old"
    write(target, "new", overwrite=True)
    assert (target / "deep" / "a.csv").read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["csv"]


def test_what_no_export_wrote_is_never_replaced(tmp_path: Path) -> None:
    target = tmp_path / "csv"
    write(target, "old")
    (target / "notes.txt").write_text("mine")
    with pytest.raises(FolderError, match=r"holds notes.txt, which no export wrote"):
        write(target, "new", overwrite=True)
    assert (target / "deep" / "a.csv").read_text() == "old"
    (target / "study.json").write_text("{}")
    with pytest.raises(FolderError, match=r"holds deep/a.csv, notes.txt, study.json"):
        write(target, "new", overwrite=True)
    with pytest.raises(FolderError, match="is a file"):
        write(target / "notes.txt", "new")


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "csv"
    empty.mkdir()
    with pytest.raises(IsADirectoryError), replace_folder(empty) as folder:
        folder.write_text("half")
    assert [*tmp_path.rglob("*")] == [empty]
    link = tmp_path / "link"
    link.symlink_to(empty)
    write(link, "whole")
    assert link.is_symlink()
    assert (empty / "deep" / "a.csv").read_text() == "whole"
