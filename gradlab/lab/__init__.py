"""The laboratory: races, sweeps and searches of optimizers, with results as labelled arrays, tables, pictures and a
page.

    import gradlab as gl

    results = gl.lab.race(["digits", "ravine"], ["adam", "sgd"])
    results.gradlab.leaderboard("digits")

These are its public names. It needs the packages of `pip install "gradlab[lab]"`, which are imported when a name is
first used.
"""

from __future__ import annotations

import importlib as _importlib
import typing as _typing

if _typing.TYPE_CHECKING:
    from .engine.task import Watcher as Watcher
    from .inputs.user_errors import UserCodeError as UserCodeError
    from .problems import PROBLEMS as PROBLEMS
    from .problems.base import Landscape as Landscape
    from .problems.base import Problem as Problem
    from .problems.base import Score as Score
    from .results.results_file import ResultsError as ResultsError
    from .results.study_folder import FolderError as FolderError
    from .results_tree import ResultsAccessor as ResultsAccessor
    from .results_tree import read_results as read_results
    from .studies.race import race as race
    from .studies.search import search as search
    from .studies.search_space import Linear as Linear
    from .studies.search_space import Log as Log
    from .studies.sweep import sweep as sweep

_HOMES = {
    "race": ".studies.race",
    "sweep": ".studies.sweep",
    "search": ".studies.search",
    "Linear": ".studies.search_space",
    "Log": ".studies.search_space",
    "read_results": ".results_tree",
    "ResultsAccessor": ".results_tree",
    "PROBLEMS": ".problems",
    "Problem": ".problems.base",
    "Score": ".problems.base",
    "Landscape": ".problems.base",
    "Watcher": ".engine.task",
    "UserCodeError": ".inputs.user_errors",
    "ResultsError": ".results.results_file",
    "FolderError": ".results.study_folder",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> _typing.Any:
    """Import a public name at its first use: the command line shows its help without any of them."""
    if name not in _HOMES:
        import difflib

        near = difflib.get_close_matches(name, _HOMES, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
    value = getattr(_importlib.import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
