"""A form of an update for which XLA on CPUs copies nothing and keeps nothing beside the arguments and the results.

Fresh memory costs a step on a CPU more than anything else. XLA takes some in two cases:

- Two results need what is no result itself. XLA keeps a root or a quotient, because it is too costly to compute twice,
  and what takes several cheap operations. Here it is computed twice: the slices of results share no operations, and
  read the new state where they can. A sum, such as a norm, keeps all that it shares with anything else. So a sum is
  computed apart, with all that leads to it, in a function that XLA does not inline.
- A result overwrites an array of the state that another one still reads, which is therefore copied. Here the reader
  comes first: the result that overwrites depends on it, by a choice that is always the same, which XLA sees too late.
  In the place of an update comes its sum with the parameters, which XLA computes once if the caller adds them too.
  The sums that read an array come before the result that overwrites it, too.

An update of which neither is true is left as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..compilation.cpu_fusion import runs_on_one_cpu
from .as_written import is_as_written
from .scalar_factors import join_factors
from .state_pairs import find_traced, pair_states, pair_updates
from .summed_slices import SummedSlices
from .sums import is_sum
from .traced_programs import (
    Equation,
    PyTree,
    Variable,
    find_called,
    inline_calls,
    is_choice,
    is_literal,
    list_primitives,
    rewrite,
)

_COSTLY = frozenset(("div", "sqrt", "rsqrt", "cbrt", "pow", "exp", "exp2", "log", "log1p", "tanh", "logistic"))
LARGE = 2**18  # elements of an array that is worth it: what is smaller stays in the cache of a core
SEVERAL = 3  # cheap operations of which XLA may keep the result


def in_few_passes(function: Callable[..., PyTree], is_added: bool = False) -> Callable[..., PyTree]:
    """Return an update with the same results. Its first arguments are updates, a state and parameters.

    `is_added` says that the caller will add the updates to the parameters as they are. If it does not, the results are
    the same, but an update that a result waits for costs half as much time again (Adadelta's).
    """

    def compute(updates: PyTree, *others: PyTree) -> PyTree:
        after: list[list[bool]] = []  # which leaves of the new updates and of the new state are traced

        def watch(*arguments: PyTree) -> PyTree:
            result = function(*arguments)
            after[:] = map(find_traced, result)
            return result

        def evaluate(program: Any, arguments: Sequence[Any]) -> list[Any]:
            program = inline_calls(program, _holds_large_sum)
            before = [find_traced(part) for part in (updates, *others)]
            replaced, params = pair_states(program.jaxpr, before, after)
            added = pair_updates(program.jaxpr, params, sum(after[0])) if is_added else {}
            return _InOrder(program, arguments, replaced, params, added).evaluate()

        return rewrite(watch, evaluate)(updates, *others)

    return compute


def is_worth_few_passes(tree: PyTree) -> bool:
    """Return whether a tree has leaves so large, on a CPU, that each pass over them counts."""
    is_large = any(jnp.size(leaf) >= LARGE for leaf in jax.tree.leaves(tree))
    return is_large and runs_on_one_cpu() and not is_as_written()


def _holds_large_sum(equation: Equation) -> bool:
    """Return whether an equation calls a function that sums up a large array, which equal leaves share."""
    inner = find_called(equation)
    if (
        inner is None
        or equation.primitive.name == "custom_jvp_call"
        or all(v.aval.size < LARGE for v in equation.invars)
    ):
        return False
    return any(is_sum(step) or is_choice(step) for step in inner.jaxpr.eqns)


class _InOrder(SummedSlices):
    """Slices that read any array of the new state, but none beside the one that it replaces.

    What reads an array of the old state is computed before the result that replaces it.
    """

    def __init__(
        self,
        program: Any,
        arguments: Sequence[Any],
        replaced: dict[Variable, Variable],
        params: Sequence[Variable],
        added: dict[Variable, Variable],
    ):
        super().__init__(program, arguments, LARGE)
        self.replaced = replaced  # an array of the state after the update -> the one that it replaces
        self.params = set(params)
        self.added = added  # an update -> the parameters that it will be added to
        operands = [(equation, [v for v in equation.invars if not is_literal(v)]) for equation in self.once]
        self.sums = {v: given for equation, given in operands for v in equation.outvars}  # and what they are made of
        self.applied = set(self._find_applied())
        self.refused: dict[Variable, set[Variable]] = {}  # the results that a slice must not read
        summed = [v for _, given in operands for v in given if v in self.makers]
        self.reads = {v: self._choose_sources(v) for v in dict.fromkeys([*summed, *self.outputs])}
        self.reads.update((v, set(self.makers[v].invars)) for v in self.applied)
        self.summed = summed
        # What replaces an array of the state -> the other results that read it, if all of them can come before.
        self.waits: dict[Variable, list[Variable]] = {}
        for result, old in self.replaced.items():
            if result is not old and old.aval.size >= LARGE:
                readers = [reader for reader in self.outputs if reader is not result and old in self.reads[reader]]
                if all(self._can_wait(result, reader) for reader in readers):
                    self.waits[result] = readers
        self._let_sums_come_first()

    def _can_wait(self, result: Variable, reader: Variable) -> bool:
        """Return whether a result can be computed after another one, which is in memory then and does not need it."""
        if (reader not in self.replaced and reader not in self.added) or not reader.aval.size:
            return False
        needs = self._find_needs([reader])
        if any(result in self.waits.get(v, ()) for v in needs) or (result in self.makers and result in needs):
            return False
        # What a sum needs comes before the sum, so it cannot wait for what may come after another one.
        return needs.isdisjoint(self.sums) or result not in self._find_needs(self.summed)

    def _let_sums_come_first(self) -> None:
        """Let each result wait for the numbers that are computed from the array that it overwrites."""
        numbers: dict[Variable, list[Variable]] = {}  # an array -> what is computed from it
        for equation in self.once:
            if any(v.aval.shape for v in self.sums[equation.outvars[0]]) if equation.outvars else False:
                sources = {source for v in self.sums[equation.outvars[0]] for source in self.reads.get(v, (v,))}
                if all(v.aval.shape == () for v in equation.outvars):
                    for source in sources:
                        numbers.setdefault(source, []).append(equation.outvars[0])
        for result, old in {**self.replaced, **self.added}.items():
            if result is not old and old.aval.size >= LARGE:
                for number in numbers.get(old, ()):
                    if result not in self._find_needs([number]) and number not in self._find_needs([result]):
                        self.waits.setdefault(result, []).append(number)

    def evaluate(self) -> list[Any]:
        if any(self.waits.values()) or self._shares_operations() or self._chooses():
            return super().evaluate()
        return self.run_whole()

    def enter_branch(self, compute: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
        return rewrite(compute, lambda program, arguments: SummedSlices(program, arguments, LARGE).evaluate())

    def _chooses(self) -> bool:
        """Return whether a condition has an operand that is computed at each place."""
        return any(v in self.makers for equation in self.once if is_choice(equation) for v in equation.invars)

    def _shares_operations(self) -> bool:
        """Return whether two results need the same root, quotient or the like, or several cheaper operations.

        A sum must share none with anything.
        """
        seen: set[int] = set()
        shared = 0
        for equation in self.once:
            if id(equation) in self.summed_apart:
                leading = {id(step) for step in self.summed_apart[id(equation)].leading}
                shared += SEVERAL * len(seen & leading)
                seen |= leading
        summed = frozenset(seen)
        for result in self.outputs:
            equations = self.find_slice(result, self.levels[result])[1] if result in self.makers else []
            for equation in equations:
                if id(equation) in seen:
                    is_costly = id(equation) in summed or not _COSTLY.isdisjoint(list_primitives(equation))
                    shared += SEVERAL if is_costly else 1
            seen |= {id(equation) for equation in equations}
        return shared >= SEVERAL

    def _find_applied(self) -> Iterable[Variable]:
        """Return the new parameters, if the update computes them: what is computed after it has them in memory."""
        changes = {v for v in self.jaxpr.outvars if not is_literal(v)} - self.replaced.keys()
        for result, equation in self.makers.items():
            operands = {v for v in equation.invars if not is_literal(v)}
            is_sum = list_primitives(equation) == ["add"] and len(operands) == 2
            if is_sum and operands & changes and operands & self.params:
                yield result

    def may_read(self, result: Variable, reader: Variable, level: int) -> bool:
        if result in self.applied:
            return True
        return result in self.replaced and self.levels[result] <= level and result not in self.refused.get(reader, ())

    def _choose_sources(self, variable: Variable) -> set[Variable]:
        """Return what the slice of a result, or of an operand of a sum, begins with.

        A result that replaces an array of the state must read no new array together with the old one.
        """
        while True:
            is_computed = variable in self.makers
            sources = set(self.find_slice(variable, self.levels[variable])[0]) if is_computed else {variable}
            new = sources & self.makers.keys() - self.applied
            clashing = {v for v in new if v in self.replaced and self.replaced[v] in sources - {v}}
            if not clashing or variable not in self.replaced:
                return sources
            self.refused.setdefault(variable, set()).update(clashing)

    def _find_needs(self, values: Iterable[Variable]) -> set[Variable]:
        """Return the values without which some values cannot be computed, and these."""
        needs: set[Variable] = set()
        pending = list(values)
        while pending:
            v = pending.pop()
            if v not in needs:
                needs.add(v)
                own = (
                    self.reads.get(v) or [s for s in self.makers[v].invars if not is_literal(s)]
                    if v in self.makers
                    else ()
                )
                pending += [*own, *self.waits.get(v, ()), *self.sums.get(v, ())]
        return needs

    def compute_result(self, variable: Variable) -> Any:
        if variable in self.results:
            return self.results[variable]
        if variable in self.applied:  # with the very operands that the parameters will be computed from
            equation = self.makers[variable]
            given = {v: self.known[v] if v in self.known else self.compute_result(v) for v in equation.invars}
            (value,) = self.run([equation], given, [variable])
        else:
            value = super().compute_result(variable)
            if variable in self.known:
                value = self._choose_after(self.waits.get(variable, ()), value)
        self.results[variable] = value
        return value

    def run_slice(self, variable: Variable, equations: list[Equation], given: dict[Variable, Any]) -> Any:
        """Return what a slice computes, after those that it waits for.

        A choice between the results themselves would look to XLA as if it were worth computing for each reader.
        """
        equations, given = join_factors(equations, given, variable)
        old = self.replaced.get(variable)  # what it overwrites, and usually reads
        waits = self.waits.get(variable, ()) if variable in self.outputs else ()
        if old in given:
            given = {**given, old: self._choose_after(waits, given[old])}
            return super().run_slice(variable, equations, given)
        return self._choose_after(waits, super().run_slice(variable, equations, given))

    def _choose_after(self, readers: Iterable[Variable], value: Any) -> Any:
        for reader in readers:
            value = lax.select(self._come_after(reader), jnp.zeros_like(value), value)
        return value

    @functools.cached_property
    def _never(self) -> Any:
        """False, which XLA does not know while it decides what to copy."""
        return lax.optimization_barrier(jnp.array(False))

    def _come_after(self, reader: Variable) -> Any:
        """Return false, when a result or a number has been computed."""
        if not reader.aval.shape:
            number = self.find_value(reader)
            return lax.bitwise_and(self._never, lax.ne(number, number))

        def read(x: jax.Array) -> jax.Array:
            return jnp.isnan(x[(0,) * x.ndim])

        value = self.compute_result(reader)
        if reader not in self.replaced:  # an update is in memory only as a part of the new parameters
            value = lax.add(self.known[self.added[reader]], value)
        return lax.cond(self._never, read, lambda x: read(x) & False, value)
