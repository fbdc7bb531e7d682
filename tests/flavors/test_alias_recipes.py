"""optax's own tests of its optimizers, passed by gradlab's recipes except for what is listed here with its reason."""

from __future__ import annotations

import functools
import re
import types
from collections.abc import Callable
from typing import Any

import pytest

import gradlab as gl
from gradlab import public_names

from .alias_cases import cases, failure, verdict
from .test_alias import OF_DTYPES

pytestmark = pytest.mark.slow  # 50 seconds of processor

CASES = cases()
KNOWN = OF_DTYPES | {
    r"opt_name='(adamaxw|nadamw)'": "gradlab has no recipe of this name, and optax's tests look for one",
}


def stored(recipe: Callable[..., Any]) -> Callable[..., Any]:
    """A recipe that takes optax's dtype of the first moment, as the page on migration says to write it."""

    @functools.wraps(recipe)
    def with_dtype(*args: Any, mu_dtype: Any = None, accumulator_dtype: Any = None, **kwargs: Any) -> Any:
        tx, dtype = recipe(*args, **kwargs), mu_dtype or accumulator_dtype
        mean, *rest = tx.links
        return tx if dtype is None else gl.chain(gl.store(mean, dtype), *rest)

    return with_dtype


DECAYED = functools.partial(gl.adamw, weight_decay=1e-4)  # optax's default, with another minimum than gradlab's 0.01
OPTIMIZERS = {"adam": stored(gl.adam), "adamw": stored(DECAYED), "sgd": stored(gl.sgd)}
RECIPES = types.SimpleNamespace(**vars(public_names) | OPTIMIZERS)


@pytest.mark.parametrize("name", CASES)
def test_a_test_of_optax_passes_or_is_listed(name: str) -> None:
    assert (wrong := verdict(name, failure(CASES[name], RECIPES), KNOWN)) is None, wrong


@pytest.mark.parametrize("pattern", KNOWN)
def test_what_is_listed_is_a_test(pattern: str) -> None:
    assert any(re.search(pattern, name) for name in CASES)
