"""Runs that a study knows before it starts: those of the smaller study that it grew from, or of the parts of a merge.

    parts/known-0a1b2c3d-0000    runs of one optimizer on one problem: their curves, and their points and seeds

The middle of the name is the beginning of the digest of the plan that the runs are for. So a folder can hold the runs
of a plan that is being prepared, and still belong to the plan that it has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .archives import DamagedCheckpointError, read_arrays, write_arrays
from .ownership import PARTS, is_part

_TIMES = ("run_seconds", "compile_seconds")
_LABELS = ("head", "seeds")


class Head(NamedTuple):
    """The label of a file of runs: all seeds at all points of one optimizer on one problem."""

    problem: str
    optimizer: str
    points: dict[str, np.ndarray]  # hyperparameter -> (point,)
    seeds: tuple[int, ...]
    path: Path


class KnownPart(NamedTuple):
    """Those runs of a file that a task has: their rows in the file, their points and their seeds in the task."""

    path: Path
    digest: str
    rows: np.ndarray
    points: np.ndarray
    seeds: np.ndarray

    def read(self) -> tuple[dict[str, np.ndarray], float, float]:
        """Return the arrays on (point, seed, ...), and the seconds of running and compiling.

        Raises DamagedCheckpointError.
        """
        arrays = read_arrays(self.path, self.digest)
        run, compilation = (float(arrays.pop(name)) for name in _TIMES)
        for name in list(arrays):
            if name in _LABELS or name.startswith("point "):
                del arrays[name]
        return {name: array[self.rows] for name, array in arrays.items()}, run, compilation


@dataclass(frozen=True)
class KnownRuns:
    """The runs of a task that its folder knows, and those that are missing, as the partition of the task names them."""

    parts: tuple[KnownPart, ...] = ()
    missing: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] | None = None


def write_known(
    folder: Path, digest: str, number: int, head: Head, arrays: Mapping[str, np.ndarray], times: tuple[float, float]
) -> None:
    """Write runs of a plan into the folder of a study: arrays on (point, seed, ...). Raises OSError."""
    (folder / PARTS).mkdir(exist_ok=True)
    labels = {
        "head": np.array(json.dumps([head.problem, head.optimizer])),
        "seeds": np.array(head.seeds, np.int64),
        **{f"point {name}": values for name, values in head.points.items()},
        **{name: np.array(seconds) for name, seconds in zip(_TIMES, times)},
    }
    write_arrays(folder / PARTS / f"known-{digest[:8]}-{number:04d}", digest, {**labels, **arrays})


def read_head(path: Path, digest: str) -> Head:
    """Return the label of a file of runs. Raises DamagedCheckpointError, also for damage elsewhere in the file."""
    arrays = read_arrays(path, digest)  # all of it, so that what is damaged is not counted on
    try:
        problem, optimizer = json.loads(str(arrays["head"]))
        points = {name.removeprefix("point "): array for name, array in arrays.items() if name.startswith("point ")}
        return Head(str(problem), str(optimizer), points, tuple(arrays["seeds"].tolist()), path)
    except (KeyError, ValueError) as error:
        raise DamagedCheckpointError(f"{path} is damaged ({error})") from None


def list_known(folder: Path, digest: str = "") -> list[Path]:
    """Return the files of runs in the folder of a study, in order, or those for the plan of a digest."""
    names = (folder / PARTS).glob(f"known-{digest[:8] or '*'}-*")
    return sorted(path for path in names if is_part(path.name))


def place_runs(
    points: Mapping[str, np.ndarray], seeds: Sequence[int], head: Head
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Return which rows of a file of runs are among some points, and their places among points and seeds.

    Return None if there are none, or if a seed is not there.
    """
    if set(points) != set(head.points):
        return None
    places = {point: place for place, point in enumerate(zip(*(points[name].tolist() for name in points)))}
    seed_places = {seed: place for place, seed in enumerate(seeds)}
    own = list(zip(*(head.points[name].tolist() for name in points)))
    rows = [row for row, point in enumerate(own) if point in places]
    if not rows or not all(seed in seed_places for seed in head.seeds):
        return None
    return np.array(rows), np.array([places[own[row]] for row in rows]), np.array([seed_places[s] for s in head.seeds])
