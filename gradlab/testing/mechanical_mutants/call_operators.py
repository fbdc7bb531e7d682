"""The mutation operators of calls, of trees and of the state. See `operators`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .operators import Place, called, is_in, makes_state, maps_a_tree, operator

_SIBLINGS = {
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "max": ("min",),
    "sum": ("mean",),
    "mean": ("sum",),
    "zeros": ("ones",),
    "zeros_like": ("ones_like",),
    "add": ("subtract",),
    "equal": ("not_equal",),
    "isinf": ("isnan",),
    "isfinite": ("isinf",),
    "log": ("log1p",),
    "expm1": ("exp",),
    "normal": ("uniform",),
    "sign": ("abs",),
    "sqrt": ("square",),
}
_COMMUTATIVE = ("maximum", "minimum", "add", "equal", "not_equal")


@operator("function replaced")
def _(place: Place) -> Iterator[ast.AST]:
    node = place.node
    owner = place.parent
    if isinstance(node, ast.Attribute) and node.attr in _SIBLINGS:
        for other in _SIBLINGS[node.attr] if isinstance(owner, ast.Call) or maps_a_tree(owner) else ():
            yield ast.Attribute(node.value, other, ast.Load())


@operator("function left out")
def _(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if not isinstance(node, ast.Call) or called(node) in place.states or called(node) == "astype":
        return
    if isinstance(node.func, ast.Attribute) and called(node) in ("sum", "max", "mean", "min"):
        yield node.func.value
    elif called(node) in ("map", "map_by_shape", "where", "tree_map_with_path"):
        yield from node.args[1:]
    elif node.args and not isinstance(node.args[0], ast.Starred):
        yield node.args[0]


@operator("cast skipped")
def _(place: Place) -> Iterator[ast.AST]:
    if called(place.node) == "astype":
        yield place.node.func.value


@operator("arguments swapped")
def _(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if not isinstance(node, ast.Call) or called(node) in _COMMUTATIVE or called(node) in place.states:
        return
    if any(isinstance(argument, ast.Starred) for argument in node.args):
        return
    first = 1 if called(node) in ("where", "map", "map_by_shape") else 0
    for left in range(first, len(node.args) - 1):
        swapped = [*node.args[:left], node.args[left + 1], node.args[left], *node.args[left + 2 :]]
        yield ast.Call(node.func, swapped, node.keywords)


@operator("argument left out")
def _(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if not isinstance(node, ast.Call) or called(node) in place.states:
        return
    for at in range(len(node.keywords)):
        yield ast.Call(node.func, node.args, [*node.keywords[:at], *node.keywords[at + 1 :]])
    last = range(len(node.args)) if called(node) == "chain" else range(max(1, len(node.args) - 1), len(node.args))
    for at in last if isinstance(node.func, ast.Name) else ():
        yield ast.Call(node.func, [*node.args[:at], *node.args[at + 1 :]], node.keywords)


@operator("axis changed")
def _(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if isinstance(node, ast.keyword) and node.arg in ("axis", "output_axis"):
        yield from (ast.keyword(node.arg, ast.Constant(None)), ast.keyword(node.arg, ast.Constant(0)))


@operator("elements changed")
def _(place: Place) -> Iterator[ast.AST]:
    node = place.node
    names = [getattr(element, "id", "") for element in getattr(node, "elts", ())]
    is_pair = isinstance(place.parent, ast.Return) and (is_in(place, "update") or names == ["init", "update"])
    if isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Load) and not is_pair:
        make = type(node)
        for at in range(len(node.elts)):
            yield make([*node.elts[:at], *node.elts[at + 1 :]], ast.Load())
        for at in range(len(node.elts) - 1):
            swapped = [*node.elts[:at], node.elts[at + 1], node.elts[at], *node.elts[at + 2 :]]
            yield make(swapped, ast.Load())


@operator("states exchanged")
def _(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if called(node) in place.states and is_in(place, "update") and len(node.args) > 1:
        yield ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords)


@operator("old state used")
def _(place: Place) -> Iterator[ast.AST]:
    """The new state, or the direction that is made of it, is the old one."""
    node = place.node
    if not is_in(place, "update") or not place.scopes.defines("state", place.parents):
        return
    if makes_state(place):
        fields = place.states[called(place.parent)]
        yield _read_state(fields[place.parent.args.index(node)])
    elif _is_result(place) and isinstance(place.parent.elts[1], ast.Call):
        for field in place.states.get(called(place.parent.elts[1]), ()):
            yield _read_state(field)


@operator("rounded to half precision")
def _(place: Place) -> Iterator[ast.AST]:
    is_body = isinstance(place.parent, ast.Lambda) and place.node is place.parent.body
    if (makes_state(place) and is_in(place, "update")) or _is_result(place) or is_body:
        yield _damage("through_half", place.node)


@operator("leaves exchanged")
def _(place: Place) -> Iterator[ast.AST]:
    is_tree = maps_a_tree(place.parent) and place.node in place.parent.args[1:]
    if (is_tree or makes_state(place)) and is_in(place, "update"):
        yield _damage("exchange_leaves", place.node)


def _is_result(place: Place) -> bool:
    """Return whether a place is the direction that an update returns beside the state."""
    grandparent = place.parents[-2] if len(place.parents) > 1 else None
    is_first = isinstance(place.parent, ast.Tuple) and place.parent.elts[0] is place.node
    return is_first and isinstance(grandparent, ast.Return) and is_in(place, "update")


def _read_state(field: str) -> ast.AST:
    return ast.Attribute(ast.Name("state", ast.Load()), field, ast.Load())


def _damage(function: str, node: ast.expr) -> ast.AST:
    return ast.Call(ast.Name(function, ast.Load()), [node], [])
