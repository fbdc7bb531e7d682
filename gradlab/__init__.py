"""gradlab, a gradient laboratory for JAX: build an optimizer from its parts, race it, prove it."""

from __future__ import annotations

import typing as _typing

# Imported first, so that Ctrl-C ends a command quietly while the other modules are imported.
import gradlab.interrupts as _interrupts  # noqa: F401

__version__ = "0.1.0"

if _typing.TYPE_CHECKING:  # a `__getattr__` that type checkers could see would give them any name
    from .public_names import *  # noqa: F403
else:

    def __getattr__(name: str) -> _typing.Any:
        """Import all public names at the first use of one.

        JAX, which takes half a second to import, is not imported before that. The command line completes names and
        shows its help without it.
        """
        if name != "__all__" and (name.startswith("__") or name == "public_names"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        names = _load()
        if name == "__all__":  # for `from gradlab import *`, `help(gradlab)` and the like
            return sorted(names)
        try:
            return globals()[name]
        except KeyError:
            import difflib

            near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.8)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}") from None

    def __dir__() -> list[str]:
        _load()
        return sorted(globals())


def _load() -> dict[str, _typing.Any]:
    """Import the public names into this module, and return them."""
    from . import public_names

    names = {name: value for name, value in vars(public_names).items() if not name.startswith("__")}
    globals().update(names)
    return names
