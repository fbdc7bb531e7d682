"""Scores of runs in which a run that diverged has the score of the untrained model, so that averages are finite."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..._results.thinned_curves import is_pruned
from ..comparison.reporting_runs import badness, run_badness


def capped_badness(dataset: xr.Dataset) -> xr.DataArray:
    r"""Return the badness of the score of each run, which is not worse than that of its own start.

    A run that diverged, or that ended worse than it began, has the badness of its first evaluation, before any update.
    So does $\min(\ell, \ell_0)$ in Wortsman et al. (2023). Badness is the score on a scale where less is better, in
    decades if the score is logarithmic. Raises ValueError if runs were stopped early, which have no score.
    """
    if is_pruned(dataset):
        raise ValueError(
            f"runs on {dataset.attrs['problem']} were stopped early ({dataset.attrs['pruning']}), and this needs the "
            f"scores of all runs; run the study without prune"
        )
    start = badness(dataset[dataset.attrs["score"]].isel(evaluation=0, drop=True), dataset.attrs)
    final = run_badness(dataset)
    return final.copy(data=np.minimum(final.values, start.transpose(*final.dims).values))
