"""Blame: what to say when code that is not ours fails, in place of a traceback through ours."""

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

import gradlab
from gradlab.interrupts import is_interrupt
from gradlab.time_limit import VARIABLE, OutOfTimeError, time_limit_seconds

_OURS = str(Path(gradlab.__file__).parent)
_FRAME = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)  # of a traceback as text
_UNKNOWN_VALUES = (jax.errors.ConcretizationTypeError, jax.errors.TracerArrayConversionError)  # and what they comprise
_COMPILED = (
    "the code is compiled, and the values of arrays are unknown then; compute with jax.numpy, in place of NumPy, "
    "float(), int() and `if` (jnp.where, jax.lax.cond)"
)
_SPECIAL = {"nan": "JAX_DEBUG_NANS", "inf": "JAX_DEBUG_INFS"}


class UserCodeError(ValueError):
    """An optimizer or a problem of somebody else's that fails; the text, a line, says why, and where in its file."""


class RefusedHyperparametersError(UserCodeError):
    """An optimizer of somebody else's that refuses the hyperparameters it is called with."""


# Failed contestants: problem -> optimizer -> the sentence behind "OPTIMIZER on PROBLEM".
Failures = Mapping[str, Mapping[str, str]]


@contextmanager
def convert_user_errors(what: str, foreign: bool) -> Iterator[None]:
    """Raise a UserCodeError, from the original one, where something `foreign` called `what` fails; else let it pass.

    What fails while compiled code runs (callbacks, memory, a NaN that JAX was asked to look for) is a UserCodeError
    for code of ours too. So is what would end the program: `sys.exit`, and an interrupt that is no Ctrl-C. On the main
    thread, code that changes the working directory has no effect by that.
    """
    is_main = threading.current_thread() is threading.main_thread()
    folder = _working_directory() if foreign and is_main else None
    try:
        yield
    except (UserCodeError, GeneratorExit):
        raise
    except BaseException as error:
        if is_interrupt(error):
            raise
        if not foreign and not isinstance(error, jax.errors.JaxRuntimeError) and special(error) is None:
            raise
        raise UserCodeError(f"{what} fails{place(error)}: {reason(error)}") from error
    finally:
        if folder is not None and _working_directory() != folder:
            os.chdir(folder)


def _working_directory() -> str | None:
    try:
        return os.getcwd()
    except FileNotFoundError:  # it was removed
        return None


def reason(error: BaseException) -> str:
    """Why an error was raised, in one line: its type and its message, or those of the callback that raised it."""
    text = str(error).strip()
    if isinstance(error, OutOfTimeError):
        return f"no answer after {time_limit_seconds():g} s; set {VARIABLE} to wait longer"
    if isinstance(error, SystemExit):
        return f"it ends the program, by sys.exit({error.code!r})"
    if isinstance(error, jax.errors.JaxRuntimeError) and _FRAME.search(text):
        below = text[[*_FRAME.finditer(text)][-1].end() :].split("\n")[1:]
        text = "\n".join(line for line in below if not line.startswith("    "))
        return " ".join(text.split("\n\n")[0].split())
    if special(error) is not None:
        return special(error)  # type: ignore[return-value]
    if "RESOURCE_EXHAUSTED" in text or isinstance(error, MemoryError):
        return f"there is not enough memory; pass a smaller --lanes ({' '.join(text.split())[:120]})"
    if isinstance(error, _UNKNOWN_VALUES):
        return f"{type(error).__name__}: {_COMPILED}"
    if isinstance(error, RecursionError):
        return "RecursionError: it calls itself without end"
    first = " ".join(text.split("\n\n")[0].split())  # JAX goes on with advice
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def special(error: BaseException) -> str | None:
    """What to say of a NaN or an infinity that JAX was asked to look for; None for any other error."""
    kind = next((kind for kind in _SPECIAL if error.args[-1:] == (kind,)), None)
    if isinstance(error, FloatingPointError):
        kind = "inf" if "inf" in str(error) else "nan"
    elif type(error).__name__ != "InternalFloatingPointError":  # which JAX raises for programs compiled in advance
        return None
    setting = _SPECIAL[kind or "nan"]
    return (
        f"FloatingPointError: a run gives {kind or 'nan'}, and {setting} is set; without it the run counts as diverged"
    )


def place(error: BaseException) -> str:
    """ " at file:line (code)" of the innermost line that is neither ours nor an installed package's; else nothing."""
    if isinstance(error, jax.errors.JaxRuntimeError):  # it quotes the traceback of a callback
        for found in reversed([*_FRAME.finditer(str(error))]):
            if _is_theirs(found["file"]):
                code = traceback.linecache.getline(found["file"], int(found["line"])).strip()  # type: ignore[attr-defined]
                return f" at {found['file']}:{found['line']} ({code})"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if _is_theirs(frame.filename):
            return f" at {frame.filename}:{frame.lineno} ({frame.line})"
    return ""


def _is_theirs(file: str) -> bool:
    return not (file.startswith(("<", _OURS)) or "site-packages" in file or "/lib/python" in file)


def lines(failures: Failures) -> list[str]:
    """The failures in words, one line each; a reason that several optimizers have on a problem is one line."""
    found = []
    for problem, failed in failures.items():
        groups: dict[str, list[str]] = {}
        for optimizer, why in failed.items():
            groups.setdefault(why, []).append(optimizer)
        for why, names in groups.items():
            who = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
            verb = why if len(names) == 1 else re.sub("^fails", "fail", why)
            found.append(f"{who} on {problem} {verb}")
    return found


def failures_of(attributes: Mapping[str, str]) -> Failures:
    """The failures that the attributes of results name; none if they cannot be read."""
    try:
        found = json.loads(attributes.get("failed", "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
