"""The statistics of the report are those of `gradlab compare`, of the optimizers that rank best."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
import xarray as xr

from gradlab.lab._report.problem_findings import Finding, compute_findings
from gradlab.lab._report.statistics.statistics_tables import (
    make_lead_tests,
    problem_statistics,
    select_chosen_runs,
    study_statistics,
)
from gradlab.lab.analysis.statistics import improvement_probabilities, pairwise_tests, rate_sensitivity, tuning_budget
from gradlab.lab.analysis.statistics.pairwise_tests import Measure


def test_the_first_is_tested_against_each_other(findings: list[Finding]) -> None:
    (finding,) = (each for each in findings if each.name == "ravine")
    dataset, first = finding.dataset, finding.rows[0].optimizer
    for measure in get_args(Measure):
        target = float(finding.summary.attrs["target"])
        whole = pairwise_tests(dataset, measure, target=target, against=first)
        ours = make_lead_tests(select_chosen_runs(dataset), first, measure, target)
        assert ours.optimizer.values.tolist() == [first] * 2
        assert ours.other.values.tolist() == whole.optimizer.values.tolist()
        np.testing.assert_allclose(ours.advantage, -whole.advantage)
        np.testing.assert_allclose(ours.p_holm, whole.p_holm)
        np.testing.assert_allclose(ours.wins + whole.wins, 4)


def test_each_table_says_what_was_tested(findings: list[Finding]) -> None:
    for finding in findings:
        tables = problem_statistics(finding)
        assert [table.title for table in tables] == [
            "Is adam better?", "Is adam faster, in updates?", "Is adam faster, in seconds?", "What tuning brings",
            "What a rate that was not tuned costs",
        ]  # fmt: skip
        assert all(table.sentences[0].startswith("Tested: ") for table in tables[:3])
        said = [sentence for table in tables for sentence in table.sentences]
        assert len(said) == len(set(said))
        assert sum("Hedges" in sentence for sentence in said) == 1
        better, *_, tuning, sensitivity = tables
        assert list(better.columns)[-1] == "seeds needed"
        assert [len(row) for row in better.rows] == [8, 8]
        assert (better.is_name(0), better.is_name(1), better.is_name(2)) == (True, True, False)
        assert len(tuning.rows) == len(sensitivity.rows) == 3
    ravine = findings[-1].dataset
    expected = tuning_budget(ravine).expected.sel(optimizer="adam").values
    (row,) = (row for row in tuning.rows if row[0] == "adam")
    np.testing.assert_allclose([float(text) for text in row[1:]], expected, rtol=0.05)
    (row,) = (row for row in sensitivity.rows if row[0] == "adam")
    assert float(row[1]) == pytest.approx(float(rate_sensitivity(ravine).sensitivity.sel(optimizer="adam")), abs=0.01)


def test_all_problems_together(findings: list[Finding]) -> None:
    order = ["adam", *(row.optimizer for row in findings[0].rows if row.optimizer != "adam")]
    means, improvement = study_statistics(findings, order)  # five problems would have critical differences, too
    assert (means.title, improvement.title) == ("Interquartile means", "Probability of improvement")
    table = improvement_probabilities({finding.name: finding.dataset for finding in findings})
    assert [row[1] for row in improvement.rows] == order[1:]
    for row in improvement.rows:
        assert row[0] == "adam"
        assert float(row[2]) == pytest.approx(float(table.probability.sel(optimizer="adam", other=row[1])), abs=1e-3)
    assert study_statistics(findings[:1], order) == []
    five = [findings[1]._replace(name=f"p{place}") for place in range(5)]
    assert study_statistics(five, order)[2].title == "Critical differences of mean ranks"


def test_what_results_do_not_allow_is_said(make_dataset: Callable[..., xr.Dataset], findings: list[Finding]) -> None:
    few = make_dataset([[[0.1, 0.2]], [[0.2, 0.3]]], [0.1], ["choose", "report"])
    tables = problem_statistics(compute_findings({"made": few})[0])
    assert [table.columns for table in tables] == [{}] * 3
    assert tables[0].sentences[0].startswith("Not computed: 1 reporting seed cannot be tested; use 6 seeds or more")
    alone: Any = compute_findings({"made": few.isel(optimizer=[0])})
    assert problem_statistics(alone[0]) == []
    assert study_statistics([*alone, *findings], ["adam"]) == []  # no optimizer ran on all


def test_many_optimizers_are_not_all_shown(make_dataset: Callable[..., xr.Dataset], rng: np.random.Generator) -> None:
    scores = 10 ** -rng.uniform(1, 3, (12, 2, 8))
    made = make_dataset(scores, [0.1, 1], ["choose"] * 4 + ["report"] * 4)
    (finding,) = compute_findings({"made": made})
    tables = problem_statistics(finding)
    best = [row.optimizer for row in finding.rows[:8]]
    assert {row[1] for row in tables[0].rows} == set(best[1:])
    assert tables[0].sentences[-1] == "Shown: the 7 that rank best, of 11 optimizers."
    assert "corrected for 11 pairs" in tables[0].sentences[0]
    assert {row[0] for row in tables[3].rows} == set(best)
