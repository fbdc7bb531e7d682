"""Formulas by which the size of a matrix method's update depends on the shape, such as sqrt(max(1, r / c))."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

DESCRIPTION = (
    "a formula with r (rows), c (columns), numbers, + - * / **, sqrt, min and max, or a function of rows and columns"
)
_OPERATORS: dict[type, Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {"sqrt": math.sqrt, "min": min, "max": max}


def evaluate_shape_factor(formula: Any, rows: int, columns: int) -> float:
    """Return the factor that a formula gives to a shape.

    The formula is a number, a function of rows and columns, or a text. Raises ValueError for any other text.
    """
    if callable(formula):
        return float(formula(rows, columns))
    try:
        return float(_evaluate(ast.parse(str(formula), mode="eval").body, {"r": rows, "c": columns}))
    except (SyntaxError, KeyError, TypeError, ArithmeticError, ValueError):
        raise ValueError(f"cannot read the shape factor {formula!r}; it must be {DESCRIPTION}") from None


def is_shape_factor(formula: Any) -> bool:
    """Return whether a formula can be evaluated, and is positive."""
    try:
        return evaluate_shape_factor(formula, 3, 2) > 0
    except ValueError:
        return False


def _evaluate(node: ast.AST, names: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return names[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_evaluate(left, names), _evaluate(right, names))
        case ast.UnaryOp(op=op, operand=operand):
            return _OPERATORS[type(op)](_evaluate(operand, names))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _FUNCTIONS[name](*(_evaluate(argument, names) for argument in arguments))
    raise KeyError(ast.dump(node))
