"""Where no run has a score, the sections say why, and nothing is computed of NaN."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.missing_scores import describe_missing_problems, describe_missing_scores
from gradlab.lab.analysis.statistics.sections import Section, problem_sections, study_sections

ROLES = ["choose"] * 4 + ["report"] * 4
DIVERGED = "there is nothing to compare, because every run diverged"
BAD_START = "the loss is NaN before the first update; look at the data, the loss and the initial parameters"
LOST = f"there is nothing to compare, because {BAD_START}"


@pytest.fixture
def good(make_dataset: Callable[..., xr.Dataset]) -> xr.Dataset:
    return make_dataset(10.0 ** -np.random.default_rng(0).uniform(1, 3, (2, 2, 8)), [0.1, 1], ROLES)


@pytest.fixture
def diverged(make_dataset: Callable[..., xr.Dataset]) -> xr.Dataset:
    return make_dataset(np.full((2, 2, 8), np.nan), [0.1, 1], ROLES)


@pytest.fixture
def lost(diverged: xr.Dataset) -> xr.Dataset:
    """Results of a problem whose loss is NaN from the start."""
    return diverged.assign(final_loss=diverged.final_loss * np.nan)


def read(sections: list[Section]) -> set[str]:
    assert all(section.table is None for section in sections)
    return {sentence for section in sections for sentence in section.sentences}


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_every_section_says_why_nothing_is_compared(diverged: xr.Dataset, lost: xr.Dataset) -> None:
    assert read(problem_sections(diverged)) == read(study_sections({"one": diverged})) == {f"Not computed: {DIVERGED}."}
    assert read(problem_sections(lost)) == read(study_sections({"one": lost})) == {f"Not computed: {LOST}."}


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_problem_that_begins_with_nan_is_named_among_others(good: xr.Dataset, lost: xr.Dataset) -> None:
    both = {"one": good, "two": lost}
    assert describe_missing_problems(both) == f"on two, {BAD_START}, or leave out this problem"
    assert read(study_sections(both)) == {f"Not computed: on two, {BAD_START}, or leave out this problem."}


def test_a_problem_on_which_every_run_diverged_counts_among_others(good: xr.Dataset, diverged: xr.Dataset) -> None:
    assert describe_missing_scores(good) == describe_missing_problems({"one": good, "two": diverged}) == ""


def test_one_run_with_a_score_is_compared(diverged: xr.Dataset) -> None:
    diverged.final_loss[0, 0, 0, -1] = 0.5
    assert describe_missing_scores(diverged) == ""
