"""The examples in the docstrings run, and print what they show.

A reader has imported `gradlab` as `gl`, `jax`, `jax.numpy` as `jnp` and `numpy` as `np`. Arrays are printed with four
digits, so that an example shows the same in any precision.
"""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
import pytest

import gradlab

READERS_NAMES = {"gl": gradlab, "jax": jax, "jnp": jax.numpy, "np": np}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture(autouse=True)
def readers_session() -> Iterator[None]:
    """Use the settings of a fresh session, whatever other tests use, but print few digits."""
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"), np.printoptions(precision=4, suppress=True):
        yield


def list_modules() -> list[str]:
    found = pkgutil.walk_packages(gradlab.__path__, "gradlab.")
    return [module.name for module in found if not module.name.endswith("__main__")]


def find_documentation(module: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and the docstring of a module, and of all that it defines.

    `doctest.DocTestFinder` leaves out decorated functions, because they have the globals of their decorator.
    """
    yield module.__name__, module.__doc__ or ""
    for name, thing in vars(module).items():
        is_own = getattr(thing, "__module__", None) == module.__name__
        if is_own and (inspect.isroutine(thing) or inspect.isclass(thing)):
            yield f"{module.__name__}.{name}", inspect.getdoc(thing) or ""
            for key, member in vars(thing).items() if inspect.isclass(thing) else ():
                own = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if inspect.isfunction(own):
                    yield f"{module.__name__}.{name}.{key}", inspect.getdoc(own) or ""


def run_examples(name: str, text: str) -> None:
    """Run the examples of a docstring, and raise AssertionError unless they print what they show."""
    examples = doctest.DocTestParser().get_doctest(text, dict(READERS_NAMES), name, None, 0)
    report: list[str] = []
    doctest.DocTestRunner(verbose=False, optionflags=OPTIONS).run(examples, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("module", list_modules())
def test_examples_in_docstrings(module: str) -> None:
    for name, text in find_documentation(importlib.import_module(module)):
        if ">>>" in text:
            run_examples(name, text)


def test_an_example_that_prints_something_else_is_found() -> None:
    run_examples("right", "Add.\n\n>>> print(jnp.ones(2) / 3)\n[0.3333 0.3333]\n")
    with pytest.raises(AssertionError, match=r"Expected:\n +3\n +Got:\n +2"):
        run_examples("wrong", "Add.\n\n>>> 1 + 1\n3\n")


def test_the_examples_of_decorated_functions_and_of_methods_are_found() -> None:
    found = dict(find_documentation(importlib.import_module("gradlab.optimizers.adam")))
    assert ">>> tx" in found["gradlab.optimizers.adam.adam"]
    assert "gradlab.base.Transformation.replace" in dict(find_documentation(importlib.import_module("gradlab.base")))
