"""The dynamic map against bitsandbytes' and torchao's, and its look-up against a search by brute force."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab import codecs
from gradlab.codecs.dynamic_map import find_below, find_nearest, make_grid, make_map

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "blocks.npz")


@pytest.mark.parametrize("name", ["signed", "unsigned"])
def test_the_map_is_that_of_bitsandbytes_bit_for_bit(name):
    np.testing.assert_array_equal(make_map(name == "signed"), GOLDEN[f"{name}_map"])


def test_signed_codes_are_those_of_torchao():
    kept = codecs.dynamic_blocks().encode(jnp.asarray(GOLDEN["numbers"]))
    np.testing.assert_array_equal(kept.codes, GOLDEN["signed_codes"])
    np.testing.assert_array_equal(kept.scales[:, 0], GOLDEN["signed_scales"])


def test_unsigned_codes_are_those_of_torchao_but_never_0():
    kept = codecs.dynamic_blocks().encode(jnp.asarray(GOLDEN["numbers"] ** 2), non_negative=True)
    zeros = GOLDEN["unsigned_codes"] == 0
    assert zeros.sum() > 700
    np.testing.assert_array_equal(kept.codes, np.where(zeros, 1, GOLDEN["unsigned_codes"]))


@pytest.mark.parametrize("signed", [True, False])
def test_a_look_up_finds_the_place_by_brute_force(signed, rng):
    grid = make_grid(signed)
    ends = np.concatenate([grid.values, grid.middles[:-1]])
    x = np.concatenate([ends, np.nextafter(ends, np.float32(2)), np.nextafter(ends, np.float32(-1))])
    x = np.concatenate([x, rng.uniform(0, 1, 2000), 10.0 ** rng.uniform(-9, 0, 2000)]).astype(np.float32)
    x = x[(x >= 0) & (x <= 1)]
    nearest, below = jax.jit(lambda x: (find_nearest(grid, x), find_below(grid, x)))(x)
    distance = np.abs(grid.values.astype(np.float64) - x[:, None].astype(np.float64))
    found = np.take_along_axis(distance, np.asarray(nearest)[:, None], 1)[:, 0]
    np.testing.assert_allclose(found, distance.min(axis=1), rtol=0, atol=6e-8)  # at a tie, one may be rounded
    np.testing.assert_array_equal(below, np.searchsorted(grid.values, x, side="right") - 1)
