"""A race whose rivals are baselines: it trains the other optimizers as the baselines were, and compares all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr

from ..._baselines.catalog import RefusedBaselinesError, Rivals, find_baselines, require_options, require_same_start
from ..._baselines.expansion import join
from ..._engine.distributed import Processes
from ..._engine.task import Watcher
from ..._engine.task_runner import Helpers
from ..._formatting import format_count, join_at_most
from ..._inputs.default_contestants import Contestant
from ...problems.base import Problem
from ..race import RaceStudy
from ..seeds import as_seeds
from ..study import Failed


@dataclass(frozen=True)
class RaceAgainst(RaceStudy):
    """A race of some contestants whose results have the baselines on its problems too. See `make_race_against`."""

    rivals: Mapping[str, Rivals] = field(default_factory=dict)  # by problem

    def plan(self) -> dict[str, Any]:
        """Everything that determines the results, JSON-ready."""
        return {**super().plan(), "against": {name: rivals.baseline.digest for name, rivals in self.rivals.items()}}

    @property
    def parts(self) -> list[dict[str, str]]:
        """Where the runs come from that were not made here, for the results."""
        return [
            {
                "folder": f"baseline on {name}: {format_count(rivals.dataset.sizes['optimizer'], 'optimizer')}",
                **rivals.baseline.origin,
                **({"warning": " ".join(rivals.warnings)} if rivals.warnings else {}),
            }
            for name, rivals in self.rivals.items()
        ]

    @property
    def notes(self) -> list[str]:
        """A sentence for each problem on its rivals."""
        return [
            f"against {format_count(rivals.dataset.sizes['optimizer'], 'baseline')} on {name}, each tuned over "
            f"{format_count(len(rivals.baseline.rates), 'learning rate')} from "
            f"{format_count(len(rivals.baseline.seeds), 'seed')} on {rivals.baseline.origin['date'][:10]}"
            for name, rivals in self.rivals.items()
        ]

    @property
    def warnings(self) -> list[str]:
        """Possible mistakes in the optimizers, and the differences between the baselines and the runs made here."""
        return super().warnings + [warning for rivals in self.rivals.values() for warning in rivals.warnings]

    def compute(
        self,
        folder: Path | None,
        watcher: Watcher,
        processes: Processes,
        failed: Failed,
        helpers: Helpers | None = None,
    ) -> dict[str, xr.Dataset]:
        """Compute the runs of the contestants, and return the Dataset of each problem with the baselines behind them.

        Raises RefusedBaselinesError if a problem does not begin where its baseline began.
        """
        datasets = super().compute(folder, watcher, processes, failed, helpers)
        problems = {problem.name: problem for problem in self.problems}
        for name, dataset in datasets.items():
            require_same_start(dataset, self.rivals[name])
            datasets[name] = join(dataset, self.rivals[name].dataset, problems[name])
        return datasets


def make_race_against(
    against: Path | str,
    problems: Sequence[Problem],
    contestants: Sequence[Contestant],
    rates: int | tuple[float, ...] | None = None,
    seeds: Any = None,
    steps: int | None = None,
    lanes: int | None = None,
    chunk: int | None = None,
) -> RaceAgainst:
    """Return the race of some contestants against the baselines on its problems.

    `rates`, `seeds` and `steps` are those of the baselines; other ones are refused. Raises RefusedBaselinesError if
    the baselines are of another problem or of other settings, and if a contestant is one of them.
    """
    rivals = find_baselines(against, problems)
    given = {
        "rates": tuple(sorted(rates)) if isinstance(rates, tuple) else rates,
        "seeds": None if seeds is None else as_seeds(seeds),
        "steps": steps,
    }
    own_rates, own_seeds = require_options(rivals, given)
    for name, found in rivals.items():
        there = found.baseline.optimizers
        if both := [contestant.name for contestant in contestants if contestant.name in there]:
            raise RefusedBaselinesError(
                f"{join_at_most(both)}: among the baselines on {name} already; leave it out, or give yours another name"
            )
    lengths = {name: found.baseline.steps for name, found in rivals.items()}
    if any(problem.steps != lengths[problem.name] for problem in problems):
        steps = next(iter(lengths.values()))
        if others := [name for name, length in lengths.items() if length != steps]:
            raise RefusedBaselinesError(
                f"the baselines on {next(iter(lengths))} and {others[0]} have other updates than their problems "
                f"propose, {steps} and {lengths[others[0]]}; race on one of them at a time"
            )
    return RaceAgainst(tuple(problems), tuple(contestants), own_rates, own_seeds, steps, lanes, chunk, rivals=rivals)
