"""The cards that describe the optimizers: from their docstrings, equations and compositions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from gradlab.equations import equations_of
from gradlab.equations.latex_to_unicode import format_text
from gradlab.explanations import split_docstring
from gradlab.explanations.long_numbers import shorten_numbers

from .._inputs.default_contestants import Contestant, collect_contestants
from .problem_findings import Finding


class Segment(NamedTuple):
    """A piece of a paragraph: "text", "code", "math" in a line, or "display" for an equation on a line of its own."""

    kind: str
    text: str


class Card(NamedTuple):
    """One optimizer."""

    optimizer: str
    anchor: str
    variant_of: str  # the call that makes it, if it is a variant of a recipe
    settings: str  # what a sweep set, such as "b1=0.8"
    summary: list[Segment]
    equations: list[str]
    composition: str
    details: list[list[Segment]]  # paragraphs


def optimizer_cards(findings: Sequence[Finding], names: Sequence[str]) -> list[Card]:
    """Return a card for each optimizer of a list of names, in its order."""
    compositions: dict[str, str] = {}
    for finding in findings:
        if "composition" in finding.dataset.coords:
            optimizers = finding.dataset.optimizer.values.tolist()
            compositions = dict(zip(optimizers, finding.dataset.composition.values.tolist())) | compositions
    contestants = collect_contestants()  # once: it calls every factory of the registry
    return [_card(name, contestants.get(name.partition(" ")[0]), compositions.get(name, "")) for name in names]


def _card(name: str, contestant: Contestant | None, composition: str) -> Card:
    kind, _, settings = name.partition(" ")  # of a sweep: adam b1=0.8
    transformation = contestant.make(0.1) if contestant is not None else None
    first, rest, equations, variant_of = "", [], [], ""
    if transformation is not None:
        paragraphs, _ = split_docstring(transformation.factory.build)
        first, *rest = [" ".join(paragraph.split()) for paragraph in paragraphs] or [""]
        equations = [_with_minus_signs(line) for line in equations_of(transformation).plain]
        if transformation.factory.build.__name__ != kind:
            variant_of = re.sub(r"learning_rate=[^,)]+(, )?", "", repr(transformation))
    return Card(
        optimizer=name,
        anchor="about-" + re.sub(r"\W+", "-", name),
        variant_of=variant_of,
        settings=settings,
        summary=split_prose(first.split(", $")[0].rstrip(".") + ".") if first else [],
        equations=equations,
        composition=break_composition(composition) if composition else "",
        details=[split_prose(paragraph) for paragraph in rest],
    )


def _with_minus_signs(formula: str) -> str:
    return formula.replace(" - ", " \u2212 ")


def split_prose(text: str) -> list[Segment]:
    """Split a paragraph of a docstring into its text, code and equations."""
    parts = re.split(r"(\${1,2}[^$]+\${1,2}[.,;:]?|`[^`]+`)", text)
    return [_segment(part) for part in parts if part]


def _segment(part: str) -> Segment:
    equation, _, ending = part.strip("$").partition("$") if part.startswith("$") else ("", "", "")
    if equation:
        formula = _with_minus_signs(format_text(f"${equation}$"))
        # The punctuation belongs to the equation, so that it does not stand on a line of its own.
        return Segment("display" if " = " in formula and len(formula) > 12 else "math", formula + ending.lstrip("$"))
    if len(part) > 2 and part[0] == part[-1] == "`":
        return Segment("code", part[1:-1])
    return Segment("text", part)


def break_composition(composition: str, width: int = 60) -> str:
    """Write a composition on one line, or, where it is too long for one, each link of a chain on a line of its own.

    Quotients such as 0.9090909090909092 have six digits.
    """
    line = " ".join(composition.split()).replace("( ", "(").replace(", )", ")")  # it may come in several lines already
    return _break_call(shorten_numbers(line, decimals=9), "", width)


def _break_call(text: str, indent: str, width: int) -> str:
    opening = text.find("(")
    if len(indent) + len(text) <= width or opening < 0 or not text.endswith(")"):
        return indent + text
    arguments = _split_arguments(text[opening + 1 : -1])
    inner = ",\n".join(_break_call(argument, indent + "  ", width) for argument in arguments)
    return f"{indent}{text[: opening + 1]}\n{inner}\n{indent})"


def _split_arguments(text: str) -> list[str]:
    """Split the arguments of a call at the commas that stand in no bracket."""
    depth, start, arguments = 0, 0, []
    for position, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            arguments.append(text[start:position].strip())
            start = position + 1
    return [*arguments, text[start:].strip()]
