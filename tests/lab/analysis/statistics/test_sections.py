"""The sections of a comparison: what is computed, what is not, and both as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import xarray as xr

from gradlab.lab.analysis.statistics.sections import problem_sections, section_document


def test_what_the_results_do_not_allow_is_said(make_sweep: Callable[..., xr.Dataset]) -> None:
    sections = problem_sections(make_sweep(np.ones((2, 3, 4)), {"b1": [0.7, 0.8, 0.9]}))
    found = {section.name: section for section in sections}
    assert found["tuning_budget"].table is not None
    assert found["rate_sensitivity"].table is None
    assert found["rate_sensitivity"].sentences == ["Not computed: the points of made have no learning rate, only b1."]
    assert section_document(found["rate_sensitivity"])["rows"] == []


def test_a_section_is_plain_json(make_dataset: Callable[..., xr.Dataset]) -> None:
    scores = np.full((2, 3, 4), 0.1)
    scores[1, :, 0] = np.nan
    sections = problem_sections(make_dataset(scores, [0.1, 1, 10], ["choose"] * 2 + ["report"] * 2))
    document = {section.name: section_document(section) for section in sections}
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["tuning_budget"]["rows"][0] == {
        "optimizer": "optimizer_0", "trials": 1, "expected": 0.1, "low": 0.1, "high": 0.1, "failed": 0.0,
    }  # fmt: skip
    assert document["rate_sensitivity"]["rows"][1]["sensitivity"] is None
