"""An error for a module that is called like the function that is meant, which names that function."""

from __future__ import annotations

import sys
import types
from typing import Any, NoReturn


def refuse_calls(module: str, remedy: str) -> None:
    """Let a call of a module raise TypeError with a remedy, such as "gl.explain(tx) shows the equations".

    Python's own error, "'module' object is not callable", names neither the module nor what to write.
    """

    class Uncalled(types.ModuleType):
        def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
            raise TypeError(f"{module} is a module and cannot be called; {remedy}")

    sys.modules[module].__class__ = Uncalled  # which Python allows for modules, so that they can have such methods
