"""Communication between the processes that share a study, which `jax.distributed` connects."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import TypeVar

import jax
import numpy as np

from .._inputs.user_errors import UserCodeError

T = TypeVar("T")


class Processes:
    """The processes that share the work: one, unless `jax.distributed` was initialized.

    All processes must call the same methods in the same order.

    Values travel as pickled bytes, also where they are arrays, which `process_allgather` could take directly. That was
    measured with two processes: it compiles a program for each new shape (0.2 to 0.4 s for the arrays of a chunk, where
    bytes take 0.05 s), is no faster afterwards, and rounds 64-bit numbers to 32 bits unless `jax_enable_x64` is set.
    """

    def __init__(self) -> None:
        self.count, self.index = jax.process_count(), jax.process_index()

    @property
    def is_first(self) -> bool:
        """True for the first process, which alone reads and writes files."""
        return self.index == 0

    def broadcast(self, value: T) -> T:
        """Return the value that the first process passes; the values of the others are ignored."""
        return self.gather(value if self.is_first else None)[0]  # type: ignore[return-value]

    def gather(self, value: T) -> list[T]:
        """Return the values that all processes pass, in the order of the processes."""
        if self.count == 1:
            return [value]
        return [pickle.loads(content) for content in self._gather_bytes(pickle.dumps(value))]

    def call(self, function: Callable[[], T]) -> T:
        """Call a function in each process, and return the result of this one.

        Raise UserCodeError in all processes if the function raises it in one of them.
        """
        result: T | None = None
        failure: UserCodeError | None = None
        try:
            result = function()
        except UserCodeError as error:
            failure = error
        messages = self.gather(None if failure is None else str(failure))
        if failure is None and any(messages):
            failure = UserCodeError(next(message for message in messages if message))
        if failure is not None:
            raise failure
        return result  # type: ignore[return-value]

    def concatenate(self, tree: T) -> T:
        """Return the arrays of all processes, concatenated along the first axis. All processes pass the same shapes."""
        return tree if self.count == 1 else jax.tree.map(lambda *arrays: np.concatenate(arrays), *self.gather(tree))

    def _gather_bytes(self, content: bytes) -> list[bytes]:
        from jax.experimental.multihost_utils import process_allgather

        lengths = np.asarray(process_allgather(np.array([len(content)], np.int32))).ravel()
        # Padded to a power of two, because each length needs a program of its own.
        padded = np.zeros(1 << int(lengths.max() - 1).bit_length(), np.uint8)
        padded[: len(content)] = np.frombuffer(content, np.uint8)
        rows = np.asarray(process_allgather(padded)).reshape(self.count, -1)
        return [row[:length].tobytes() for row, length in zip(rows, lengths)]
