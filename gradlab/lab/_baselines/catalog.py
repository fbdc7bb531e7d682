"""The baselines of a race: found, compared with what runs here, and refused where they would mislead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from .._engine.task import describe_setup
from .._formatting import format_float, join_at_most
from .._inputs.default_contestants import collect_contestants
from .._results.plan import SETTINGS, read_result_settings
from .._results.provenance import collect_versions
from .._results.study_folder import FolderError
from ..analysis.choosing_metric import choosing_metric
from ..problems.base import Problem
from .baseline_file import SUFFIX, VERSIONS, Baseline, BaselineFileError, read_baseline
from .compression import digest_composition
from .definitions import digest_definition

SHIPPED = "baselines"  # what is typed for those that come with gradlab
_REGENERATE = "compute it anew: gradlab baselines --problem {problem} --out mine, and race --against mine"
_START_TOLERANCE = 1e-3  # of the scores before the first update: rounding is below it, other data are above it


class RefusedBaselinesError(FolderError):
    """Baselines that a race cannot be compared with. The text says what differs, with both values, and what to do."""


class Rivals(NamedTuple):
    """The baselines on one problem that a race is compared with."""

    baseline: Baseline
    dataset: xr.Dataset  # of the optimizers that are compared: those that are today what they were
    warnings: tuple[str, ...]  # what differs from here, and may change scores a little, or leaves an optimizer out


def find_baselines(against: Path | str, problems: Sequence[Problem]) -> dict[str, Rivals]:
    """Return the baselines on some problems: `"baselines"` are those of gradlab, others are in a folder.

    Raises RefusedBaselinesError if there are none on a problem, or if its arguments, its code or the settings of JAX
    are not those of the baselines. Other versions and another kind of device are named in the warnings.
    """
    folder = locate(against)
    return {problem.name: _compare(_read(folder, against, problem.name), problem) for problem in problems}


def locate(against: Path | str) -> Path:
    """Return the folder of the baselines that are called so. Raises RefusedBaselinesError if there is none."""
    if str(against) == SHIPPED:
        return Path(str(files(__package__) / "files"))
    folder = Path(against)
    if not folder.is_dir() or not list_baselines(folder):
        there = "has no baselines" if folder.is_dir() else "is no folder"
        raise RefusedBaselinesError(
            f"{folder} {there}; pass baselines for those of gradlab, or a folder that gradlab baselines wrote"
        )
    return folder


def list_baselines(folder: Path) -> dict[str, Path]:
    """Return the files of baselines in a folder by the names of their problems."""
    return {path.name.removesuffix(SUFFIX): path for path in sorted(folder.glob(f"*{SUFFIX}"))}


def _read(folder: Path, against: Path | str, problem: str) -> Baseline:
    paths = list_baselines(folder)
    if problem not in paths:
        owner = "gradlab" if str(against) == SHIPPED else against
        raise RefusedBaselinesError(
            f"{owner} has no baseline on {problem}, but on {join_at_most([*paths])}; {_regenerate(problem)}"
        )
    try:
        return read_baseline(paths[problem])
    except (BaselineFileError, OSError) as error:
        raise RefusedBaselinesError(f"{error}; {_regenerate(problem)}") from None


def _regenerate(problem: str) -> str:
    return _REGENERATE.format(problem=problem)


def _compare(baseline: Baseline, problem: Problem) -> Rivals:
    name, remedy = problem.name, _regenerate(problem.name)
    if (there := baseline.dataset.attrs["setup"]) != (here := describe_setup(problem)):
        raise RefusedBaselinesError(f"the baseline on {name} is of {there}, and this race of {here}; {remedy}")
    if (digest := digest_definition(problem)) != baseline.definition:
        raise RefusedBaselinesError(
            f"the code of {name} is not that of its baseline (digest {baseline.definition} there, {digest} here); "
            f"{remedy}"
        )
    own, kept = read_result_settings(), baseline.settings
    for setting in sorted({*own, *kept} - {"device"}):
        if own.get(setting) != kept.get(setting):
            values = f"{kept.get(setting, 'unset')} in the baseline on {name}, {own.get(setting, 'unset')} here"
            change = "set it as there" if setting in SETTINGS or setting == "XLA_FLAGS" else "leave it unset"
            raise RefusedBaselinesError(f"{setting} is {values}; {change}, or {remedy}")
    versions = collect_versions()
    differences = [
        f"{package} {baseline.origin.get(package, 'unknown')} (here {versions[package]})"
        for package in VERSIONS
        if baseline.origin.get(package) != versions[package]
    ]
    if own["device"] != kept["device"]:
        differences.append(f"{kept['device']} (here {own['device']})")
    warnings = []
    if differences:
        warnings.append(
            f"the baseline on {name} was computed with {join_at_most(differences, 5)}: its runs differ by rounding "
            f"from runs made here, and their scores may"
        )
    changed = list_changed(baseline)
    if len(changed) == len(baseline.optimizers):
        raise RefusedBaselinesError(f"no optimizer of the baseline on {name} is what it was; {remedy}")
    if changed:
        warnings.append(f"left out on {name}, since their recipes changed after the baseline: {join_at_most(changed)}")
    compared = baseline.dataset.isel(optimizer=~np.isin(baseline.dataset.optimizer.values, changed))
    return Rivals(baseline, compared, tuple(warnings))


def list_changed(baseline: Baseline) -> list[str]:
    """Return the optimizers whose composition is not what it was, and those that gradlab does not have any more."""
    contestants, middle = collect_contestants(), len(baseline.rates) // 2
    digests = dict(zip(baseline.optimizers, baseline.dataset.composition.values.tolist()))
    return [
        name
        for name, digest in digests.items()
        if name not in contestants or digest_composition(str(contestants[name](baseline.rates[middle]))) != digest
    ]


def require_options(rivals: Mapping[str, Rivals], given: Mapping[str, Any]) -> tuple[tuple[float, ...], Any]:
    """Return the learning rates and the seeds of the baselines, which must be the same on all problems.

    `given` has the `rates`, `seeds` and `steps` of a race, None for those that were left out. Raises
    RefusedBaselinesError for those that the baselines do not have, in the words of the command line.
    """
    first = next(iter(rivals.values())).baseline
    for name, other in rivals.items():
        for what in ("rates", "seeds"):
            if getattr(other.baseline, what) != getattr(first, what):
                raise RefusedBaselinesError(
                    f"the baselines on {first.problem} and {name} have other {what}; race on one of them at a time"
                )
        has = {"rates": other.baseline.rates, "seeds": other.baseline.seeds, "steps": other.baseline.steps}
        for what, value in has.items():
            if given.get(what) is not None and given[what] != value:
                raise RefusedBaselinesError(
                    f"{what}: {_show(value)} in the baseline on {name}, {_show(given[what])} requested; leave out "
                    f"--{what} ({what}=), or make baselines with it: gradlab baselines --problem {name} --{what} "
                    f"{_type(given[what])} --out mine, and race --against mine"
                )
    return first.rates, first.seeds


def _show(value: Any) -> str:
    if isinstance(value, tuple) and len(value) > 4:
        return f"{len(value)} from {_type((value[0],))} to {_type((value[-1],))}"
    return _type(value)


def _type(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ",".join(map(format_float, value)) if isinstance(value, tuple) else str(value)


def require_same_start(own: xr.Dataset, rivals: Rivals) -> None:
    """Raise RefusedBaselinesError if runs that were made now do not begin where those of the baseline began.

    Before the first update all optimizers are alike, so what differs are the data, or the random numbers of JAX.
    """
    start = own.isel(optimizer=0, rate=0, evaluation=0)
    score, choosing = own.attrs["score"], choosing_metric(own.attrs)
    for metric, kept in ((score, "start_score"), (choosing, "start_choosing")):
        here, there = start[metric].values, rivals.dataset[kept].values
        wrong = ~np.isclose(here, there, rtol=_START_TOLERANCE, atol=1e-6, equal_nan=True)
        if wrong.any():
            place, name = int(wrong.argmax()), rivals.baseline.problem
            raise RefusedBaselinesError(
                f"{name} begins at {metric} {here[place]:.6g} from seed {own.seed.values[place]} here, and at "
                f"{there[place]:.6g} in the baseline: its data, or the random numbers of JAX, are others; "
                f"{_regenerate(name)}"
            )
