"""State that went through a file of NumPy, which keeps neither bfloat16 nor float8, goes on with the same bits."""

from __future__ import annotations

import io
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

PARAMS = {"w": jnp.linspace(-1.0, 1.0, 12).reshape(3, 4)}


def save_and_load(tx: Any) -> tuple[Any, dict[str, Any]]:
    """Return a state after a step, and its arrays as `np.load` returns them."""
    _, state = tx.update(PARAMS, tx.init(PARAMS), PARAMS)
    file = io.BytesIO()
    np.savez(file, **gl.state_to_dict(tx, state, PARAMS))
    file.seek(0)
    return state, dict(np.load(file))


@pytest.mark.parametrize("codec", ["bfloat16", "float8_e4m3fn"])
def test_bits_survive_a_file_of_numpy(codec: str) -> None:
    tx = gl.store(gl.adamw(1e-3), codec)
    state, arrays = save_and_load(tx)
    assert any(array.dtype.kind == "V" for array in arrays.values())
    restored, report = gl.state_from_dict(tx, PARAMS, arrays)
    report.require_complete()
    for one, other in zip(jax.tree.leaves(restored), jax.tree.leaves(state), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_bfloat16_goes_on_in_float32() -> None:
    state, arrays = save_and_load(gl.store(gl.adamw(1e-3), "bfloat16"))
    restored, _ = gl.state_from_dict(gl.adamw(1e-3), PARAMS, arrays)
    for one, other in zip(jax.tree.leaves(restored), jax.tree.leaves(state), strict=True):
        np.testing.assert_array_equal(one, jnp.asarray(other).astype(one.dtype))


def test_a_byte_of_another_codec_is_refused_with_the_remedy() -> None:
    _, arrays = save_and_load(gl.store(gl.adamw(1e-3), "float8_e4m3fn"))
    with pytest.raises(ValueError, match=r"is an array of \|V1, bytes without a dtype.*view it as what it was"):
        gl.state_from_dict(gl.store(gl.adamw(1e-3), "float8_e5m2"), PARAMS, arrays)
