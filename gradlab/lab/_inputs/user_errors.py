"""Errors in users' code, as one line that names the user's line, in place of a traceback through gradlab."""

from __future__ import annotations

import json
import os
import re
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import jax
import optax

import gradlab
from gradlab.interrupts import is_interrupt
from gradlab.user_code_time_limit import VARIABLE, OutOfTimeError, time_limit_seconds

_GRADLAB = str(Path(gradlab.__file__).parent)
_JAX, _OPTAX_SCHEDULES = f"{Path(jax.__file__).parent}/", f"{Path(optax.schedules.__file__).parent}/"
_FRAME = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)  # of a traceback as text
# JAX's errors for code that needs the value of an array while it is traced; all others derive from these two.
_UNKNOWN_VALUES = (jax.errors.ConcretizationTypeError, jax.errors.TracerArrayConversionError)
_COMPILED = (
    "the code is compiled, and the values of arrays are unknown then; compute with jax.numpy, in place of NumPy, "
    "float(), int() and `if` (jnp.where, jax.lax.cond)"
)
_SCHEDULE_OF_OPTAX = (
    "this schedule of optax compares its numbers, which are unknown while the code is compiled; take one of "
    "gl.schedules, such as gl.schedules.warmup_cosine, or build it of fixed numbers, with a peak of 1, and multiply: "
    "lambda step: learning_rate * schedule(step)"
)
_NONFINITE_SETTINGS = {"nan": "JAX_DEBUG_NANS", "inf": "JAX_DEBUG_INFS"}


class UserCodeError(ValueError):
    """An optimizer or a problem of the user's that fails. Its text is one line: the cause, and the user's line.

    >>> def broken(learning_rate):
    ...     raise OSError("no rate")
    >>> try:
    ...     results = gl.lab.race("ravine", {"mine": broken}, rates=2, seeds=2, steps=12)
    ... except gl.lab.UserCodeError as error:
    ...     print(error)
    mine on ravine fails: OSError: no rate
    """


class RefusedHyperparametersError(UserCodeError):
    """A user's optimizer that refuses its hyperparameters."""


# Problem -> optimizer -> how it failed, such as "fails: ValueError: ...", which follows "OPTIMIZER on PROBLEM".
Failures = Mapping[str, Mapping[str, str]]


@contextmanager
def convert_user_errors(label: str, is_user_code: bool) -> Iterator[None]:
    """Raise a UserCodeError in place of any error that user code raises. Messages call that code `label`.

    Errors of gradlab's own code pass unchanged, unless they occur while compiled code runs: errors of callbacks, a lack
    of memory, and a NaN that JAX was asked to report. `sys.exit` in user code is converted too, and so is an interrupt
    that does not come from Ctrl-C. If user code changes the working directory on the main thread, it is changed back.
    """
    is_main = threading.current_thread() is threading.main_thread()
    folder = _working_directory() if is_user_code and is_main else None
    try:
        yield
    except (UserCodeError, GeneratorExit):
        raise
    except BaseException as error:
        if is_interrupt(error):
            raise
        is_from_run = isinstance(error, jax.errors.JaxRuntimeError) or describe_nonfinite_error(error) is not None
        if not (is_user_code or is_from_run):
            raise
        raise UserCodeError(f"{label} fails{locate_in_user_code(error)}: {describe_error(error)}") from error
    finally:
        if folder is not None and _working_directory() != folder:
            os.chdir(folder)


def _working_directory() -> str | None:
    try:
        return os.getcwd()
    except FileNotFoundError:  # it was removed
        return None


def describe_error(error: BaseException) -> str:
    """Describe an error in one line: its type and its message, or those of the callback that raised it."""
    text = str(error).strip()
    if isinstance(error, OutOfTimeError):
        return f"no answer after {time_limit_seconds():g} s; set {VARIABLE} to wait longer"
    if isinstance(error, SystemExit):
        return f"it ends the program, by sys.exit({error.code!r})"
    if isinstance(error, jax.errors.JaxRuntimeError) and _FRAME.search(text):
        below = text[[*_FRAME.finditer(text)][-1].end() :].split("\n")[1:]
        text = "\n".join(line for line in below if not line.startswith("    "))  # without the quoted line of code
        return " ".join(text.split("\n\n")[0].split())
    if (nonfinite := describe_nonfinite_error(error)) is not None:
        return nonfinite
    if "RESOURCE_EXHAUSTED" in text or isinstance(error, MemoryError):
        return f"there is not enough memory; pass a smaller --lanes ({' '.join(text.split())[:120]})"
    if isinstance(error, _UNKNOWN_VALUES):
        return f"{type(error).__name__}: {_SCHEDULE_OF_OPTAX if _is_from_schedule_of_optax(error) else _COMPILED}"
    if isinstance(error, RecursionError):
        return "RecursionError: it calls itself without end"
    first = " ".join(text.split("\n\n")[0].split())  # in JAX's messages, general advice follows the first paragraph
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _is_from_schedule_of_optax(error: BaseException) -> bool:
    """Return whether the innermost line outside of JAX that an error passed is one of optax's schedules."""
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    innermost = next((file for file in reversed(files) if not file.startswith(_JAX)), "")
    return innermost.startswith(_OPTAX_SCHEDULES)


def describe_nonfinite_error(error: BaseException) -> str | None:
    """Describe an error that JAX raises for a NaN or an infinity if it is asked to; return None for any other error."""
    kind = next((kind for kind in _NONFINITE_SETTINGS if error.args[-1:] == (kind,)), None)
    if isinstance(error, FloatingPointError):
        kind = "inf" if "inf" in str(error) else "nan"
    elif type(error).__name__ != "InternalFloatingPointError":  # which JAX raises for programs compiled in advance
        return None
    setting = _NONFINITE_SETTINGS[kind or "nan"]
    return (
        f"FloatingPointError: a run gives {kind or 'nan'}, and {setting} is set; without it the run counts as diverged"
    )


def locate_in_user_code(error: BaseException) -> str:
    """Return " at FILE:LINE (CODE)" for the innermost line of the user's that an error passed; "" if there is none.

    Files of gradlab, of Python and of installed packages are not the user's.
    """
    if isinstance(error, jax.errors.JaxRuntimeError):  # its message holds the traceback of the callback
        for frame in reversed([*_FRAME.finditer(str(error))]):
            if _is_user_file(frame["file"]):
                code = traceback.linecache.getline(frame["file"], int(frame["line"])).strip()  # type: ignore[attr-defined]
                return f" at {frame['file']}:{frame['line']} ({code})"
    for summary in reversed(traceback.extract_tb(error.__traceback__)):
        if _is_user_file(summary.filename):
            return f" at {summary.filename}:{summary.lineno} ({summary.line})"
    return ""


def _is_user_file(file: str) -> bool:
    return not (file.startswith(("<", _GRADLAB)) or "site-packages" in file or "/lib/python" in file)


def describe_failures(failures: Failures) -> list[str]:
    """Describe failures in one line each. Optimizers that fail alike on a problem share a line."""
    descriptions = []
    for problem, failed in failures.items():
        groups: dict[str, list[str]] = {}
        for optimizer, failure in failed.items():
            groups.setdefault(failure, []).append(optimizer)
        for failure, names in groups.items():
            subject = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
            predicate = failure if len(names) == 1 else re.sub("^fails", "fail", failure)
            descriptions.append(f"{subject} on {problem} {predicate}")
    return descriptions


def read_failures(attributes: Mapping[str, str]) -> Failures:
    """Read the failures from the attributes of results; return none if they are damaged."""
    try:
        failures = json.loads(attributes.get("failed", "{}"))
    except ValueError:
        return {}
    return failures if isinstance(failures, dict) else {}
