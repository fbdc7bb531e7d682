"""References of the links that bound or center the direction. The change of x is the direction behind the link."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step


def clip_by_value(g: Array, state: State, t: int, x: Array, *, limit: float) -> Step:
    r"""Bound every element, or both parts of a complex one: $d' = \min(\max(g, -c), c)$. `limit` is $c$."""
    return _clip_parts(g, -limit, limit), {}


def clip_between(g: Array, state: State, t: int, x: Array, *, lower: float, upper: float) -> Step:
    r"""Bound every element, or both parts of a complex one: $d' = \min(\max(g, \ell), u)$.

    `lower` is $\ell$ and `upper` is $u$.
    """
    return _clip_parts(g, lower, upper), {}


def clip_by_norm(g: Array, state: State, t: int, x: Array, *, max_norm: float) -> Step:
    r"""Shorten a leaf to the norm $c$ where it is longer: $d' = g \min(1, c / \|g\|)$. `max_norm` is $c$.

    Source: Pascanu et al. (2013), algorithm 1.
    """
    norm = float(np.linalg.norm(g.ravel()))
    return (g * (max_norm / norm) if norm > max_norm else g), {}


def centralize(g: Array, state: State, t: int, x: Array, *, output_axis: int = -1) -> Step:
    r"""Subtract the mean over all axes but that of the outputs, $d' = g - \operatorname{mean}(g)$.

    Vectors and scalars pass. Source: Yong et al. (2020), eq. 1.
    """
    if g.ndim < 2:
        return g, {}
    outputs = np.moveaxis(g, output_axis, 0)
    means = outputs.reshape(outputs.shape[0], -1).mean(axis=1)
    centered = outputs - means.reshape(-1, *[1] * (outputs.ndim - 1))
    return np.moveaxis(centered, 0, output_axis), {}


def _clip_parts(g: Array, lower: float, upper: float) -> Array:
    if np.iscomplexobj(g):
        return _clip_parts(g.real, lower, upper) + 1j * _clip_parts(g.imag, lower, upper)
    return np.minimum(np.maximum(g, lower), upper)
