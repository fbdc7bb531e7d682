"""Which seeds choose a configuration and which report its score, in words."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..._formatting import format_count
from ..choosing_metric import describe_choosing_metric


def describe_seeds(dataset: xr.Dataset) -> str:
    """Return how a configuration is chosen: "chosen by validation accuracy on 5 seeds, and reported on 5 others"."""
    metric, roles = describe_choosing_metric(dataset.attrs), dataset.role.values
    chosen = f"chosen by {metric} on" if metric else "chosen on"
    choosing, reporting = int(np.sum(roles != "report")), int(np.sum(roles != "choose"))
    if "both" in roles:
        return f"{chosen} {format_count(choosing, 'seed')}, and reported on the same, which flatters it"
    return f"{chosen} {format_count(choosing, 'seed')}, and reported on {format_count(reporting, 'other')}"
