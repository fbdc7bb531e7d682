"""The surroundings of a transformation: random numbers, the environment, and the settings of Python and JAX."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import random
import sys
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np

from ..._compat import read_settings

Snapshot = Mapping[str, Mapping[str, Any]]  # for each kind of surroundings its values by name


def take_snapshot() -> Snapshot:
    """Return the present surroundings."""
    return {
        "the random numbers": {
            "Python's random": random.getstate(),
            "NumPy's np.random": _freeze(np.random.get_state(legacy=False)),
        },
        "the environment variables": dict(os.environ),
        "the settings of JAX": dict(read_settings()),
        "the settings of Python": {
            "warnings.filters": tuple(warnings.filters),
            "sys.getrecursionlimit()": sys.getrecursionlimit(),
            "gc.isenabled()": gc.isenabled(),
            "os.getcwd()": os.getcwd(),
            "the level of logging": (logging.root.level, logging.root.manager.disable),
            "the handlers of logging": tuple(logging.root.handlers),
        },
        "the settings of NumPy": {"np.geterr()": np.geterr(), "np.get_printoptions()": np.get_printoptions()},
    }


def list_changes(before: Snapshot, after: Snapshot) -> list[str]:
    """Return what differs between two snapshots, as text."""
    changes = []
    for kind, values in before.items():
        for name in sorted(values.keys() | after[kind].keys()):
            old, new = values.get(name, "not set"), after[kind].get(name, "not set")
            if old != new:
                is_short = len(repr(old)) + len(repr(new)) < 80
                changes.append(f"{name} (from {old!r} to {new!r})" if is_short else name)
    return changes


@contextlib.contextmanager
def restore_surroundings() -> Iterator[Snapshot]:
    """Yield the present surroundings, and restore them at the end, whatever happens in between."""
    before = take_snapshot()
    numpy_state = np.random.get_state()
    with warnings.catch_warnings(), np.errstate(), np.printoptions():
        try:
            yield before
        finally:
            random.setstate(before["the random numbers"]["Python's random"])
            np.random.set_state(numpy_state)
            _restore_environment(before["the environment variables"])
            for name, value in before["the settings of JAX"].items():
                if read_settings()[name] != value:
                    jax.config.update(name, value)
            _restore_python(before["the settings of Python"])


def _restore_environment(before: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(before):
        del os.environ[name]
    os.environ.update({name: value for name, value in before.items() if os.environ.get(name) != value})


def _restore_python(before: Mapping[str, Any]) -> None:
    sys.setrecursionlimit(before["sys.getrecursionlimit()"])
    (gc.enable if before["gc.isenabled()"] else gc.disable)()
    os.chdir(before["os.getcwd()"])
    level, disabled = before["the level of logging"]
    logging.root.setLevel(level)
    logging.disable(disabled)
    logging.root.handlers[:] = before["the handlers of logging"]


def _freeze(item: Any) -> Any:
    """Return the state of a generator in a form that compares by value."""
    if isinstance(item, dict):
        return {name: _freeze(value) for name, value in item.items()}
    return item.tobytes() if isinstance(item, np.ndarray) else item
