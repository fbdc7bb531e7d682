"""The command `gradlab search`, in which Optuna chooses hyperparameters round by round.

What imports JAX is imported inside the function, so that help and completion do without it.
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from ..lab._inputs.argument_checks import SearchSampler
from .arguments import options
from .sessions.profiling import Profiling, profiling
from .sessions.program_cache import use_program_cache
from .sessions.workers import On, hire_cluster
from .terminal import completion

_OPTIONS = ("trials", "batch", "seeds", "steps", "sample_seed", "lanes", "chunk", "prune")


def search(
    optimizer: Annotated[
        list[str],
        typer.Option(
            help="The optimizer, optax:name, or package.module:factory.", autocompletion=completion.complete_recipes
        ),
    ],
    assignments: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="NAME=RANGE",
            help="A hyperparameter and its range: log:LOW:HIGH, or lin, int or intlog in the place of log, or values "
            "to choose from: 0.8,0.9 or nesterov=yes,no. With ' if ', a hyperparameter is "
            "varied only where another has a certain value: 'nesterov=yes,no if momentum=0.9'. Repeat it for more.",
        ),
    ],
    out: options.Out = Path("search"),
    problem: Annotated[
        list[str] | None,
        typer.Option(
            help="The problem, NAME:key=value,..., or package.module:name. Default: digits.",
            autocompletion=completion.complete_problems,
        ),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="The number of points in all.")] = 64,
    batch: Annotated[
        int, typer.Option(min=1, help="The number of points in a round. They are trained side by side.")
    ] = 16,
    seeds: Annotated[
        str,
        typer.Option(
            callback=options.check_seeds,
            help="Runs at each point: a number of seeds, or the seeds (5:10 for 5 to 9, or 0,1,4). Half of them guide "
            "the search, and half report on it.",
        ),
    ] = "8",
    steps: options.Steps = None,
    sampler: Annotated[
        SearchSampler,
        typer.Option(
            help="How points are chosen: near good ones (tpe), evenly spread (sobol), or half near good ones and half "
            "along the gradient of the final loss (hypergradient).",
        ),
    ] = "tpe",
    sample_seed: Annotated[int, typer.Option(min=0, help="The seed of the points.")] = 0,
    lanes: options.Lanes = None,
    chunk: options.Chunk = None,
    prune: options.Prune = None,
    fresh: options.Fresh = False,
    log: options.Log = None,
    cpu_fusion: options.CpuFusion = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all points as JSON and nothing else.")] = False,
    profile: Profiling = False,
    on: On = None,
    coordinator: options.Coordinator = None,
    processes: options.ProcessCount = None,
    process: options.ProcessIndex = None,
) -> None:
    """Search ranges of an optimizer's hyperparameters with Optuna, in rounds of points near the best ones so far.

    The same command on a folder with a stopped search goes on from there. With more trials, it
    computes only what the folder does not hold.
    """
    with profiling(profile, out):
        from ..lab._profile import measure

        with measure("import"):
            from ..lab._studies.search import SearchStudy
            from ..lab._studies.study_arguments import factories_by_name, only_one, problems_by_name
            from .sessions.study_session import run_in_folder
            from .study_tables.point_tables import parse_axes, print_points
        use_program_cache()
        options.use_cpu_fusion(cpu_fusion)
        is_shared = any(option is not None for option in (coordinator, processes, process))
        options.refuse_shared_pruning(prune, is_shared, on)
        with hire_cluster(on, is_shared) if on is not None else nullcontext() as crew:
            options.join_processes(coordinator, processes, process)
            with measure("check"), options.refusing(_OPTIONS, (TypeError, ValueError)):
                name, factory = only_one(list(factories_by_name(optimizer).items()), "optimizer")
                study = SearchStudy(
                    only_one(problems_by_name(problem or "digits"), "problem"), name, factory, parse_axes(assignments),
                    trials, batch, seeds, steps, sample_seed, lanes, chunk, sampler, prune,
                )  # fmt: skip
            run_in_folder(study, out, fresh, as_json, print_points, helpers=crew, log=log)
