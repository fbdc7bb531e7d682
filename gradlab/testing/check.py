"""`check` and `assert_lawful`: every law, on any transformation, with a report in words."""

from __future__ import annotations

import difflib
import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax

from ..base import Transformation
from ..interrupts import is_interrupt
from ..time_limit import OutOfTimeError, limit_time
from ..values import is_factory, is_number
from . import laws as laws
from . import references
from .law import CLAIMS, CONTRACTS, Broken, Law, NotApplicable
from .report import BROKEN, HOLDS, NOT_APPLICABLE, Report, Result
from .subject import Subject
from .trajectory import require_same_trajectory


class SettingError(ValueError):
    """A setting of JAX under which no law can be examined."""


DTYPES = ("float32", "bfloat16", "float16", "float64", "complex64")


def check(
    tx: optax.GradientTransformation | Callable[..., Any],
    *,
    reference: str | Callable[..., Any] | None = None,
    claims: tuple[str, ...] | Mapping[str, Any] = (),
    dtypes: tuple[str, ...] = DTYPES,
    laws: tuple[str, ...] | None = None,
    extra: Mapping[str, Any] | None = None,
    seconds_per_law: float = 30.0,
    **arguments: Any,
) -> Report:
    """Examine a transformation by every law that applies to it, and report.

    `tx` is a transformation of gradlab or optax, an `(init, update)` pair, anything with those two methods, or a
    factory, which is then called with `arguments`; of a factory, and of a gradlab value, the hyperparameters are known
    and examined too.

    `reference` is a step function or the name of one in `gradlab.testing.references`: the trajectory must be its.
    `claims` are names of further laws that are claimed to hold (see `gradlab.testing.CLAIMS`); `{"accumulates": 4}`
    gives one a number, and `{"except": ("turns with i",)}` takes a part of a contract back. `dtypes` are those
    of the parameters to try, `laws` the contracts to examine (all by default), `extra` the extra arguments of `update`.

    Never raises for what the transformation does: a factory that raises, a result that is no pair, and a law that
    takes longer than `seconds_per_law` are findings too. Raises ValueError for an unknown dtype, law or claim, and
    under `jax.disable_jit`. Under a transfer guard, laws are examined as without one: there an optimizer is passed to a
    compiled function as `jax.device_put(tx)`.
    """
    require_compilation()
    with jax.transfer_guard("allow"):  # a Python number that is passed to a compiled function is a transfer
        return _check(tx, reference, claims, dtypes, laws, dict(extra or {}), seconds_per_law, arguments)


def require_compilation() -> None:
    """Raise SettingError under `jax.disable_jit`."""
    if jax.config.values["jax_disable_jit"]:
        raise SettingError("jax_disable_jit is set, and laws are about compiled programs; unset JAX_DISABLE_JIT")


def _check(tx, reference, claims, dtypes, laws, extra, seconds_per_law, arguments) -> Report:
    claimed = dict(claims) if isinstance(claims, Mapping) else dict.fromkeys(claims)
    for name, given in (("laws", laws), ("claims", claims)):
        if isinstance(given, str):
            raise TypeError(f"{name} must be a tuple of names, got the string {given!r}; write {name}=({given!r},)")
    _require_known("law", laws or (), CONTRACTS)
    _require_known("claim", [name for name in claimed if name != "except"], CLAIMS)
    if isinstance(dtypes, str):
        raise TypeError(f"dtypes must be a tuple of names, got the string {dtypes!r}; write dtypes=({dtypes!r},)")
    if isinstance(reference, str) and not inspect.isfunction(getattr(references, reference, None)):
        known = [name for name, item in vars(references).items() if inspect.isfunction(item) and name != "trajectory"]
        raise ValueError(f"unknown reference {reference!r}; there are: {', '.join(sorted(known))}")
    if isinstance(tx, tuple):
        _require_options(arguments)
    for dtype in dtypes:
        try:
            is_inexact = jnp.issubdtype(jnp.dtype(dtype), jnp.inexact)
        except TypeError:
            raise ValueError(f"unknown dtype {dtype!r}; there are: {', '.join(DTYPES)} and complex128") from None
        if not is_inexact:
            raise ValueError(f"dtypes must be floating-point or complex, got {dtype!r}")
    label = _label(tx, arguments)
    try:
        with limit_time(seconds_per_law):
            subject = _subject(tx, arguments, label, dtypes, claimed, extra)
    except BaseException as error:
        if is_interrupt(error):
            raise
        return Report(label, (_cannot_be_made(error, seconds_per_law),))
    chosen = [law for name, law in CONTRACTS.items() if laws is None or name in laws]
    chosen += [CLAIMS[name] for name in claimed if name != "except"]
    results = []
    for law in chosen:
        results.append(_examine(law, subject, seconds_per_law))
        if results[-1].detail.startswith(_NO_ANSWER):
            break  # what hangs once hangs again
    if reference is not None and not any(result.detail.startswith(_NO_ANSWER) for result in results):
        results.append(_examine(_trajectory_law(reference, arguments), subject, seconds_per_law))
    return Report(label, tuple(results))


def assert_lawful(tx: optax.GradientTransformation | Callable[..., Any], **options: Any) -> None:
    """`check`, raising AssertionError with the report if any law is broken."""
    report = check(tx, **options)
    if not report.ok:
        raise AssertionError(str(report))


_NO_ANSWER = "no answer after"


def _subject(tx, arguments, label, dtypes, claims, extra) -> Subject:
    if isinstance(tx, tuple) or _has_both(tx):
        if arguments:
            raise TypeError(f"arguments {', '.join(arguments)} go with a factory, but {label} is one already made")
        pair = _pair(tx, label)
        return Subject(pair, label=label, dtypes=dtypes, claims=claims, extra=extra)
    if not callable(tx):
        raise TypeError(f"expected a transformation or a factory of one, got {type(tx).__name__}: {tx!r}")
    made = tx(**arguments)
    if isinstance(made, Transformation):
        return Subject(made, label=label, dtypes=dtypes, claims=claims, extra=extra)
    numbers = {
        name: float(value) for name, value in arguments.items() if is_number(value) and not isinstance(value, int)
    }
    return Subject(
        _pair(made, label),
        label=label,
        hyperparameters=numbers,
        remake=lambda given: _pair(tx(**(arguments | given)), label),
        dtypes=dtypes,
        claims=claims,
        extra=extra,
    )


def _pair(made: Any, label: str) -> optax.GradientTransformation:
    if isinstance(made, optax.GradientTransformation):
        return made
    if isinstance(made, tuple) and len(made) == 2 and all(map(callable, made)):
        return optax.GradientTransformationExtraArgs(made[0], made[1])
    if _has_both(made):
        return optax.GradientTransformationExtraArgs(made.init, made.update)
    raise TypeError(
        f"{label} must give an (init, update) pair of functions, such as optax.GradientTransformation(init, update); "
        f"it gave {type(made).__name__}: {made!r}"
    )


def _has_both(made: Any) -> bool:
    """Whether it is an instance of somebody's class with `init` and `update`."""
    return not (isinstance(made, type) or is_factory(made)) and all(
        callable(getattr(made, name, None)) for name in ("init", "update")
    )


def _label(tx: Any, arguments: Mapping[str, Any]) -> str:
    if isinstance(tx, Transformation):
        return repr(tx)
    if isinstance(tx, tuple):
        return getattr(tx[0], "__qualname__", "transformation").split(".")[0] if tx else "()"
    name = getattr(tx, "__name__", type(tx).__name__)
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"


def _examine(law: Law, subject: Subject, seconds: float) -> Result:
    start = time.perf_counter()

    def result(verdict: str, detail: str = "", meaning: str = "") -> Result:
        return Result(law.name, law.statement, verdict, detail, meaning, time.perf_counter() - start)

    try:
        with limit_time(seconds):
            law.examine(subject)
    except NotApplicable as reason:
        return result(NOT_APPLICABLE, str(reason))
    except Broken as counterexample:
        return result(BROKEN, str(counterexample), law.meaning)
    except OutOfTimeError:
        return result(BROKEN, f"{_NO_ANSWER} {seconds:g} s", "it waits or loops without end, while it is traced")
    except BaseException as error:  # also SystemExit, which would end the program
        if is_interrupt(error):
            raise
        lines = str(error).strip().splitlines() or [""]
        return result(BROKEN, f"it raised {type(error).__name__}: {lines[0]}", law.meaning)
    return result(HOLDS)


def _trajectory_law(reference: Any, arguments: Mapping[str, Any]) -> Law:
    name = reference if isinstance(reference, str) else reference.__name__
    return Law(
        "same trajectory",
        f"it moves as the reference {name} does, in double precision",
        "",
        lambda subject: require_same_trajectory(
            subject.tx if subject.value is None else subject.value, reference, arguments
        ),
    )


def _cannot_be_made(error: BaseException, seconds: float) -> Result:
    meaning = "check calls the factory with the arguments it is given, and needs an (init, update) pair in return"
    timed_out = isinstance(error, OutOfTimeError)
    detail = f"{_NO_ANSWER} {seconds:g} s" if timed_out else f"{type(error).__name__}: {error}"
    return Result("made", "the factory returns a transformation", BROKEN, detail, meaning)


def _require_options(arguments: Mapping[str, Any]) -> None:
    """Raise TypeError for an option of `check` that is misspelt: what is made already takes no arguments."""
    options = [name for name in inspect.signature(check).parameters if name not in ("tx", "arguments")]
    for name in arguments:
        if near := difflib.get_close_matches(name, options, n=1, cutoff=0.75):
            raise TypeError(f"check has no argument {name!r}; did you mean {near[0]}?")


def _require_known(kind: str, names: Any, known: Mapping[str, Law]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"unknown {kind} {name!r}; there are: {', '.join(known)}")
