"""The bootstrap behind all intervals: it redraws the seeds, and the late evaluation at which each run stops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import ndtr, stdtrit  # not scipy.stats, which takes half a second to import

MINIMUM_SEEDS = 3  # two values say nothing about the distance of a third


@dataclass(frozen=True)
class Resampling:
    """A bootstrap over seeds: `draws` samples of as many seeds as there are, drawn with replacement.

    Where there are several late evaluations, each sample stops at one of them, which is drawn independently. `key`
    determines the samples.

    All optimizers share the seeds (their starts and batches) and the stop, so a sample serves all of them, and
    comparisons of two optimizers are paired. The percentile interval of few values is too narrow, so its tails are
    moved outwards by as much as those of the t distribution are, after Hesterberg (2015), "What teachers should know
    about the bootstrap", section 4.2.

    Raises ValueError for fewer than 100 draws, and for a confidence outside (0, 1).
    """

    draws: int = 2000
    confidence: float = 0.95
    key: int = 0

    def __post_init__(self) -> None:
        if self.draws < 100:
            raise ValueError(f"draws must be at least 100, so that the tails have samples; got {self.draws}")
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence must lie between 0 and 1; got {self.confidence}")

    def means(self, levels: xr.DataArray) -> xr.DataArray:
        """Return the mean over the axis "seed" in each sample, on a new first axis "draw".

        If there is an axis "evaluation", each sample stops at one of its evaluations, the same for all seeds.
        """
        seeds, generator = levels.sizes["seed"], np.random.default_rng(self.key)
        places = {"seed": xr.DataArray(generator.integers(seeds, size=(self.draws, seeds)), dims=("draw", "of"))}
        if "evaluation" in levels.dims:
            stops = generator.integers(levels.sizes["evaluation"], size=self.draws)
            places["evaluation"] = xr.DataArray(stops, dims="draw")
        means = levels.isel(places).mean("of").transpose("draw", ...)
        return means.round(12)  # equal values in another order must tie in spite of rounding

    def tail(self, seeds: int) -> float:
        """Return the share of the samples to leave out at each end."""
        quantile = stdtrit(seeds - 1, (1 - self.confidence) / 2) * np.sqrt(seeds / (seeds - 1))
        return float(ndtr(quantile))

    def interval(self, values: xr.DataArray, seeds: int) -> tuple[xr.DataArray, xr.DataArray]:
        """Return the ends of the interval of a statistic over "draw", each a value that occurs."""
        tail = self.tail(seeds)
        low = values.quantile(tail, "draw", method="lower").drop_vars("quantile")
        return low, values.quantile(1 - tail, "draw", method="higher").drop_vars("quantile")
