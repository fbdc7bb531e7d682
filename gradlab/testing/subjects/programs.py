"""Traced programs: what `init` and `update` compute for a tree, without running or compiling it."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from jax.extend.core import jaxpr_as_fun

from ...compilation.fast_compilation import jit_fast
from ...core.tree_differences import have_same_structure
from ..verdicts.law import Broken
from .gaps import find_largest_gap


class FirstStep(NamedTuple):
    """The results of `init` and of the first `update`."""

    state: Any
    updates: Any
    next_state: Any


@dataclass(frozen=True)
class Program:
    """A traced function of arrays, and the shapes of its results."""

    traced: Any  # jax.extend.core.ClosedJaxpr
    shapes: Any  # of its results

    @functools.cached_property
    def text(self) -> str:
        """The traced function without addresses of Python objects, written only where it is read."""
        return _without_addresses(str(self.traced))

    @property
    def is_stochastic(self) -> bool:
        """True if it draws random numbers."""
        return "random_bits" in self.text or "threefry" in self.text

    def run(self, arguments: Any) -> Any:
        """Compile it, and return its results."""
        run = jit_fast(jaxpr_as_fun(self.traced))
        return jax.tree.unflatten(jax.tree.structure(self.shapes), run(*jax.tree.leaves(arguments)))


def trace_first_step(tx: optax.GradientTransformation, gradient: Any, params: Any, extra: Any = None) -> Program:
    """Return the program of `init` and the first `update`. It takes the leaves of `gradient` and `params`."""
    extended = optax.with_extra_args_support(tx)

    def first_step(gradient: Any, params: Any) -> Any:
        state = extended.init(params)
        return FirstStep(state, *extended.update(gradient, state, params, **(extra or {})))

    traced, shapes = jax.make_jaxpr(first_step, return_shape=True)(gradient, params)
    return Program(traced, shapes)


def write_program(traced: Any) -> str:
    """Return a traced program with its constants as text, without addresses of Python objects."""
    constants = [np.asarray(constant).tolist() for constant in traced.consts]
    return _without_addresses(f"{traced} {constants}")


def _without_addresses(text: str) -> str:
    return re.sub(r"0x[0-9a-f]+", "", text)


def require_same_program(left: Program, right: Program, arguments: Any, what: str) -> None:
    """Raise `Broken` if two programs compute different results for the arguments.

    They are compiled only if they do not consist of the same operations.
    """
    if not have_same_structure(left.shapes, right.shapes):
        raise Broken(f"{what}: the structures differ")
    if left.text == right.text and _have_same_constants(left, right):
        return
    results = [program.run(arguments) for program in (left, right)]
    gap, _, place = find_largest_gap(*map(as_plain, results))
    if gap > 0:
        raise Broken(f"{what}, at {place}")


def as_plain(tree: Any) -> Any:
    """Return the tree with the numbers of typed random keys in their place."""
    return jax.tree.map(lambda leaf: jax.random.key_data(leaf) if is_key(leaf) else leaf, tree)


def is_key(leaf: Any) -> bool:
    """Return whether a leaf is an array of typed random keys."""
    return isinstance(leaf, jax.Array) and jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _have_same_constants(left: Program, right: Program) -> bool:
    pairs = zip(as_plain(left.traced.consts), as_plain(right.traced.consts), strict=True)
    return all(here is there or np.array_equal(here, there, equal_nan=_is_float(here)) for here, there in pairs)


def _is_float(leaf: Any) -> bool:
    return bool(jax.numpy.issubdtype(jax.numpy.result_type(leaf), jax.numpy.inexact))
