"""The export for TensorBoard: a folder with an event file for each run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from .._formatting import format_count
from .event_files import EventEncoder, append_records
from .run_folders import make_safe, name_configuration
from .run_records import RunRecord, list_curves, merge_curves, read_runs, read_time
from .selection import Runs, SelectionError
from .tables import column_name

MOST_RUNS = 1000  # that TensorBoard lists and draws within seconds


def write_event_folders(
    folder: Path,
    parts: Sequence[Runs],
    attributes: Mapping[str, str],
    curves: bool,
    progress: Callable[[int, int], None],
) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """Write the event files of the selected runs. Return the folders of problems with what they hold, and nothing else.

    All events have the time of the study, so that equal results are equal bytes. Raises SelectionError for more runs
    than TensorBoard can show.
    """
    total = sum(runs.run_count for runs in parts)
    require_few(total, "--best, --seed, --optimizer and --problem (best, seeds, optimizers, problems) select some")
    encoder, time = EventEncoder(), read_time(attributes)
    for done, run in enumerate(read_runs(parts, curves), 1):
        append_records(folder / name_folder(run), _encode(run, encoder, time))
        progress(done, total)
    return [_describe(runs, curves) for runs in parts if runs.run_count], {}


def _describe(runs: Runs, curves: bool) -> tuple[str, str]:
    """Return the folder of a problem and what it holds."""
    shown = ", ".join([*(list_curves(runs) if curves else []), "score", "hyperparameters"])
    return f"{make_safe(runs.problem)}/", f"a folder for each of {format_count(runs.run_count, 'run')}: {shown}"


def require_few(runs: int, remedy: str) -> None:
    """Raise SelectionError for more runs than TensorBoard can show."""
    if runs > MOST_RUNS:
        raise SelectionError(f"TensorBoard shows at most about {MOST_RUNS:,} runs, and these are {runs:,}; {remedy}")


def name_folder(run: RunRecord) -> PurePosixPath:
    """Return the folder of a run: `problem/optimizer/configuration/seed`."""
    return name_configuration(run.problem, run.optimizer, run.configuration, run.hyperparameters) / f"seed {run.seed}"


def label_run(problem: str, optimizer: str, hyperparameters: Mapping[str, float | str]) -> dict[str, float | str]:
    """Return what TensorBoard shows as the hyperparameters of a run. Those of one configuration are the same."""
    own = {column_name(name): value for name, value in hyperparameters.items()}
    return {"problem": problem, "optimizer": optimizer, **own}


def _encode(run: RunRecord, encoder: EventEncoder, time: float) -> bytes:
    configuration = name_folder(run).parent.as_posix()
    labels = label_run(run.problem, run.optimizer, run.hyperparameters)
    records = [encoder.start(time), encoder.begin_run(configuration, labels, time)]
    records += [encoder.scalars(step, values, time) for step, values in merge_curves(run.curves)]
    records += [encoder.scalars(run.updates, {"score": run.score}, time), encoder.end_run(run.diverged, time)]
    return b"".join(records)
