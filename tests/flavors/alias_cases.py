"""optax's own tests of its optimizers (`alias_test.py`, in its wheel), run on other optimizers of the same names."""

from __future__ import annotations

import importlib
import re
import types
import unittest
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import jax
import optax

OPTIMIZERS = {
    *("adadelta", "adagrad", "adam", "adamax", "adamaxw", "adamw", "amsgrad"),
    *("nadam", "nadamw", "rmsprop", "sgd", "sgd_mom", "sign_sgd"),
}

# What optax calls a moment in its states; a state of gradlab that stands in for it has it first.
STATE_NAMES = {"mu": "moment", "trace": "moment"}


@contextmanager
def optax_settings() -> Iterator[None]:
    """JAX and warnings as optax's tests expect them; the configuration, as these tests themselves change it."""
    ours = {name: getattr(jax.config, name) for name in ("jax_enable_x64", "jax_numpy_dtype_promotion")}
    jax.config.update("jax_enable_x64", False)
    jax.config.update("jax_numpy_dtype_promotion", "standard")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, value in ours.items():
            jax.config.update(name, value)


def _module() -> Any:
    with optax_settings():
        return importlib.import_module("optax._src.alias_test")


def cases() -> dict[str, unittest.TestCase]:
    """The tests of the optimizers that gradlab has too, by name and parameters."""
    found = {}
    tests: Any = unittest.defaultTestLoader.loadTestsFromTestCase(_module().AliasTest)
    for case in tests:
        name, _, parameters = case.id().partition("AliasTest.")[2].partition(" ")
        if (optimizer := re.search(r"opt_name='(\w+)'", parameters)) and optimizer[1] in OPTIMIZERS:
            short = re.sub(r"<(?:function|class) '?(?:jax\.numpy\.)?(\w+)(?:'| at \w+)>", r"\1", parameters)
            found[f"{name.rstrip('0123456789')}{short}"] = case
    return found


def verdict(name: str, failed: str | None, known: dict[str, str]) -> str | None:
    """What is wrong with the list of known failures, by pattern of the name, after a test."""
    listed = [pattern for pattern in known if re.search(pattern, name)]
    if failed and not listed:
        return f"fails, and is not listed: {failed}"
    if listed and not failed:
        return f"passes, and is listed under {listed[0]!r}"
    return None


def failure(case: unittest.TestCase, optimizers: Any) -> str | None:
    """Run one test with the functions of a module, such as `gl.flavors.optax`, in the place of optax's.

    Returns the last line of the first failure, or None if there is none.
    """
    module = _module()
    with optax_settings(), mock.patch.multiple(module, alias=optimizers, optax=_optax_with_our_states()):
        result = unittest.TestResult()
        case.run(result)
    first = next(iter(result.failures + result.errors), None)
    return None if first is None else first[1].strip().split("\n")[-1]


def _optax_with_our_states() -> Any:
    """optax, whose `tree.get` finds a moment of gradlab's under optax's name for it."""

    def get(tree: Any, key: str) -> Any:
        own = optax.tree.get_all_with_path(tree, STATE_NAMES[key])
        return own[0][1]

    tree = types.SimpleNamespace(**vars(optax.tree) | {"get": get})
    return types.SimpleNamespace(**vars(optax) | {"tree": tree})
