"""Several processes at one race, through `jax.distributed`: who they are, and how they tell each other things."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import TypeVar

import jax
import numpy as np

from ..inputs.user_errors import UserCodeError

T = TypeVar("T")


class Processes:
    """The processes that share the work; one alone unless `jax.distributed` was initialized.

    All of them call the same methods in the same order.
    """

    def __init__(self) -> None:
        self.count, self.index = jax.process_count(), jax.process_index()

    @property
    def is_first(self) -> bool:
        """Whether this is the process that reads and writes."""
        return self.index == 0

    def from_first(self, value: T) -> T:
        """What the first process passed."""
        return self.all(value if self.is_first else None)[0]  # type: ignore[return-value]

    def all(self, value: T) -> list[T]:
        """What each process passed, in order."""
        return [value] if self.count == 1 else [pickle.loads(text) for text in self._gathered(pickle.dumps(value))]

    def together(self, call: Callable[[], T]) -> T:
        """What a call gives in each process. Raises UserCodeError in all of them if it does in one."""
        found: T | None = None
        failure: UserCodeError | None = None
        try:
            found = call()
        except UserCodeError as error:
            failure = error
        texts = self.all(None if failure is None else str(failure))
        if failure is None and any(texts):
            failure = UserCodeError(next(text for text in texts if text))
        if failure is not None:
            raise failure
        return found  # type: ignore[return-value]

    def joined(self, tree: T) -> T:
        """The arrays of all processes, one after the other along their first axis; all have the same shapes."""
        return tree if self.count == 1 else jax.tree.map(lambda *arrays: np.concatenate(arrays), *self.all(tree))

    def _gathered(self, text: bytes) -> list[bytes]:
        """The texts of all processes, in order."""
        from jax.experimental.multihost_utils import process_allgather

        lengths = np.asarray(process_allgather(np.array([len(text)], np.int32))).ravel()
        # To a power of two, because each length is a program of its own.
        padded = np.zeros(1 << int(lengths.max() - 1).bit_length(), np.uint8)
        padded[: len(text)] = np.frombuffer(text, np.uint8)
        rows = np.asarray(process_allgather(padded)).reshape(self.count, -1)
        return [row[:length].tobytes() for row, length in zip(rows, lengths)]
