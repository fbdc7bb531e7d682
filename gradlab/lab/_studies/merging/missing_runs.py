"""The runs that no part of a merge has. A study has each optimizer on each problem, at each point, from each seed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..._engine.partition import RUNS_WITHOUT_LIMIT, choose_block_shape
from ..._engine.task import name_variant
from ..._formatting import describe_seeds, format_count, format_float, join_names
from ..seeds import format_seeds
from .layout import Layout, Slot
from .parts import RefusedMergeError
from .spaces import list_values

SHOWN = 4  # gaps in a message


class _Gap(NamedTuple):
    """Missing runs of some optimizers on one problem: the same points and seeds of each."""

    problem: str
    optimizers: tuple[str, ...]
    slots: tuple[Slot, ...]
    points: tuple[int, ...]
    seeds: tuple[int, ...]

    @property
    def runs(self) -> int:
        return len(self.slots) * len(self.points) * len(self.seeds)


def require_all_runs(layout: Layout) -> None:
    """Raise RefusedMergeError if a run is missing. The text says which, and how to compute them."""
    gaps = list(_find_gaps(layout))
    if not gaps:
        return
    missing = sum(gap.runs for gap in gaps)
    named = "; ".join(_describe(gap, layout) for gap in gaps[:SHOWN])
    more = f"; and {len(gaps) - SHOWN} more" if len(gaps) > SHOWN else ""
    folders = join_names([str(part.folder) for part in layout.parts])
    commands = [_make_command(gap, layout, f"missing-{number}") for number, gap in enumerate(gaps[:SHOWN], 1)]
    remedy = f"Compute them, as by {' and '.join(commands)}, and merge the new folders too"
    if not all(commands):
        remedy = (
            "So few runs alone would be computed in other blocks, and rounded differently: let one of the parts grow "
            "by them, with its own command and more seeds or values, and merge again"
        )
    raise RefusedMergeError(
        f"{folders} lack {missing:,} of {format_count(layout.runs, 'run')} of the {layout.kind} that they make "
        f"together: {named}{more}. {remedy}"
    )


def _find_gaps(layout: Layout) -> Iterator[_Gap]:
    """Yield what is missing. Optimizers that lack the same on one problem are together."""
    found: dict[tuple[str, tuple[int, ...], tuple[int, ...], int], list[Slot]] = {}
    for slot in layout.slots:
        for points, seeds in slot.list_missing(layout.seeds):
            found.setdefault((slot.problem, points, seeds, len(slot.points)), []).append(slot)
    for (problem, points, seeds, _), slots in found.items():
        names = tuple(dict.fromkeys(slot.optimizer for slot in slots))
        yield _Gap(problem, names, tuple(slots), points, tuple(layout.seeds[seed] for seed in seeds))


def _describe(gap: _Gap, layout: Layout) -> str:
    names = join_names(dict.fromkeys(name_variant(slot.optimizer, slot.structure.options) for slot in gap.slots))
    text = f"{names} on {gap.problem}"
    if gap.seeds != layout.seeds:
        text += f" from {describe_seeds(gap.seeds)}"
    if len(gap.points) < gap.slots[0].size:
        text += f" at {format_count(len(gap.points), 'configuration')}, such as {_name_point(gap)}"
    return f"{text} ({format_count(gap.runs, 'run')})"


def _name_point(gap: _Gap) -> str:
    return ", ".join(
        f"{name}={format_float(float(values[gap.points[0]]))}" for name, values in gap.slots[0].points.items()
    )


def _make_command(gap: _Gap, layout: Layout, folder: str) -> str:
    """Return the command that computes a gap; "" if it would compute in other blocks than the study."""
    whole = choose_block_shape(gap.slots[0].size, len(layout.seeds), RUNS_WITHOUT_LIMIT)
    if choose_block_shape(len(gap.points), len(gap.seeds), RUNS_WITHOUT_LIMIT) != whole:
        return ""
    if any(slot.structure.options for slot in gap.slots) or layout.kind != "race":
        sets = _list_axes(gap, layout)
        if sets is None:
            return ""
    else:
        sets = ["--rates", ",".join(format_float(rate) for rate in _rates(gap))]
        if len(gap.optimizers) > 1 and any(
            not np.array_equal(_rates(gap), _rates(gap._replace(slots=(slot,)))) for slot in gap.slots
        ):
            sets = ["--rates", str(len(gap.points))]  # the number gives each optimizer its own
    words = ["--problem", _find_typed("--problem", gap.problem, layout)]
    for name in gap.optimizers:
        words += ["--optimizer", _find_typed("--optimizer", name, layout)]
    words += [*sets, "--seeds", str(format_seeds(gap.seeds))]
    steps = next(task["steps"] for slot in layout.slots for _, task in slot.sources if slot.problem == gap.problem)
    for option in ("--lanes", "--curve-points"):
        if typed := _list_typed(option, layout):
            words += [option, typed[0]]
    return shlex.join(["gradlab", layout.kind, *words, "--steps", str(steps), "--out", folder])


def _find_typed(option: str, name: str, layout: Layout) -> str:
    """Return a problem or an optimizer as the command of a part has it, such as `mine:first`; else its name."""
    return next((word for word in _list_typed(option, layout) if name in re.split("[:.]", word)), name)


def _list_typed(option: str, layout: Layout) -> list[str]:
    """Return all values of an option in the commands of the parts."""
    commands = [str(entry.get("command", "")) for part in layout.parts for entry in part.history]
    return [word for command in commands for word in re.findall(rf"{option}[= ](\S+)", command)]


def _rates(gap: _Gap) -> np.ndarray:
    return gap.slots[0].points["learning_rate"][list(gap.points)]


def _list_axes(gap: _Gap, layout: Layout) -> list[str] | None:
    """Return the options of a sweep that have the points of a gap; None if they are no grid of whole axes."""
    configurations = layout.configurations
    assert configurations is not None
    per_optimizer = sum(slot.optimizer == gap.optimizers[0] for slot in gap.slots)
    is_all = sum(slot.size for slot in gap.slots[:per_optimizer]) == layout.point_count
    if configurations.space.conditions or "grid" not in configurations.sampler:
        return None
    if is_all and len(gap.points) == gap.slots[0].size:
        values = {name: list_values(configurations.space, name) for name in configurations.space.names}
    elif per_optimizer == 1 and not gap.slots[0].structure.options:
        columns = {name: array[list(gap.points)] for name, array in gap.slots[0].points.items()}
        values = {name: list(dict.fromkeys(array.tolist())) for name, array in columns.items()}
        if int(np.prod([len(found) for found in values.values()])) != len(gap.points):
            return None
    else:
        return None
    texts = {
        name: ",".join(v if isinstance(v, str) else format_float(v) for v in found) for name, found in values.items()
    }
    return [word for name, text in texts.items() for word in ("--set", f"{name}={text}")]
