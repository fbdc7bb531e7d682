r"""Convert gradlab's docstrings for Sphinx: `$x$` and `$$x$$` are math, `name` is code, and a link for a public name.

Doctests and indented blocks are code, and stay as they are.
"""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import re
import sys
import warnings
from typing import Any

from compositions import lay_out
from definitions import find_definition, find_entry, find_full, is_constant, is_module
from member_notes import field_notes, option_notes
from recipe_facts import make_default
from sphinx.pycode import ModuleAnalyzer

import gradlab as gl
from gradlab.explanations.long_numbers import shorten_numbers
from gradlab.registry import of_kind
from gradlab.testing import CLAIMS, CONTRACTS
from gradlab.testing.verdicts.law import Law
from gradlab.values.value import is_factory

BEFORE, AFTER = "'\"([{<-/:", " \n'\")]}>-/:.,;!?\\"  # what may stand beside code and formulas in reStructuredText
# Public functions whose names are also those of arguments and attributes, of which a docstring speaks when it neither
# writes `gl.` before them nor calls them.
WORDS = ("dtype", "labels", "loss_scale", "metrics", "ndim", "path", "size", "where")
REFERENCES = "gradlab.testing.references"
EMPHASIS = re.compile(r"(?<![\w*])\*(?=\S)([^*]{1,80}?)(?<=\S)\*(?![\w*])")
DISPLAY = re.compile(r"\$\$[^$]+\$\$")  # a formula that is a paragraph of its own
INLINE = re.compile(
    r"""(?P<keep>``.+?``|:[\w:]+:`[^`]+`)
    | `?\bdocs/(?P<page>[\w/-]+)\.md\b`?  # a page of the site
    | `(?P<code>[^`]+)`
    | \$(?P<math>[^$]+)\$
    | (?<![\w'-])(?P<word>  # what one types, or an exception
        '[\w( ][^'\n]*'(?!\w) | "[\w./*\[\]]*"(?!\w) | --[a-z][\w-]* | [A-Z]\w+(?:Error|Warning)\b
    )
    """,
    re.DOTALL | re.VERBOSE,
)


def to_rst(lines: list[str], owner: Any = None) -> list[str]:
    """Return the lines of a docstring as reStructuredText; `owner` is the object that it documents."""
    names = _Names(owner)
    result: list[str] = []
    for paragraph, verbatim in _paragraphs(lines):
        text = "\n".join(paragraph)
        if not verbatim and DISPLAY.fullmatch(text):
            result.extend([".. math::", "", *(f"   {line}" for line in text.strip("$").split("\n")), ""])
        else:
            result.extend([*(paragraph if verbatim else _inline(text, names).split("\n")), ""])
    return result


def _paragraphs(lines: list[str]) -> list[tuple[list[str], bool]]:
    """Return the paragraphs, and for each whether it is code."""
    found: list[tuple[list[str], bool]] = []
    literal = False
    for text in re.split(r"\n\s*\n", "\n".join(lines).strip("\n")):
        paragraph = text.split("\n")
        if not literal and all(line.startswith("    ") for line in paragraph):
            found.append((["::"], True))  # an indented block is code, whatever is before it
            literal = True
        literal = literal and paragraph[0].startswith(" ")
        found.append((paragraph, literal or paragraph[0].lstrip().startswith(">>>")))
        literal = literal or paragraph[-1].endswith("::")
    return found


def _inline(text: str, names: _Names) -> str:
    result, end = "", 0
    for match in INLINE.finditer(text):
        result += _escaped(text[end : match.start()])
        if result and not result[-1].isspace() and result[-1] not in BEFORE:
            result += r"\ "
        if match["keep"]:
            result += match["keep"]
        elif match["page"]:
            result += f":doc:`/{match['page']}`"
        elif match["code"] or match["word"]:
            code = " ".join((match["code"] or match["word"]).split())
            target = names.find(code)
            result += f":py:obj:`{code} <{target}>`" if target else f"``{code}``"
        else:
            result += f":math:`{' '.join(match['math'].split())}`"
        end = match.end()
        if text[end : end + 1].strip(AFTER):
            result += r"\ "
    return result + _escaped(text[end:])


def _escaped(text: str) -> str:
    """Escape all markup in a text but `*emphasis*` and `::`."""
    text = re.sub(r"([\\|])", r"\\\1", text)
    text = re.sub(r"(?<=\w)_(?!\w)", r"\_", text)
    emphasized = [match.span() for match in EMPHASIS.finditer(text)]
    marks = {place for start, end in emphasized for place in (start, end - 1)}
    return "".join(rf"\{c}" if c == "*" and place not in marks else c for place, c in enumerate(text))


class _Names:
    """The names that a docstring may use: those of its class and of its module, and the public ones."""

    def __init__(self, owner: Any):
        self.owner = owner
        self.module = owner.__name__ if inspect.ismodule(owner) else getattr(owner, "__module__", None) or gl.__name__
        scope = sys.modules.get(self.module)
        for part in getattr(owner, "__qualname__", "").split(".")[:-1]:
            scope = getattr(scope, part, None)
        self.scope = owner if inspect.isclass(owner) else scope if inspect.isclass(scope) else None
        try:
            self.arguments = set(inspect.signature(owner).parameters)
        except (TypeError, ValueError):
            self.arguments = set()

    def find(self, code: str) -> str | None:
        """Return the full name of the object that a name or a call stands for, if it has an entry, or None."""
        name, is_call = _name_in(code)
        first = name.partition(".")[0]
        is_value = self.scope is not None and name == self.scope.__name__.lower()  # `selector` in `Selector`
        if not name or is_value or (first in self.arguments and first != "gl"):
            return None
        if hasattr(self.scope, first) and not first.startswith("_"):  # a method or a field of the class is meant
            found = f"{self.scope.__module__}.{self.scope.__qualname__}.{name}"
        elif first == gl.__name__:
            found = find_full(name)
        elif first == "gl":
            found = find_definition(gl.__name__, name.removeprefix("gl."))
        elif name in WORDS and not is_call:
            return None
        else:
            places = (self.module, gl.__name__, gl.schedules.__name__)
            found = next((found for place in places if (found := find_definition(place, name))), None)
        entry = find_entry(found) if found else None
        return entry if entry and _has_entry(entry) and find_object(entry) is not self.owner else None


def _name_in(code: str) -> tuple[str, bool]:
    """Return the name that a code is, or of what it calls, and whether it is a call. Other code has no name."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of what is no Python, such as 0.5x
            node: Any = ast.parse(code, mode="eval").body
    except (SyntaxError, ValueError):
        return "", False
    is_call = isinstance(node, ast.Call)
    name = ast.unparse(node.func if is_call else node)
    return (name if re.fullmatch(r"[A-Za-z_][\w.]*", name) else ""), is_call


def find_object(entry: str) -> Any:
    """Return the object of a full name, or None."""
    parts = entry.split(".")
    start = next(n for n in range(len(parts), 0, -1) if is_module(".".join(parts[:n])))
    found = importlib.import_module(".".join(parts[:start]))
    for part in parts[start:]:
        found = getattr(found, part, None)
    return found


def _has_entry(entry: str) -> bool:
    """Return whether the site describes what has a full name."""
    found = find_object(entry)
    module, _, name = entry.rpartition(".")
    if is_module(module) and ("", name) in ModuleAnalyzer.for_module(module).find_attr_docs():
        return True
    return inspect.ismodule(found) or inspect.isfunction(found) or inspect.isclass(found) or is_constant(entry)


def _process(app: Any, what: str, name: str, owner: Any, options: Any, lines: list[str]) -> None:
    promise = find_law(owner) if what == "function" else None
    lines[:] = to_rst(lines, owner)
    if promise is not None:
        said = {"The law": promise.statement, "If it does not hold": promise.meaning}
        lines[:0] = [x for k, v in said.items() for x in (f"**{k}**: {_inline(v.rstrip('.'), _Names(owner))}.", "")]
    lines += [*list_notes(owner), ""]
    if what == "module" and name.startswith(f"{REFERENCES}.") and _has_formulas_of_steps(owner):
        lines += [f"The symbols of the formulas are explained in :py:mod:`{REFERENCES}`.", ""]
    recipe = of_kind("recipe").get(getattr(owner, "__name__", "")) if is_factory(owner) else None
    if recipe is not None and recipe.factory is owner:
        composition = lay_out(shorten_numbers(str(make_default(recipe)))).split("\n")
        lines += [f"``gl.{recipe.name}()`` is", "", ".. code-block:: python", "", *(f"   {x}" for x in composition), ""]
        lines += [f":doc:`Its page </recipes/{recipe.name}>` has its equations, its state and its relatives."]


def _has_formulas_of_steps(module: Any) -> bool:
    """Return whether a module of references has formulas of step functions. Those of schedules have other symbols."""
    functions = [f for f in vars(module).values() if inspect.isfunction(f) and f.__module__ == module.__name__]
    return any("$" in (f.__doc__ or "") and "state" in inspect.signature(f).parameters for f in functions)


def list_notes(owner: Any) -> list[str]:
    """Return a list of what the source says of the fields of a class, or of the options of a command.

    Of an enumeration, it lists the values.
    """
    if inspect.isclass(owner) and issubclass(owner, enum.Enum):
        return [f"- ``{member.value!r}``" for member in owner]
    notes = {**field_notes(owner), **option_notes(owner)}
    return [f"- ``{name}``: {_inline(note, _Names(owner))}" for name, note in notes.items()]


def _skip(app: Any, what: str, name: str, owner: Any, skip: bool, options: Any) -> bool | None:
    """Leave out the fields of named tuples, whose docstring is only "Alias for field number 0", and keep each law."""
    alias = (getattr(owner, "__doc__", None) or "").startswith("Alias for field number")
    return True if alias else False if find_law(owner) is not None else None


def find_law(owner: Any) -> Law | None:
    """Return the law that a function examines, or None."""
    laws = [*CONTRACTS.values(), *CLAIMS.values()] if inspect.isfunction(owner) else []
    return next((law for law in laws if law.examine is owner), None)


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-skip-member", _skip)
    return {"parallel_read_safe": True}
