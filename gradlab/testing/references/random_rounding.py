"""Arrays that round at random, which show how far rounding alone may move a reference.

A formula such as $v - m^2$ loses all digits where its terms are equal. Then the order of the operations decides on the
result, and a change in the last digit of the gradients need not show it: both terms change alike. So each operation
gets a rounding of its own (Monte Carlo arithmetic; Parker, 1997).
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

import numpy as np

_LAST_DIGIT = 2.0**-52
_COUNT = 1 << 16  # random signs that are drawn at once
# Operations that do not round.
_EXACT = frozenset(
    (np.maximum, np.minimum, np.fmax, np.fmin, np.absolute, np.negative, np.positive, np.sign, np.conjugate)
)
_INEXACT_FUNCTIONS = (np.dot, np.vdot, np.inner, np.einsum, np.tensordot)  # that are no ufuncs, beside np.linalg


class _Rounding:
    """The random factors of one run, 1 plus or minus a last digit."""

    def __init__(self, seed: int, steps: int | None, only_inputs: bool):
        self.steps, self.only_inputs = steps, only_inputs
        self.random = np.random.default_rng([97, seed])
        self.factors = 1 + _LAST_DIGIT * self.random.choice((-1.0, 1.0), _COUNT)
        self.next = 0

    def change_digits(self, number: Any) -> Any:
        """Change the last digit of an array or a number, or of each part of one with several."""
        if type(number) is tuple or hasattr(number, "_fields"):  # such as the result of np.linalg.svd
            return _map(self.change_digits, number)
        if getattr(getattr(number, "dtype", None), "kind", "") not in ("f", "c"):
            return number
        start = self.next
        if start + number.size > _COUNT:
            start = int(self.random.integers(0, _COUNT // 2))
        self.next = start + number.size
        factors = self.factors[start : self.next]
        if factors.size < number.size:
            factors = np.resize(factors, number.size)
        return number * factors.reshape(number.shape)


_rounding: contextvars.ContextVar[_Rounding | None] = contextvars.ContextVar("rounding", default=None)


@contextlib.contextmanager
def rounding_at_random(seed: int, steps: int | None = None, *, only_inputs: bool = False) -> Iterator[None]:
    """Let references that run in this context round at random, and stop after a number of steps (None: after all).

    With `only_inputs`, the last digits of the gradients are changed, and the operations round as ever.
    """
    token = _rounding.set(_Rounding(seed, steps, only_inputs))
    try:
        yield
    finally:
        _rounding.reset(token)


def limit_steps(gradients: list[Any]) -> list[Any]:
    """Return the gradients of the steps that are run."""
    rounding = _rounding.get()
    return gradients if rounding is None else gradients[: rounding.steps]


def perturb(leaves: dict[str, Any]) -> dict[str, Any]:
    """Return arrays that round at random, with changed last digits; the same arrays outside of the context.

    References that turn them into plain arrays see the changed digits at least.
    """
    rounding = _rounding.get()
    if rounding is None:
        return leaves
    changed = {path: rounding.change_digits(leaf) for path, leaf in leaves.items()}
    return changed if rounding.only_inputs else {path: _wrap(leaf) for path, leaf in changed.items()}


class RandomlyRoundedArray(np.ndarray[Any, Any]):
    """An array whose operations round up or down at random, by one in the last digit."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = (), **options: Any) -> Any:
        """Compute with plain arrays, and change the last digits of the result."""
        if out:
            options["out"] = tuple(map(_unwrap, out))
        result = getattr(ufunc, method)(*map(_unwrap, inputs), **options)
        rounding = _rounding.get()
        if rounding is not None and ufunc not in _EXACT:
            result = rounding.change_digits(result)
        if not out:
            return _wrap(result)
        for target, part in zip(options["out"], result if isinstance(result, tuple) else (result,), strict=True):
            if target is not None:
                target[...] = part
        return out[0] if len(out) == 1 else out

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        """Compute with plain arrays. Functions that select or arrange numbers do not round."""
        result = function(*_unwrap(arguments), **_unwrap(options))
        rounding = _rounding.get()
        is_exact = function not in _INEXACT_FUNCTIONS and "linalg" not in getattr(function, "__module__", "")
        return _wrap(result if rounding is None or is_exact else rounding.change_digits(result))


def _wrap(result: Any) -> Any:
    """Return an array or a number of floating point, or each of several, as an array that rounds at random."""
    if type(result) is tuple or hasattr(result, "_fields"):
        return _map(_wrap, result)
    if getattr(getattr(result, "dtype", None), "kind", "") not in ("f", "c"):
        return result
    return np.asarray(result).view(RandomlyRoundedArray)


def _unwrap(item: Any) -> Any:
    """Return arrays, also those in containers, as plain arrays."""
    kind = type(item)
    if kind is RandomlyRoundedArray:
        return item.view(np.ndarray)
    if kind is tuple or kind is list:
        return kind(map(_unwrap, item))
    return {key: _unwrap(value) for key, value in item.items()} if kind is dict else item


def _map(change: Any, parts: Any) -> Any:
    """Change each part of a tuple, which may have names."""
    changed = map(change, parts)
    return type(parts)(*changed) if hasattr(parts, "_fields") else tuple(changed)
