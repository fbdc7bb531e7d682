"""Results: labelled arrays, one Dataset a problem, and the file that keeps them."""

from __future__ import annotations

import datetime
import os
import platform
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5netcdf
import jax
import numpy as np
import xarray as xr

import gradlab as gl

from .race import Lap
from .sweep import DIVERGENCE_FACTOR, evaluation_steps

FORMAT = "gradlab-race-1"


class ResultsError(ValueError):
    """A file that cannot be read as results of a race."""


def assemble(laps: Sequence[Lap]) -> xr.Dataset:
    """The Dataset of laps on one problem, on (optimizer, rate, seed, step or evaluation).

    The first half of the seeds has the role "choose", for choosing the best rate, and the others "report"; a single
    seed has both.
    """
    problem, score = laps[0].problem, laps[0].problem.score
    seeds, steps = laps[0].curves.loss.shape[1:]

    def column(values: Any) -> np.ndarray:
        return np.stack([np.asarray(values(lap)) for lap in laps])

    runs = ("optimizer", "rate", "seed")
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
        "optimizer": [lap.entrant.name for lap in laps],
        "family": ("optimizer", [lap.entrant.family for lap in laps]),
        "composition": ("optimizer", [lap.composition for lap in laps]),
        "learning_rate": (("optimizer", "rate"), column(lambda lap: lap.rates)),
        "seed": np.arange(seeds),
        "role": ("seed", roles(seeds)),
        "step": ("step", np.arange(steps), {"long_name": "updates made"}),
        "evaluation": ("evaluation", evaluation_steps(steps), {"long_name": "updates made"}),
    }
    attributes = {
        "problem": problem.name,
        "summary": problem.summary,
        "setup": repr(problem),
        "score": score.metric,
        "score_label": score.label,
        "higher_is_better": int(score.higher_is_better),
        "logarithmic": int(score.logarithmic),
        "tolerance": score.tolerance,
        "divergence_factor": DIVERGENCE_FACTOR,
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
        "command": command,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "gradlab": gl.__version__,
        "jax": jax.__version__,
        "optax": _version("optax"),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "devices": ", ".join(f"{device.platform}:{device.id} {device.device_kind}" for device in jax.devices()),
    }


def write(path: Path, problems: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> None:
    """Write a NetCDF-4 file with one group a problem, so that at any moment it holds old or new results in full.

    Raises OSError if the folder cannot be written.
    """
    with replacing(path) as temporary:
        xr.Dataset(attrs=dict(attributes)).to_netcdf(temporary, mode="w", engine="h5netcdf")
        for name, dataset in problems.items():
            dataset.to_netcdf(temporary, mode="a", group=name, engine="h5netcdf")


def read(path: Path) -> tuple[dict[str, xr.Dataset], dict[str, str]]:
    """The Datasets by problem, in memory, and the attributes of a file that `write` wrote.

    Raises FileNotFoundError, and ResultsError if it is damaged or anything else than results of a race.
    """
    attributes = attributes_of(path)
    if attributes.get("format") != FORMAT:
        found = attributes.get("format", "none")
        raise ResultsError(f"{path} does not hold results of this version: expected format {FORMAT}, found {found}")
    with _readable(path), h5netcdf.File(path, "r") as file:
        return {name: xr.load_dataset(path, group=name, engine="h5netcdf") for name in file.groups}, attributes


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


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place at the end, or vanishes if an exception comes first."""
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes private files; results are as readable as any other file
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)
