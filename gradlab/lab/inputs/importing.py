"""The import of a `package.module:name`, and what is said where it fails."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import Any

from gradlab.time_limit import limit_time, time_limit_seconds

from .name_lookup import suggest_attribute
from .user_errors import UserCodeError, convert_user_errors

_EXPECTED = "expected package.module:name"


class LoadError(ValueError):
    """What a `package.module:name` does not find, or finds unfit; the text says what was expected."""


class BrokenUserCodeError(LoadError, UserCodeError):
    """A module, or a problem, of somebody else's that fails when it is imported, made or tried; the text says why."""


def import_object(name: str) -> Any:
    """What a `package.module:name` is, also from the folder that one is in. Raises LoadError."""
    with contextlib.suppress(UnicodeError):  # a locale that takes a name in UTF-8 for bytes
        name = os.fsencode(name).decode("utf-8")
    module_name, _, path = name.partition(":")
    try:
        here = os.getcwd()
    except FileNotFoundError:
        here = "(a working directory that was removed)"
    if here not in sys.path and os.path.isdir(here):
        sys.path.insert(0, here)  # as `python -m` does
    if not path:
        raise LoadError(f"{name!r} has nothing behind the colon; {_EXPECTED}, such as optax:adam")
    if not all(part.isidentifier() for part in module_name.split(".")):
        raise LoadError(f"cannot import {module_name!r} of {name!r}, which is no name of a module; {_EXPECTED}")
    if module_name.endswith(".py") and os.path.isfile(module_name):
        raise LoadError(f"{module_name} of {name} is a file; type its module, {module_name.removesuffix('.py')}:{path}")
    before = list(sys.path)
    try:
        with convert_user_errors(f"the import of {module_name}", True), limit_time(time_limit_seconds()):
            found: Any = importlib.import_module(module_name)
    except UserCodeError as error:
        if isinstance(error.__cause__, ImportError):
            why, missing = " ".join(str(error.__cause__).split()), getattr(error.__cause__, "name", None)
            if missing and not module_name.startswith(missing):
                raise LoadError(
                    f"cannot import {module_name} of {name}, because it imports {missing} ({why})"
                ) from None
            raise LoadError(f"cannot import {module_name} of {name} ({why}); looked in {here} too") from None
        raise BrokenUserCodeError(str(error)) from error.__cause__
    finally:
        sys.path += [path for path in before if path not in sys.path]  # what it adds stays, what it removes comes back
    for part in path.split("."):
        if not hasattr(found, part):
            raise LoadError(f"{module_name} has no {path!r}; {suggest_attribute(found, part)}")
        found = getattr(found, part)
    return found
