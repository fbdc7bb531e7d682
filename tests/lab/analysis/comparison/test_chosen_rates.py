"""How sure the choice of a rate is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.comparison import rate_intervals

NAN = float("nan")
ROLES = ["choose", "choose", "choose", "report"]


def test_a_rate_that_is_best_on_every_seed_is_sure(make_dataset: Callable[..., xr.Dataset]) -> None:
    found = rate_intervals(make_dataset([[[1.0] * 4, [1e-3] * 4, [1e-1] * 4]], [0.01, 0.1, 1.0], ROLES))
    assert (found.rate.item(), found.low.item(), found.high.item(), found.share.item()) == (0.1, 0.1, 0.1, 1.0)


def test_two_rates_that_win_in_turn_are_both_in_the_interval(make_dataset: Callable[..., xr.Dataset]) -> None:
    scores = [[[1e-3, 1e-3, 1e-1, 1.0], [1e-2, 1e-2, 1e-4, 1.0], [1.0] * 4]]
    found = rate_intervals(make_dataset(scores, [0.01, 0.1, 1.0], ROLES))
    # Over three seeds: decades of -7 and -8 in sum. The second rate wins but where the third seed is left out.
    assert (found.rate.item(), found.low.item(), found.high.item()) == (0.1, 0.01, 0.1)
    assert found.share.item() == pytest.approx(1 - (2 / 3) ** 3, abs=0.04)


def test_a_diverged_seed_speaks_against_a_rate(make_dataset: Callable[..., xr.Dataset]) -> None:
    scores = [[[1e-3] * 4, [1e-9, 1e-9, NAN, 1e-9]], [[NAN] * 4, [NAN] * 4]]
    found = rate_intervals(make_dataset(scores, [0.1, 1.0], ROLES))
    assert (found.rate.values[0], found.low.values[0], found.high.values[0]) == (0.1, 0.1, 1.0)
    assert np.isnan([found[name].values[1] for name in ("rate", "low", "high", "share")]).all()


def test_two_choosing_seeds_leave_it_open(make_dataset: Callable[..., xr.Dataset]) -> None:
    found = rate_intervals(make_dataset([[[1.0] * 3, [1e-3] * 3]], [0.1, 1.0], ["choose", "choose", "report"]))
    assert found.rate.item() == 1.0
    assert np.isnan(found.low.item())


def test_a_sweep_is_no_race(make_sweep: Callable[..., xr.Dataset]) -> None:
    swept = make_sweep([[[1.0, 1.0]]], {"learning_rate": [0.1]})
    with pytest.raises(ValueError, match=r"gradlab.lab.analysis.sweep_as_race.as_race makes one"):
        rate_intervals(swept)
