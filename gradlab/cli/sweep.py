"""The command `gradlab sweep`, which trains optimizers on a grid or at samples of their hyperparameters.

What imports JAX is imported inside the function, so that help and completion do without it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..lab._inputs.argument_checks import Sampler
from .arguments import options
from .sessions.profiling import Profiling, profiling
from .sessions.program_cache import use_program_cache
from .sessions.workers import On, Workers, hire
from .terminal import completion

_OPTIONS = ("seeds", "steps", "samples", "sampler", "sample_seed", "lanes", "chunk", "curve_points", "prune")


def sweep(
    optimizer: Annotated[
        list[str],
        typer.Option(
            help="An optimizer, optax:name, or package.module:factory. Repeat it for more.",
            autocompletion=completion.complete_recipes,
        ),
    ],
    assignments: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="NAME=VALUES",
            help="A hyperparameter and its values: b1=0.8,0.9, nesterov=yes,no, lin:LOW:HIGH:COUNT, or log, int or "
            "intlog in the place of lin, without the count for --samples. With ' if ', a hyperparameter is "
            "varied only where another has a certain value: 'nesterov=yes,no if momentum=0.9'. Repeat it for more.",
        ),
    ],
    out: options.Out = Path("sweep"),
    problem: Annotated[
        list[str] | None,
        typer.Option(
            help="A problem, NAME:key=value,..., or package.module:name. Repeat it for more. Default: digits.",
            autocompletion=completion.complete_problems,
        ),
    ] = None,
    seeds: Annotated[
        str,
        typer.Option(
            callback=options.check_seeds,
            help="Runs at each point: a number of seeds, or the seeds (5:10 for 5 to 9, or 0,1,4). Half of them rank "
            "the points, and half report on them.",
        ),
    ] = "5",
    steps: options.Steps = None,
    samples: Annotated[
        int | None, typer.Option(min=1, help="The number of points to sample from the ranges, in place of a grid.")
    ] = None,
    sampler: Annotated[Sampler | None, typer.Option(help="The method of sampling. Default: sobol.")] = None,
    sample_seed: Annotated[int | None, typer.Option(min=0, help="The seed of the samples. Default: 0.")] = None,
    lanes: options.Lanes = None,
    chunk: options.Chunk = None,
    curve_points: options.CurvePoints = None,
    prune: options.Prune = None,
    fresh: options.Fresh = False,
    log: options.Log = None,
    cpu_fusion: options.CpuFusion = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print the points, of each problem at most the best 10,000, as JSON and nothing else."
        ),
    ] = False,
    profile: Profiling = False,
    workers: Workers = None,
    on: On = None,
    coordinator: options.Coordinator = None,
    processes: options.ProcessCount = None,
    process: options.ProcessIndex = None,
) -> None:
    """Train optimizers at every point of a grid of their hyperparameters, from several seeds, and rank the points.

    The same command on a folder with a stopped sweep goes on from there. With more seeds, points or optimizers, it
    computes only what the folder does not hold.
    """
    with profiling(profile, out):
        from ..lab._profile import measure

        with measure("import"):
            from ..lab._engine.task import Watcher
            from ..lab._studies.study_arguments import factories_by_name, problems_by_name
            from ..lab._studies.sweep import SweepStudy
            from .sessions.study_session import Checking, run_in_folder
            from .study_tables.point_tables import parse_axes, print_points

        def build(watcher: Watcher) -> SweepStudy:
            return SweepStudy(
                problems_by_name(problem or "digits"), factories_by_name(optimizer), parse_axes(assignments), seeds,
                steps, samples, sampler, sample_seed, lanes, chunk, curve_points, prune, watcher,
            )  # fmt: skip

        use_program_cache()
        options.use_cpu_fusion(cpu_fusion)
        is_shared = any(option is not None for option in (coordinator, processes, process))
        options.refuse_shared_pruning(prune, is_shared, on)
        with hire(lambda: build(Watcher()).tasks, workers, out, fresh, is_shared, on) as crew:
            options.join_processes(coordinator, processes, process)
            with measure("check"), options.refusing(_OPTIONS, (TypeError, ValueError)), Checking() as watcher:
                study = build(watcher)
            run_in_folder(study, out, fresh, as_json, print_points, helpers=crew, log=log)
