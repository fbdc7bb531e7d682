"""The mutation operators: the slips that people make, each as a function of a place in a source.

An operator yields the nodes that may take the place of a node. None removes the node from its list.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from .scopes import Scopes


class Place(NamedTuple):
    """A node of a function, with what an operator needs to know about its surroundings."""

    node: Any
    parents: tuple[ast.AST, ...]  # the nearest last
    scopes: Scopes
    states: Mapping[str, tuple[str, ...]]  # the fields of the named tuples that hold a state

    @property
    def parent(self) -> Any:
        """The node that holds this one."""
        return self.parents[-1]


Operator = Callable[[Place], Iterator[ast.AST | None]]
OPERATORS: dict[str, Operator] = {}


def operator(kind: str) -> Callable[[Operator], Operator]:
    """Register the decorated function as the operator of a kind of slip."""

    def register(function: Operator) -> Operator:
        OPERATORS[kind] = function
        return function

    return register


def called(node: ast.AST) -> str:
    """Return the last part of the name of the function that a node calls, and "" for any other node."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def maps_a_tree(node: ast.AST) -> bool:
    """Return whether a node is a call of `jax.tree.map` or `map_by_shape`."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("jax.tree.map", "map_by_shape")


def makes_state(place: Place) -> bool:
    """Return whether a place is an argument of a named tuple that holds the state."""
    return called(place.parent) in place.states and place.node in place.parent.args


def is_in(place: Place, function: str) -> bool:
    """Return whether a place is inside a function of that name."""
    return any(isinstance(parent, ast.FunctionDef) and parent.name == function for parent in place.parents)


_PARTNERS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


@operator("operation replaced")
def _(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if isinstance(node, ast.BinOp) and type(node.op) in _PARTNERS:
        yield ast.BinOp(node.left, _PARTNERS[type(node.op)](), node.right)


@operator("operands swapped")
def _(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.Div | ast.Pow | ast.FloorDiv | ast.Mod):
        yield ast.BinOp(node.right, node.op, node.left)


@operator("term dropped")
def _(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Mod):
        yield from (node.left, node.right)
    if isinstance(node, ast.BoolOp):
        yield from node.values


@operator("constant changed")
def _(place: Place) -> Iterator[ast.AST]:
    value = getattr(place.node, "value", None)
    if isinstance(place.node, ast.Constant):
        if isinstance(value, bool):
            yield ast.Constant(not value)
        elif isinstance(value, int):
            yield from (ast.Constant(value + 1), ast.Constant(value - 1))
        elif isinstance(value, float):
            yield from (ast.Constant(1.1 * value if value else 1.0), ast.Constant(0.0 if value else 1e-3))


@operator("sign lost")
def _(place: Place) -> Iterator[ast.AST]:
    if isinstance(place.node, ast.UnaryOp) and isinstance(place.node.op, ast.USub):
        yield place.node.operand


_COMPARISONS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}


@operator("comparison changed")
def _(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in _COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [other()], node.comparators)


@operator("condition negated")
def _(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield node.operand
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body)
    elif isinstance(node, ast.If):
        yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)


@operator("branch dropped")
def _(place: Place) -> Iterator[ast.AST]:
    if isinstance(place.node, ast.IfExp):
        yield from (place.node.body, place.node.orelse)


@operator("part of a complex number lost")
def _(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if isinstance(node, ast.Attribute) and node.attr in ("real", "imag"):
        yield node.value
        yield ast.Attribute(node.value, "imag" if node.attr == "real" else "real", ast.Load())
    elif called(node) == "conj":
        yield node.func.value


@operator("statement dropped")
def _(place: Place) -> Iterator[None]:
    node = place.node
    is_rebinding = isinstance(node, ast.Assign) and all(
        place.scopes.defines_twice(name.id, place.parents)
        for target in node.targets
        for name in ast.walk(target)
        if isinstance(name, ast.Name)
    )
    is_addition = isinstance(node, ast.Expr) and called(node.value) in ("append", "extend")
    if is_rebinding or is_addition or isinstance(node, ast.If):
        yield None


@operator("name confused")
def _(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        for other in place.scopes.find_others(node.id, place.parents):
            yield ast.Name(other, ast.Load())
