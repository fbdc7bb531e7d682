"""Generate pages of the site: one for each module and recipe, the lists of the API, and copies of the notebooks."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import shutil
import typing
from pathlib import Path
from typing import Any

import api_groups
import recipe_pages
from definitions import read_constants
from docstrings import find_law, to_rst
from sphinx.errors import ExtensionError

import gradlab
from gradlab._compat import backend_has_started
from gradlab.values import numeric_arguments

LONGEST_VALUE = 90  # characters of a constant that is shown


def modules() -> list[str]:
    """Return the names of the public modules and packages."""
    found = [module.name for module in pkgutil.walk_packages(gradlab.__path__, "gradlab.")]
    public = [name for name in found if not any(part.startswith("_") for part in name.split("."))]
    return sorted(public)


def module_page(name: str, names: list[str]) -> str:
    """Return the page of a module: its docstring, its members, and links to the modules of a package."""
    lines = [
        f"# `{name}`",
        "",
        "```{eval-rst}",
        f".. automodule:: {name}",
        "   :members:",
        "   :ignore-module-all:",
        "",
    ]
    if name == numeric_arguments.__name__:
        for alias, description in _annotations():
            lines += [f".. py:data:: {alias}", f"   :module: {name}", "", f"   {description}", ""]
    else:
        lines += _constants(name)
    for key in _own_exports(name):
        kind = "autoclass" if inspect.isclass(getattr(importlib.import_module(name), key)) else "autofunction"
        lines += [f".. {kind}:: {name}.{key}", *["   :members:"] * (kind == "autoclass"), ""]
    inside = [other for other in names if other.rpartition(".")[0] == name]
    return "\n".join([*lines, "```", "", *_exports(name), *_contents(inside, name)])


def _constants(name: str) -> list[str]:
    """Return the entries of the constants and types that a module names, with what its comments say of them."""
    module, lines = importlib.import_module(name), []
    for key, (value, note) in read_constants(name).items():
        meant, is_short = getattr(module, key, None), len(value) <= LONGEST_VALUE
        allowed = meant.__metadata__[0] if typing.get_origin(meant) is typing.Annotated else None
        said = _describe(allowed) if isinstance(allowed, numeric_arguments.Range) else ""
        said += f" {note[:1].upper()}{note[1:].rstrip('.')}." if note else ""
        is_empty = value in ("{}", "[]", "()")  # filled later
        shown = [f"   :value: {value}"] if is_short and not is_empty and allowed is None else []
        lines += [f".. py:data:: {key}", f"   :module: {name}", *shown, ""]
        lines += [*(f"   {line}" for line in to_rst([said.strip()], module)), ""] if said else []
    return lines


def _exports(name: str) -> list[str]:
    """Return a table of the names in a module's `__all__`, with links to the pages of the modules that define them."""
    module = importlib.import_module(name)
    names = getattr(module, "__all__", [])
    if not names:
        return []
    return [
        "## Public names",
        "",
        "| | |",
        "|---|---|",
        *(_export(name, key, getattr(module, key)) for key in names),
        "",
    ]


def _own_exports(name: str) -> list[str]:
    """Return the names in a module's `__all__` that no other page documents, because their own modules are private."""
    module = importlib.import_module(name)
    values = {key: getattr(module, key) for key in getattr(module, "__all__", [])}
    return [key for key, value in values.items() if _is_private(getattr(value, "__module__", ""))]


def _is_private(module: str) -> bool:
    return any(part.startswith("_") for part in module.split("."))


def _export(module: str, name: str, value: Any) -> str:
    if not (inspect.isfunction(value) or inspect.isclass(value)):
        return f"| `{name}` | A {type(value).__name__} |"
    first = first_sentence(inspect.getdoc(value) or "", name)
    target = f"{module}.{name}" if _is_private(value.__module__) else f"{value.__module__}.{value.__qualname__}"
    return f"| {{py:obj}}`{name} <{target}>` | {first} |"


def _contents(names: list[str], package: str) -> list[str]:
    """Return a list of modules, each with the first sentence of its docstring."""
    if not names:
        return []
    shown = [name for name in names if _has_content(name)]
    labels = {name: f"`{name.removeprefix(f'{package}.')}`" for name in names}
    labels |= {name: f"[{labels[name]}]({name}.md)" for name in shown}
    listed = [f"- {labels[name]}: {first_sentence(_text(name), name.rpartition('.')[2])}" for name in names]
    return ["## Modules", "", *listed, "", "```{toctree}", ":hidden:", "", *shown, "```", ""]


def _has_content(name: str) -> bool:
    """Return whether a page of a module holds more than one sentence, which that of private mutants does not."""
    module = importlib.import_module(name)
    is_package, text = hasattr(module, "__path__"), inspect.getdoc(module) or ""
    return is_package or "\n\n" in text or bool(_documented(module)) or name == numeric_arguments.__name__


def _documented(module: Any) -> list[str]:
    """Return the names of the public functions and classes that a module defines, and those that it exports."""
    own = [
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
        and (inspect.isroutine(value) or inspect.isclass(value))
        and not name.startswith("_")
        and (inspect.getdoc(value) or find_law(value))
    ]
    return [*own, *getattr(module, "__all__", [])]


def _text(module: str) -> str:
    return inspect.getdoc(importlib.import_module(module)) or ""


def first_sentence(text: str, name: str) -> str:
    """Return the first sentence of a docstring for a list of names, which does not say the name twice."""
    first = " ".join(text.split("\n\n")[0].split()).split(". ")[0]
    first = re.sub(rf"^`?{re.escape(name)}`?(?:: |, (?=which |the |an? ))", "", first)
    first = first[:1].upper() + first[1:]
    return first if first.endswith(("?", "!", "...")) else first.rstrip(".:") + "."


def lists() -> str:
    """Return lists of every public factory, by groups, each with the first sentence of its docstring."""
    lines: list[str] = []
    for kind, title in api_groups.TITLES.items():
        lines += [f"## {title}", ""]
        for group, entries in api_groups.list_groups(kind).items():
            lines += [f"### {group}", ""] if group else []
            for entry in entries:
                prefix = "gl.schedules." if kind == "schedule" else "gl."
                target = f"{entry.factory.__module__}.{entry.factory.__qualname__}"
                lines += [f"{{py:obj}}`{prefix}{entry.name} <{target}>`", f": {entry.summary}", ""]
    return "\n".join(lines)


def _annotations() -> list[tuple[str, str]]:
    """Return the annotations that a hyperparameter may have, and the values that each allows."""
    aliases = {name: value for name, value in vars(numeric_arguments).items() if not name.startswith("_")}
    annotated = {name: value for name, value in aliases.items() if typing.get_origin(value) is typing.Annotated}
    return [(name, _describe(value.__metadata__[0])) for name, value in annotated.items()]


def _describe(note: Any) -> str:
    """Return in a sentence the values that an annotation allows."""
    if not isinstance(note, numeric_arguments.Range):
        return "A real or complex dtype, or its name."
    return f"Counted in steps: {note.kinds}." if note.steps else f"{note.kinds.capitalize()}."


def _write(path: Path, text: str) -> None:
    """Write a file if its text has changed, so that Sphinx reads only changed files again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def _remove_others(folder: Path, names: list[str]) -> None:
    """Remove the pages of modules and recipes that are no more."""
    for stale in set(folder.glob("*.md")) - {folder / f"{name}.md" for name in names}:
        stale.unlink()


def make(source: Path) -> None:
    """Write all generated pages into the source folder of the site."""
    made = source / "api" / "modules"
    every = modules()
    names = [name for name in every if _has_content(name)]
    _remove_others(made, [*names, "index"])
    for name in names:
        _write(made / f"{name}.md", module_page(name, every))
    _write(made / "lists.inc", lists())
    top = [name for name in every if name.count(".") == 1]
    _write(made / "index.md", "\n".join(["# All modules", "", *_contents(top, "gradlab")]))
    recipes = recipe_pages.make(source)
    _remove_others(source / "recipes", list(recipes))
    for name, text in recipes.items():
        _write(source / "recipes" / f"{name}.md", text)
    copy_notebooks(source.parent / "notebooks", source / "notebooks")


def copy_notebooks(there: Path, here: Path) -> None:
    """Copy the notebooks into the site, where their links to `../docs/` lead to the pages beside them."""
    shutil.rmtree(here, ignore_errors=True)
    shutil.copytree(there, here, ignore=shutil.ignore_patterns(".*"))
    for path in here.glob("*.ipynb"):
        path.write_text(path.read_text(encoding="utf-8").replace("](../docs/", "](../"), encoding="utf-8")


def _link_to_copies(app: Any, page: str, text: list[str]) -> None:
    """Let links to the notebooks in the repository lead to their copies in the site, which is one folder less up."""
    text[0] = re.sub(r"(\]\((?:\.\./)*)\.\./notebooks/", r"\1notebooks/", text[0])


def _open_one_branch(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Let the sidebar of a page show the pages beside it and above it, and not those of all the modules."""
    if toctree := context.get("toctree"):
        context["toctree"] = lambda **options: toctree(**options | {"collapse": True})


def setup(app: Any) -> dict[str, bool]:
    make(Path(app.srcdir))
    if backend_has_started():
        raise ExtensionError(
            "a generated page computed something with JAX. Sphinx copies its process to read pages side by side, and a "
            "copy of a process in which JAX has started waits for ever. Trace it instead, with jax.eval_shape."
        )
    app.connect("source-read", _link_to_copies)
    app.connect("html-page-context", _open_one_branch, priority=400)  # before that of the theme
    return {"parallel_read_safe": True}
