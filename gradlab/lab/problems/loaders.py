"""Batches of a user's data loader, read once into arrays that compiled programs hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import jax
import numpy as np

from .base import PyTree

LIMIT = 128 * 2**20  # bytes of one loader's batches: each program holds them


def read_batches(loader: Any, name: str) -> PyTree:
    """Read all batches of a loader, and return them stacked on a new leading axis, as NumPy arrays.

    `loader` is an iterable of batches, or a function that returns one. A batch is a pytree of what NumPy takes for
    arrays of numbers: of NumPy, JAX, PyTorch on a CPU. All batches have one structure, and leaves of one shape and
    dtype. Messages call the loader `name`.

    Raises TypeError for what yields no such batches, and ValueError if there is none, if two differ in shape, or if
    they have more than 128 MiB.
    """
    source = loader() if callable(loader) and not isinstance(loader, Iterable) else loader
    if not isinstance(source, Iterable) or isinstance(source, (str, bytes, dict)):
        raise TypeError(f"{name} must be an iterable of batches, got {type(source).__name__}; pass a list of batches")
    batches: list[Any] = []
    size = 0
    for number, batch in enumerate(source):
        batch = jax.tree.map(_as_numbers(name), batch)
        if batches and _describe(batch) != _describe(batches[0]):
            raise ValueError(
                f"{name} must have batches of one shape: batch 0 is {_describe(batches[0])}, and batch {number} is "
                f"{_describe(batch)}; leave out a last batch that is smaller (drop_last), and put arrays of one batch "
                "into a tuple"
            )
        batches.append(batch)
        size += sum(leaf.nbytes for leaf in jax.tree.leaves(batch))
        if size > LIMIT:
            raise ValueError(
                f"{name} has more than {LIMIT // 2**20} MiB after {number + 1} batches, which is too much for the "
                "programs that hold them; take the first batches with itertools.islice, or send smaller numbers, such "
                "as uint8, and cast them in the loss"
            )
    if not batches or not jax.tree.leaves(batches[0]):
        raise ValueError(
            f"{name} yields no {'array' if batches else 'batch'}; a generator yields once, so pass its function"
        )
    return jax.tree.map(lambda *leaves: np.stack(leaves), *batches)


def count_batches(stacked: PyTree) -> int:
    """Return the number of batches that are stacked."""
    return len(jax.tree.leaves(stacked)[0])


def digest_batches(*stacks: PyTree) -> str:
    """Return twelve hexadecimal digits that differ if any number, shape or dtype of any batch does."""
    digest = hashlib.sha256()
    for stack in stacks:
        digest.update(_describe(stack).encode())
        for leaf in jax.tree.leaves(stack):
            digest.update(np.asarray(leaf).tobytes())
    return digest.hexdigest()[:12]


def _as_numbers(name: str) -> Any:
    def convert(leaf: Any) -> np.ndarray:
        array = np.asarray(leaf)
        if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
            raise TypeError(
                f"{name} must have batches of numbers, got {type(leaf).__name__} ({array.dtype}); encode texts and "
                "objects as integers before"
            )
        return array

    return convert


def _describe(batch: PyTree) -> str:
    """Describe the structure of a batch, and the shapes and dtypes of its leaves."""
    leaves = [f"{leaf.dtype}[{','.join(map(str, leaf.shape))}]" for leaf in jax.tree.leaves(batch)]
    structure = str(jax.tree.structure(batch)).removeprefix("PyTreeDef")
    return leaves[0] if structure == "(*)" else f"{', '.join(leaves)} in {structure}"
