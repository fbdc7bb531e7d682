"""`gradlab race --table`: one table of all problems."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradlab.lab._studies import fair_table_outputs
from gradlab.lab._studies.study_arguments import problems_by_name
from gradlab.lab.problems import PROBLEMS

RACE = (
    "race", "--table", "--problem", "ravine", "--optimizer", "sgd", "--optimizer", "adam", "--rates", "2", "--seeds",
    "2", "--steps", "4", "--out",
)  # fmt: skip
TABLES = ("table.md", "table.csv", "table.json")


def test_a_race_with_a_table(gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []

    def measure(optimizers: Any) -> Any:
        measured.append(list(optimizers))
        assert optimizers["adam"]().init is not None
        of_each = {name: {"state_bytes": 8.0, "step_time": 2.5} for name in optimizers}
        return {"tree": "a tree", "steps": 1, "rounds": 1, "device": "cpu", "optimizers": of_each, "failed": {}}

    monkeypatch.setattr(fair_table_outputs, "measure_costs", measure)
    code, printed, err = gradlab(*RACE, str(tmp_path))
    assert code == 0
    assert "measuring the memory and the time" in err
    assert "Budget of each optimizer on each problem: 2 learning rates over 3 decades" in printed
    assert "What this table does not show" in printed
    assert "1 reporting seed cannot bound a rank" in " ".join(printed.split())
    assert all((tmp_path / name).exists() for name in TABLES)
    lines = [line.split() for line in printed.splitlines()]
    assert any(line[:1] == ["sgd"] and line[3:5] == ["8.0", "2.5"] for line in lines)

    code, again, err = gradlab(*RACE, str(tmp_path), "--json")  # the costs come from table.json
    assert (code, err, measured) == (0, "", [["sgd", "adam"]])
    table = json.loads(again)["table"]
    assert table == json.loads((tmp_path / "table.json").read_text())
    assert {row["optimizer"] for row in table["optimizers"]} == {"sgd", "adam"}

    code, _, _ = gradlab("race", *RACE[2:], str(tmp_path), "--seeds", "1", "--fresh")  # a table of another race
    assert code == 0
    assert not any((tmp_path / name).exists() for name in TABLES)


def test_a_file_of_the_user_is_not_overwritten(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "table.md").write_text("# Mine\n")
    code, printed, err = gradlab(*RACE, str(tmp_path))
    assert (code, printed) == (2, "")
    assert "table.md (not written by gradlab)" in err
    assert [path.name for path in tmp_path.iterdir()] == ["table.md"]


def test_all_stands_for_every_problem() -> None:
    assert [problem.name for problem in problems_by_name("all")] == list(PROBLEMS)
    assert len(problems_by_name(["ravine", "all"])) == len(PROBLEMS)
