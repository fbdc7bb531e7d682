"""The measurements of a plan, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .bandwidth import Bandwidths
from .calls import measure_calls
from .counterparts import COUNTERPARTS
from .plan import Plan, format_power
from .step_rows import JAX_LIBRARIES, describe_timing, measure_row
from .torch_process import TorchProcess


def measure_plan(plan: Plan, torch: TorchProcess | None, document: dict[str, Any]) -> Iterator[str]:
    """Add each row of a plan to `document["rows"]`, and what goes with it. Yield what comes next before each of them.

    `document["calls"]` gets the time of a call of a small step, once for each optimizer, and `document["bandwidths"]`
    the bandwidth of each kernel in bytes per second, by the bytes of its arrays.
    """
    bandwidths = Bandwidths(plan.seconds / 4)
    for name, size, leaves in plan.rows:
        yield f"{name}, {format_power(size)} in {format_leaves(leaves)}"
        counterpart = COUNTERPARTS[name]
        if name not in document["calls"]:
            libraries = [
                library
                for library in JAX_LIBRARIES
                if (library == "gradlab" or library in plan.against) and getattr(counterpart, library) is not None
            ]
            times = measure_calls(counterpart, libraries, plan.seconds / 2)
            document["calls"][name] = {library: describe_timing(time) for library, time in times.items()}
        row = measure_row(name, size, leaves, plan.against, plan.seconds, bandwidths, torch)
        document["bandwidths"] = {str(total): dict(found) for total, found in bandwidths.measured.items()}
        document["rows"].append(row)
    yield "all measured"


def format_leaves(count: int) -> str:
    """Format a number of leaves: `1 leaf`, `1,024 leaves`."""
    return "1 leaf" if count == 1 else f"{count:,} leaves"
