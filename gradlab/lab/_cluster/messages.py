"""The messages between the command and its workers on other machines, and their way through a pipe."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

_LENGTH = struct.Struct(">Q")


class Setup(NamedTuple):
    """The first message: the settings of the command, and the user's files that its tasks run. A Greeting answers."""

    settings: Mapping[str, Any]  # of JAX
    files: Mapping[str, bytes]  # by their paths below the folder that they are imported from


class Greeting(NamedTuple):
    """The description of a worker: all that results depend on beside the tasks, by name, and its platform."""

    surroundings: Mapping[str, str]
    platform: str


class Tasks(NamedTuple):
    """The tasks of a study, or of a round of a search. Code answers.

    They are pickled, and their problems are pickled apart, so that a problem is one object in all rounds.
    """

    problems: tuple[bytes, ...]
    tasks: tuple[tuple[int, bytes], ...]  # the number of the problem, and the task without it


class Code(NamedTuple):
    """The code that the tasks of a worker run: digests of the user's files, and versions of packages."""

    sources: Mapping[str, str]
    packages: Mapping[str, str]


class Order(NamedTuple):
    """A block to be computed from a chunk on. As many Chunks answer as are missing, or a Failure."""

    task: int
    block: int
    first_chunk: int
    carry: Mapping[str, Any] | None  # the state after the chunk before, as it is stored


class Chunk(NamedTuple):
    """A chunk that is finished: its result, and the state that the next one continues from."""

    number: int
    result: Any
    carry: list[Any]


class Failure(NamedTuple):
    """Why a worker could not do what it was told."""

    message: str
    is_user_code: bool  # then it fails everywhere


class Channel:
    """Messages through a pair of pipes."""

    def __init__(self, source: BinaryIO, target: BinaryIO):
        self.source, self.target = source, target

    def send(self, content: bytes) -> None:
        """Send a message. Raises OSError if nobody reads any more."""
        self.target.write(_LENGTH.pack(len(content)))
        self.target.write(content)
        self.target.flush()

    def receive(self) -> bytes:
        """Return the next message. Raises EOFError if there will be none."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return self._read(length)

    def _read(self, count: int) -> bytes:
        content = self.source.read(count)
        if len(content) < count:
            raise EOFError("the other process has ended")
        return content


def encode(message: NamedTuple) -> bytes:
    """Return a message as bytes. Each machine may have another version of Python: the protocol is named."""
    return pickle.dumps(message, protocol=5)


def decode(content: bytes) -> Any:
    """Return the message of some bytes."""
    return pickle.loads(content)
