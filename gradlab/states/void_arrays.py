"""Arrays whose dtype a file did not keep: `np.savez` stores bfloat16 and float8 as bytes without a meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np


def restore_voids(arrays: Mapping[str, Any], dtypes: Mapping[str, Any], same_codecs: bool) -> dict[str, Any]:
    """Return arrays with the dtypes back that a file of NumPy lost.

    Two bytes are bfloat16, because NumPy keeps float16. One byte may be any float8; it is that of the array of the same
    name in `dtypes` if all codecs are the same as before. Raises ValueError, with the remedy, if the dtype is not
    certain.
    """
    return {name: _restore(name, array, dtypes.get(name), same_codecs) for name, array in arrays.items()}


def _restore(name: str, array: Any, expected: Any, same_codecs: bool) -> Any:
    if not (isinstance(array, np.ndarray) and array.dtype.kind == "V" and array.dtype.type is np.void):
        return array
    if array.dtype.names is None:
        size = array.dtype.itemsize
        if size == 2:
            return array.view(jnp.bfloat16)
        if size == 1 and same_codecs and expected is not None and expected.itemsize == 1:
            return array.view(expected)
    raise ValueError(
        f"{name} is an array of {array.dtype}, bytes without a dtype, as np.load returns for dtypes that NumPy lacks; "
        f"view it as what it was, as in arrays[name].view(jnp.float8_e4m3fn), or save state_to_dict(..., "
        f"decoded=True)"
    )
