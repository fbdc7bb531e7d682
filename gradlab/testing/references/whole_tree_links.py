"""References of the links that compute with the whole tree: the global norm, and noise whose keys count the leaves."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from gradlab.testing.references._arithmetic import State
from gradlab.testing.references.runner import Leaves, whole_tree

_BLOCK = 128  # steps whose noise is drawn at once


@whole_tree
def clip_by_global_norm(g: Leaves, state: State, t: int, x: Leaves, *, max_norm: float) -> tuple[Leaves, State]:
    """Bound the Euclidean norm of the whole tree by `max_norm`. Source: Pascanu et al. (2013), algorithm 1."""
    norm = float(np.linalg.norm(np.concatenate([leaf.ravel() for leaf in g.values()])))
    factor = max_norm / norm if norm > max_norm else 1.0
    return {path: factor * leaf for path, leaf in g.items()}, {}


@whole_tree
def scale_to_global_norm(g: Leaves, state: State, t: int, x: Leaves, *, norm: float = 1.0) -> tuple[Leaves, State]:
    """Give the whole tree the Euclidean norm `norm`; zeros stay. Source: Foret et al. (2021), equation 2."""
    size = float(np.linalg.norm(np.concatenate([leaf.ravel() for leaf in g.values()])))
    return {path: norm / size * leaf if size else leaf for path, leaf in g.items()}, {}


@whole_tree
def scale_to_relative_norm(
    g: Leaves, state: State, t: int, x: Leaves, *, norm: float = 1.0, offset: float = 0.0
) -> tuple[Leaves, State]:
    r"""Return $\rho T^2 g / \|T g\|$ with $T = |x| + h$; zeros stay. `norm` is $\rho$, and `offset` is $h$.

    Source: Kwon et al. (2021), equation 5.
    """
    scaled = {path: (np.abs(x[path]) + offset) * leaf for path, leaf in g.items()}
    size = float(np.linalg.norm(np.concatenate([leaf.ravel() for leaf in scaled.values()])))
    return {path: norm / (size or 1.0) * (np.abs(x[path]) + offset) * leaf for path, leaf in scaled.items()}, {}


@whole_tree
def add_noise(
    g: Leaves, state: State, t: int, x: Leaves, *, eta: float = 0.01, gamma: float = 0.55, key: int = 0
) -> tuple[Leaves, State]:
    r"""Add normal numbers of the variance $\eta / t^\gamma$. `eta` is $\eta$, and `gamma` is $\gamma$.

    They are those that JAX draws from `key` for the step $t - 1$, with a key of its own for each leaf. The leaves must
    be real. Source: Neelakantan et al. (2015), equation 1.
    """
    deviation = np.sqrt(eta / t**gamma)
    noise = _draw_noise(key, (t - 1) // _BLOCK, tuple(leaf.shape for leaf in g.values()))
    return {path: leaf + deviation * drawn[(t - 1) % _BLOCK] for (path, leaf), drawn in zip(g.items(), noise)}, {}


@functools.lru_cache(maxsize=16)
def _draw_noise(seed: int, block: int, shapes: tuple[tuple[int, ...], ...]) -> Any:
    """Return the standard normal numbers of consecutive steps for each leaf, [steps, *shape]."""
    import jax  # only this reference needs it, because the noise is that of JAX's generator

    def draw(step: jax.Array) -> list[jax.Array]:
        keys = jax.random.split(jax.random.fold_in(jax.random.key(seed), step), len(shapes))
        return [jax.random.normal(key, shape, np.float64) for key, shape in zip(keys, shapes)]

    with jax.enable_x64(True):
        steps = np.arange(block * _BLOCK, (block + 1) * _BLOCK, dtype=np.int32)
        return [np.asarray(leaf) for leaf in jax.jit(jax.vmap(draw))(steps)]
