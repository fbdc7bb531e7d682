"""Programs cut into slices: for each result, the elementwise operations that lead to it.

XLA makes one loop of the elementwise operations between two arrays. Which loops it makes, and what they read, depends
on which results share operations. A program that is evaluated slice by slice shares none, unless a slice may read the
result of another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jax import lax

from .traced_programs import Equation, Variable, find_shape, is_literal, make_function


class Slices:
    """The slices of a program: for each result, the elementwise equations that lead to it.

    A slice begins with arguments, with what is computed once, such as sums, and with results that it may read.
    """

    def __init__(self, program: Any, arguments: Sequence[Any]):
        self.program, self.jaxpr, self.arguments = program, program.jaxpr, arguments
        self.known: dict[Variable, Any] = dict(zip(self.jaxpr.constvars, program.consts, strict=True))
        self.known.update(zip(self.jaxpr.invars, arguments, strict=True))
        self.outputs = dict.fromkeys(v for v in self.jaxpr.outvars if not is_literal(v))  # ordered, unlike a set
        self.results: dict[Variable, Any] = {}
        self.makers: dict[Variable, Equation] = {}  # of what is computed at each place
        self.once: list[Equation] = []  # the others: sums, numbers, and what is random or has effects
        self.levels: dict[Variable, int] = dict.fromkeys(self.known, 0)  # how many sums come before a value
        # What the last barrier returned of a value. Barriers of the same values would be one to XLA.
        self.barred: dict[Variable, Any] = {}
        for equation in self.jaxpr.eqns:
            level = self._find_level(equation)
            if find_shape(equation):
                self.makers.update(dict.fromkeys(equation.outvars, equation))
            else:
                self.once.append(equation)
                level += any(v.aval.shape for v in equation.invars)
            self.levels.update(dict.fromkeys(equation.outvars, level))

    def _find_level(self, equation: Equation) -> int:
        return max((self.levels[v] for v in equation.invars if not is_literal(v)), default=0)

    def may_read(self, result: Variable, reader: Variable, level: int) -> bool:
        """Return whether the slice of a variable, which comes after so many sums, may read a result."""
        raise NotImplementedError

    def evaluate(self) -> list[Any]:
        """Return the results."""
        for equation in self.once:
            level, operands = self._find_level(equation), [v for v in equation.invars if not is_literal(v)]
            given = {v: self.compute(v, level, apart=False) for v in operands}
            self.known.update(zip(equation.outvars, self.run([equation], given, equation.outvars), strict=True))
        return [v.val if is_literal(v) else self.compute_result(v) for v in self.jaxpr.outvars]

    def compute_result(self, variable: Variable) -> Any:
        """Return a result. All slices that read it read the same one."""
        if variable not in self.results:
            self.results[variable] = self.compute(variable, self.levels[variable], apart=True)
        return self.results[variable]

    def compute(self, variable: Variable, level: int, apart: bool) -> Any:
        """Return a value. `apart` keeps XLA from computing it together with values that share operations with it."""
        if variable in self.known:
            return self.known[variable]
        sources, equations = self.find_slice(variable, level)
        given = {v: self.known[v] if v in self.known else self.compute_result(v) for v in sources}
        large = [v for v in sources if v.aval.shape] if apart else []
        if large:
            self.barred.update(zip(large, lax.optimization_barrier([self.barred.get(v, given[v]) for v in large])))
            given.update((v, self.barred[v]) for v in large)
        (value,) = self.run(equations, given, [variable])
        return value

    def find_slice(self, variable: Variable, level: int) -> tuple[list[Variable], list[Equation]]:
        """Return the variables that the computation of a variable begins with, and its equations in order."""
        sources: dict[Variable, None] = {}
        equations: dict[int, Equation] = {}
        pending = [(variable, False)]
        while pending:
            v, is_ready = pending.pop()
            if is_literal(v):
                continue
            if v not in self.makers or (v is not variable and self.may_read(v, variable, level)):
                sources[v] = None
            elif is_ready:
                equations[id(self.makers[v])] = self.makers[v]
            elif id(self.makers[v]) not in equations:
                pending.append((v, True))
                pending.extend((operand, False) for operand in self.makers[v].invars)
        return list(sources), list(equations.values())

    def run(self, equations: list[Equation], given: dict[Variable, Any], outputs: Sequence[Variable]) -> list[Any]:
        """Return what equations compute."""
        return make_function(self.jaxpr, equations, list(given), outputs)(*given.values())

    def run_whole(self) -> list[Any]:
        """Return the results as the program itself computes them."""
        from jax.extend.core import jaxpr_as_fun

        return jaxpr_as_fun(self.program)(*self.arguments)
