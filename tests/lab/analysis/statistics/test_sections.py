"""The sections of a comparison: what is computed, what is not, and both as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import xarray as xr

from gradlab.lab.analysis.statistics.sections import (
    PairOptions,
    problem_sections,
    section_document,
    study_sections,
)


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
    assert document["score_tests"] == {
        "rows": [],
        "sentences": ["Not computed: 2 reporting seeds cannot be tested; use 6 seeds or more, half of which report."],
    }


def test_pairs_and_problems_are_plain_json(make_dataset: Callable[..., xr.Dataset]) -> None:
    scores = 10.0 ** -np.random.default_rng(0).uniform(1, 3, (2, 2, 6))
    race = make_dataset(scores, [0.1, 1], ["choose"] * 3 + ["report"] * 3)
    sections = [*problem_sections(race, PairOptions(alpha=0.1)), *study_sections({"one": race, "two": race})]
    document = {section.name: section_document(section) for section in sections}
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    row = document["score_tests"]["rows"][0]
    assert list(row) == ["optimizer", "other", "advantage", "wins", "effect", "p", "p_holm", "differs", "seeds_needed"]
    assert isinstance(row["differs"], bool)
    assert len(document["interquartile_means"]["rows"]) == 2
