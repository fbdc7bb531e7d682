"""The sizes of the problems of a study: an argument by which they differ, such as the width of a transformer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from ...._formatting import join_at_most
from ...._inputs.name_lookup import look_up
from ...._inputs.problem_arguments import read_arguments


def find_sizes(datasets: Mapping[str, xr.Dataset], axis: str | None = None) -> tuple[str, dict[str, float]]:
    """Return the argument by which the problems of a study differ, and its value on each problem.

    `axis` is the name of the argument; left out, it is the only one that differs. Raises ValueError if none differs,
    if several do, and if its values are no numbers above zero.
    """
    texts = {name: str(dataset.attrs.get("setup", "")) for name, dataset in datasets.items()}
    arguments = {name: read_arguments(text) for name, text in texts.items()}
    whose = {text.partition("(")[0] for text in texts.values()}
    differing = [
        key
        for key in dict.fromkeys(key for each in arguments.values() for key in each)
        if len({repr(each.get(key)) for each in arguments.values()}) > 1
    ]
    if len(whose) > 1 or not differing:
        raise ValueError(
            f"{join_at_most([*datasets])} do not differ in a size; race one problem with several values of an "
            "argument, such as transformer:width=32|64|128, or name a number that a sweep varied as the axis"
        )
    name = (
        differing[0] if axis is None else look_up(axis, {key: key for key in differing}, "argument of these problems")
    )
    if len(differing) > 1:
        others = join_at_most([key for key in differing if key != name])
        raise ValueError(f"the problems differ in {name} and also in {others}; name those that differ in one alone")
    sizes = {problem: each.get(name) for problem, each in arguments.items()}
    for problem, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int | float) or not 0 < size < np.inf:
            raise ValueError(f"{name} of {problem} is {size!r}, and a size is a number above zero")
    return name, {problem: float(sizes[problem]) for problem in sorted(sizes, key=lambda each: float(sizes[each]))}  # type: ignore[arg-type]
