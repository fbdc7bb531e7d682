"""Results whose every statistic can be found by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr


@pytest.fixture
def make_curves(make_dataset: Callable[..., xr.Dataset]) -> Callable[..., xr.Dataset]:
    """`make_curves(curves, **attributes)`: runs with these scores, (optimizer, seed, evaluation), at one rate.

    The evaluations are ten updates apart. NaN at the end of a curve says that the run diverged.
    """

    def make(curves: Any, **attributes: Any) -> xr.Dataset:
        scores = np.asarray(curves, float)[:, None]  # (optimizer, rate, seed, evaluation)
        roles = ["both"]
        if scores.shape[2] > 1:  # then there is a seed to choose on, on which all optimizers survive
            roles = ["choose"] + ["report"] * scores.shape[2]
            scores = np.concatenate([np.ones_like(scores[:, :, :1]), scores], 2)
        made = make_dataset(scores[..., -1], [0.1], roles, **attributes).drop_vars(("final_loss", "evaluation"))
        runs = ("optimizer", "rate", "seed", "evaluation")
        made = made.assign(final_loss=(runs, scores))
        return made.assign_coords(evaluation=10 * np.arange(scores.shape[-1]))

    return make
