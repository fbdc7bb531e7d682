"""The golden cases, run by the flavors: those of one structure as one compiled program."""

from __future__ import annotations

import collections
import functools
import inspect
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.values.value import is_factory
from tests.golden.load import Case, Golden, load


class Agreement(NamedTuple):
    """How far a flavor is from its framework in one case."""

    name: str
    gap: float  # the largest at the kept steps, as a share of the distance travelled
    first_step: int | None  # the first kept step with a gap above 1e-12


def framework(flavors: ModuleType) -> str:
    return flavors.__name__.rpartition(".")[2]


def factories(flavors: ModuleType) -> dict[str, Any]:
    """The optimizers of a flavor by name."""
    return {
        name: value
        for name, value in vars(flavors).items()
        if is_factory(value) and value.factory.name == f"flavors.{framework(flavors)}.{name}"
    }


def optimizer(flavors: ModuleType, golden: Golden, case: Case) -> gl.Transformation:
    """The flavor of a case: a number as the constant rate, a schedule as one that decays."""
    arguments = dict(case.arguments)
    if case.rate_kind == "decaying":
        arguments[golden.rate_argument] = gl.schedules.exponential(case.rate, 1, golden.rate_decay)
    return getattr(flavors, case.optimizer)(**arguments)


def agreements(flavors: ModuleType, recorded: str | None = None) -> list[Agreement]:
    """All golden cases of a framework, or of another file of its runs, against its flavors."""
    golden = load(recorded or framework(flavors))
    groups: dict[Any, list[tuple[Case, Any]]] = collections.defaultdict(list)
    for case in golden.cases:
        tx = optimizer(flavors, golden, case)
        groups[jax.tree.structure(tx)].append((case, tx))
    found = []
    for group in groups.values():
        stack = jax.tree.map(lambda *leaves: np.stack(leaves), *[tx for _, tx in group])
        scales = np.array([case.scale for case, _ in group])
        paths = np.asarray(_run_all(stack, scales, golden.gradients, golden.x0))
        found += [_compare(golden, case, path) for (case, _), path in zip(group, paths, strict=True)]
    return found


@jax.jit
@functools.partial(jax.vmap, in_axes=(0, 0, None, None))
def _run_all(tx: Any, scale: Any, gradients: Any, x0: Any) -> Any:
    """The points [cases, 101, 7] that a stack of optimizers visits."""

    def step(carry, gradient):
        x, state = carry
        updates, state = tx.update(scale * gradient, state, x)
        return (x + updates, state), x + updates

    return jnp.concatenate([x0[None], jax.lax.scan(step, (x0, tx.init(x0)), gradients)[1]])


def _compare(golden: Golden, case: Case, path: np.ndarray) -> Agreement:
    distance = np.abs(case.positions - golden.x0).max()
    gaps = np.abs(path[list(golden.steps)] - case.positions).max(axis=1) / distance
    first = next((step for step, gap in zip(golden.steps, gaps) if not gap <= 1e-12), None)
    return Agreement(case.name, float(gaps.max()), first)


def assert_all_agree(flavors: ModuleType, cases: int, looser: dict[str, float], recorded: str | None = None) -> None:
    """Every one of the golden cases agrees to 1e-12, or to the figure of a part of its name in `looser`."""
    found = agreements(flavors, recorded)
    assert len(found) == len({agreement.name for agreement in found}) == cases
    off = [
        f"{case.name}: {case.gap:.1e}, first at step {case.first_step}"
        for case in found
        if not case.gap <= max([1e-12, *(limit for part, limit in looser.items() if part in case.name)])
    ]
    assert not off, "\n".join([f"{len(off)} of {cases} cases differ:", *off])


def assert_same_signatures(flavors: ModuleType, other_default: frozenset[str] = frozenset()) -> None:
    """Each optimizer has all of its framework's arguments, with the same defaults, except for those of `other_default`.

    Those that can be given by position stand in the framework's order. The parameters are given to `init`.
    """
    golden = load(framework(flavors))
    made = factories(flavors)
    assert set(made) == set(golden.parameters)
    for name, factory in made.items():
        given = inspect.signature(factory).parameters
        recorded = [argument for argument in golden.parameters[name] if argument != "params"]
        assert set(recorded) == set(given), name
        positional = [argument for argument, p in given.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
        assert positional == recorded[: len(positional)], name
        for argument, parameter in given.items():
            if argument not in other_default:
                assert parameter.default == golden.defaults[name].get(argument, parameter.empty), (name, argument)
