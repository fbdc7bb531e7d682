"""The modules whose code an object runs, and whether any of them is the user's."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Iterator
from typing import Any

# An adapter has this attribute. Its value is the module in which a user named what is adapted: "mine" for "mine:adam",
# where mine.py may have imported `adam`, or made it with code from elsewhere.
ORIGIN = "_gradlab_origin"

_MAX_OBJECTS = 10_000  # how many objects are searched, because a problem may hold large trees
_NO_CODE = (str, bytes, int, float, complex, types.ModuleType, type(None))


def is_user_code(thing: Any) -> bool:
    """Return whether any code of an object is from outside gradlab and the libraries that gradlab is made with."""
    return bool(find_top_packages(thing))


def find_top_packages(thing: Any) -> set[str]:
    """Return the top-level packages and modules of an object's code, without those that gradlab is made with."""
    packages = {name.partition(".")[0] for name in find_modules(thing)}
    return packages - {"gradlab", "jax", "jaxlib", "numpy", "builtins"} - (set(sys.stdlib_module_names) - {"__main__"})


def find_modules(thing: Any) -> list[str]:
    """Return the names of the modules that define an object, or anything that it wraps or holds."""
    modules: dict[str, None] = {}  # in the order in which they are found
    waiting, seen = [thing], set[int]()
    while waiting and len(seen) < _MAX_OBJECTS:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        origin = getattr(current, ORIGIN, None) if not isinstance(current, types.ModuleType) else None
        if isinstance(origin, str):
            modules[origin] = None
        waiting += list(_find_parts(current))
        module = _defining_module(current)
        if module is not None:
            modules[module] = None
    return list(modules)


def _defining_module(thing: Any) -> str | None:
    """Return the name of the module that defines an object or its class; None for Python's own containers."""
    if isinstance(thing, (list, tuple, set, frozenset, dict, functools.partial, types.MethodType)):
        return None
    if isinstance(thing, types.ModuleType):
        return thing.__name__
    kind = thing if isinstance(thing, (type, types.FunctionType)) else type(thing)
    module = getattr(kind, "__module__", None)
    return module if isinstance(module, str) and module != "builtins" else None


def _find_parts(thing: Any) -> Iterator[Any]:
    """Yield what an object wraps or holds, if it may be code."""
    if isinstance(thing, functools.partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, types.MethodType):
        yield from (thing.__func__, thing.__self__)
    elif isinstance(thing, types.FunctionType):
        yield from _find_values_of_function(thing)
    elif isinstance(thing, type):
        yield from thing.__mro__[1:]
    elif isinstance(thing, (list, tuple, set, frozenset)):
        yield from thing
    elif isinstance(thing, dict):
        yield from thing.values()
    elif not isinstance(thing, _NO_CODE):
        yield type(thing)
        if type(thing).__module__.partition(".")[0] not in ("numpy", "jax", "jaxlib"):
            yield from getattr(thing, "__dict__", {}).values()
            yield from _find_values_of_slots(thing)
    wrapped = getattr(thing, "__dict__", {}).get("__wrapped__") if not isinstance(thing, type) else None
    if wrapped is not None:
        yield wrapped


def _find_values_of_function(function: types.FunctionType) -> Iterator[Any]:
    """Yield the defaults of a function, and the variables of enclosing functions that it uses."""
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # the variable has no value yet
            continue


def _find_values_of_slots(thing: Any) -> Iterator[Any]:
    for kind in type(thing).__mro__:
        for descriptor in vars(kind).values():
            if isinstance(descriptor, types.MemberDescriptorType):
                try:
                    yield descriptor.__get__(thing)
                except AttributeError:  # the slot has no value
                    continue
