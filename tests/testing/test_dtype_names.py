"""The dtypes that users pass to `check` are names or dtypes."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.testing import check
from gradlab.testing.dtype_names import name_dtypes

KNOWN = ("float32", "bfloat16")


def test_dtypes_become_their_names() -> None:
    given = (jnp.float32, np.float32, jnp.bfloat16, np.dtype("bfloat16"), "float64")
    assert name_dtypes(given, KNOWN) == ("float32", "float32", "bfloat16", "bfloat16", "float64")


def test_a_dtype_that_is_an_object_does_not_accuse_the_optimizer() -> None:
    report = check(gl.sgd(0.1), laws=("pure",), dtypes=(jnp.float32,))
    assert report.ok, str(report)


@pytest.mark.parametrize("dtype", [jnp.float32, np.float32, np.dtype("float32")])
def test_one_dtype_goes_into_a_tuple(dtype: Any) -> None:
    with pytest.raises(TypeError, match=r"got the dtype 'float32'; write dtypes=\('float32',\)"):
        name_dtypes(dtype, KNOWN)


@pytest.mark.parametrize("dtype", ["flaot32", None, object()])
def test_what_is_no_dtype_is_refused(dtype: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown dtype .* there are: float32, bfloat16 and complex128"):
        name_dtypes((dtype,), KNOWN)
