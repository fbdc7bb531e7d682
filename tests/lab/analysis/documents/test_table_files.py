"""A document is written anew only if its file, or a file that it names, is not as it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradlab.lab.analysis.documents.table_files import finite_or_none, is_written, write_csv, write_json


def test_a_document_is_written_if_its_file_and_those_that_it_names_are_there(tmp_path: Path) -> None:
    path, content = tmp_path / "points.json", {"score": 0.5, "files": ["points.csv"]}
    assert not is_written(path, content)
    write_json(path, content)
    assert not is_written(path, content)  # the table that it names does not exist
    write_csv(tmp_path / "points.csv", ["name", "value"], [["=adam", float("nan")], ["sgd", None]])
    assert (tmp_path / "points.csv").read_text() == "name,value\n'=adam,\nsgd,\n"
    assert is_written(path, content)
    assert not is_written(path, content | {"score": 0.25})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_has_not_become_none(value: float) -> None:
    assert finite_or_none(value) is None
    assert [finite_or_none(other) for other in (0.5, 3, "nan", None, True)] == [0.5, 3, "nan", None, True]
