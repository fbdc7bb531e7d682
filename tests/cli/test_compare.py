"""`gradlab compare`: what is printed, written and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab._results import results_file
from tests.lab.conftest import make_dataset as make_dataset  # a fixture


@pytest.fixture
def study(make_dataset: Callable[..., xr.Dataset], tmp_path: Path) -> Path:
    """A race of two optimizers on two problems, with given scores."""
    folder = tmp_path / "a study"
    folder.mkdir()
    scores = 10.0 ** -np.random.default_rng(0).uniform(1, 5, (2, 4, 8))
    made = make_dataset(scores, [0.01, 0.1, 1, 10], ["choose"] * 4 + ["report"] * 4)
    datasets = {name: made.assign_attrs(problem=name) for name in ("one", "two")}
    results_file.write(folder / "results.nc", datasets, {"format": results_file.FORMAT, "kind": "race"})
    return folder


def test_each_section_has_a_table_and_sentences(gradlab: Callable[..., Any], study: Path) -> None:
    code, printed, err = gradlab("compare", str(study), "--problem", "two")
    assert (code, err) == (0, "")
    assert printed.startswith("two  Made by hand.\n")
    assert "one  Made" not in printed
    for text in (
        "Tuning budget", "1 trial ", "4 trials", "Sensitivity to the learning rate", "95 % interval", "seeds needed",
        "Scores, in pairs", "p (Holm)", "times faster", "1 problem together.", "Interquartile means", "Probability of",
        "Critical differences", "Not computed: 1 problem cannot show which optimizers differ",
    ):  # fmt: skip
        assert text in printed
    alone = gradlab("compare", str(study), "--optimizer", "optimizer_1").out
    assert alone.count("Tuning budget") == 2
    assert "optimizer_0" not in alone
    assert "Not computed: optimizer_1 is the only optimizer, so there is no pair to test." in alone
    options = "--test", "wilcoxon", "--alpha", "0.1", "--power", "0.9", "--against", "optimizer_1", "--target", "0.1"
    other = " ".join(gradlab("compare", str(study), "--problem", "one", *options).out.split())
    assert "by a two-sided exact signed-rank test of Wilcoxon over 4 reporting seeds" in other
    assert "corrected for 1 pair by Holm's method, at alpha = 0.1" in other
    assert "with probability 0.9 at alpha / 1;" in other
    assert "a loss of 0.1, exact" in other


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_study_without_scores_is_answered_in_one_sentence(
    gradlab: Callable[..., Any], make_dataset: Callable[..., xr.Dataset], tmp_path: Path
) -> None:
    made = make_dataset(np.full((2, 2, 8), np.nan), [0.1, 1], ["choose"] * 4 + ["report"] * 4)
    lost = made.assign(final_loss=made.final_loss * np.nan)
    results_file.write(tmp_path / "results.nc", {"made": lost}, {"format": results_file.FORMAT, "kind": "race"})
    code, printed, err = gradlab("compare", str(tmp_path), "--out", str(tmp_path / "out"), "--tables", "markdown")
    assert (code, err) == (0, "")
    assert printed.count("Not computed: there is nothing to compare, because the loss is NaN") == 2  # and together
    assert "Tuning budget" not in printed


def test_files_are_written_and_json_is_printed(gradlab: Callable[..., Any], study: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "comparison"
    code, printed, err = gradlab("compare", str(study), "--out", str(out), "--format", "svg", "--json")
    assert (code, err) == (0, "")
    document = json.loads(printed)
    assert document == json.loads((out / "comparison.json").read_text())
    assert document["format"] == "gradlab-comparison-1"
    assert len(document["problems"]["one"]["tuning_budget"]["rows"]) == 8
    pictures = ("tuning_budget_one", "tuning_budget_two", "interquartile_means", "improvement_probabilities")
    names = ["comparison.json", *(f"{picture}.svg" for picture in pictures)]
    assert sorted(path.name for path in out.iterdir()) == sorted(names)
    assert len(document["together"]["improvement_probabilities"]["rows"]) == 4
    again = gradlab("compare", str(study), "--out", str(out), "--format", "svg")
    assert again.code == 0  # files of gradlab's are replaced
    assert again.out.splitlines()[-6:] == ["Written:", *(f"  {out / name}" for name in names)]


def test_what_is_wrong_is_said_in_one_line(gradlab: Callable[..., Any], study: Path, tmp_path: Path) -> None:
    def refused(*arguments: str) -> str:
        code, out, err = gradlab("compare", *arguments)
        assert (code, out, err.count("\n"), err.startswith("gradlab: ")) == (2, "", 1, True)
        return str(err)

    assert "no optimizer of this study is named 'optimizer_7'" in refused(str(study), "--optimizer", "optimizer_7")
    assert "no problem of this study is named 'three'" in refused(str(study), "--problem", "three")
    assert "holds no finished study" in refused(str(tmp_path / "nowhere"))
    assert "--alpha must lie between 0 and 1, got 5" in refused(str(study), "--alpha", "5")
    assert "--target is a score of one problem" in refused(str(study), "--target", "0.1")
    assert "--against sgd is not among the optimizers on one: optimizer_0, optimizer_1" in refused(
        str(study), "--against", "sgd"
    )
    (tmp_path / "comparison.json").write_text("{}" * 40)
    assert "comparison.json (not written by gradlab)" in refused(str(study), "--json", "--out", str(tmp_path))


@pytest.mark.parametrize(("form", "suffix", "bar"), [("latex", "tex", " & "), ("markdown", "md", " | ")])
def test_tables_are_written_for_a_paper(
    gradlab: Callable[..., Any], study: Path, tmp_path: Path, form: str, suffix: str, bar: str
) -> None:
    out = tmp_path / "comparison"
    for _ in range(2):  # those of before are overwritten
        code, _, err = gradlab("compare", str(study), "--out", str(out), "--tables", form, "--format", "svg")
        assert (code, err) == (0, "")
    names = ["tuning_budget", "rate_sensitivity", "score_tests", "time_to_target", "step_tests"]
    together = ["interquartile_means", "improvement_probabilities"]
    expected = {f"{name}_{problem}.{suffix}" for name in names for problem in ("one", "two")}
    assert {path.name for path in out.glob(f"*.{suffix}")} == expected | {f"{name}.{suffix}" for name in together}
    text = (out / f"score_tests_one.{suffix}").read_text()
    assert bar.join(["optimizer", "against", "advantage", "wins", "effect", "p", "p (Holm)", "seeds needed"]) in text
    assert "one: Scores, in pairs. Tested: the logarithm of the loss, by a two-sided paired t-test" in text
    (out / f"score_tests_one.{suffix}").write_text("mine")
    code, _, err = gradlab("compare", str(study), "--out", str(out), "--tables", form)
    assert (code, f"score_tests_one.{suffix} (not written by gradlab)" in " ".join(err.split())) == (2, True)
    code, _, err = gradlab("compare", str(study), "--tables", form)
    assert (code, err) == (2, "gradlab: --tables writes files; pass their folder as --out\n")
