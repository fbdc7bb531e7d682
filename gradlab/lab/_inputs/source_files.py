"""The user's files whose code an object runs, with digests by which an edit is noticed.

These are the files of the modules that define the object, of the module that the user named it in, and of all modules
that these import (at the top, inside functions, relatively, by `importlib.import_module("name")`) or whose functions
and classes they name.

Not included are gradlab, the standard library and installed packages (whose versions are compared instead), data files,
modules that are not loaded yet and whose names are put together at run time, and notebooks, which have no file.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import inspect
import os
import site
import sys
import sysconfig
import types
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from .user_code_detection import find_modules, find_top_packages


def digest_source_files(*things: Any) -> dict[str, str]:
    """Return a short digest of each of the user's files whose code some objects run, by the name of the file.

    The name is the path below the folder that the file is imported from, such as "mine.py" or "package/part.py".
    """
    return {name: _digest(content) for name, content in read_source_files(*things).items()}


def read_source_files(*things: Any) -> dict[str, bytes]:
    """Return the content of each file that `digest_source_files` names."""
    contents: dict[str, bytes] = {}
    waiting = [name for thing in things for name in find_modules(thing)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name.partition(".")[0] == "gradlab":
            continue
        seen.add(name)
        if "." in name:
            waiting.append(name.rpartition(".")[0])
        spec = _find_spec(name)
        path = _find_user_file(name, spec)
        content = None if path is None else _read_content(path, spec)
        if path is None or content is None:
            continue
        contents[_name_file(name, path)] = content
        waiting += _find_imports(name, path, content, spec)
        waiting += _find_modules_of_names(name)
    return dict(sorted(contents.items()))


def digest_own_file(thing: Any) -> str:
    """Return a short digest of the file that defines an object; "" for objects of gradlab, and where there is none."""
    module = inspect.getmodule(inspect.unwrap(thing))
    path = getattr(module, "__file__", None)
    if path is None or (module is not None and module.__name__.split(".")[0] == "gradlab"):
        return ""
    try:
        return _digest(Path(path).read_bytes())
    except OSError:  # the file is in an archive, or was removed
        return ""


def find_package_versions(*things: Any) -> dict[str, str]:
    """Return the version of each installed package whose code some objects run; not of gradlab, JAX and NumPy."""
    versions: dict[str, str] = {}
    for package in sorted({name for thing in things for name in find_top_packages(thing)}):
        path = getattr(_find_spec(package), "origin", None)
        if path is None or _is_installed(path):
            versions |= {name: importlib.metadata.version(name) for name in _find_distributions(package)}
    return versions


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _find_spec(name: str) -> ModuleSpec | None:
    """Find the specification of a module, without importing the module or a package above it."""
    if name in sys.modules:
        return getattr(sys.modules[name], "__spec__", None)
    parent, _, _ = name.rpartition(".")
    folders: Any = None
    if parent:
        above = _find_spec(parent)
        if above is None or above.submodule_search_locations is None:
            return None
        folders = list(above.submodule_search_locations)
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec(name, folders)
        except Exception:  # the finder is the user's; importing the module would fail too
            continue
        if spec is not None:
            return spec
    return None


def _find_user_file(name: str, spec: ModuleSpec | None) -> str | None:
    """Return the path of a module's file; None if there is none, or if it is installed."""
    path = getattr(spec, "origin", None)
    if name == "__main__":
        path = getattr(sys.modules[name], "__file__", None)
    if path is None or (spec is not None and not spec.has_location):
        return None
    path = os.path.abspath(path)
    return None if _is_installed(path) else path


def _read_content(path: str, spec: ModuleSpec | None) -> bytes | None:
    """Read the file of a module, which may be in a zip archive; return None if it cannot be read."""
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError):
        try:
            return spec.loader.get_data(path)  # type: ignore[union-attr]
        except (AttributeError, OSError, ValueError):
            return None


def _name_file(name: str, path: str) -> str:
    """Return the path of a module's file below the folder that the module is imported from."""
    file = Path(path)
    depth = 0 if name == "__main__" else name.count(".") + (file.stem == "__init__")
    return "/".join(file.parts[-1 - depth :])


def _find_imports(name: str, path: str, content: bytes, spec: ModuleSpec | None) -> Iterator[str]:
    """Yield the modules that a source file imports anywhere, and the names that may be submodules."""
    if not path.endswith((".py", ".pyw")):
        return
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    is_package = Path(path).stem == "__init__"
    package = name if is_package else name.rpartition(".")[0]
    if name == "__main__":
        package = (spec.parent if spec is not None else "") or ""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            if base:
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            target = node.args[0].value
            if function in ("import_module", "__import__") and isinstance(target, str):
                yield target if not target.startswith(".") else f"{package}.{target.lstrip('.')}"


def _find_modules_of_names(name: str) -> Iterator[str]:
    """Yield the modules of what the names in a loaded module refer to, which its import statements may not show."""
    for value in list(vars(sys.modules[name]).values()) if name in sys.modules else ():
        if isinstance(value, types.ModuleType):
            # Python puts the submodules of a package here whatever code imported them.
            if not value.__name__.startswith(f"{name}."):
                yield value.__name__
        elif isinstance(value, (type, types.FunctionType)) and isinstance(value.__module__, str):
            yield value.__module__


def _find_distributions(package: str) -> list[str]:
    """Return the names under which a package was installed, such as scikit-learn for sklearn."""
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return importlib.metadata.packages_distributions().get(package, [])  # takes half a second
    return [package]


def _is_installed(path: str) -> bool:
    """Return whether a file belongs to the standard library or to an installed package."""
    if {"site-packages", "dist-packages"} & set(Path(path).parts):
        return True
    return any(path.startswith(folder) for folder in _find_installed_folders())


@functools.cache
def _find_installed_folders() -> tuple[str, ...]:
    folders: Iterable[str | None] = (
        *(sysconfig.get_paths().get(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *(site.getsitepackages() if hasattr(site, "getsitepackages") else ()),
        os.path.dirname(inspect.__file__),
    )
    known = [folder for folder in folders if folder]
    return tuple({os.path.join(path, "") for folder in known for path in (folder, os.path.realpath(folder))})
