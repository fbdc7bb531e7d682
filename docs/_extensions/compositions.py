"""Compositions as text: their layout on a page, the parts they name, and the differences between two of them."""

from __future__ import annotations

import ast
import functools
import itertools
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import gradlab as gl
from gradlab.explanations.long_numbers import shorten_numbers
from gradlab.registry import of_kind

WIDTH = 88
NOT_PARTS = ("chain",)  # it only says that its links follow each other
TRANSPARENT = ("partition",)  # its parts count as if they stood beside it
# What holds an estimate of squares: a mean in one of them is no relative of the mean of the gradients.
OF_SQUARES = frozenset({"scale_by_rms", "scale_by_stddev", "scale_by_kronecker"})
MEASURE = "measure"  # the parts of its `signal` make what those of its `tx` read; the latter count as if beside it
IDLE_AT_ZERO = {"add_decayed_weights": "weight_decay", "scale_by_heavy_ball": "decay"}
LONGEST = 50  # characters of a part that is written with its values
SHORT = ("scale_by_rms", "scale_by_stddev")  # a number as `decay` stands for `scale_by_momentum` with this decay


class Part(NamedTuple):
    """One link, combinator or recipe in the text of a composition."""

    name: str
    within: tuple[str, ...]  # the names of the parts that hold it, from the outermost one
    values: dict[str, str]  # its arguments that are no parts, as they are written
    holders: tuple[str, ...]  # its arguments that are parts, by name


class Difference(NamedTuple):
    """The difference of another composition from one."""

    added: tuple[str, ...]
    left_out: tuple[str, ...]
    values: tuple[str, ...]  # and the parts that stand elsewhere
    count: int  # of the parts that only one of the two has, with all that these hold


def lay_out(text: str) -> str:
    """Return an expression with each call that is too long for a line broken into one line an argument."""
    laid_out = _lay_out(ast.parse(text, mode="eval").body, "", 0)
    return re.sub(r"2 \*\* \((-[\d.]+)\)", r"2**\1", laid_out)  # ast writes powers with spaces and parentheses


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
    """Return the parts that the text of a composition names, in order. A flavor that holds another recipe is opened."""
    known = of_kind("recipe", "link", "combinator")
    found: list[Part] = []

    def visit(node: ast.AST, within: tuple[str, ...]) -> None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
            if name in known and name not in NOT_PARTS:
                holders = tuple(str(word.arg) for word in node.keywords if _holds_parts(word.value, known))
                words = {str(word.arg): ast.unparse(word.value) for word in node.keywords}
                values = {key: value for key, value in words.items() if key not in holders}
                found.append(Part(name, within, values, holders))
                within = within if name in TRANSPARENT else (*within, name)
        for child in ast.iter_child_nodes(node):
            beside = within[-1:] == (MEASURE,) and isinstance(child, ast.keyword) and child.arg == "tx"
            visit(child, within[:-1] if beside else within)

    visit(_open_recipes(ast.parse(str(tx), mode="eval")), ())
    return tuple(found)


def _open_recipes(tree: ast.Expression) -> ast.Expression:
    """Return the text of a composition with the recipes that stand in its chain, as flavors have them, opened."""
    chain = tree.body
    if not isinstance(chain, ast.Call) or ast.unparse(chain.func) != "chain":
        return tree
    links: list[ast.expr] = []
    for link in chain.args:
        name = ast.unparse(link.func) if isinstance(link, ast.Call) else ""
        is_recipe = name.startswith("flavors.") or name in of_kind("recipe")
        text = str(eval(f"gl.{ast.unparse(link)}", {"gl": gl})) if is_recipe else ""
        inner = _open_recipes(ast.parse(text, mode="eval")).body if text else None
        links += inner.args if isinstance(inner, ast.Call) else [link]
    return ast.Expression(ast.Call(chain.func, links, []))


def _holds_parts(node: ast.AST, known: Any) -> bool:
    names = {call.func.id for call in ast.walk(node) if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)}
    return not names.isdisjoint(known)


_ARE_PAIRS: tuple[Callable[[Part, Part], bool], ...] = (
    lambda ours, part: ours[:2] == part[:2],
    lambda ours, part: (ours.name, ours.within[-1:], _role(ours)) == (part.name, part.within[-1:], _role(part)),
    lambda ours, part: ours.name == part.name and _role(ours) == _role(part),
)


def _write_out_means(parts: tuple[Part, ...]) -> list[Part]:
    """Return parts with the means of squares that are written as a number."""
    found = []
    for part in parts:
        found.append(part)
        if part.name in SHORT and "decay" in part.values:
            values = {name: value for name, value in part.values.items() if name != "decay"}
            found[-1] = part._replace(values=values, holders=("decay", *part.holders))
            mean = {"decay": part.values["decay"]}
            found.append(Part("scale_by_momentum", (*part.within, part.name), mean, ()))
    return found


def _role(part: Part) -> tuple[bool, bool]:
    """Return whether a part is of an estimate of squares, and whether it makes a signal that others read."""
    return not OF_SQUARES.isdisjoint(part.within), MEASURE in part.within


def _leave_out_recipes(parts: list[Part], keep_groups: bool) -> list[Part]:
    """Return parts without the recipes in a combinator, which are those of an example, or else in a partition."""
    recipes = of_kind("recipe")
    return [part for part in parts if part.name not in recipes or (keep_groups and not part.within)]


def compare(one: Any, other: Any) -> Difference:
    """Return what the other composition adds and leaves out, and its other values, but for the learning rate.

    A part is paired with one of the same name, if possible with one in the same place, or else in the same part. One
    that stands in another part is among the values, unless only one of the compositions has that part. A mean of
    squares is paired with no mean of gradients, and what makes a signal with nothing else. A part that does nothing and
    that only one of them has is no difference. Recipes that a partition has for some leaves are parts where both
    compositions divide the leaves, and else belong to the partition.
    """
    texts = [_write_out_means(list_parts(tx)) for tx in (one, other)]
    both_divide = all(any(part.name in TRANSPARENT for part in parts) for parts in texts)
    groups = [[part.name for part in parts if part.name in of_kind("recipe") and not part.within] for parts in texts]
    unseen = 0 if both_divide else sum(map(len, groups))
    left_out, added = (_leave_out_recipes(parts, both_divide) for parts in texts)
    pairs: list[tuple[Part, Part]] = []
    for is_pair in _ARE_PAIRS:
        for part in tuple(added):
            partner = next((ours for ours in left_out if is_pair(ours, part)), None)
            if partner is not None:
                left_out.remove(partner)
                added.remove(part)
                pairs.append((partner, part))
    left_out, added = ([part for part in parts if not does_nothing(part)] for parts in (left_out, added))
    only_one_has = {part.name for part in (*left_out, *added)}
    values = [
        f"`{part.name}` stands in `{part.within[-1]}`"
        for ours, part in pairs
        if part.within
        and part.within[-1:] != ours.within[-1:]
        and only_one_has.isdisjoint((*part.within, *ours.within))
    ]
    changes = [(part, name, value) for ours, part in pairs for name, value in _change(ours, part).items()]
    decays = {(part.within, value) for part, name, value in changes if name == "decay"}
    values += [
        f"`{name}={shorten_numbers(value)}` in {_place(part)}"
        for part, name, value in changes
        if name != "first_decay" or (part.within, value) not in decays  # a correction follows the mean beside it
    ]
    common = {(part.name, part.within[-1:]) for pair in pairs for part in pair}
    shown = _show(added, groups[1], common, "another"), _show(left_out, groups[0], common, "one")
    return Difference(*shown, tuple(dict.fromkeys(values)), len(added) + len(left_out) + unseen)


def _change(ours: Part, part: Part) -> dict[str, str]:
    """Return the values of a part that the other composition has otherwise; None is what a text leaves out."""
    names = [name for name in {**ours.values, **part.values} if name != "learning_rate" and name not in part.holders]
    values = {name: part.values.get(name, "None") for name in names}
    return {name: value for name, value in values.items() if value != ours.values.get(name, "None")}


def _place(part: Part) -> str:
    """Return a part as Markdown, with the part that holds it if that makes it a mean of squares."""
    of_squares = part.within[-1:] and part.within[-1] in OF_SQUARES
    return f"`{part.name}` in `{part.within[-1]}`" if of_squares else f"`{part.name}`"


def _show(parts: list[Part], groups: list[str], common: set[Any], article: str) -> tuple[str, ...]:
    """Return parts as Markdown, each with the other parts that it holds, and a partition with its recipes.

    The article stands before a part of which both compositions have one at such a place, too.
    """
    places = {(*part.within, part.name) for part in parts}
    outer = [_find_outermost(part, places) for part in parts]
    texts = []
    for part in (part for part, place in zip(parts, outer, strict=True) if not place):
        text = f"{article} `{part.name}`" if (part.name, part.within[-1:]) in common else f"`{part.name}`"
        within = [name for name in part.within if name != part.name]  # "add in add" says nothing
        text += f" in `{within[-1]}`" if within else ""
        if part.name in TRANSPARENT and groups:
            text += f", which gives the other leaves to {_enumerate([f'`{name}`' for name in groups])}"
        elif part.name in groups:
            text += " for the other leaves"
        held = [inner for inner, place in zip(parts, outer, strict=True) if place == (*part.within, part.name)]
        calls = list(dict.fromkeys(_write_call(inner) for inner in held))
        texts.append(f"{text} with {_enumerate(calls)} in it" if calls else text)
    return tuple(f"{text} twice" if texts.count(text) == 2 else text for text in dict.fromkeys(texts))


def _find_outermost(part: Part, places: set[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the outermost of the places that hold a part one within another up to it, or () if none holds it."""
    sizes = range(len(part.within), 0, -1)
    holding = list(itertools.takewhile(places.__contains__, (part.within[:size] for size in sizes)))
    return holding[-1] if holding else ()


def does_nothing(part: Part) -> bool:
    """Return whether a part is a weight decay or a momentum of zero."""
    return part.values.get(IDLE_AT_ZERO.get(part.name, "")) == "0.0"


def _write_call(part: Part) -> str:
    """Return a part as Markdown with its values, unless they are long."""
    values = ", ".join(f"{name}={shorten_numbers(value)}" for name, value in part.values.items())
    return f"`{part.name}({values})`" if values and len(part.name + values) < LONGEST else f"`{part.name}`"


def _enumerate(texts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))


def count_parts(tx: Any) -> int:
    """Return the number of parts of a composition that do something."""
    return len([part for part in _write_out_means(list_parts(tx)) if not does_nothing(part)])
