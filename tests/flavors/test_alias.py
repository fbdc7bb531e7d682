"""optax's own tests of its optimizers, passed by `gl.flavors.optax` except for what is listed here with its reason."""

from __future__ import annotations

import re

import pytest

import gradlab as gl

from .alias_cases import cases, failure, verdict

pytestmark = pytest.mark.slow  # 50 seconds of processor

CASES = cases()

# By pattern of the test's name and parameters; test_alias_recipes.py shares the first three.
OF_DTYPES = {
    r"test_explicit_dtype\(params_dtype='bfloat16', state_dtype=None": (
        "optax's moments have the dtype of the parameters; gradlab's have at least single precision"
    ),
    r"test_explicit_dtype\(params_dtype='complex64', state_dtype='(bfloat16|float32)'": (
        "optax drops the imaginary part of a moment that is stored as a real number; gradlab stores both parts"
    ),
    r"test_explicit_dtype\(params_dtype=('bfloat16'|'float32'|None), state_dtype='complex64'": (
        "optax stores a real moment as a complex number, and returns complex updates of real parameters; gradlab "
        "takes the dtype as that of the parts"
    ),
}
KNOWN = OF_DTYPES | {
    r"^(?!.*complex)test_\w+\(opt_name='adadelta', opt_kwargs={}": (
        "without a rate optax's Adadelta goes up the gradient; gradlab refuses it (the tests of complex parameters are "
        "skipped by optax)"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_test_of_optax_passes_or_is_listed(name: str) -> None:
    assert (wrong := verdict(name, failure(CASES[name], gl.flavors.optax), KNOWN)) is None, wrong


@pytest.mark.parametrize("pattern", KNOWN)
def test_what_is_listed_is_a_test(pattern: str) -> None:
    assert any(re.search(pattern, name) for name in CASES)


def test_all_of_optaxs_tests_of_these_optimizers_are_run() -> None:
    assert len(CASES) == 272
