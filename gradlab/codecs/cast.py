"""Arrays kept in another dtype."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..arithmetic.safe_arithmetic import bound_to_dtype
from ..values.numeric_arguments import Dtype
from .base import Coding, codec
from .stochastic_rounding import round_to_dtype


@codec
def cast(dtype: Dtype = "bfloat16", stochastic: bool = False) -> Any:
    """Keep an array in another dtype. The name of a dtype in the place of a codec stands for this.

    `dtype` is floating-point; a complex one means that of its parts, and a complex array is never narrower than
    complex64. `stochastic` rounds to the number above or below with the probabilities for which the mean is exact, and
    needs a key; it has an effect for real arrays and dtypes of at most 16 bits. A finite number too large for the dtype
    is kept as its largest number, and where no number is below 0, one too small is kept as the smallest, and not as 0.

    >>> codec, x = gl.codecs.cast("bfloat16"), jnp.array([1.0, 1.001])
    >>> print(codec.decode(codec.encode(x), like=x))  # 8 binary digits
    [1. 1.]
    """
    real, whole = _find_dtypes_of_parts(dtype)

    def encode(x, key, non_negative):
        if jnp.iscomplexobj(x):
            return bound_to_dtype(x, real).astype(whole)
        kept = round_to_dtype(x, real, key)
        return raise_from_zero(x, kept, real) if non_negative else kept

    def decode(kept, wide, non_negative):
        return kept.astype(wide)

    draws = stochastic and jnp.finfo(real).bits <= 16
    return Coding(encode, decode, stochastic=draws, elementwise=True, takes_complex=True)


def raise_from_zero(x: jax.Array, kept: jax.Array, dtype: Any) -> jax.Array:
    """Put the smallest number of a dtype wherever a number above 0 was rounded to 0."""
    smallest = jnp.finfo(dtype).smallest_subnormal
    return jnp.where((x > 0) & (kept == 0), jnp.asarray(smallest, dtype), kept)


def _find_dtypes_of_parts(dtype: str) -> tuple[Any, Any]:
    """Return the dtypes of real and of complex numbers whose parts have a dtype, the latter at least complex64."""
    real = jnp.finfo(jax.dtypes.canonicalize_dtype(dtype)).dtype
    return real, jnp.complex128 if jnp.finfo(real).bits >= 64 else jnp.complex64
