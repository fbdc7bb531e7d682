"""The definition of a mutant, the two decorators that register one, and a way to write one as equations."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import gradlab as gl

from ...core.claims import by_name
from ...values.numeric_arguments import as_weak
from ..subjects.subject import DTYPES
from ..verdicts.law import TRAJECTORY


@dataclass(frozen=True)
class Mutant:
    """A wrong version of something, with one mistake in it, and the law that must find the mistake.

    It may also be a convention: what other frameworks compute on purpose under the name of a reference. A law must tell
    it from the reference, too.
    """

    name: str
    of: str  # the reference, recipe or link that it is a wrong version of
    mistake: str  # completes "It computes exactly what adam does with this mistake: ..."
    make: Callable[..., optax.GradientTransformation]
    law: str  # the law that must find the mistake
    reference: str | Callable[..., Any] | None = None  # whose trajectory it should have, but does not
    claims: Mapping[str, Any] = field(default_factory=dict)
    dtypes: tuple[str, ...] = DTYPES
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)  # those that it is examined with
    source: str = ""  # the project that released the mistake, with the number of an issue or pull request, and the year
    frameworks: tuple[str, ...] = ()  # those whose convention it is, by their names in `gradlab.flavors`
    is_factory: bool = False  # whether it is examined as a factory, so that the kit can make it several times
    shows_on_a_vector: bool = True  # within the usual steps: False for mistakes between leaves, in matrices, and late

    @property
    def tx(self) -> Any:
        """The wrong transformation, or its factory, as it is examined."""
        return self.make if self.is_factory else self.make(**self.hyperparameters)

    def examine(self, kit: Callable[..., Any], **options: Any) -> Any:
        """Return what a kit such as `check` says of the transformation, or of its factory."""
        if self.is_factory:
            return kit(self.make, **options, **self.hyperparameters)
        return kit(self.tx, **options)


MUTANTS: dict[str, Mutant] = {}


def mutates(
    reference: str | Callable[..., Any],
    mistake: str,
    *,
    claims: Mapping[str, Any] | None = None,
    source: str = "",
    frameworks: tuple[str, ...] = (),
    shows_on_a_vector: bool = True,
    **hyperparameters: Any,
) -> Callable[[Callable[..., Any]], Any]:
    """Register a wrong version of a reference, which the law "same trajectory" must find.

    The decorated factory composes links of gradlab, or writes the equations out with `from_equations`. It becomes a
    gradlab value, so that its learning rate may be a schedule. Its arguments have the names of the reference's. If it
    takes an option of the reference (one that is None or False by default) without a default, the mistake exists only
    where that option is on. `source` says where the mistake was released. `frameworks` names those that publish this
    version on purpose, as in `gradlab.flavors`. Pass `shows_on_a_vector=False` for a mistake that one vector does not
    show in the usual number of steps. `hyperparameters` are those that the mutant is examined with.
    """

    def register(factory: Callable[..., Any]) -> Any:
        make = gl.transformation(factory)
        of = reference if isinstance(reference, str) else reference.__name__
        mutant = Mutant(factory.__name__, of, mistake, make, TRAJECTORY, reference, dict(claims or {}))
        mutant = replace(mutant, source=source, frameworks=frameworks, shows_on_a_vector=shows_on_a_vector)
        _add(replace(mutant, hyperparameters=hyperparameters))
        return make

    return register


def breaks(
    law: str,
    *,
    of: str,
    mistake: str,
    claims: Mapping[str, Any] | tuple[str, ...] = (),
    source: str = "",
    reference: str | Callable[..., Any] | None = None,
    is_factory: bool = False,
    **hyperparameters: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a wrong version, of any kind, that breaks a law other than "same trajectory".

    With `is_factory`, the factory is examined with the `hyperparameters` as its arguments, and not what it returns, for
    laws that make it several times. `reference` is that of its trajectory, or the formula of a schedule.
    """
    claimed = by_name(claims)

    def register(make: Callable[..., Any]) -> Callable[..., Any]:
        mutant = Mutant(make.__name__, of, mistake, make, law, reference, claims=claimed, source=source)
        _add(replace(mutant, hyperparameters=hyperparameters, is_factory=is_factory))
        return make

    return register


def _add(mutant: Mutant) -> None:
    if mutant.name in MUTANTS:
        raise ValueError(f"there are two mutants named {mutant.name!r}; rename one")
    MUTANTS[mutant.name] = mutant


class EquationsState(NamedTuple):
    """The state of a transformation made by `from_equations`."""

    step: jax.Array  # int32 scalar, the number of updates so far
    moments: tuple[Any, ...]  # trees like the parameters, zero at first


_REAL = ("s", "u", "v", "w")  # the names that the papers give to moments of magnitudes or squares


def from_equations(step: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the `(init, update)` pair of the equations for one leaf, `step(g, t, x, *moments) -> (change, *moments)`.

    `t` = 1, 2, ... is the step and `x` the parameter. Each further argument of `step` is a moment, zero at first. A
    moment named s, u, v or w is real; any other has the dtype of the parameter.
    """
    names = list(inspect.signature(step).parameters)[3:]

    def init(params: Any) -> EquationsState:
        real = jax.tree.map(lambda p: p.real, params)
        moments = (jax.tree.map(jnp.zeros_like, real if name in _REAL else params) for name in names)
        return EquationsState(jnp.zeros((), jnp.int32), tuple(moments))

    def update(updates: Any, state: EquationsState, params: Any) -> Any:
        count = optax.safe_increment(state.step)
        t = as_weak(count)
        structure: Any = jax.tree.structure(updates)
        columns = [structure.flatten_up_to(tree) for tree in (updates, params, *state.moments)]
        results = [step(g, t, x, *moments) for g, x, *moments in zip(*columns)]
        change, *moments = (structure.unflatten([r[i] for r in results]) for i in range(len(names) + 1))
        return change, EquationsState(count, tuple(moments))

    return init, update
