"""gradlab, a gradient laboratory for JAX: build an optimizer from its parts, race it, prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# First, so that Ctrl-C is quiet while the others are imported for a command.
import gradlab.interrupts as _interrupts  # noqa: F401

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .public import *  # noqa: F403


def __getattr__(name: str) -> Any:
    """Import all public names at the first use of one.

    Before that JAX is not imported, which takes half a second: the command line completes names and shows its help
    without it.
    """
    if name.startswith("__") or name == "public":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    _load()
    try:
        return globals()[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def __dir__() -> list[str]:
    _load()
    return sorted(globals())


def _load() -> None:
    from . import public

    globals().update({name: value for name, value in vars(public).items() if not name.startswith("__")})
