"""What a mutant is, how one is registered, and the two ways in which they are written."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import gradlab as gl

from ...hyperparameters import weak
from .. import references

DTYPES = ("float32", "bfloat16", "float16", "float64", "complex64")
TRAJECTORY = "same trajectory"


@dataclass(frozen=True)
class Mutant:
    """A wrong version of something, with one slip in it, and what the kit must say about it."""

    name: str
    of: str  # the reference, recipe or link that it is a wrong version of
    slip: str  # completes "it computes exactly what adam does with this mistake: ..."
    make: Callable[..., optax.GradientTransformation]
    law: str  # the law on which the kit must catch it
    reference: str | Callable[..., Any] | None = None  # whose trajectory it should have, and has not
    claims: Mapping[str, Any] = field(default_factory=dict)
    dtypes: tuple[str, ...] = DTYPES
    given: Mapping[str, Any] = field(default_factory=dict)  # the hyperparameters that it is examined with

    @property
    def tx(self) -> optax.GradientTransformation:
        """The wrong transformation, as it is examined."""
        return self.make(**self.given)


class Slip(NamedTuple):
    """A mistake that a trajectory can be compared with."""

    name: str
    tx: optax.GradientTransformation
    slip: str


MUTANTS: dict[str, Mutant] = {}


def slip_of(
    reference: str | Callable[..., Any], slip: str, *, claims: Mapping[str, Any] | None = None, **given: Any
) -> Callable[[Callable[..., Any]], Any]:
    """Register a wrong version of a reference: a recipe that gradlab's links are put together to, or `written` out.

    The decorated factory becomes a gradlab value, so that its rate may be a schedule. Its arguments have the names of
    the reference's. An option of the reference (off by default: None or False) that the factory takes without a
    default must be on: the slip is one of that option. `given` are the hyperparameters of the examination.
    """

    def register(factory: Callable[..., Any]) -> Any:
        make = gl.transformation(factory)
        of = reference if isinstance(reference, str) else reference.__name__
        _add(Mutant(factory.__name__, of, slip, make, TRAJECTORY, reference, dict(claims or {}), given=given))
        return make

    return register


def breaks(
    law: str, *, of: str, slip: str, claims: Mapping[str, Any] | tuple[str, ...] = (), **given: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a transformation, of whatever kind, that breaks a law other than that of the trajectory."""
    claimed = dict(claims) if isinstance(claims, Mapping) else dict.fromkeys(claims, True)

    def register(make: Callable[..., Any]) -> Callable[..., Any]:
        _add(Mutant(make.__name__, of, slip, make, law, claims=claimed, given=given))
        return make

    return register


def _add(mutant: Mutant) -> None:
    if mutant.name in MUTANTS:
        raise ValueError(f"there are two mutants named {mutant.name!r}; rename one")
    MUTANTS[mutant.name] = mutant


class WrittenState(NamedTuple):
    """The state of a transformation that is `written` out."""

    step: jax.Array  # int32 scalar, the number of updates so far
    memory: tuple[Any, ...]  # trees like the parameters, which start at zero


_REAL = ("s", "u", "v", "w")  # what moments that are sizes are called, here as in the papers


def written(step: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The `(init, update)` pair of equations for one leaf, `step(g, t, x, *memory) -> (change, *memory)`.

    `t` = 1, 2, ... is the step and `x` the parameter; there is one moment, zero at first, for each further argument:
    real if it is called s, u, v or w, and otherwise like the parameter.
    """
    moments = list(inspect.signature(step).parameters)[3:]

    def init(params: Any) -> WrittenState:
        sizes = jax.tree.map(lambda p: p.real, params)
        memory = (jax.tree.map(jnp.zeros_like, sizes if name in _REAL else params) for name in moments)
        return WrittenState(jnp.zeros((), jnp.int32), tuple(memory))

    def update(updates: Any, state: WrittenState, params: Any) -> Any:
        count = optax.safe_increment(state.step)
        t = weak(count)
        structure: Any = jax.tree.structure(updates)
        columns = [structure.flatten_up_to(tree) for tree in (updates, params, *state.memory)]
        results = [step(g, t, x, *memory) for g, x, *memory in zip(*columns)]
        change, *memory = (structure.unflatten([r[i] for r in results]) for i in range(len(moments) + 1))
        return change, WrittenState(count, tuple(memory))

    return init, update


def slips_in(family: Mapping[str, Mutant], reference: str, hyperparameters: Mapping[str, Any]) -> list[Slip]:
    """The mutants of a reference that make sense with these hyperparameters, made with them."""
    found = []
    for mutant in family.values():
        if mutant.law == TRAJECTORY and mutant.of == reference:
            arguments = fitting(mutant.make, mutant.reference, hyperparameters)
            if arguments is not None:
                found.append(Slip(mutant.name, mutant.make(**arguments), mutant.slip))
    return found


def fitting(make: Callable[..., Any], reference: Any, hyperparameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """The hyperparameters that a factory takes, with a reference's own defaults filled in.

    None if it would leave one out that is not at its default, or needs an option that is off.
    """
    step = getattr(references, reference) if isinstance(reference, str) else reference
    declared = {
        name: parameter.default
        for name, parameter in inspect.signature(step).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    defaults = {name: value for name, value in declared.items() if value is not inspect.Parameter.empty}
    full = defaults | dict(hyperparameters)
    taken = inspect.signature(make).parameters
    for name, value in full.items():
        if name not in taken and not _same(value, defaults.get(name)):
            return None
    for name, parameter in taken.items():
        needed = parameter.default is inspect.Parameter.empty
        if needed and (name not in full or full[name] is None or full[name] is False):
            return None
    return {name: value for name, value in full.items() if name in taken}


def _same(left: Any, right: Any) -> bool:
    if left is right:
        return True
    return isinstance(left, int | float) and isinstance(right, int | float) and left == right
