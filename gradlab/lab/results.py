"""Results: labelled arrays, one Dataset a problem, and the file that keeps them."""

from __future__ import annotations

import datetime
import hashlib
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

from .files import (
    ChecksumError,
    DamagedJSONError,
    printable,
    read_json,
    read_regular,
    replacing,
    unsealed,
    write_text,
)
from .lanes import DIVERGENCE_FACTOR
from .marks import PROVENANCE as PROVENANCE
from .marks import RESULTS as RESULTS
from .scale import scale_attributes
from .task import Lap
from .window import evaluation_steps

FORMAT = "gradlab-results-3"
FORMATS = (FORMAT, "gradlab-results-2")  # that are read; the second is the same without the checksum
# In the provenance, beside the results: what two runs of one plan differ in.
VARYING = ("command", "date", "python", "machine", "devices")  # the attributes that are kept there,
_TIMES = ("compile_seconds", "run_seconds")  # and the variables


class ResultsError(ValueError):
    """A file that cannot be read as results of a race."""


class DamagedResultsError(ResultsError):
    """A file that is cut off or changed, or that never held results."""


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
        "optimizer": [printable(lap.task.name) for lap in laps],
        "family": ("optimizer", [printable(lap.task.family) for lap in laps]),
        "composition": ("optimizer", [printable(lap.task.composition) for lap in laps]),
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
    readable = {name: printable(value) if isinstance(value, str) else value for name, value in attributes.items()}
    return xr.Dataset(variables, coordinates, readable)


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

    Behind the NetCDF file stands the checksum of it, which `read` compares and other programs do not see. The file is
    the same, byte for byte, for the same results: what varies from run to run (date, machine, seconds) goes to
    `provenance.json` beside it, and `read` puts the two together. Raises OSError if the folder cannot be written.
    """
    fixed = {name: value for name, value in attributes.items() if name not in VARYING}
    varying: dict[str, Any] = {name: value for name, value in attributes.items() if name in VARYING}
    varying["seconds"] = {
        problem: {name: dataset[name].values.tolist() for name in _TIMES if name in dataset}
        for problem, dataset in problems.items()
    }
    content = _netcdf(problems, fixed)  # before anything is written: it may be that it cannot be
    document = {"format": FORMAT, **varying, "checksum": _json_digest(varying)}
    write_text(path.parent / PROVENANCE, json.dumps(document, indent=2) + "\n")
    with replacing(path) as temporary:
        temporary.write_bytes(
            content + b"\ngradlab-checksum sha256 %s\n" % hashlib.sha256(content).hexdigest().encode()
        )


def _netcdf(problems: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> bytes:
    """The bytes of the file. Made in memory, because HDF5 does not survive a disk that is full."""
    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        root = {name: printable(value) for name, value in attributes.items()}
        xr.Dataset(attrs=root).dump_to_store(H5NetCDFStore(file, mode="w"))
        for name, dataset in problems.items():
            kept = dataset.drop_vars(_TIMES, errors="ignore")
            kept.dump_to_store(H5NetCDFStore(file, group=name, mode="a"))
    return buffer.getvalue()


def read(path: Path | str) -> tuple[dict[str, xr.Dataset], dict[str, str]]:
    """The Datasets by problem, in memory, and the attributes of a file that `write` wrote, or of a folder with one.

    Where the provenance is missing or damaged, the attributes that it holds are missing, and seconds are NaN. Raises
    FileNotFoundError, DamagedResultsError if one bit of the file was changed, and ResultsError if it must not be read,
    or is of another version.
    """
    path = Path(path)
    if path.is_dir():
        path /= RESULTS
    with _opened(path) as file:
        attributes = _attributes(file)
        if attributes.get("format") not in FORMATS:
            found = attributes.get("format", "none")
            raise ResultsError(f"{path} does not hold results of this version: expected format {FORMAT}, found {found}")
        problems = {name: xr.open_dataset(H5NetCDFStore(file, group=name)).load() for name in file.groups}
    for dataset in problems.values():
        dataset.attrs = {
            name: value.item() if hasattr(value, "item") else value for name, value in dataset.attrs.items()
        }
    varying = _varying(path)
    seconds = varying.pop("seconds", {})
    for problem, dataset in problems.items():
        _add_times(dataset, seconds.get(problem) if isinstance(seconds, dict) else None)
    return problems, attributes | varying


def _add_times(dataset: xr.Dataset, times: Any) -> None:
    """Add the seconds of each optimizer, NaN where they are not known."""
    if "optimizer" not in dataset.sizes:
        return
    for name in _TIMES:
        found = times.get(name) if isinstance(times, dict) else None
        is_sound = isinstance(found, list) and len(found) == dataset.sizes["optimizer"]
        is_sound = is_sound and all(type(value) in (int, float) for value in found)  # type: ignore[union-attr]
        values = np.array(found, float) if is_sound else np.full(dataset.sizes["optimizer"], np.nan)
        dataset[name] = ("optimizer", values, {"units": "s"})


def _varying(path: Path) -> dict[str, Any]:
    """What `provenance.json` says; nothing if it is not there or damaged, for results can be read without."""
    try:
        found = read_json(path.parent / PROVENANCE)
    except (OSError, DamagedJSONError):
        return {}
    varying = {name: value for name, value in found.items() if name in VARYING and isinstance(value, str)}
    varying |= {"seconds": found["seconds"]} if "seconds" in found else {}
    if found.get("format") == FORMAT and found.get("checksum") != _json_digest(varying):
        return {}
    return varying


def attributes_of(path: Path) -> dict[str, str]:
    """The attributes of a NetCDF file. Raises FileNotFoundError, and ResultsError as `read` does."""
    with _opened(path) as file:
        return _attributes(file)


def _attributes(file: h5netcdf.File) -> dict[str, str]:
    return {name: str(value) for name, value in file.attrs.items()}


@contextmanager
def _opened(path: Path) -> Iterator[h5netcdf.File]:
    """A NetCDF file that is as it was written, as far as its checksum says. Raises what `read` raises."""
    try:
        content = read_regular(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ResultsError(f"{path} cannot be read ({error.strerror}); change its mode, or mend what hinders") from None
    try:
        content, has_checksum = unsealed(content)
    except ChecksumError as error:
        raise DamagedResultsError(f"{path} is damaged: {error}") from None
    try:
        with h5netcdf.File(io.BytesIO(content), "r") as file:
            if file.attrs.get("format") == FORMAT and not has_checksum:
                raise DamagedResultsError(f"{path} is damaged: its checksum is missing")
            yield file
    except ResultsError:
        raise
    except Exception as error:  # HDF5 and its readers raise of all kinds for what is damaged
        raise DamagedResultsError(
            f"{path} cannot be read as NetCDF ({error}); it may be cut off or of another kind: pass a "
            f"results.nc, or the folder that holds one"
        ) from None


def _json_digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)
