r"""Convert gradlab's docstrings for Sphinx: `$x$` and `$$x$$` are math, `name` is code, and a link for a public name.

Doctests and indented blocks are code, and stay as they are.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from compositions import lay_out

import gradlab as gl
from gradlab import numeric_arguments
from gradlab.registry import of_kind
from gradlab.values import Value, is_factory

EMPHASIS = re.compile(r"(?<![\w*])\*(?=\S)([^*]{1,80}?)(?<=\S)\*(?![\w*])")
DISPLAY = re.compile(r"\$\$[^$]+\$\$")  # a formula that is a paragraph of its own
INLINE = re.compile(r"(?P<keep>``.+?``|:[\w:]+:`[^`]+`)|`(?P<code>[^`]+)`|\$(?P<math>[^$]+)\$", re.DOTALL)


def to_rst(lines: list[str], owner: Any = None) -> list[str]:
    """Return the lines of a docstring as reStructuredText; `owner` is the object that it documents."""
    arguments = _arguments(owner)
    result: list[str] = []
    for paragraph, verbatim in _paragraphs(lines):
        text = "\n".join(paragraph)
        if not verbatim and DISPLAY.fullmatch(text):
            result.extend([".. math::", "", *(f"   {line}" for line in text.strip("$").split("\n")), ""])
        else:
            result.extend([*(paragraph if verbatim else _inline(text, arguments).split("\n")), ""])
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


def _inline(text: str, arguments: set[str]) -> str:
    result, end = "", 0
    for match in INLINE.finditer(text):
        result += _escaped(text[end : match.start()])
        if result[-1:].isalnum():
            result += r"\ "
        if match["keep"]:
            result += match["keep"]
        elif match["code"]:
            code = " ".join(match["code"].split())
            target = None if code in arguments else _target(code)
            result += f":py:obj:`{code} <{target}>`" if target else f"``{code}``"
        else:
            result += f":math:`{' '.join(match['math'].split())}`"
        end = match.end()
        if text[end : end + 1].isalnum():
            result += r"\ "
    return result + _escaped(text[end:])


def _escaped(text: str) -> str:
    """Escape all markup in a text but `*emphasis*` and `::`."""
    text = re.sub(r"([\\|])", r"\\\1", text)
    text = re.sub(r"(?<=\w)_(?!\w)", r"\_", text)
    emphasized = [match.span() for match in EMPHASIS.finditer(text)]
    marks = {place for start, end in emphasized for place in (start, end - 1)}
    return "".join(rf"\{c}" if c == "*" and place not in marks else c for place, c in enumerate(text))


def _target(name: str) -> str | None:
    """Return the full name of the object that a public name stands for, or None."""
    found: Any = gl
    for part in name.removeprefix("gl.").removesuffix("()").split("."):
        found = getattr(found, part, None) if inspect.ismodule(found) or inspect.isclass(found) else None
    if found is None and name in vars(gl.schedules):
        found = vars(gl.schedules)[name]
    module = getattr(found, "__module__", None) or ""
    documented = inspect.isfunction(found) or inspect.isclass(found)
    return f"{module}.{found.__qualname__}" if documented and module.startswith("gradlab") else None


def _arguments(owner: Any) -> set[str]:
    try:
        return set(inspect.signature(owner).parameters)
    except (TypeError, ValueError):
        return set()


def _process(app: Any, what: str, name: str, owner: Any, options: Any, lines: list[str]) -> None:
    lines[:] = to_rst(lines, owner)
    recipe = of_kind("recipe").get(getattr(owner, "__name__", "")) if is_factory(owner) else None
    if recipe is not None and recipe.factory is owner:
        composition = lay_out(str(recipe.example)).split("\n")
        lines += ["It is the chain", "", ".. code-block:: python", "", *(f"   {line}" for line in composition), ""]
        lines += [f":doc:`Its page </recipes/{recipe.name}>` has its equations, its state and its relatives."]


def _sign(app: Any, what: str, name: str, owner: Any, options: Any, signature: str | None, returns: str | None) -> Any:
    """Return the signature with its annotations as they are written in the source. Values have no signature."""
    if what == "class" and issubclass(owner, Value):
        return "", None
    if what not in ("function", "method") or signature is None:
        return None
    written = inspect.signature(owner)
    parameters = list(written.parameters.values())
    if not all(isinstance(p.annotation, str) or p.annotation is p.empty for p in parameters):
        return None
    if what == "method" and parameters and parameters[0].name == "self":
        parameters = parameters[1:]
    plain = [p if p.annotation is p.empty else p.replace(annotation=_Written(p.annotation)) for p in parameters]
    return str(inspect.Signature(plain)), returns


class _Written:
    """An annotation that prints as its source, without the part for Typer."""

    def __init__(self, source: str):
        self.source = re.sub(r"^Annotated\[(.*?), typer\..*\]$", r"\1", source, flags=re.DOTALL)

    def __repr__(self) -> str:
        return self.source


def _find_range(app: Any, env: Any, node: Any, content: Any) -> Any:
    """Link annotations such as `Decay` to the ranges, whatever module uses them."""
    if node.get("refdomain") != "py" or not hasattr(numeric_arguments, node["reftarget"]):
        return None
    target = f"{numeric_arguments.__name__}.{node['reftarget']}"
    domain = env.domains["py"]
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, content)


def _skip(app: Any, what: str, name: str, owner: Any, skip: bool, options: Any) -> bool | None:
    """Leave out the fields of named tuples, whose docstring is only "Alias for field number 0"."""
    alias = (getattr(owner, "__doc__", None) or "").startswith("Alias for field number")
    return True if alias else None


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-process-signature", _sign)
    app.connect("autodoc-skip-member", _skip)
    app.connect("missing-reference", _find_range)
    return {"parallel_read_safe": True}
