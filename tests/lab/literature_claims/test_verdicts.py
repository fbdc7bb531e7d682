"""The rules: three-valued checks, paired comparisons with intervals, and verdicts that follow from the numbers."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from gradlab.lab._literature_claims.catalogue import CLAIMS, Claim, find_claims
from gradlab.lab._literature_claims.comparisons import compare_scores, interval
from gradlab.lab._literature_claims.record import read_record, read_verdicts
from gradlab.lab._literature_claims.verdicts import Verdict, decide, every, negate, some

LOSS: dict[str, Any] = {"logarithmic": True, "higher_is_better": False, "floor": 1e-12}


def test_three_valued_checks() -> None:
    assert every([True, True]) is True
    assert every([True, None]) is None
    assert every([None, False]) is False
    assert some([None, True]) is True
    assert some([None, False]) is None
    assert some([False]) is False
    assert negate(None) is None
    assert negate(False) is True


@pytest.mark.parametrize(
    ("check", "is_brief", "condition", "text"),
    [
        (True, False, "", "holds"),
        (True, False, "when it rains", "holds when it rains"),
        (None, False, "when it rains", "not reproduced"),
        (None, True, "", "undecided"),
        (False, True, "", "not reproduced"),
    ],
)
def test_a_check_becomes_a_verdict(check: bool | None, is_brief: bool, condition: str, text: str) -> None:
    assert str(decide("part", check, "numbers", is_brief, condition)) == text


def test_an_undecided_verdict_neither_agrees_nor_differs() -> None:
    holds, undecided = Verdict("a", "holds", "", ""), Verdict("a", "undecided", "", "")
    assert holds.agrees_with(undecided) is None
    assert holds.agrees_with(holds) is True
    assert holds.agrees_with(Verdict("a", "holds in part", "when it rains", "")) is False


def test_the_interval_is_that_of_student() -> None:
    found = interval(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(found, (2.0, 2 - 2.484138, 2 + 2.484138), atol=1e-5)  # t = 4.302653 over sqrt(3)
    assert found.exceeds() is None
    assert found.exceeds(-1.0) is True
    assert found.exceeds(5.0) is False


def test_losses_are_compared_in_decades_and_not_below_rounding() -> None:
    assert compare_scores(LOSS, [1e-3, 1e-3], [1e-2, 1e-2]) == pytest.approx((1.0, 1.0, 1.0))
    assert compare_scores(LOSS, [1e-20, 1e-20], [1e-13, 1e-13]).exceeds() is None
    accuracy = LOSS | {"logarithmic": False, "higher_is_better": True}
    assert compare_scores(accuracy, [0.9, 0.9], [0.8, 0.8]).exceeds() is True


def test_one_that_diverged_is_worse() -> None:
    assert compare_scores(LOSS, [1.0, None], [5.0, 5.0]).exceeds() is False
    assert compare_scores(LOSS, [5.0, 5.0], [1.0, None]).exceeds() is True
    assert compare_scores(LOSS, [None], [None]).exceeds() is None


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.title)
def test_the_recorded_verdicts_follow_from_the_recorded_numbers(claim: Claim) -> None:
    record = read_record(claim)
    assert record is not None
    assert record["numbers"]["brief"] is False
    assert record["statement"] == claim.statement
    assert claim.experiment.judge(record["numbers"]) == read_verdicts(record)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.title)
def test_tables_have_titles_that_differ_and_a_cell_for_each(claim: Claim) -> None:
    record = read_record(claim)
    assert record is not None
    for table in claim.experiment.tabulate(record["numbers"]):
        assert len({*table.columns}) == len(table.columns)
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_other_numbers_have_another_verdict() -> None:
    claim = find_claims(["2"])[0]
    record = read_record(claim)
    assert record is not None
    numbers = copy.deepcopy(record["numbers"])
    for key in ("overshoot", "arrived"):
        numbers[key] = {"momentum": numbers[key]["nesterov"], "nesterov": numbers[key]["momentum"]}
    assert [str(verdict) for verdict in claim.experiment.judge(numbers)] == ["not reproduced", "not reproduced"]


def test_claims_are_found_by_number() -> None:
    assert [claim.number for claim in find_claims(["3", "1", "3"])] == [1, 3]
    assert find_claims(["all"]) == find_claims(["2", "all"]) == list(CLAIMS)
    assert find_claims([]) == []
    assert [claim.number for claim in find_claims(["ravine", "RARE features", "1"])] == [1, 3]
    with pytest.raises(ValueError, match="no claim '0'; give numbers from 1 to 16, titles, or all"):
        find_claims(["all", "0"])
