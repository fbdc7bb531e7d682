"""Import of the object that `package.module:name` refers to, with errors in one line."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
from typing import Any

from gradlab.user_code_time_limit import limit_time, time_limit_seconds

from .name_lookup import suggest_attribute
from .user_errors import UserCodeError, convert_user_errors

imported_modules: set[str] = set()  # those that were imported because a user named them; they run code of any kind
_EXPECTED = "expected package.module:name"
_OBJECT = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class LoadError(ValueError):
    """A `package.module:name` that does not exist, or is not what is needed. Its text says what was expected."""


class BrokenUserCodeError(LoadError, UserCodeError):
    """A user's module that fails when it is imported, or a user's problem that fails when it is made or validated."""


def names_object(value: Any) -> bool:
    """Return whether a value is a text of the form `package.module:name`."""
    return isinstance(value, str) and _OBJECT.fullmatch(value) is not None


def import_object(name: str) -> Any:
    """Return the object that `package.module:name` refers to. Modules in the working directory are found too.

    Raises LoadError for a name that does not exist, and BrokenUserCodeError for a module that fails.
    """
    with contextlib.suppress(UnicodeError):  # under some locales, a name that was typed in UTF-8 arrives undecoded
        name = os.fsencode(name).decode("utf-8")
    module_name, _, path = name.partition(":")
    if not path:
        raise LoadError(f"{name!r} has nothing behind the colon; {_EXPECTED}, such as optax:adam")
    # A path that begins at the working directory names the same file as without the `./`.
    file_name = module_name.removeprefix("./")
    if file_name.endswith(".py") and os.path.isfile(file_name):
        module = file_name.removesuffix(".py").replace("/", ".")
        if all(part.isidentifier() for part in module.split(".")):
            raise LoadError(f"{module_name} of {name} is a file; type its module, {module}:{path}")
    if not all(part.isidentifier() for part in module_name.split(".")):
        raise LoadError(f"cannot import {module_name!r} of {name!r}, which is not the name of a module; {_EXPECTED}")
    found = _import_module(module_name, name)
    for part in path.split("."):
        if not hasattr(found, part):
            raise LoadError(f"{module_name} has no {path!r}; {suggest_attribute(found, part)}")
        found = getattr(found, part)
    return found


def _import_module(module_name: str, name: str) -> Any:
    """Import a module, from the working directory too. Messages call what is to be imported `name`."""
    imported_modules.add(module_name)
    folder = _add_working_directory()
    before = list(sys.path)
    try:
        with convert_user_errors(f"the import of {module_name}", True), limit_time(time_limit_seconds()):
            return importlib.import_module(module_name)
    except UserCodeError as error:
        if not isinstance(error.__cause__, ImportError):
            raise BrokenUserCodeError(str(error)) from error.__cause__
        cause, missing = " ".join(str(error.__cause__).split()), error.__cause__.name
        if missing and not module_name.startswith(missing):
            raise LoadError(f"cannot import {module_name} of {name}, because it imports {missing} ({cause})") from None
        raise LoadError(f"cannot import {module_name} of {name} ({cause}); looked in {folder} too") from None
    finally:
        # What the module adds to the path stays, and what it removes comes back.
        sys.path += [entry for entry in before if entry not in sys.path]


def _add_working_directory() -> str:
    """Put the working directory on Python's path, as `python -m` does. Returns its name for messages."""
    try:
        folder = os.getcwd()
    except FileNotFoundError:
        return "(a working directory that was removed)"
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return folder
