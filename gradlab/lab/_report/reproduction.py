"""The section of the report that says how to repeat the study and how its numbers were computed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

import xarray as xr

from .._formatting import describe_seeds, format_count
from .._results.results_file import PROVENANCE, VARYING
from .._results.thinned_curves import count_updates, describe_pruning, describe_thinning
from ..analysis.choosing_metric import describe_choosing_metric

_TITLES = {
    "date": "Date (UTC)", "gradlab": "gradlab", "jax": "JAX", "jaxlib": "jaxlib", "optax": "optax", "numpy": "NumPy",
    "python": "Python", "machine": "Machine", "devices": "Devices",
}  # fmt: skip


_OF_PARTS = ("date", "machine", "devices")


class Reproduction(NamedTuple):
    """The commands that run a study again, and the facts about it, each with its title."""

    commands: str
    facts: list[tuple[str, str]]


def describe_reproduction(datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> Reproduction:
    """Return the command, the versions, the machine, the problems and the seeds.

    `datasets` are those of the report by the names of their problems; `attributes` are those of the results file. For
    a merged study, the commands and machines of its parts are among them.
    """
    facts = [(title, attributes[key]) for key, title in _TITLES.items() if attributes.get(key)]
    unknown = [name for name in VARYING if not attributes.get(name)]
    if unknown:
        facts.insert(0, ("Unknown", f"{', '.join(unknown)}: {PROVENANCE} is missing, or damaged"))
    parts = json.loads(attributes.get("parts", "[]"))
    facts += [(f"Part {part['folder']}", ", ".join(part[name] for name in _OF_PARTS if name in part)) for part in parts]
    facts += [("Warning", part["warning"]) for part in parts if "warning" in part]
    facts += [("Computed anew", line) for line in attributes.get("computed_anew", "").splitlines()]
    facts += [(name, _describe_runs(name, dataset)) for name, dataset in datasets.items()]
    versions = [f"{name}=={attributes[name]}" for name in ("jax", "jaxlib", "optax", "numpy") if attributes.get(name)]
    install = f"pip install {' '.join(versions)}" if versions else ""
    commands = [install, *(part.get("command", "") for part in parts), attributes.get("command", "")]
    return Reproduction("\n".join(filter(None, commands)), facts)


def _describe_runs(name: str, dataset: xr.Dataset) -> str:
    """The runs on one problem, and which seeds chose and reported."""
    sizes, axis = dataset.sizes, "point" if "point" in dataset.dims else "rate"
    choosing, reporting = (
        [int(seed) for seed, its_role in zip(dataset.seed.values, dataset.role.values) if its_role in (role, "both")]
        for role in ("choose", "report")
    )
    sides = " × ".join(format_count(sizes[side], side) for side in ("optimizer", axis, "seed"))  # noqa: RUF001
    runs, updates = format_count(dataset.diverged.size, "run"), format_count(count_updates(dataset), "update")
    choice = describe_choosing_metric(dataset.attrs)
    choose, report = f"{axis}s chosen", "reported"
    if choice:
        choose, report = f"{choose} by {choice}", f"{dataset.attrs['score_label']} {report}"
    setup, kept = dataset.attrs.get("setup", name), describe_thinning(dataset)
    by, on = (describe_seeds(seeds, len(seeds)) for seeds in (choosing, reporting))
    more = "".join([f"; {kept}" if kept else "", f". {pruned}" if (pruned := describe_pruning(dataset)) else ""])
    return f"{setup}: {sides} = {runs} of {updates}; {choose} on {by}, {report} on {on}{more}"
