"""The time that a search for an explanation may take, once a wrong trajectory is found."""

from __future__ import annotations

from ...user_code_time_limit import seconds_in_force

_SECONDS = 30.0  # where no law sets a limit
WAIT = 10.0  # times as long may a search last on a busy machine, where the clock runs faster than the processor


def search_seconds() -> float:
    """Return the seconds of processor time that a search may take: as many as the law that it is about."""
    return seconds_in_force() or _SECONDS


def describe_end(target: str, seconds: float) -> str:
    """Say that a search has ended without a result because its time was over, and how to give it more."""
    return (
        f"The search for {target} has ended unfinished, after {seconds:g} s; seconds_per_law=... of check, or "
        f"--seconds-per-law on the command line, gives it more."
    )


def is_end(sentence: str) -> bool:
    """Return whether a sentence only says that a search has ended unfinished."""
    return sentence.startswith("The search for ") and "has ended unfinished" in sentence
