"""What the optimizers are: equation and composition, from their docstrings and from the results."""

from __future__ import annotations

import inspect
import re
from html import escape

from gradlab import Transformation
from gradlab.equations import equations_of
from gradlab.plain_math import plain

from ..inputs.contestants import all_contestants
from .findings import Finding


def optimizers(findings: list[Finding], order: list[str]) -> str:
    """The HTML of a card for each optimizer, in an order, below a note on the compositions if there are any."""
    compositions: dict[str, str] = {}
    for finding in findings:
        if "composition" in finding.dataset.coords:
            names = finding.dataset.optimizer.values.tolist()
            compositions = dict(zip(names, finding.dataset.composition.values.tolist())) | compositions
    cards = "".join(_card(name, compositions.get(name, "")) for name in order)
    note = '<p class="note">Each optimizer is a chain of links. Shown at the middle rate of its grid.</p>'
    return f'{note * any(compositions.values())}<div class="cards">{cards}</div>'


def _card(name: str, composition: str) -> str:
    kind, _, settings = name.partition(" ")  # of a sweep: adam b1=0.8
    known = all_contestants().get(kind)
    made = known.make(0.1) if known is not None else None
    text = inspect.cleandoc(made.factory.build.__doc__ or "") if made is not None else ""
    first, *rest = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")] if text else [""]
    variant = f"<p>With <code>{escape(settings)}</code></p>" if settings else ""
    if made is not None and made.factory.build.__name__ != kind:
        arguments = re.sub(r"learning_rate=[^,)]+(, )?", "", repr(made))
        variant = f"<p>A variant: <code>{escape(arguments)}</code></p>{variant}"
    summary = f"<p>{_prose(first.split(', $')[0].rstrip('.'))}.</p>" if first else ""
    more = "".join(f"<p>{_prose(paragraph)}</p>" for paragraph in rest)
    details = f"<details><summary>More on {escape(name)}</summary>{more}</details>" if more else ""
    code = f"<pre><code>{escape(broken(composition))}</code></pre>" if composition else ""
    return (
        f'<article class="card" id="about-{_slug(name)}"><h3><span class="swatch" data-name="{escape(name)}"></span>'
        f"{escape(name)}</h3>{variant}{summary}{_equations(made) if made is not None else ''}{code}{details}</article>"
    )


def _equations(tx: Transformation) -> str:
    """The lines of the update, numbered."""
    lines = (f'<li><span class="math">{escape(_minus(line))}</span></li>' for line in equations_of(tx).plain)
    return f'<ol class="equations">{"".join(lines)}</ol>'


def _minus(formula: str) -> str:
    return formula.replace(" - ", " \u2212 ")


def _prose(text: str) -> str:
    """A paragraph of a docstring as HTML: code and equations marked."""
    parts = re.split(r"(\$[^$]+\$[.,;:]?|`[^`]+`)", text)
    return "".join(_marked(part) for part in parts)


def _marked(part: str) -> str:
    equation, _, ending = part[1:].partition("$") if part.startswith("$") else ("", "", "")
    if equation:
        formula = _minus(plain(f"${equation}$"))
        display = " display" if " = " in formula and len(formula) > 12 else ""
        return f'<span class="math{display}">{escape(formula)}{ending}</span>'  # no line of its own for the stop
    if len(part) > 2 and part[0] == part[-1] == "`":
        return f"<code>{escape(part[1:-1])}</code>"
    return escape(part)


def broken(composition: str, width: int = 60) -> str:
    """A composition with the links of a chain that is too long for a line on a line each."""
    line = " ".join(composition.split()).replace("( ", "(").replace(", )", ")")  # it may come broken already
    return _broken(line, "", width)


def _broken(text: str, indent: str, width: int) -> str:
    opening = text.find("(")
    if len(indent) + len(text) <= width or opening < 0 or not text.endswith(")"):
        return indent + text
    parts = _arguments(text[opening + 1 : -1])
    inner = ",\n".join(_broken(part, indent + "  ", width) for part in parts)
    return f"{indent}{text[: opening + 1]}\n{inner}\n{indent})"


def _arguments(text: str) -> list[str]:
    """The arguments of a call, cut at the commas that stand in no bracket."""
    depth, start, found = 0, 0, []
    for position, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            found.append(text[start:position].strip())
            start = position + 1
    return [*found, text[start:].strip()]


def _slug(name: str) -> str:
    return re.sub(r"\W+", "-", name)
