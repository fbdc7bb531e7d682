"""Results: labelled arrays, one Dataset a problem, and the file that keeps them."""

from __future__ import annotations

import datetime
import io
import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5netcdf
import jax
import numpy as np
import xarray as xr
from xarray.backends import H5NetCDFStore

import gradlab as gl

from .files import replacing as replacing
from .lanes import DIVERGENCE_FACTOR, evaluation_steps
from .scale import scale_attributes
from .task import Lap

FORMAT = "gradlab-results-2"
RESULTS = "results.nc"
PROVENANCE = "provenance.json"  # beside the results: what two runs of one plan differ in
VARYING = ("command", "date", "python", "machine", "devices")  # the attributes that are kept there,
_TIMES = ("compile_seconds", "run_seconds")  # and the variables


class ResultsError(ValueError):
    """A file that cannot be read as results of a race."""


def assemble(laps: Sequence[Lap]) -> xr.Dataset:
    """The Dataset of laps on one problem, on (optimizer, rate or point, seed, step or evaluation).

    The points of a race are on the dimension `rate`, with the coordinate `learning_rate`; those of a sweep are on
    `point`, with a coordinate for each hyperparameter. The first half of the seeds has the role "choose", for choosing
    the best point, and the others "report"; a single seed has both. The attribute `score` names the metric to report,
    and `chosen_by`, where it is another one, the metric that chooses.
    """
    task, problem, score = laps[0].task, laps[0].task.problem, laps[0].task.problem.score
    seeds, steps, axis = len(task.seeds), task.steps, task.axis

    def column(values: Any) -> np.ndarray:
        return np.stack([np.asarray(values(lap)) for lap in laps])

    runs = ("optimizer", axis, "seed")
    variables: dict[str, Any] = {
        "loss": ((*runs, "step"), column(lambda lap: lap.curves.loss), {"long_name": "training loss"}),
        "diverged": (runs, column(lambda lap: lap.curves.diverged), {"long_name": "whether the run diverged"}),
        "divergence_step": (
            runs,
            column(lambda lap: lap.curves.divergence_step),
            {"long_name": "updates made when the run diverged, -1 if it did not"},
        ),
        "compile_seconds": ("optimizer", column(lambda lap: lap.compile_seconds), {"units": "s"}),
        "run_seconds": ("optimizer", column(lambda lap: lap.run_seconds), {"units": "s"}),
    }
    for name in laps[0].curves.metrics:
        label = {"long_name": name.replace("_", " ")}
        variables[name] = ((*runs, "evaluation"), column(lambda lap, name=name: lap.curves.metrics[name]), label)
    if laps[0].curves.path is not None:
        label = {"long_name": "parameters before the update"}
        variables["path"] = ((*runs, "step", "parameter"), column(lambda lap: lap.curves.path), label)
    coordinates = {
        "optimizer": [lap.task.name for lap in laps],
        "family": ("optimizer", [lap.task.family for lap in laps]),
        "composition": ("optimizer", [lap.task.composition for lap in laps]),
        **{name: (("optimizer", axis), column(lambda lap, name=name: lap.task.points[name])) for name in task.points},
        "seed": np.asarray(task.seeds),
        "role": ("seed", roles(seeds)),
        "step": ("step", np.arange(steps), {"long_name": "updates made"}),
        "evaluation": ("evaluation", evaluation_steps(steps), {"long_name": "updates made"}),
    }
    attributes = {
        "problem": problem.name,
        "summary": problem.summary,
        "setup": task.setup,
        "score": score.metric,
        "score_label": score.label,
        "higher_is_better": int(score.higher_is_better),
        **({} if score.chosen_by is None else {"chosen_by": score.chosen_by}),
        **scale_attributes(problem, *(variables[name][1] for name in (score.metric, score.chosen_by) if name)),
        "divergence_factor": DIVERGENCE_FACTOR,
        **task.notes,
    }
    return xr.Dataset(variables, coordinates, attributes)


def roles(seeds: int) -> list[str]:
    """What each seed is for: choosing the best rate, or reporting on it."""
    if seeds == 1:
        return ["both"]
    return ["choose"] * (seeds // 2) + ["report"] * (seeds - seeds // 2)


def provenance(command: str) -> dict[str, str]:
    """Where results come from: the command, the date (UTC), the versions and the machine, as attributes of a file."""
    return {
        "format": FORMAT,
        **versions(),
        "command": command,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "devices": ", ".join(f"{device.platform}:{device.id} {device.device_kind}" for device in jax.devices()),
    }


def versions() -> dict[str, str]:
    """The versions of all that computes the results."""
    return {
        "gradlab": gl.__version__,
        "jax": jax.__version__,
        "jaxlib": _version("jaxlib"),
        "optax": _version("optax"),
        "numpy": np.__version__,
    }


def write(path: Path, problems: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> None:
    """Write a NetCDF-4 file with one group a problem, so that at any moment it holds old or new results in full.

    The file is the same, byte for byte, for the same results: what varies from run to run (date, machine, seconds)
    goes to `provenance.json` beside it, and `read` puts the two together. Raises OSError if the folder cannot be
    written.
    """
    fixed = {name: value for name, value in attributes.items() if name not in VARYING}
    varying: dict[str, Any] = {name: value for name, value in attributes.items() if name in VARYING}
    varying["seconds"] = {
        problem: {name: dataset[name].values.tolist() for name in _TIMES if name in dataset}
        for problem, dataset in problems.items()
    }
    with replacing(path.parent / PROVENANCE) as temporary:
        temporary.write_text(json.dumps(varying, indent=2) + "\n", encoding="utf-8")
    with replacing(path) as temporary:
        temporary.write_bytes(_netcdf(problems, fixed))


def _netcdf(problems: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> bytes:
    """The bytes of the file. Made in memory, because HDF5 does not survive a disk that is full."""
    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        xr.Dataset(attrs=attributes).dump_to_store(H5NetCDFStore(file, mode="w"))
        for name, dataset in problems.items():
            kept = dataset.drop_vars(_TIMES, errors="ignore")
            kept.dump_to_store(H5NetCDFStore(file, group=name, mode="a"))
    return buffer.getvalue()


def read(path: Path | str) -> tuple[dict[str, xr.Dataset], dict[str, str]]:
    """The Datasets by problem, in memory, and the attributes of a file that `write` wrote, or of a folder with one.

    Raises FileNotFoundError, and ResultsError if it is damaged or anything else than results of a race.
    """
    path = Path(path)
    if path.is_dir():
        path /= RESULTS
    attributes = attributes_of(path)
    if attributes.get("format") != FORMAT:
        found = attributes.get("format", "none")
        raise ResultsError(f"{path} does not hold results of this version: expected format {FORMAT}, found {found}")
    with _readable(path), h5netcdf.File(path, "r") as file:
        problems = {name: xr.load_dataset(path, group=name, engine="h5netcdf") for name in file.groups}
    for dataset in problems.values():
        dataset.attrs = {
            name: value.item() if hasattr(value, "item") else value for name, value in dataset.attrs.items()
        }
    varying = _varying(path)
    for problem, times in varying.pop("seconds", {}).items():
        for name, seconds in times.items():
            if problem in problems and len(seconds) == problems[problem].sizes["optimizer"]:
                problems[problem][name] = ("optimizer", np.asarray(seconds), {"units": "s"})
    return problems, attributes | varying


def _varying(path: Path) -> dict[str, Any]:
    """What `provenance.json` says; nothing if it is not there, for results can be read without."""
    try:
        found = json.loads((path.parent / PROVENANCE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def attributes_of(path: Path) -> dict[str, str]:
    """The attributes of a NetCDF file. Raises FileNotFoundError, and ResultsError if it is no such file."""
    with _readable(path), h5netcdf.File(path, "r") as file:
        return {name: str(value) for name, value in file.attrs.items()}


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ResultsError(f"{path} cannot be read as NetCDF ({error}); it may be cut off or of another kind") from None


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)
