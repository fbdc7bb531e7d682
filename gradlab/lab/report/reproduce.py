"""How to run the race again, and how its numbers came about."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import xarray as xr

from ..analysis.choosing_metric import choice_words
from ..formatting import format_count
from ..results.results_file import PROVENANCE, VARYING
from .findings import Finding

_TITLES = {
    "date": "Date (UTC)", "gradlab": "gradlab", "jax": "JAX", "jaxlib": "jaxlib", "optax": "optax", "numpy": "NumPy",
    "python": "Python", "machine": "Machine", "devices": "Devices",
}  # fmt: skip


def reproduce(
    findings: list[Finding], attributes: Mapping[str, str], others: Mapping[str, xr.Dataset] | None = None
) -> str:
    """The HTML of the command, the versions, the machine, the problems and the seeds; `others` are no findings."""
    rows = [(title, attributes[key]) for key, title in _TITLES.items() if attributes.get(key)]
    unknown = [name for name in VARYING if not attributes.get(name)]
    if unknown:
        rows.insert(0, ("Unknown", f"{', '.join(unknown)}: {PROVENANCE} is missing, or damaged"))
    for name, dataset in [*((finding.name, finding.dataset) for finding in findings), *(others or {}).items()]:
        sizes, seed, axis = dataset.sizes, dataset.seed.values, "point" if "point" in dataset.dims else "rate"
        roles = dataset.role.values
        choosing, reporting = (
            [int(s) for s, r in zip(seed, roles) if r in (role, "both")] for role in ("choose", "report")
        )
        runs = format_count(dataset.diverged.size, "run")
        sides = " × ".join(format_count(sizes[side], side) for side in ("optimizer", axis, "seed"))  # noqa: RUF001
        updates = format_count(sizes["step"], "update")
        attributes_here = dataset.attrs
        choice = choice_words(attributes_here)
        choose, report = f"{axis}s chosen", "reported"
        if choice:
            choose, report = f"{choose} by {choice}", f"{attributes_here['score_label']} {report}"
        setup = dataset.attrs.get("setup", name)
        rows.append(
            (
                name,
                f"{setup}: {sides} = {runs} of {updates}; "
                f"{choose} on {_seeds(choosing)}, {report} on {_seeds(reporting)}",
            )
        )
    table = "".join(f'<tr><th scope="row">{escape(key)}</th><td>{escape(value)}</td></tr>' for key, value in rows)
    versions = " ".join(
        f"{name}=={attributes[name]}" for name in ("jax", "jaxlib", "optax", "numpy") if attributes.get(name)
    )
    commands = "\n".join(filter(None, [f"pip install {versions}" if versions else "", attributes.get("command", "")]))
    return (
        f'<pre class="command" tabindex="0"><code>{escape(commands)}</code></pre>'
        f'<table class="facts"><caption class="hidden">Versions, machine, problems and seeds</caption>'
        f"<tbody>{table}</tbody></table>"
    )


def _seeds(seeds: list[int]) -> str:
    if len(seeds) > 1 and seeds == list(range(seeds[0], seeds[-1] + 1)):
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
