"""The dynamic map: 256 numbers in [-1, 1] or [0, 1], dense near 0, with which 8 bits cover seven decades.

Each decade from $10^{-7}$ to 1 is divided evenly, into twice as many cells as the decade below it, and each cell is
represented by its middle. Zero and one are added.
Source: Dettmers et al. (2022), 8-bit Optimizers via Block-wise Quantization, section 2.2.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

_LOWEST = 0x3380  # the upper half of the bits of 2**-24 in float32; all that is smaller rounds to 0
_CELLS = 0x3F80 - _LOWEST + 1  # cells up to 1, one for each value of the upper half


class Grid(NamedTuple):
    """Ascending numbers from 0 to 1, float32, with tables that find a number's place among them in two look-ups."""

    values: np.ndarray  # float32 [count]
    middles: np.ndarray  # float32 [count], the last is infinity
    cells_to_nearest: np.ndarray  # int32 [cells], the place of the lower end of each cell
    cells_to_below: np.ndarray  # the same for the largest value that is not above


@functools.cache
def make_map(signed: bool) -> np.ndarray:
    """Return the 256 numbers in ascending order, float32, bit for bit those of bitsandbytes and torchao."""
    numbers = [0.0, 1.0]
    for decade in range(7):
        cells = 2 ** (decade + (not signed))
        ends = _divide_evenly(np.float32(0.1), np.float32(1.0), cells + 1)
        middles = np.float32(10.0 ** (decade - 6)) * ((ends[:-1] + ends[1:]) / np.float32(2))
        numbers += [*middles, *(-middles if signed else ())]
    return np.sort(np.array(numbers, np.float32))


def _divide_evenly(low: np.float32, high: np.float32, count: int) -> np.ndarray:
    """Return evenly spaced float32 numbers as torch does: from both ends, each a product and a sum rounded once."""
    step = np.float64((high - low) / np.float32(count - 1))
    place = np.arange(count)
    return np.where(place < count // 2, low + step * place, high - step * (count - 1 - place)).astype(np.float32)


@functools.cache
def make_grid(signed: bool) -> Grid:
    """Return the numbers of a map that are not negative."""
    values = make_map(signed)
    values = values[values >= 0]
    middles = np.append((values[:-1] + values[1:]) * np.float32(0.5), np.float32(np.inf))
    ends = (np.arange(_LOWEST, _LOWEST + _CELLS, dtype=np.uint32) << 16).view(np.float32)
    to_nearest = np.searchsorted(middles, ends, side="right").astype(np.int32)
    to_below = np.searchsorted(values, ends, side="right").astype(np.int32) - 1
    return Grid(values, middles, to_nearest, to_below)


def find_nearest(grid: Grid, x: jax.Array) -> jax.Array:
    """Return the place of the number of a grid that is nearest to each x in [0, 1], float32. Ties go up."""
    place = look_up(grid.cells_to_nearest, _find_cell(x))
    return jnp.where(x >= look_up(grid.middles, place), place + 1, place)


def find_below(grid: Grid, x: jax.Array) -> jax.Array:
    """Return the place of the largest number of a grid that is not above x in [0, 1], float32."""
    place = look_up(grid.cells_to_below, _find_cell(x))
    above = np.append(grid.values[1:], np.float32(np.inf))
    return jnp.where(x >= look_up(above, place), place + 1, place)


def look_up(table: np.ndarray, place: jax.Array) -> jax.Array:
    """Return the entries of a table at places, with the sharding of the places."""
    return jnp.asarray(table).at[place].get(out_sharding=jax.typeof(place).sharding)


def _find_cell(x: jax.Array) -> jax.Array:
    """Return the cell that holds each x. No cell holds two ends, so its place is that of its lower end or the next."""
    cell = (jax.lax.bitcast_convert_type(x, jnp.int32) >> 16) - _LOWEST
    return jnp.clip(cell, 0, _CELLS - 1)
