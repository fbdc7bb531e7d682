"""Shape factors: the size of a matrix method's update as a formula of rows and columns, such as sqrt(max(1, r / c))."""

from __future__ import annotations

import ast
import functools
import math
import operator
import threading
from collections.abc import Callable, Mapping
from typing import Any

import jax

from ..core.decorators import transformation
from ..core.stateless import init_empty, require_empty
from ..equations import Expression, Writer, equation_of
from .matrix_shapes import Layout, as_matrix_shape, count_rows_and_columns, require_matrices

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
# Python 3.11 counts the depth of the trees that all threads build as one number, and raises SystemError if two build
# one at the same time. Races trace optimizers in several threads.
_ONE_AT_A_TIME = threading.Lock()


def _claims(tx: Any) -> dict[str, Any]:
    layout = as_matrix_shape(tx.layout)
    domain = ("matrices", "stacked") if layout.batch_axes else ("matrices",)
    return {"sign symmetric": True, "contained": True, "domain": domain}


@transformation(claims=_claims)
def scale_by_shape(formula: str = "sqrt(max(1, r / c))", layout: Layout = "flax"):
    r"""Multiply every matrix by a factor of its shape, $d' = s(r, c)\, d$.

    `formula` is $s$ as text, with `r` for the number of rows (the outputs), `c` for that of columns (the inputs),
    numbers, the operators `+`, `-`, `*`, `/` and `**`, and `sqrt`, `min` and `max`. It must be positive. The default is
    that of Muon. 'sqrt(max(r, c))' times 0.2 makes steps as long as Adam's, and 'sqrt(r / c)' bounds what a step
    changes in the outputs, by RMS. The names that implementations give to these contradict each other, so formulas have
    none here.

    `layout` says how a leaf is a matrix, as `matrix_shape` does; all axes of inputs count as columns. Raises ValueError
    for a formula that cannot be evaluated or is not positive. `init` and `update` raise ValueError for a leaf that is
    no matrix. Source: Jordan et al. (2024); Liu et al. (2025), equation 4; Pethick et al. (2025), table 4.

    >>> print(gl.scale_by_shape("sqrt(r / c)").update(jnp.ones((1, 4)), ())[0])  # one input, four outputs
    [[2. 2. 2. 2.]]
    """
    if not is_shape_factor(formula):
        raise ValueError(f"scale_by_shape: formula must be positive, and {DESCRIPTION}; got {formula!r}")
    shape = as_matrix_shape(layout)

    def init(params):
        require_matrices("scale_by_shape", params, shape)
        return init_empty(params)

    def multiply(d):
        return d * evaluate_shape_factor(formula, *count_rows_and_columns(d.shape, shape)) if d.size else d

    def update(updates, state):
        require_empty(state)
        require_matrices("scale_by_shape", updates, shape)
        return jax.tree.map(multiply, updates), state

    return init, update


@equation_of(scale_by_shape)
def _(write: Writer, formula: str, layout: Any) -> Expression:
    return write.whole().times(_format(_parse(formula), inside=True))


def evaluate_shape_factor(formula: Any, rows: int, columns: int) -> float:
    """Return the factor that a formula gives to a shape.

    The formula is a number, a function of rows and columns, or a text. Raises ValueError for any other text.
    """
    if callable(formula):
        return float(formula(rows, columns))
    try:
        return float(_evaluate(_parse(str(formula)), {"r": rows, "c": columns}))
    except (SyntaxError, KeyError, TypeError, ArithmeticError, ValueError):
        raise ValueError(f"cannot read the shape factor {formula!r}; it must be {DESCRIPTION}") from None


@functools.lru_cache(maxsize=256)
def _parse(formula: str) -> ast.expr:
    with _ONE_AT_A_TIME:
        return ast.parse(formula, mode="eval").body


def is_shape_factor(formula: Any) -> bool:
    """Return whether a formula can be evaluated, and is positive."""
    try:
        return all(evaluate_shape_factor(formula, *shape) > 0 for shape in ((3, 2), (2, 3)))
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


def _format(node: ast.AST, inside: bool = False) -> str:
    """Return a formula in LaTeX. A sum gets parentheses where it is `inside` a product."""
    match node:
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return rf"\frac{{{_format(left)}}}{{{_format(right)}}}"
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return rf"{_format(left, True)} {_format(right, True)}"
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return rf"{_format(left, True)}^{{{_format(right)}}}"
        case ast.BinOp(left=left, op=op, right=right):
            total = f"{_format(left)} {'+' if isinstance(op, ast.Add) else '-'} {_format(right, True)}"
            return f"({total})" if inside else total
        case ast.UnaryOp(operand=operand):
            return f"(-{_format(operand, True)})"
        case ast.Call(func=ast.Name(id="sqrt"), args=[argument]):
            return rf"\sqrt{{{_format(argument)}}}"
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return rf"\{name}({', '.join(map(_format, arguments))})"
    return ast.unparse(node)
