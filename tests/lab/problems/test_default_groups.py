"""An optimizer whose selectors choose no leaf of a problem is found by its composition, and the results say so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import optax
import pytest

import gradlab as gl
from gradlab.lab._report.answers import answer_race
from gradlab.lab._report.problem_findings import compute_findings
from gradlab.lab.problems import Digits, Ravine
from gradlab.lab.problems.default_groups import as_attribute, describe_default_groups, find_default_group

PROBLEM = Ravine()  # whose parameters are a vector
ADAMW = {"selector": "ndim(2)", "by": "adamw", "share": 0.015}


@pytest.mark.parametrize(
    ("tx", "by", "share"),
    [
        (gl.muon(0.2), "adamw", 0.015),
        (gl.soap(0.2), "adamw", 1.0),
        (gl.schedule_free(gl.muon(0.2)), "adamw", 0.015),
        (gl.chain(gl.clip_by_global_norm(1.0), gl.muon(0.2, adam_learning_rate=0.1)), "adamw", 0.5),
        (gl.muon(gl.schedules.cosine(0.2, 10)), "adamw", None),
        (gl.scion(0.2), None, None),
    ],
)
def test_a_method_for_matrices_is_something_else_on_vectors(tx: Any, by: str | None, share: float | None) -> None:
    found = find_default_group(tx, PROBLEM, 0.2)
    assert found == {"selector": "ndim(2)", "by": by, "share": share}


@pytest.mark.parametrize(
    "tx",
    [
        gl.adam(0.2),
        optax.sgd(0.2),
        gl.partition((gl.ndim(1), gl.sgd(0.2)), default=gl.adam(0.2)),
        gl.partition((gl.ndim(2), gl.sgd(0.2)), (gl.ndim(1), gl.adam(0.2))),
        gl.muon(0.2, matrices=gl.ndim(1)),
    ],
)
def test_others_are_what_their_names_say(tx: Any) -> None:
    assert find_default_group(tx, PROBLEM, 0.2) is None


def test_a_problem_with_a_matrix_trains_it_as_such() -> None:
    assert find_default_group(gl.muon(0.2), Digits(), 0.2) is None


def test_several_rules_and_no_rate() -> None:
    tx = gl.partition((gl.ndim(2), gl.sgd(0.2)), (gl.ndim(3), gl.sgd(0.2)), default=gl.adam(0.1))
    assert find_default_group(tx, PROBLEM, None) == {"selector": "any of its selectors", "by": "adam", "share": None}


def test_sentences_join_what_is_alike() -> None:
    groups = {
        "muon": ADAMW,
        "adam": None,
        "mine": {"selector": "path('head')", "by": None, "share": None},
        "dion": ADAMW,
        "soap": ADAMW | {"share": 1.0},
    }
    assert describe_default_groups({"problem": "ravine", **as_attribute(groups)}) == [
        "On ravine, no parameter is a matrix, so that muon and dion are adamw at 0.015 times the rate; soap is adamw.",
        "On ravine, no parameter is chosen by path('head'), so that mine is only what it is for other parameters.",
    ]
    assert as_attribute({"adam": None}) == {}
    assert describe_default_groups({"problem": "ravine"}) == []


def test_a_race_on_a_vector_says_that_muon_is_adamw(tmp_path: Path) -> None:
    results = gl.lab.race("ravine", ["muon", "adam"], rates=2, seeds=2, steps=12, out=tmp_path)
    sentence = "On ravine, no parameter is a matrix, so that muon is adamw at 0.015 times the rate."
    assert results.gradlab.verdict("ravine")[-1] == sentence
    (finding,) = compute_findings({"ravine": results["ravine"].to_dataset()})
    assert sentence in answer_race(finding).sentences
    assert sentence in (tmp_path / "report.html").read_text()
    assert sentence in (tmp_path / "leaderboard.json").read_text()


def test_a_sweep_of_schedules_and_of_points_of_several_structures_says_so() -> None:
    rates = {"constant": 0.01, "falling": gl.schedules.linear(0.02, 0.0, transition_steps=12)}
    results = gl.lab.sweep("ravine", gl.muon, {"learning_rate": rates, "momentum": [0.9]}, seeds=2, steps=12)
    sentence = "On ravine, no parameter is a matrix, so that muon is adamw."
    assert describe_default_groups(results["ravine"].to_dataset().attrs) == [sentence]
    either = gl.lab.When([True, False], learning_rate=0.1)
    gaps: dict[str, Any] = {"learning_rate": gl.lab.Log(0.01, 0.1, 2), "nesterov": either}
    results = gl.lab.sweep("ravine", gl.muon, gaps, seeds=2, steps=12)
    said = describe_default_groups(results["ravine"].to_dataset().attrs)[0]
    assert "muon is adamw at 0.015 times the rate" in said


def test_a_race_without_such_an_optimizer_says_nothing() -> None:
    results = gl.lab.race("ravine", ["sgd", "adam"], rates=2, seeds=2, steps=12)
    assert "default_groups" not in results["ravine"].attrs
