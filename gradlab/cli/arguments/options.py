"""Options that several commands have.

What imports JAX is imported inside the functions, so that help and completion do without it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import typer

from ..sessions.process_rendezvous import meet
from ..terminal.printing import fail, say

Out: TypeAlias = Annotated[Path, typer.Option(help="The folder for the results. It may be new.")]
Steps: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="The number of updates in a run. Default: what the problem proposes.")
]


def check_seeds(text: str | None) -> str | None:
    """Return the text of `--seeds`, if it is given; end the command if it is wrong, before anything is imported."""
    from ...lab._studies.seeds import parse_seeds

    if text is None:
        return None
    try:
        parse_seeds(text)
    except ValueError as error:
        fail(f"--{error}")
    return text


Lanes: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, help="The most runs that a device computes at a time. Default: as many as fit into memory."),
]
Chunk: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, help="The most steps between two checkpoints. Default: a few seconds of steps."),
]
CurvePoints: TypeAlias = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="The most losses of a run that are kept, evenly spaced. Scores are the same. Default: one for each step.",
    ),
]
Prune: TypeAlias = Annotated[
    Literal["halving", "hyperband", "median"] | None,
    typer.Option(
        help="Stop runs early whose scores on the choosing seeds are worse than those of other points: by successive "
        "halving, by Hyperband, or at the median. Default: no run is stopped."
    ),
]
Fresh: TypeAlias = Annotated[
    bool, typer.Option("--fresh", help="Discard the results and checkpoints in the folder, and start anew.")
]
Log: TypeAlias = Annotated[
    str | None,
    typer.Option(help="tensorboard:DIR, a folder in which the curves appear for TensorBoard while the runs go on."),
]
CpuFusion: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--cpu-fusion/--no-cpu-fusion",
        help="Let XLA compute several arrays in one loop on a CPU, if it passes a test. Results differ by rounding.",
    ),
]
Coordinator: TypeAlias = Annotated[
    str | None,
    typer.Option(help="HOST:PORT of the first of several processes that share the work, or auto on a cluster."),
]
ProcessCount: TypeAlias = Annotated[int | None, typer.Option("--processes", min=1, help="The number of processes.")]
ProcessIndex: TypeAlias = Annotated[
    int | None,
    typer.Option("--process", min=0, help="The number of this process, from 0. Process 0 writes the results."),
]


@contextmanager
def refusing(names: Collection[str], kinds: tuple[type[Exception], ...] = (ValueError,)) -> Iterator[None]:
    """End the command with a message of one line if the input is wrong, while a study is made.

    A message that begins with one of `names` is about the option of that name. The exit code is 1 if user code fails or
    Optuna is missing. It is 2 for wrong input, including values that user code refuses. Other errors count as wrong
    input only if they are of one of the `kinds`.
    """
    from ...lab._inputs.importing import BrokenUserCodeError, LoadError
    from ...lab._inputs.name_lookup import UnknownNameError
    from ...lab._inputs.user_errors import RefusedHyperparametersError, UserCodeError
    from ...lab._studies.optuna_sampler import MissingOptunaError
    from ...lab._studies.search_space import SearchSpaceError

    try:
        yield
    except BrokenUserCodeError as error:
        fail(error, 1)
    except (RefusedHyperparametersError, UnknownNameError, LoadError, SearchSpaceError) as error:
        fail(error)
    except (UserCodeError, MissingOptunaError) as error:
        fail(error, 1)
    except kinds as error:
        first, *rest = str(error).split(" ")
        fail(" ".join([f"--{first.replace('_', '-')}", *rest]) if first in names else error)


def use_cpu_fusion(is_wanted: bool) -> None:
    """Let XLA fuse more on a CPU, before JAX computes anything; say so in one line if that is not to be had."""
    if not is_wanted:
        return
    from ...compilation.cpu_fusion import enable_cpu_fusion

    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            enable_cpu_fusion()
    except RuntimeError as error:
        say(f"gradlab: going on without --cpu-fusion: {error}")
        return
    for warning in caught:
        say(f"gradlab: warning: {warning.message}")


def refuse_shared_pruning(prune: str | None, is_shared: bool, on: str | None = None) -> None:
    """End the command if several processes or machines would share a study whose runs stop early."""
    if prune is not None and (is_shared or on is not None):
        other = "--coordinator" if is_shared else "--on"
        fail(f"--prune compares runs on one machine, so it does not go with {other}; leave out one of them")


def refuse_table_of_pruned_runs() -> None:
    """End the command: a fair table gives all optimizers the same budget."""
    fail("--table compares optimizers at equal budgets, and --prune gives them different ones; leave out one of them")


def join_processes(coordinator: str | None, processes: int | None, process: int | None) -> None:
    """Connect to the other processes, if there are any; end the command if the options do not fit together."""
    prepare_jax()
    given = [value is not None for value in (coordinator, processes, process)]
    if not any(given):
        _require_devices()
        return
    is_cluster = coordinator == "auto" and processes is None and process is None
    if not all(given) and not is_cluster:
        fail("--coordinator, --processes and --process go together (or --coordinator auto on a cluster)")
    if processes is not None and process is not None:
        if processes < 1:
            fail(f"--processes must be at least 1, got {processes}")
        if not 0 <= process < processes:
            fail(f"--process must be between 0 and {processes - 1}, got {process}")
    text = os.environ.get("GRADLAB_MEET_SECONDS", "120")
    if not text.isdecimal() or not int(text):
        fail(f"GRADLAB_MEET_SECONDS must be a whole number of seconds, got {text!r}")
    import jax

    options: dict[str, Any] = {"initialization_timeout": int(text)}
    if not is_cluster:
        meet(str(coordinator), processes or 1, process or 0, int(text))
        options |= {"coordinator_address": coordinator, "num_processes": processes, "process_id": process}
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(**options)
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
        if is_cluster and not isinstance(error, RuntimeError):
            fail(
                f"--coordinator auto cannot read the environment of a cluster ({reason}); pass HOST:PORT, --processes "
                f"and --process"
            )
        fail(f"the processes did not meet at {coordinator}: {reason}", 1)


def prepare_jax() -> None:
    """End the command if JAX must not compile, and allow transfers between devices, which are intended here."""
    import jax

    from ...lab._engine.thread_context import require_compilation

    try:
        require_compilation()
    except ValueError as error:
        fail(error)
    jax.config.update("jax_transfer_guard", "allow")


def _require_devices() -> None:
    """End the command if JAX finds no device, for example for an unknown name in JAX_PLATFORMS."""
    import jax

    try:
        jax.devices()
    except RuntimeError as error:
        fail(" ".join(str(error).split()))
