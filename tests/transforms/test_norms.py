"""The norm of large leaves on one CPU: one pass if that is exact, another branch otherwise."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.transforms.norms import measure_norm
from gradlab.update_forms import few_passes
from gradlab.update_forms.as_written import as_written

LEAVES = [jnp.asarray(np.random.default_rng(seed).standard_normal(size)) for seed, size in enumerate((40, 7))]


@pytest.fixture(autouse=True)
def _on_one_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_passes, "LARGE", 2)
    monkeypatch.setattr(few_passes, "runs_on_one_cpu", lambda: True)


def norm(leaves: Any) -> Any:
    unit, relative = measure_norm(leaves)
    return unit * relative


def branches(leaves: Any) -> bool:
    return "cond" in str(jax.make_jaxpr(jax.jit(lambda leaves: norm(leaves)))(leaves))  # traced anew


measured = jax.jit(norm)


@pytest.mark.parametrize("dtypes", [("float64", "float64"), ("float32", "float32"), ("complex64", "float64")])
@pytest.mark.parametrize("scale", [1.0, 1e18, 1e30, 1e-18, 1e-30, 0.0])
def test_it_is_exact_at_any_scale(scale: float, dtypes: tuple[str, str]) -> None:
    leaves = [(scale * leaf).astype(dtype) for leaf, dtype in zip(LEAVES, dtypes, strict=True)]
    assert branches(leaves)
    expected = scale * np.sqrt(sum(np.sum(np.square(leaf)) for leaf in LEAVES))
    np.testing.assert_allclose(measured(leaves), expected, rtol=1e-6)


@pytest.mark.parametrize("special", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_is_seen(special: float) -> None:
    leaves = [LEAVES[0].at[3].set(special), LEAVES[1]]
    np.testing.assert_array_equal(measured(leaves), np.abs(special))


@pytest.mark.parametrize("scale", [1.0, 1e-200])
def test_it_differentiates(scale: float) -> None:
    leaves = [scale * leaf for leaf in LEAVES]
    slope = jax.jit(jax.grad(norm))(leaves)
    for found, leaf in zip(slope, leaves, strict=True):
        np.testing.assert_allclose(found, leaf / measured(leaves), rtol=1e-12)


def test_both_branches_are_never_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    stacked = [jnp.stack([leaf, 2 * leaf]) for leaf in LEAVES]
    mapped = jax.jit(jax.vmap(norm))
    assert "cond" not in str(jax.make_jaxpr(mapped)(stacked))
    np.testing.assert_allclose(mapped(stacked), [measured(LEAVES), 2 * measured(LEAVES)], rtol=1e-12)
    np.testing.assert_allclose(norm(LEAVES), measured(LEAVES), rtol=1e-12)  # outside of a program
    monkeypatch.setattr(few_passes, "runs_on_one_cpu", lambda: False)
    assert not branches(LEAVES)


def test_what_is_counted_is_what_is_written() -> None:
    with as_written():
        assert not branches(LEAVES)
    assert branches(LEAVES)
