"""The program of a function, as JAX traces it: computed in another way, and which of its equations are elementwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import jax

PyTree: TypeAlias = Any
Variable: TypeAlias = Any  # of a jaxpr
Equation: TypeAlias = Any

# Primitives whose result has, at each place, what they compute of their operands at that place.
_ELEMENTWISE = frozenset((
    "abs", "acos", "acosh", "add", "add_any", "and", "asin", "asinh", "atan", "atan2", "atanh",
    "bitcast_convert_type", "broadcast_in_dim", "cbrt", "ceil", "clamp", "complex", "conj", "convert_element_type",
    "copy", "cos", "cosh", "div", "eq", "erf", "erf_inv", "erfc", "exp", "exp2", "expm1", "floor", "ge", "gt", "imag",
    "integer_pow", "is_finite", "le", "log", "log1p", "logistic", "lt", "max", "min", "mul", "ne", "neg", "nextafter",
    "not", "or", "pow", "pvary", "real", "reduce_precision", "rem", "round", "rsqrt", "select_n", "shift_left",
    "shift_right_arithmetic", "shift_right_logical", "sign", "sin", "sinh", "sqrt", "square", "stop_gradient", "sub",
    "tan", "tanh", "xor",
))  # fmt: skip
_CALLS = {"jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "custom_jvp_call": "call_jaxpr"}


def rewrite(function: Callable[..., PyTree], evaluate: Callable[[Any, list[Any]], list[Any]]) -> Callable[..., PyTree]:
    """Return a function of trees that computes by `evaluate` what depends on traced arguments.

    `evaluate` receives the program of the function, a closed jaxpr, and its arguments, and returns its results.
    """

    def compute(*arguments: PyTree) -> PyTree:
        leaves: list[Any]
        structure: Any
        leaves, structure = jax.tree.flatten(arguments)
        places = [place for place, leaf in enumerate(leaves) if is_traced(leaf)]
        if not places:  # nothing is compiled
            return function(*arguments)
        results: list[Any] = []

        def trace(traced: list[Any]) -> list[Any]:
            inside = list(leaves)
            for place, leaf in zip(places, traced, strict=True):
                inside[place] = leaf
            flat, shape = jax.tree.flatten(function(*structure.unflatten(inside)))
            results.extend([shape, [None if is_traced(leaf) else (leaf,) for leaf in flat]])
            return [leaf for leaf in flat if is_traced(leaf)]

        traced = [leaves[place] for place in places]
        program = jax.make_jaxpr(trace)(traced)
        shape, constants = results
        computed = iter(evaluate(program, traced))
        return shape.unflatten([next(computed) if constant is None else constant[0] for constant in constants])

    return compute


def inline_calls(program: Any, is_inlined: Callable[[Equation], bool]) -> Any:
    """Return a program with the equations of some of its calls in their places."""
    jaxpr = program.jaxpr
    if not any(map(is_inlined, jaxpr.eqns)):
        return program

    def compute(*arguments: Any) -> list[Any]:
        known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*program.consts, *arguments], strict=True))
        for equation in jaxpr.eqns:
            if is_inlined(equation):
                function, given = make_closed_function(find_called(equation)), equation.invars
            else:
                given = list(dict.fromkeys(v for v in equation.invars if not is_literal(v)))
                function = make_function(jaxpr, [equation], given, equation.outvars)
            results = function(*(v.val if is_literal(v) else known[v] for v in given))
            known.update(zip(equation.outvars, results, strict=True))
        return [v.val if is_literal(v) else known[v] for v in jaxpr.outvars]

    return jax.make_jaxpr(compute)(*program.in_avals)


def make_function(
    jaxpr: Any, equations: list[Equation], inputs: list[Variable], outputs: Sequence[Variable]
) -> Callable[..., list[Any]]:
    """Return the function that some equations of a program compute."""
    from jax.extend.core import ClosedJaxpr  # here, because most processes do not need it

    part = jaxpr.replace(constvars=[], invars=inputs, outvars=list(outputs), eqns=equations)
    return make_closed_function(ClosedJaxpr(part, []))


def make_closed_function(program: Any) -> Callable[..., list[Any]]:
    """Return the function that a closed program computes."""
    from jax.extend.core import jaxpr_as_fun  # here, because most processes do not need it

    return jaxpr_as_fun(program)


def find_called(equation: Equation) -> Any:
    """Return the closed program that an equation calls and nothing else, as `jax.jit` does; None for another one."""
    key = _CALLS.get(equation.primitive.name)
    return None if key is None else equation.params[key]


def replace_called(equation: Equation, program: Any) -> Equation:
    """Return an equation that calls another closed program in the place of its own."""
    return equation.replace(params={**equation.params, _CALLS[equation.primitive.name]: program})


def is_choice(equation: Equation) -> bool:
    """Return whether an equation takes one of several branches, by a number, and does nothing else."""
    return equation.primitive.name == "cond" and not equation.effects


def is_literal(variable: Any) -> bool:
    """Return whether an operand of an equation is a number that is written in it."""
    return hasattr(variable, "val")


def find_shape(equation: Equation) -> tuple[int, ...]:
    """Return the one shape of what an elementwise equation computes; () for scalars and for any other equation."""
    shapes = {v.aval.shape for v in equation.outvars}
    if len(shapes) != 1 or equation.effects:
        return ()
    (shape,) = shapes
    if any(getattr(v.aval, "shape", None) not in (shape, ()) for v in equation.invars):
        return ()
    name = equation.primitive.name
    if name in _ELEMENTWISE:
        return shape
    if name not in _CALLS:
        return ()
    inner = equation.params[_CALLS[name]]
    parts = getattr(inner, "jaxpr", inner).eqns
    return shape if all(find_shape(part) == shape or _has_scalars_only(part) for part in parts) else ()


def is_spread(equation: Equation) -> bool:
    """Return whether an elementwise equation repeats a smaller array along axes of its result, such as a row."""
    if equation.primitive.name not in _ELEMENTWISE or len(equation.outvars) != 1 or find_shape(equation):
        return False
    shape = equation.outvars[0].aval.shape
    shapes = [getattr(v.aval, "shape", None) for v in equation.invars]
    return bool(shape) and None not in shapes and all(len(own) <= len(shape) for own in shapes if own is not None)


def _has_scalars_only(equation: Equation) -> bool:
    return all(v.aval.shape == () for v in (*equation.invars, *equation.outvars))


def list_primitives(equation: Equation) -> list[str]:
    """Return the names of what an equation computes, inside of a call too."""
    name = equation.primitive.name
    if name not in _CALLS:
        return [name]
    inner = equation.params[_CALLS[name]]
    return [part for equation in getattr(inner, "jaxpr", inner).eqns for part in list_primitives(equation)]


def is_traced(leaf: Any) -> bool:
    """Return whether a leaf is not known while a program is traced."""
    return isinstance(leaf, jax.core.Tracer)
