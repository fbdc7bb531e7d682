"""A form of a computation that XLA's fusion on CPUs makes one loop of: each result is computed from the arguments.

A step of Adam has three results for a leaf: both moments and the update. XLA makes one loop for each, and the third
reads what the first two have written. With multi-output fusion (see `gradlab.cpu_fusion`) it joins loops that read the
same arrays, but never a loop with one that reads its result. So here each result is computed from the arguments, by
operations of its own, and the joined loop computes what they have in common once. Without that fusion, this form is
slower than the plain one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import jax
from jax import lax

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


def in_one_pass(function: Callable[..., PyTree]) -> Callable[..., PyTree]:
    """Return a function of trees with the same results, each computed from the traced arguments by its own operations.

    What is no elementwise operation, such as a sum or a random number, is computed once.
    """
    return rewrite(function, lambda program, arguments: _Slices(program, arguments).evaluate())


def rewrite(function: Callable[..., PyTree], evaluate: Callable[[Any, list[Any]], list[Any]]) -> Callable[..., PyTree]:
    """Return a function of trees that computes by `evaluate` what depends on traced arguments.

    `evaluate` receives the program of the function, a closed jaxpr, and its arguments, and returns its results.
    """

    def compute(*arguments: PyTree) -> PyTree:
        leaves: list[Any]
        structure: Any
        leaves, structure = jax.tree.flatten(arguments)
        places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, jax.core.Tracer)]
        if not places:  # nothing is compiled
            return function(*arguments)
        results: list[Any] = []

        def trace(traced: list[Any]) -> list[Any]:
            inside = list(leaves)
            for place, leaf in zip(places, traced, strict=True):
                inside[place] = leaf
            flat, shape = jax.tree.flatten(function(*structure.unflatten(inside)))
            results.extend([shape, flat])
            return [leaf for leaf in flat if isinstance(leaf, jax.core.Tracer)]

        traced = [leaves[place] for place in places]
        program = jax.make_jaxpr(trace)(traced)
        shape, flat = results
        computed = iter(evaluate(program, traced))
        return shape.unflatten([next(computed) if isinstance(leaf, jax.core.Tracer) else leaf for leaf in flat])

    return compute


class _Slices:
    """The slices of a program: for each result, the elementwise equations that lead to it."""

    def __init__(self, program: Any, arguments: Sequence[Any]):
        self.jaxpr = program.jaxpr
        self.known: dict[Variable, Any] = dict(zip(self.jaxpr.constvars, program.consts, strict=True))
        self.known.update(zip(self.jaxpr.invars, arguments, strict=True))
        self.outputs = {v for v in self.jaxpr.outvars if not _is_literal(v)}
        self.results: dict[Variable, Any] = {}
        self.returned: set[Variable] = set()
        self.makers: dict[Variable, Equation] = {}
        # The number of sums and the like that come before a value. A result of a lower level is in memory already.
        self.levels: dict[Variable, int] = dict.fromkeys(self.known, 0)
        # What the last barrier returned of a value. Barriers of the same values would be one to XLA.
        self.barred: dict[Variable, Any] = {}

    def evaluate(self) -> list[Any]:
        """Return the results."""
        for equation in self.jaxpr.eqns:
            operands = [v for v in equation.invars if not _is_literal(v)]
            level = max((self.levels[v] for v in operands), default=0)
            if find_shape(equation):
                self.makers.update(dict.fromkeys(equation.outvars, equation))
            else:  # a sum, a number, or what is random or has effects
                given = {v: self._compute(v, level, apart=False) for v in operands}
                self.known.update(zip(equation.outvars, self._run([equation], given, equation.outvars), strict=True))
                level += any(v.aval.shape for v in operands)
            self.levels.update(dict.fromkeys(equation.outvars, level))
        return [v.val if _is_literal(v) else self._compute_result(v) for v in self.jaxpr.outvars]

    def _compute_result(self, variable: Variable) -> Any:
        """Return a result. One that comes twice is computed twice."""
        if variable in self.returned:
            return self._compute(variable, self.levels[variable], apart=True)
        self.returned.add(variable)
        return self._compute_source(variable)

    def _compute(self, variable: Variable, level: int, apart: bool) -> Any:
        """Return a value, from the arguments, from sums, and from results of lower levels.

        `apart` keeps XLA from computing it together with other values, from which it would read a part then.
        """
        if variable in self.known:
            return self.known[variable]
        sources, equations = self._find_slice(variable, level)
        given = {v: self._compute_source(v) for v in sources}
        large = [v for v in sources if v.aval.shape] if apart else []
        if large:
            self.barred.update(zip(large, lax.optimization_barrier([self.barred.get(v, given[v]) for v in large])))
            given.update((v, self.barred[v]) for v in large)
        (value,) = self._run(equations, given, [variable])
        return value

    def _compute_source(self, variable: Variable) -> Any:
        """Return a value that slices begin with. All of them begin with the same one."""
        if variable in self.known:
            return self.known[variable]
        if variable not in self.results:
            self.results[variable] = self._compute(variable, self.levels[variable], apart=True)
        return self.results[variable]

    def _find_slice(self, variable: Variable, level: int) -> tuple[list[Variable], list[Equation]]:
        """Return the variables that the computation of a variable begins with, and its equations in order."""
        sources: dict[Variable, None] = {}
        equations: dict[int, Equation] = {}
        pending = [(variable, False)]
        while pending:
            v, is_ready = pending.pop()
            if _is_literal(v):
                continue
            if v in self.known or (v in self.outputs and self.levels[v] < level):
                sources[v] = None
            elif is_ready:
                equations[id(self.makers[v])] = self.makers[v]
            elif id(self.makers[v]) not in equations:
                pending.append((v, True))
                pending.extend((operand, False) for operand in self.makers[v].invars)
        return list(sources), list(equations.values())

    def _run(self, equations: list[Equation], given: dict[Variable, Any], outputs: Sequence[Variable]) -> list[Any]:
        """Return what equations compute."""
        from jax.extend.core import ClosedJaxpr, jaxpr_as_fun  # here, because most processes do not need it

        part = self.jaxpr.replace(constvars=[], invars=list(given), outvars=list(outputs), eqns=equations)
        return jaxpr_as_fun(ClosedJaxpr(part, []))(*given.values())


def _is_literal(variable: Any) -> bool:
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


def _has_scalars_only(equation: Equation) -> bool:
    return all(v.aval.shape == () for v in (*equation.invars, *equation.outvars))
