"""A module that is called like a function says which function is meant."""

from __future__ import annotations

import inspect
import re
from types import ModuleType

import pytest

import gradlab as gl
import gradlab.equations
import gradlab.explanations


@pytest.mark.parametrize("module", [gradlab.equations, gradlab.explanations], ids=lambda module: module.__name__)
def test_a_call_of_a_module_names_the_function_that_is_meant(module: ModuleType) -> None:
    expected = f"{module.__name__} is a module and cannot be called; gl.explain(tx) "
    with pytest.raises(TypeError, match=re.escape(expected)):
        module(gl.adam())  # type: ignore[operator]
    assert inspect.ismodule(module)
