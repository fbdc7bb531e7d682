"""Making a baseline of a finished race."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from .._inputs.user_errors import read_failures
from .._results import results_file
from .._results.provenance import collect_versions
from .._storage import checkpoints
from .._storage.files import DamagedJSONError
from ..problems.base import Problem
from .baseline_file import SUFFIX, VERSIONS, Baseline, BaselineFileError, read_baseline, write_baseline
from .compression import compress
from .definitions import digest_definition


class NoBaselineError(ValueError):
    """A study of which no baseline can be made. The text says why, and what to do."""


def make_baseline(study: Path, problem: Problem, folder: Path) -> Baseline:
    """Write the baseline of a finished race on a problem into a folder, and return it.

    Raises NoBaselineError for what is no finished race on the problem, ResultsError for damaged results, and OSError.
    """
    try:
        plan = checkpoints.read_plan(study)
    except (OSError, DamagedJSONError) as error:
        raise NoBaselineError(f"{study} has no plan that can be read ({error}); pass a finished race") from None
    if plan is None or plan.get("kind") != "race" or "against" in plan or any("pruning" in t for t in plan["tasks"]):
        raise NoBaselineError(f"{study} holds no race whose runs all came to their ends; pass one without --prune")
    datasets, attributes = results_file.read(study)
    if attributes.get("plan") != checkpoints.compute_digest(plan) or problem.name not in datasets:
        raise NoBaselineError(f"{study} holds no finished race on {problem.name}; repeat its command")
    if failed := read_failures(attributes).get(problem.name):
        raise NoBaselineError(f"{', '.join(failed)} failed on {problem.name} in {study}; repair that, or leave it out")
    dataset = datasets[problem.name]
    if not (dataset.learning_rate.values == dataset.learning_rate.values[0]).all():
        raise NoBaselineError(f"each optimizer of {study} has learning rates of its own; pass --rates log:1e-4:100:13")
    seconds = float(np.nansum(dataset.run_seconds) + np.nansum(dataset.compile_seconds))
    return write_baseline(
        folder / f"{problem.name}{SUFFIX}",
        compress(dataset),
        {**attributes, "command": _leave_out_places(attributes.get("command", ""))},
        digest_definition(problem),
        plan["settings"],
        seconds,
    )


def _leave_out_places(command: str) -> str:
    """Return a command without the options that say where it ran, which change nothing in its results."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    kept = [word for at, word in enumerate(words) if not {word, words[at - 1]} & {"--out", "--workers"}]
    return shlex.join(kept) if "--out" in words else command


def find_current(folder: Path, problem: Problem, optimizers: Collection[str], given: dict[str, Any]) -> Baseline | None:
    """Return the baseline in a folder if a search would give the same: of this code, these versions and options.

    `given` has its rates, seeds and steps.
    """
    try:
        baseline = read_baseline(folder / f"{problem.name}{SUFFIX}")
    except (OSError, BaselineFileError):
        return None
    versions = collect_versions()
    is_same = (
        baseline.definition == digest_definition(problem)
        and set(optimizers) <= set(baseline.optimizers)
        and (baseline.rates, baseline.seeds, baseline.steps) == (given["rates"], given["seeds"], given["steps"])
        and all(baseline.origin.get(name) == versions[name] for name in VERSIONS)
    )
    return baseline if is_same else None
