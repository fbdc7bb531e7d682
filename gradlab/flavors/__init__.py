"""Flavors: optimizers exactly as PyTorch, Keras and optax compute them, with the names and defaults of each.

Flavors are recipes of the same links as `gradlab.adam` and the others, which follow the publications. A flavor has
every argument of the optimizer in its framework, in the same order. Arguments that are not part of the update are
keyword-only. `flavors.muon` has Muon as eight implementations compute it. Each module is imported when it is first
used.
"""

from __future__ import annotations

import importlib as _importlib
import typing as _typing

if _typing.TYPE_CHECKING:
    from . import keras as keras
    from . import muon as muon
    from . import optax as optax
    from . import torch as torch

_MODULES = ("keras", "muon", "optax", "torch")

if not _typing.TYPE_CHECKING:

    def __getattr__(name: str) -> _typing.Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_MODULES)}")
        return _importlib.import_module(f".{name}", __name__)

    def __dir__() -> list[str]:
        return sorted({*globals(), *_MODULES})
