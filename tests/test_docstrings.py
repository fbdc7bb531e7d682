"""The examples in the docstrings run, and print what they show.

A reader has imported `gradlab` as `gl`, `jax`, `jax.numpy` as `jnp` and `numpy` as `np`. Arrays are printed with four
digits, so that an example shows the same in any precision.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import gradlab
import gradlab.testing
from gradlab import public_names

READERS_NAMES = {"gl": gradlab, "jax": jax, "jnp": jax.numpy, "np": np, "__name__": "__main__"}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture(autouse=True)
def readers_session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Use the settings of a fresh session in an empty folder, whatever other tests use, but print few digits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XLA_FLAGS", raising=False)  # in which an example looks for an option
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


def list_public_names() -> dict[str, Any]:
    """Return all of gradlab that users are told of, by the names under which they find it."""
    found = dict(vars(public_names))
    for place in ("schedules", "selectors", "codecs", "testing"):
        found |= {f"{place}.{name}": value for name, value in vars(getattr(gradlab, place)).items()}
    for place in ("torch", "keras", "optax", "muon"):
        flavors = getattr(gradlab.flavors, place)
        for name, value in vars(flavors).items():
            if f"{getattr(value, '__module__', '')}.".startswith(f"{flavors.__name__}."):
                found[f"flavors.{place}.{name}"] = value
    found |= {f"lab.{name}": getattr(gradlab.lab, name) for name in gradlab.lab.__all__}
    return {
        name: value
        for name, value in found.items()
        if not inspect.ismodule(value)
        and not name.rpartition(".")[2].startswith("_")
        and getattr(value, "__module__", "gradlab").startswith(("gradlab", "typing"))
    }


PUBLIC = list_public_names()


def find_names_in_examples(thing: Any) -> set[str]:
    """Return the names that the examples of a docstring take from some module, as in `gl.adam`."""
    examples = doctest.DocTestParser().get_examples(getattr(thing, "__doc__", None) or "")
    return {name for example in examples for name in re.findall(r"\.(\w+)", example.source)}


def has_example(name: str, value: Any) -> bool:
    """Return whether there is an example in the docstring of a public name, or one that uses the name, where it may be.

    Functions of one idea, such as the optimizers of optax, may have one for all in the docstring of their module or
    package. Numbers, dictionaries and annotations have no docstring of their own, so any example may use them.
    """
    if inspect.isroutine(value) or inspect.isclass(value):
        module = value.__module__
        places = [sys.modules[module], sys.modules[module.rpartition(".")[0]]]
        return ">>>" in (value.__doc__ or "") or any(
            value.__name__ in find_names_in_examples(place) for place in places
        )
    places = [*PUBLIC.values(), *(sys.modules[found] for found in list_modules() if found in sys.modules)]
    return any(name.rpartition(".")[2] in find_names_in_examples(place) for place in places)


def test_every_public_name_has_an_example() -> None:
    assert len(PUBLIC) > 250
    assert [name for name, value in PUBLIC.items() if not has_example(name, value)] == []


def test_a_public_name_without_an_example_is_found() -> None:
    def undocumented() -> None:
        """Do nothing."""

    undocumented.__module__ = "gradlab.optimizers.adam"
    assert not has_example("undocumented", undocumented)
    assert not has_example("UNKNOWN", {})
    assert has_example("PROBLEMS", gradlab.lab.PROBLEMS)


def test_an_example_that_prints_something_else_is_found() -> None:
    run_examples("right", "Add.\n\n>>> print(jnp.ones(2) / 3)\n[0.3333 0.3333]\n")
    with pytest.raises(AssertionError, match=r"Expected:\n +3\n +Got:\n +2"):
        run_examples("wrong", "Add.\n\n>>> 1 + 1\n3\n")


def test_the_examples_of_decorated_functions_and_of_methods_are_found() -> None:
    found = dict(find_documentation(importlib.import_module("gradlab.optimizers.adam")))
    assert ">>> tx" in found["gradlab.optimizers.adam.adam"]
    found = dict(find_documentation(importlib.import_module("gradlab.core.base")))
    assert "gradlab.core.base.Transformation.replace" in found


@pytest.mark.parametrize("module", list_modules())
def test_a_docstring_with_a_backslash_is_raw(module: str) -> None:
    """Python reads a backslash before the nu of a formula as a new line if the docstring is not raw."""
    found = importlib.util.find_spec(module)
    assert found is not None
    source = Path(found.origin or module).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            text = ast.get_source_segment(source, node.body[0]) or ""
            assert "\\" not in text or text.startswith("r"), text
