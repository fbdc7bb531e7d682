"""Remarks on parameters that are new beside others that go on, and share the weight of their running means."""

from __future__ import annotations

import jax
import numpy as np

from .transfer import Transfer

_MOST_PATHS = 3  # that a remark lists


def remark_on_new_parameters(transfer: Transfer) -> tuple[str, ...]:
    """Return a remark for each set of moments of zero that a bias correction takes for those after many steps."""
    remarks: dict[str, None] = {}
    for position, value in transfer.values.items():
        weight = transfer.wanted[position]
        if weight.parameter or weight.role[-1:] != ("bias_correction",) or not _is_past_start(value):
            continue
        holder = weight.link.rpartition("/")[0]
        beside = [
            (leaf.parameter, at in transfer.values)
            for at, leaf in enumerate(transfer.wanted)
            if leaf.parameter and leaf.link.startswith(f"{holder}/" if holder else "")
        ]
        old = {parameter for parameter, is_taken in beside if is_taken}
        new = [parameter for parameter in dict.fromkeys(path for path, _ in beside) if parameter not in old]
        if new:
            listed = ", ".join(new[:_MOST_PATHS]) + (f" and {len(new) - _MOST_PATHS} more" * (len(new) > _MOST_PATHS))
            group = "give them a group of their own, gl.partition((where, tx), default=tx), and then " if old else ""
            remarks[
                f"the moments of {listed} begin at zero, and the bias correction goes on, so their first steps are "
                f"several times too large; {group}let their state begin anew: gl.reset_state(tx, state, params, where)"
            ] = None
    return tuple(remarks)


def _is_past_start(value: jax.Array) -> bool:
    """Return whether a weight is not that of `init`. A traced one is taken for one of a run."""
    return isinstance(value, jax.core.Tracer) or bool(np.any(np.asarray(value) != 0))
