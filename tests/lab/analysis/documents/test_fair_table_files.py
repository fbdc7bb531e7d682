"""The files of the fair table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from gradlab.lab._storage.ownership import describe_foreign
from gradlab.lab.analysis.comparison.fair_table import fair_table
from gradlab.lab.analysis.documents.fair_table_files import (
    fair_table_document,
    write_fair_table_csv,
    write_fair_table_markdown,
)


def test_the_three_files(make_dataset: Callable[..., xr.Dataset], tmp_path: Path) -> None:
    scores = np.array([[[0.1, 0.1], [1.0, 1.0]], [[1.0, 1.0], [0.2, 0.2]]])
    rows = fair_table({"made": make_dataset(scores, [0.1, 1.0], ["choose", "report"])}, {})
    write_fair_table_csv(tmp_path / "table.csv", rows, ["made"])
    with (tmp_path / "table.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [(line["problem"], line["optimizer"], line["best_rate"]) for line in lines] == [
        ("made", "optimizer_0", "0.1"), ("made", "optimizer_1", "1.0"),
    ]  # fmt: skip
    assert lines[0]["state_bytes"] == lines[0]["score_low"] == ""
    assert describe_foreign(tmp_path / "table.csv") is None

    columns = {"optimizer": ["a|b"], "made": ["1*"]}
    write_fair_table_markdown(
        tmp_path / "table.md", columns, "A budget.", ["* a mark"], {"gradlab": "1", "command": "c"}
    )
    text = (tmp_path / "table.md").read_text()
    assert "| optimizer | made |\n|---|---:|\n| a\\|b | 1\\* |\n" in text
    assert "Command: `c`" in text
    assert "- \\* a mark" in text
    assert describe_foreign(tmp_path / "table.md") is None
    (tmp_path / "mine.md").write_text("# Mine\n")
    assert describe_foreign(tmp_path / "mine.md") == "not written by gradlab"

    document = json.loads(json.dumps(fair_table_document(rows, "A budget.", ["a"], {}, {"plan": "1"}), allow_nan=False))
    assert document["optimizers"][0]["state_bytes"] is None
    assert document["optimizers"][0]["problems"]["made"]["rank"] == 1
    assert (document["plan"], document["not_shown"]) == ("1", ["a"])
