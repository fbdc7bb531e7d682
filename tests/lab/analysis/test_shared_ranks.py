"""Equal values share a rank: in a table the best one that they hold, in a mean the mean of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gradlab.lab.analysis.shared_ranks import absorb_rounding, competition_ranks, describe_shared, mean_ranks


def test_ranks_are_those_of_scipy() -> None:
    values = np.random.default_rng(0).integers(0, 9, 40).astype(float)
    values[[3, 7]] = np.inf
    assert competition_ranks(values) == stats.rankdata(values, "min").tolist()
    assert mean_ranks(values).tolist() == stats.rankdata(values, "average").tolist()
    assert mean_ranks(competition_ranks(values)).tolist() == mean_ranks(values).tolist()


def test_the_first_number_of_a_row_that_differs_decides() -> None:
    assert competition_ranks([(1, 0.0), (0, 5.0), (0, np.inf), (0, 5.0)]) == [4, 1, 3, 1]
    assert mean_ranks([(1, 0.0), (0, 5.0), (0, np.inf), (0, 5.0)]).tolist() == [4, 1.5, 3, 1.5]


@pytest.mark.parametrize("values", [[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]])
def test_the_order_of_a_sum_makes_no_difference(values: list[float]) -> None:
    assert 0.1 + 0.2 + 0.3 != 0.3 + 0.2 + 0.1
    assert absorb_rounding(np.array([sum(values)])) == absorb_rounding(np.array([0.6]))


def test_shared_ranks_are_said_where_there_are_any() -> None:
    assert describe_shared([1, 2, 3]) == []
    assert describe_shared([1, 2, 2, 4]) == ["Equals share a rank (1, 2, 2, 4)."]
