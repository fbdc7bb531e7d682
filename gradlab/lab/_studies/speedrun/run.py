"""A speed run: the race of one optimizer on the problems of the rules, and its certificate."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ..._engine.task import Watcher
from ..._inputs.user_errors import UserCodeError, describe_failures
from ..._results.provenance import collect_provenance
from ..open_study import open_study
from ..race import RaceStudy, check_tasks, parse_rates
from ..study_arguments import contestants_by_name
from .certificate import compare, make_certificate, read_certificate, require_same_optimizer, write_certificate
from .rules import RATES, SEEDS, make_problems, require_settings
from .score import compute_results

CERTIFICATE = "certificate.json"


def make_study(optimizer: str) -> RaceStudy:
    """Return the race of an optimizer by its name. Raises RulesError, UnknownNameError and LoadError."""
    require_settings()
    (contestant,) = contestants_by_name([optimizer])
    study = RaceStudy(make_problems(), (contestant,), parse_rates(RATES), SEEDS)
    check_tasks(study.tasks)
    return study


def run(study: RaceStudy, typed: str, command: str, out: Path, fresh: bool, watcher: Watcher) -> dict[str, Any]:
    """Make the runs of a speed run in a folder, write its certificate there, and return it.

    A run that was stopped goes on. A finished one is certified again with the seconds of its own runs. Raises
    FolderError, UserCodeError if the optimizer fails on a problem, and OSError.
    """
    began = time.monotonic()
    with open_study(study, out, fresh) as opened:
        opened.finish(collect_provenance(command), watcher)
        if opened.failed:
            raise UserCodeError("; ".join(describe_failures(opened.failed)))
        results = opened.read()
        datasets = {str(name): node.to_dataset() for name, node in results.children.items()}
        (result,) = compute_results(datasets).values()
        attributes = {str(name): str(value) for name, value in results.attrs.items()}
        certificate = make_certificate(typed, study.tasks, result, attributes, time.monotonic() - began)
        write_certificate(out / CERTIFICATE, certificate)
    return certificate


def confirm(path: Path, command: str, out: Path, watcher: Watcher) -> tuple[bool, str, dict[str, Any]]:
    """Make the runs of a certificate anew in a folder, and return whether they confirm it, how, and the new one.

    Raises RulesError for a certificate that was changed, is of other rules or of another source, and what `run` raises.
    """
    old = read_certificate(path)
    typed = str(old["optimizer"]["typed"])
    study = make_study(typed)
    require_same_optimizer(old, study.tasks[0])
    new = run(study, typed, command, out, True, watcher)
    return *compare(old, new), new
