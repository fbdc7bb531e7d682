"""Standard output and standard error when they are full or closed, or when their encoding lacks characters."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_PLAIN = {
    "×": "x", "÷": "/", "±": "+/-", "†": "+", "−": "-", "–": "-", "—": "-", "…": "...", "’": "'", "“": '"', "”": '"',
    "·": "*", "²": "^2", "³": "^3", "√": "sqrt", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "∞": "inf", "→": "->",
    "─": "-", "━": "-", "│": "|", "•": "*", "β": "beta", "ε": "eps", "α": "alpha", "γ": "gamma", "λ": "lambda",
}  # fmt: skip


def _replace_letters(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that the encoding lacks by plain ones, escaped bytes of file names, or question marks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    escapes = (
        f"\\x{ord(character) - 0xDC00:02x}" if "\udc80" <= character <= "\udcff" else None for character in characters
    )
    return "".join(byte or _PLAIN.get(character, "?") for character, byte in zip(characters, escapes)), error.end


codecs.register_error("gradlab", _replace_letters)


class OutputError(Exception):
    """An output stream cannot be written. It is no OSError, because those are reported for the folder of results."""


class ClosedPipeError(OutputError):
    """The reader of a pipe, such as `head`, has closed it."""


class _GuardedStream:
    """A stream that raises OutputError when it cannot be written. Standard error is silent instead."""

    def __init__(self, stream: Any, number: int):
        self._stream, self._number = stream, number
        self._failure: OutputError | None = None  # raised at each write, because libraries may swallow it

    @property
    def buffer(self) -> _GuardedStream:
        """The binary stream below, which some libraries write to."""
        return _GuardedStream(self._stream.buffer, self._number)

    def write(self, text: str | bytes) -> int:
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def _try(self, call: Any) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            call()
        except (OSError, ValueError) as error:  # ValueError if the stream was closed
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._number)  # the rest of the buffer goes there
            if self._number == 2:
                return
            kind = ClosedPipeError if isinstance(error, BrokenPipeError) else OutputError
            self._failure = kind(getattr(error, "strerror", None) or str(error))
            raise self._failure from None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def guard_streams() -> Iterator[None]:
    """Within the context, report when standard output cannot be written, and ignore closed streams."""
    before = sys.stdout, sys.stderr
    for number, name in ((0, "stdin"), (1, "stdout"), (2, "stderr")):
        try:
            os.fstat(number)
        except OSError:  # a closed number would go to the next file that is opened
            os.open(os.devnull, os.O_RDWR)
        if number and getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        if number:
            stream = getattr(sys, name)
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="gradlab")
            setattr(sys, name, _GuardedStream(stream, number))
    try:
        yield
        sys.stdout.flush()
    finally:
        sys.stdout, sys.stderr = before
