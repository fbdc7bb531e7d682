"""gradlab, a gradient laboratory for JAX: build an optimizer from its parts, race it, prove it."""

from __future__ import annotations

import importlib as _importlib
import typing as _typing

# Imported first, so that Ctrl-C ends a command quietly while the other modules are imported.
import gradlab.interrupts as _interrupts  # noqa: F401

__version__ = "0.1.0"

if _typing.TYPE_CHECKING:  # a `__getattr__` that type checkers could see would give them any name
    from .public_names import *  # noqa: F403
else:

    def __getattr__(name: str) -> _typing.Any:
        """Import a public name at its first use, from its own module.

        The command line completes names and shows its help without JAX, which takes half a second to import; and a
        script waits for the modules that it uses.
        """
        if name != "__all__" and name.startswith("__"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        homes = _read_homes()
        if name == "__all__":  # for `from gradlab import *`, `help(gradlab)` and the like
            return sorted(homes)
        if name not in homes:
            from .remedies.missing_names import describe_public_name

            hint = describe_public_name(name, homes)
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
        home = _importlib.import_module(homes[name], __name__)
        value = globals()[name] = home if homes[name] == f".{name}" else getattr(home, name)  # or a subpackage
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_read_homes()})

    def _read_homes() -> dict[str, str]:
        """Return the module of each public name."""
        import pathlib

        from .remedies.imported_names import read_imported_names

        return read_imported_names(pathlib.Path(__file__).with_name("public_names.py"))
