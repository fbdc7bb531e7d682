"""`describe` says which leaf of some parameters goes where in a composition."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl

PARAMS = {
    "layers": [{"bias": jnp.ones(2), "kernel": jnp.ones((2, 3), "bfloat16")}],
    "scale": jnp.ones(3, "float32"),
}


def no_decay_on_vectors(params: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf.ndim > 1, params)


def test_groups_leaves_and_reasons() -> None:
    tx = gl.chain(
        gl.clip_by_global_norm(1.0),
        gl.partition(
            (gl.path("**/bias"), gl.sgd(0.1)),
            ("**/baises", gl.scale(1.0)),
            ("layers/**", gl.only(gl.ndim(1), gl.scale(3.0))),
            default=gl.freeze(),
        ),
    )
    expected = """\
partition
  path('**/bias') -> sgd(learning_rate=0.1): 1 leaf, 2 parameters
    layers/0/bias  float64[2]
  path('**/baises') -> scale(factor=1.0): no leaf
  path('layers/**') -> only(selector=ndim(1), tx=scale(factor=3.0), otherwise='pass'): 1 leaf, 6 parameters
    layers/0/kernel  bfloat16[2,3]
    an earlier rule decides about layers/0/bias
  default -> freeze(): 1 leaf, 3 parameters
    scale  float32[3]
partition within path('layers/**')
  ndim(1) -> scale(factor=3.0): no leaf
  default -> chain(): 1 leaf, 6 parameters
    layers/0/kernel  bfloat16[2,3]"""
    assert str(gl.describe(tx, PARAMS)) == repr(gl.describe(tx, PARAMS)) == expected
    shapes = jax.eval_shape(lambda: PARAMS)
    assert str(gl.describe(tx, shapes)) == expected


def test_each_partition_has_a_heading() -> None:
    halves = gl.partition(("**/bias", gl.sgd(0.1)), default=gl.scale(1.0))
    assert str(gl.describe(gl.chain(halves, halves), PARAMS)).splitlines().count("partition") == 2


def test_links_for_some_leaves_only() -> None:
    by_selector, by_function = (
        gl.describe(gl.chain(gl.adamw(0.1, mask=mask), gl.freeze("scale")), PARAMS)
        for mask in (gl.ndim(2), no_decay_on_vectors)
    )
    for description, reason in ((by_selector, "ndim(2)"), (by_function, "no_decay_on_vectors")):
        rows = [(g.place, g.reason, g.goes_to, [str(leaf) for leaf in g.leaves]) for g in description.groups]
        assert rows == [
            ("add_decayed_weights", reason, "applied", ["layers/0/kernel"]),
            ("add_decayed_weights", "all others", "not applied", ["layers/0/bias", "scale"]),
            ("freeze", "'scale'", "zero", ["scale"]),
            ("freeze", "all others", "as it is", ["layers/0/bias", "layers/0/kernel"]),
        ]


def test_it_shows_what_init_would_refuse() -> None:
    tx = gl.partition(("**/bias", gl.sgd(gl.schedules.cosine(0.1, 10))))
    text = str(gl.describe(tx, PARAMS | {"step": jnp.array(0), "act": no_decay_on_vectors}))
    assert "no rule selects these, so init raises an error; add a rule or a default\n    layers/0/kernel  bf" in text
    assert "put None in their place\n    act  function no_decay_on_vectors\n    step  int64[]" in text


def test_a_composition_without_groups() -> None:
    assert str(gl.describe(gl.adam(0.1), PARAMS)) == f"{gl.adam(0.1)!r} treats all leaves alike"
    for other in (optax.adam(0.1), gl.adam, 3):
        with pytest.raises(TypeError, match=r"takes a transformation of gradlab first, such as adam\(\); got"):
            gl.describe(other, PARAMS)
