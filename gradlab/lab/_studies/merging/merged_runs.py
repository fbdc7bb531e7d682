"""The runs of a merged study, put together from its parts. Runs that several parts have must be the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..._engine.task import name_variant
from ..._engine.training_loop import Curves, curves_of_arrays
from ..._formatting import format_float
from ..._results.carry_over import Runs, collect_runs
from ..._storage.known_runs import place_runs
from ..._storage.mapped_arrays import allocate, release
from ...problems.default_groups import read_default_groups
from .layout import Layout, Slot
from .parts import Part, RefusedMergeError


class MergedRuns:
    """The curves of all runs of a layout, by problem and optimizer.

    Arrays that are too large for memory lie in files in a folder. Raises RefusedMergeError, which names the run, if
    two parts have other results of it, and ResultsError for damaged results.
    """

    def __init__(self, layout: Layout, folder: Path | None = None):
        self.layout, self.folder = layout, folder
        self.repeated = 0  # runs that a part has and an earlier one too
        self.seconds: dict[tuple[str, str], list[float]] = {}  # (problem, optimizer) -> of running and compiling
        self._arrays: dict[tuple[str, str], dict[str, np.ndarray]] = {}
        self._owners: dict[tuple[str, str], np.ndarray] = {}  # the part of each run, on (point, seed); -1: none
        slots = {(slot.problem, name_variant(slot.optimizer, slot.structure.options)): slot for slot in layout.slots}
        for number, part in enumerate(layout.parts):
            for runs in collect_runs(part.folder, part.plan, range(len(part.tasks))):
                self._add(number, slots[runs.head.problem, runs.head.optimizer], runs)

    def curves(self, problem: str, optimizer: str) -> Curves:
        """Return the curves of an optimizer on a problem, on (point, seed, ...)."""
        return curves_of_arrays(self._arrays[problem, optimizer])

    def _add(self, number: int, slot: Slot, runs: Runs) -> None:
        place = place_runs(slot.points, self.layout.seeds, runs.head)
        assert place is not None  # the layout has all points and seeds of the parts
        key = slot.problem, slot.optimizer
        rows, points, seeds = place[0], slot.structure.points[place[1]], place[2]
        if key not in self._arrays:
            sizes = self.layout.point_count, len(self.layout.seeds)
            self._owners[key] = np.full(sizes, -1)
            self._arrays[key] = {
                name: allocate((*sizes, *array.shape[2:]), array.dtype, self.folder)
                for name, array in sorted(runs.arrays.items())
            }
        arrays, owners = self._arrays[key], self._owners[key]
        self.seconds[key] = [a + b for a, b in zip(self.seconds.get(key, [0.0, 0.0]), runs.times)]
        for row, point in zip(rows, points):
            values = {name: array[row] for name, array in runs.arrays.items()}
            for at, seed in enumerate(seeds):
                if owners[point, seed] < 0:
                    continue
                self.repeated += 1
                for name in arrays:
                    if arrays[name][point, seed].tobytes() != values[name][at].tobytes():
                        parts = self.layout.parts[owners[point, seed]], self.layout.parts[number]
                        both = arrays[name][point, seed], values[name][at]
                        self._refuse(slot, int(point), int(seed), name, both, parts)
            for name, array in arrays.items():
                array[point, seeds] = values[name]
            owners[point, seeds] = np.where(owners[point, seeds] < 0, number, owners[point, seeds])
        for array in arrays.values():
            release(array)

    def _refuse(
        self, slot: Slot, point: int, seed: int, name: str, arrays: tuple[Any, Any], parts: tuple[Part, Part]
    ) -> None:
        row = int(np.flatnonzero(slot.structure.points == point)[0])
        where = ", ".join(f"{key}={format_float(float(values[row]))}" for key, values in slot.points.items())
        both = np.stack([np.ravel(array) for array in arrays]).astype(float)
        first = int(np.flatnonzero((both[0] != both[1]) & ~np.isnan(both).all(0))[:1].sum())
        values = [format_float(float(side[first])) for side in both]
        raise RefusedMergeError(
            f"{slot.label} at {where} from seed {self.layout.seeds[seed]} is not the same run in two parts: "
            f"{name.removeprefix('metric ')} {values[0]} in {parts[0].folder}, {values[1]} in {parts[1].folder}. "
            f"Their machines compute differently, or one of them ran other code: compute one of them anew, on the "
            f"machine of the other, or without the runs that both have"
        )


def merge_notes(layout: Layout) -> Mapping[str, str]:
    """Return the attributes of a sweep's results that say how it was made; none of a race."""
    configurations = layout.configurations
    if configurations is None:
        return {}
    held: dict[str, Any] = {}
    for part in layout.parts:
        for dataset in part.datasets.values():
            held |= json.loads(dataset.attrs.get("held", "{}"))
    return {
        **configurations.space.notes(),
        "scales": json.dumps(dict(configurations.scales)),
        "sampler": configurations.sampler,
        "held": json.dumps({name: held.get(name, {}) for name in layout.optimizers}),
    }


def find_merged_group(layout: Layout, problem: str, optimizer: str) -> Mapping[str, Any] | None:
    """Return what the parts say of an optimizer that chooses no leaf of a problem."""
    datasets = (part.datasets[problem] for part in layout.parts if problem in part.datasets)
    groups = (read_default_groups(dataset.attrs).get(optimizer) for dataset in datasets)
    return next((group for group in groups if group is not None), None)
