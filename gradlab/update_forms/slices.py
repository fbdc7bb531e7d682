"""Programs cut into slices: for each result, the elementwise operations that lead to it.

XLA makes one loop of the elementwise operations between two arrays. Which loops it makes, and what they read, depends
on which results share operations. A program that is evaluated slice by slice shares none, unless a slice may read the
result of another one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jax import lax

from .sums import SumApart
from .traced_programs import (
    Equation,
    Variable,
    find_shape,
    is_choice,
    is_literal,
    is_spread,
    make_closed_function,
    make_function,
)


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
        self.makers: dict[Variable, Equation] = {}  # of what is computed at each place, from smaller arrays too
        self.once: list[Equation] = []  # the others: sums, numbers, and what is random or has effects
        self.origins: dict[Variable, Equation] = {}  # of what they compute
        self.levels: dict[Variable, int] = dict.fromkeys(self.known, 0)  # how many sums come before a value
        # What the last barrier returned of a value. Barriers of the same values would be one to XLA.
        self.barred: dict[Variable, Any] = {}
        for equation in self.jaxpr.eqns:
            level = self._find_level(equation)
            if find_shape(equation) or is_spread(equation):
                self.makers.update(dict.fromkeys(equation.outvars, equation))
            else:
                self.once.append(equation)
                self.origins.update(dict.fromkeys(equation.outvars, equation))
                level += any(v.aval.shape for v in equation.invars)
            self.levels.update(dict.fromkeys(equation.outvars, level))

    def _find_level(self, equation: Equation) -> int:
        return max((self.levels[v] for v in equation.invars if not is_literal(v)), default=0)

    def may_read(self, result: Variable, reader: Variable, level: int) -> bool:
        """Return whether the slice of a variable, which comes after so many sums, may read a result."""
        raise NotImplementedError

    def find_sum(self, equation: Equation) -> SumApart | None:
        """Return a sum with all that leads to it, if it shall be computed apart."""
        return None

    def evaluate(self) -> list[Any]:
        """Return the results."""
        for equation in self.once:
            if not equation.outvars or equation.outvars[0] not in self.known:  # what has an effect may have no result
                self._compute_once(equation)
        return [v.val if is_literal(v) else self.compute_result(v) for v in self.jaxpr.outvars]

    def find_value(self, variable: Variable) -> Any:
        """Return what is computed once, or a result."""
        if variable not in self.known and variable in self.origins:
            self._compute_once(self.origins[variable])
        return self.known[variable] if variable in self.known else self.compute_result(variable)

    def _compute_once(self, equation: Equation) -> None:
        level = self._find_level(equation)
        operands = list(dict.fromkeys(v for v in equation.invars if not is_literal(v)))
        apart = self.find_sum(equation)
        if apart is not None:
            values = [apart.compute({v: self.find_value(v) for v in apart.axes})]
        elif is_choice(equation):
            sources, equations = self.find_slices(operands, level)
            values = self._choose(equation, equations, {v: self.find_value(v) for v in sources})
        else:
            values = self.run([equation], {v: self.compute(v, level, apart=False) for v in operands}, equation.outvars)
        self.known.update(zip(equation.outvars, values, strict=True))

    def _choose(self, equation: Equation, equations: list[Equation], given: dict[Variable, Any]) -> list[Any]:
        """Return the results of a condition. What leads to its operands is computed in the branch that is taken.

        XLA would compute the operands before, and keep them in memory.
        """
        index, *operands = equation.invars

        def enter(branch: Any) -> Callable[..., list[Any]]:
            def compute(*values: Any) -> list[Any]:
                known = dict(zip(given, values, strict=True))
                needed = [v for v in dict.fromkeys(operands) if not is_literal(v)]
                known.update(zip(needed, self.run(equations, known, needed), strict=True))
                return make_closed_function(branch)(*(v.val if is_literal(v) else known[v] for v in operands))

            return self.enter_branch(compute)

        branches = [enter(branch) for branch in equation.params["branches"]]
        return lax.switch(index.val if is_literal(index) else given[index], branches, *given.values())

    def enter_branch(self, compute: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
        """Return a branch of a condition in the form in which it is compiled."""
        return compute

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
        given = {v: self.find_value(v) for v in sources}
        large = [v for v in sources if v.aval.shape] if apart else []
        if large:
            self.barred.update(zip(large, lax.optimization_barrier([self.barred.get(v, given[v]) for v in large])))
            given.update((v, self.barred[v]) for v in large)
        return self.run_slice(variable, equations, given)

    def run_slice(self, variable: Variable, equations: list[Equation], given: dict[Variable, Any]) -> Any:
        """Return what a slice computes from what it begins with."""
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
            is_read = v is not variable and (v.aval.shape != variable.aval.shape or self.may_read(v, variable, level))
            if v not in self.makers or is_read:
                sources[v] = None
            elif is_ready:
                equations[id(self.makers[v])] = self.makers[v]
            elif id(self.makers[v]) not in equations:
                pending.append((v, True))
                pending.extend((operand, False) for operand in self.makers[v].invars)
        return list(sources), list(equations.values())

    def find_slices(self, variables: Sequence[Variable], level: int) -> tuple[list[Variable], list[Equation]]:
        """Return what the computation of several variables begins with, and its equations in order."""
        sources: dict[Variable, None] = {}
        equations: dict[int, Equation] = {}
        for variable in variables:
            if variable in self.known:
                sources[variable] = None
                continue
            some, leading = self.find_slice(variable, level)
            sources.update(dict.fromkeys(some))
            equations.update((id(equation), equation) for equation in leading)
        return list(sources), list(equations.values())

    def run(self, equations: list[Equation], given: dict[Variable, Any], outputs: Sequence[Variable]) -> list[Any]:
        """Return what equations compute."""
        return make_function(self.jaxpr, equations, list(given), outputs)(*given.values())

    def run_whole(self) -> list[Any]:
        """Return the results as the program itself computes them."""
        return make_closed_function(self.program)(*self.arguments)
