"""Compositions as text: their layout on a page, the parts they name, and the differences between two of them."""

from __future__ import annotations

import ast
import functools
from typing import Any, NamedTuple

from gradlab.registry import of_kind

WIDTH = 88
NOT_PARTS = ("chain",)  # it only says that its links follow each other
TRANSPARENT = ("partition",)  # its parts count as if they stood beside it


class Part(NamedTuple):
    """One link, combinator or recipe in the text of a composition."""

    name: str
    within: tuple[str, ...]  # the names of the parts that hold it, from the outermost one
    values: dict[str, str]  # its arguments that are no parts, as they are written


class Difference(NamedTuple):
    """The difference of another composition from one."""

    added: tuple[str, ...]
    left_out: tuple[str, ...]
    values: tuple[str, ...]
    count: int  # of the parts that only one of the two has, with all that these hold


def lay_out(text: str) -> str:
    """Return an expression with each call that is too long for a line broken into one line an argument."""
    return _lay_out(ast.parse(text, mode="eval").body, "", 0)


def _lay_out(node: ast.AST, indent: str, taken: int) -> str:
    """Return the text of an expression that begins after an indent and `taken` more characters."""
    line = ast.unparse(node)
    if len(indent) + taken + len(line) < WIDTH or not isinstance(node, ast.Call | ast.Tuple):
        return line
    inner = indent + "    "
    if isinstance(node, ast.Tuple):
        head, items = "", [_lay_out(item, inner, 0) for item in node.elts]
    else:
        head = ast.unparse(node.func)
        items = [_lay_out(item, inner, 0) for item in node.args]
        items += [f"{word.arg}={_lay_out(word.value, inner, len(str(word.arg)) + 1)}" for word in node.keywords]
    return f"{head}(\n" + "".join(f"{inner}{item},\n" for item in items) + f"{indent})"


@functools.cache
def list_parts(tx: Any) -> tuple[Part, ...]:
    """Return the parts that the text of a composition names, in order."""
    known = of_kind("recipe", "link", "combinator")
    found: list[Part] = []

    def visit(node: ast.AST, within: tuple[str, ...]) -> None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
            if name in known and name not in NOT_PARTS:
                words = [word for word in node.keywords if not _holds_parts(word.value, known)]
                found.append(Part(name, within, {str(word.arg): ast.unparse(word.value) for word in words}))
                within = within if name in TRANSPARENT else (*within, name)
        for child in ast.iter_child_nodes(node):
            visit(child, within)

    visit(ast.parse(str(tx), mode="eval"), ())
    return tuple(found)


def _holds_parts(node: ast.AST, known: Any) -> bool:
    names = {call.func.id for call in ast.walk(node) if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)}
    return not names.isdisjoint(known)


def compare(one: Any, other: Any) -> Difference:
    """Return what the other composition adds and leaves out, and its other values, but for the learning rate.

    A part is paired with one of the same name, if possible with one in the same place.
    """
    left_out, added = list(list_parts(one)), list(list_parts(other))
    pairs: list[tuple[Part, Part]] = []
    for is_pair in (lambda ours, part: ours[:2] == part[:2], lambda ours, part: ours.name == part.name):
        for part in tuple(added):
            partner = next((ours for ours in left_out if is_pair(ours, part)), None)
            if partner is not None:
                left_out.remove(partner)
                added.remove(part)
                pairs.append((partner, part))
    values = [
        f"`{part.name}` in `{part.within[-1]}`"
        for ours, part in pairs
        if part.within and part.within[-1:] != ours.within[-1:]
    ]
    values += [
        f"`{name}={value}` in `{part.name}`"
        for ours, part in pairs
        for name, value in part.values.items()
        if name != "learning_rate" and ours.values.get(name, "None") != value
    ]
    return Difference(_show(added), _show(left_out), tuple(dict.fromkeys(values)), len(added) + len(left_out))


def _show(parts: list[Part]) -> tuple[str, ...]:
    """Return parts as Markdown, but for those within a part that is shown itself."""
    names = {part.name for part in parts}
    shown = [part for part in parts if names.isdisjoint(part.within)]
    return tuple(f"`{part.name}` in `{part.within[-1]}`" if part.within else f"`{part.name}`" for part in shown)


def find_relatives(name: str, others: dict[str, Any], most: float = 0.4) -> dict[str, Difference]:
    """Return the compositions nearest to one of them, the nearest first, five at most.

    The distance is the share of their parts that only one of the two has, at most `most`.
    """
    gaps = {key: compare(others[name], other) for key, other in others.items() if key != name}
    sizes = {key: len(list_parts(tx)) for key, tx in others.items()}
    shares = {key: gap.count / (sizes[name] + sizes[key]) for key, gap in gaps.items()}
    near = sorted((key for key in gaps if shares[key] <= most), key=lambda key: (shares[key], len(gaps[key].values)))
    return {key: gaps[key] for key in near[:5]}
