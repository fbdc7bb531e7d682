"""Sources: the files of the user's own that a piece of code is made of, so that an edit to one of them is noticed.

Watched are the module of a thing, the module that it was named in, and every module that these reach by imports (at the
top, inside functions, relative, of a package, by `importlib.import_module("name")`) or by what their names hold. Not
watched are gradlab, the standard library and installed packages, of which the version counts; data files, which no
import names; modules whose names are put together at run time and that are not loaded yet; and notebooks, which have no
file.
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

# The attribute of an adapter that names the module in which a user named what it adapts: `mine` for `mine:adam`, where
# mine.py may have imported or made `adam` with code from elsewhere.
ORIGIN = "_gradlab_origin"
_MAX_OBJECTS = 10_000  # objects that are looked into; a problem may hold large trees


def digest_source_files(*things: Any) -> dict[str, str]:
    """The user's files that some things are made of, each with a short digest of its content.

    A file is called by its path below the folder that it is imported from, such as "mine.py" or "package/part.py".
    """
    found: dict[str, str] = {}
    waiting = [name for thing in things for name in _find_modules(thing)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name.partition(".")[0] == "gradlab":
            continue
        seen.add(name)
        if "." in name:
            waiting.append(name.rpartition(".")[0])
        spec = _find_spec(name)
        path = getattr(spec, "origin", None) if spec is not None else None
        if name == "__main__":
            path = getattr(sys.modules[name], "__file__", None)
        if path is None or (spec is not None and not spec.has_location):
            continue
        path = os.path.abspath(path)
        if _is_installed(path):
            continue
        content = _read_content(path, spec)
        if content is None:
            continue
        found[_name_file(name, path)] = hashlib.sha256(content).hexdigest()[:16]
        waiting += _find_imports(name, path, content, spec)
        waiting += _find_modules_of_names(name)
    return dict(sorted(found.items()))


def digest_own_file(thing: Any) -> str:
    """A short name for the source of a thing's own module, which an edit changes; empty for modules of gradlab."""
    module = inspect.getmodule(inspect.unwrap(thing))
    path = getattr(module, "__file__", None)
    if path is None or (module is not None and module.__name__.split(".")[0] == "gradlab"):
        return ""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]
    except OSError:  # in an archive, or removed
        return ""


def find_package_versions(*things: Any) -> dict[str, str]:
    """The versions of the installed packages that some things are of, such as optax; gradlab, JAX and NumPy apart."""
    found: dict[str, str] = {}
    for top in sorted({name for thing in things for name in _find_top_packages(thing)}):
        path = getattr(_find_spec(top), "origin", None)
        if path is None or _is_installed(path):
            found |= {name: importlib.metadata.version(name) for name in _find_distributions(top)}
    return found


def is_user_code(thing: Any) -> bool:
    """Whether a thing is not gradlab's own."""
    return bool(_find_top_packages(thing))


def _find_modules(thing: Any) -> list[str]:
    """The names of the modules that a thing, what it wraps and what it holds are of."""
    found: dict[str, None] = {}
    waiting, seen = [thing], set[int]()
    while waiting and len(seen) < _MAX_OBJECTS:
        at = waiting.pop()
        if id(at) in seen:
            continue
        seen.add(id(at))
        origin = getattr(at, ORIGIN, None) if not isinstance(at, types.ModuleType) else None
        if isinstance(origin, str):
            found[origin] = None
        parts = list(_find_parts(at))
        waiting += parts
        is_plain = isinstance(at, (list, tuple, set, frozenset, dict, functools.partial, types.MethodType))
        kind = at if isinstance(at, (type, types.FunctionType)) else type(at)
        module = at.__name__ if isinstance(at, types.ModuleType) else getattr(kind, "__module__", None)
        if isinstance(module, str) and not is_plain and module != "builtins":
            found[module] = None
    return list(found)


def _find_parts(thing: Any) -> Iterator[Any]:
    """What a thing wraps or holds, as far as it may be code."""
    if isinstance(thing, functools.partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, types.MethodType):
        yield from (thing.__func__, thing.__self__)
    elif isinstance(thing, types.FunctionType):
        yield from thing.__defaults__ or ()
        yield from (thing.__kwdefaults__ or {}).values()
        for cell in thing.__closure__ or ():
            try:
                yield cell.cell_contents
            except ValueError:  # not filled yet
                continue
    elif isinstance(thing, type):
        yield from thing.__mro__[1:]
    elif isinstance(thing, (list, tuple, set, frozenset)):
        yield from thing
    elif isinstance(thing, dict):
        yield from thing.values()
    elif not isinstance(thing, (str, bytes, int, float, complex, types.ModuleType)) and thing is not None:
        yield type(thing)
        if type(thing).__module__.partition(".")[0] not in ("numpy", "jax", "jaxlib"):
            yield from getattr(thing, "__dict__", {}).values()
    wrapped = getattr(thing, "__dict__", {}).get("__wrapped__") if not isinstance(thing, type) else None
    if wrapped is not None:
        yield wrapped


def _find_spec(name: str) -> ModuleSpec | None:
    """Where a module is, without importing it or a package above it."""
    if name in sys.modules:
        return getattr(sys.modules[name], "__spec__", None)
    parent, _, _ = name.rpartition(".")
    search: Any = None
    if parent:
        above = _find_spec(parent)
        if above is None or above.submodule_search_locations is None:
            return None
        search = list(above.submodule_search_locations)
    for finder in sys.meta_path:
        try:
            found = finder.find_spec(name, search)
        except Exception:  # a finder of somebody else's; the import would fail as well
            continue
        if found is not None:
            return found
    return None


def _read_content(path: str, spec: ModuleSpec | None) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError):
        try:
            return spec.loader.get_data(path)  # type: ignore[union-attr]  # of a zip archive
        except (AttributeError, OSError, ValueError):
            return None


def _name_file(name: str, path: str) -> str:
    """The name of a module's file below the folder that it is imported from."""
    file = Path(path)
    depth = 0 if name == "__main__" else name.count(".") + (file.stem == "__init__")
    return "/".join(file.parts[-1 - depth :])


def _find_imports(name: str, path: str, content: bytes, spec: ModuleSpec | None) -> Iterator[str]:
    """The modules that a source file imports, wherever in it."""
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
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            target = node.args[0].value
            if called in ("import_module", "__import__") and isinstance(target, str):
                yield target if not target.startswith(".") else f"{package}.{target.lstrip('.')}"


def _find_modules_of_names(name: str) -> Iterator[str]:
    """The modules that the names of a loaded module come from: those that no import statement names."""
    for value in list(vars(sys.modules[name]).values()) if name in sys.modules else ():
        if isinstance(value, types.ModuleType):
            if not value.__name__.startswith(f"{name}."):  # of a package's modules, any code may have loaded one
                yield value.__name__
        elif isinstance(value, (type, types.FunctionType)) and isinstance(value.__module__, str):
            yield value.__module__


def _find_top_packages(thing: Any) -> set[str]:
    """The packages and modules that a thing is of, but for those that all gradlab is made with."""
    tops = {name.partition(".")[0] for name in _find_modules(thing)}
    return tops - {"gradlab", "jax", "jaxlib", "numpy", "builtins"} - (set(sys.stdlib_module_names) - {"__main__"})


def _find_distributions(top: str) -> list[str]:
    try:
        importlib.metadata.version(top)
    except importlib.metadata.PackageNotFoundError:
        return importlib.metadata.packages_distributions().get(top, [])  # half a second
    return [top]


def _is_installed(path: str) -> bool:
    """Whether a file is of the standard library or an installed package."""
    if {"site-packages", "dist-packages"} & set(Path(path).parts):
        return True
    return any(path.startswith(folder) for folder in _find_installed_folders())


@functools.cache
def _find_installed_folders() -> tuple[str, ...]:
    known: Iterable[str | None] = (
        *(sysconfig.get_paths().get(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *(site.getsitepackages() if hasattr(site, "getsitepackages") else ()),
        os.path.dirname(inspect.__file__),
    )
    return tuple(
        {os.path.join(os.path.realpath(p), "") for p in known if p} | {os.path.join(p, "") for p in known if p}
    )
