"""The laboratory: races, sweeps and searches of optimizers, with results as labeled arrays, tables, pictures and a
page.

    import gradlab as gl

    results = gl.lab.race(["digits", "ravine"], ["adam", "sgd"])
    results.gradlab.leaderboard("digits")

These are its public names. It needs the packages of the extra `lab`, which are imported when a name is first
used.
"""

from __future__ import annotations

import importlib as _importlib
import typing as _typing

if _typing.TYPE_CHECKING:
    from ._engine.pruning.rules import Hyperband as Hyperband
    from ._engine.pruning.rules import MedianStopping as MedianStopping
    from ._engine.pruning.rules import SuccessiveHalving as SuccessiveHalving
    from ._engine.task import Watcher as Watcher
    from ._exports.export import export as export
    from ._exports.live.finished_chunks import FinishedChunk as FinishedChunk
    from ._inputs.user_errors import UserCodeError as UserCodeError
    from ._results.results_file import ResultsError as ResultsError
    from ._results.study_folder import FolderError as FolderError
    from ._results_tree import ResultsAccessor as ResultsAccessor
    from ._results_tree import read_results as read_results
    from ._studies.merging.merge import merge as merge
    from ._studies.race import race as race
    from ._studies.search import search as search
    from ._studies.search_space import Integer as Integer
    from ._studies.search_space import Linear as Linear
    from ._studies.search_space import Log as Log
    from ._studies.search_space import When as When
    from ._studies.sweep import sweep as sweep
    from .problems import PROBLEMS as PROBLEMS
    from .problems.base import Landscape as Landscape
    from .problems.base import Problem as Problem
    from .problems.base import Score as Score
    from .problems.from_functions import problem_from as problem_from

_HOMES = {
    "race": "._studies.race",
    "sweep": "._studies.sweep",
    "search": "._studies.search",
    "merge": "._studies.merging.merge",
    "Linear": "._studies.search_space",
    "Log": "._studies.search_space",
    "Integer": "._studies.search_space",
    "When": "._studies.search_space",
    "SuccessiveHalving": "._engine.pruning.rules",
    "Hyperband": "._engine.pruning.rules",
    "MedianStopping": "._engine.pruning.rules",
    "read_results": "._results_tree",
    "ResultsAccessor": "._results_tree",
    "export": "._exports.export",
    "FinishedChunk": "._exports.live.finished_chunks",
    "PROBLEMS": ".problems",
    "Problem": ".problems.base",
    "Score": ".problems.base",
    "Landscape": ".problems.base",
    "problem_from": ".problems.from_functions",
    "Watcher": "._engine.task",
    "UserCodeError": "._inputs.user_errors",
    "ResultsError": "._results.results_file",
    "FolderError": "._results.study_folder",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> _typing.Any:
    """Import a public name at its first use: the command line shows its help without any of them."""
    if name == "problems":
        return _importlib.import_module(".problems", __name__)
    if name not in _HOMES:
        from ..remedies.missing_names import suggest_public_name

        hint = suggest_public_name(name, _HOMES, cutoff=0.6)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
    value = getattr(_importlib.import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
