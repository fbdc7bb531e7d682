"""Write `blocks.npz`: the dynamic maps of bitsandbytes and torchao, and blocks that torchao has quantized.

The codes are not those of bitsandbytes, whose kernel for CPUs does not take the nearest number (0.50.2).

Run it where torch, bitsandbytes and torchao are installed: `python tests/golden/generate_blocks.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from bitsandbytes.functional import create_dynamic_map, quantize_blockwise
from torchao.optim import quant_utils as torchao

BLOCK = 256


def generate() -> dict[str, np.ndarray]:
    """Return arrays by name: maps, numbers, and torchao's codes and scales for them."""
    rng = np.random.default_rng(0)
    numbers = rng.standard_normal((16, BLOCK)) * np.exp(2 * rng.standard_normal((16, BLOCK)))
    arrays = {"numbers": numbers.astype(np.float32)}
    for name, signed in (("signed", True), ("unsigned", False)):
        quantiles = create_dynamic_map(signed)
        own_map = torch.tensor(torchao.create_dynamic_map(signed), dtype=torch.float32)
        assert torch.equal(quantiles, own_map)
        arrays[f"{name}_map"] = quantiles.numpy()
        x = torch.from_numpy(arrays["numbers"])
        x = x if signed else x * x
        scaled, scales = torchao.scale_tensor(x, BLOCK)
        arrays[f"{name}_codes"] = torchao.quantize_8bit_with_qmap(scaled, own_map).numpy()
        arrays[f"{name}_scales"] = scales.numpy()
        assert torch.equal(quantize_blockwise(x, code=quantiles, blocksize=BLOCK)[1].absmax, scales)
    return arrays


if __name__ == "__main__":
    arrays: dict[str, Any] = generate()
    np.savez_compressed(Path(__file__).with_name("blocks.npz"), **arrays)
