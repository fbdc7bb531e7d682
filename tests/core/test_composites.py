"""The walk through a transformation finds everything that it holds, with its state."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import optax

import gradlab as gl
from gradlab.core.composites import walk
from gradlab.core.transformation_calls import signals_of

PARAMS = {"w": jnp.ones(3)}


def test_the_walk_finds_links_with_their_own_states() -> None:
    rate = gl.schedules.linear(0.1, 0.0, 10)
    tx = gl.chain(gl.add(gl.scale_by_momentum(0.9), gl.isolate(gl.scale_by_momentum(0.5))), gl.adam(rate))
    state = tx.init(PARAMS)
    for _ in range(3):
        _, state = tx.update(PARAMS, state, PARAMS)
    places = {"/".join(place.path): place for place in walk(tx, state)}
    names = ["scale_by_momentum", "isolate/tx"]
    for name, decay in zip(names, (0.9, 0.5), strict=True):
        place = places[f"add/{name}"]
        assert place.tx == gl.scale_by_momentum(decay)
        assert float(place.state.moment["w"][0]) == 1 - decay**3
    assert int(places["scale_by_learning_rate"].step) == 3
    assert places["scale_by_rms/second_moment/scale_by_momentum"].tx == gl.scale_by_momentum(0.999)
    assert places["scale_by_rms/second_moment/scale_by_momentum"].state.moment["w"].shape == (3,)


def test_equal_links_have_names_of_their_own() -> None:
    paths = [place.path for place in walk(gl.chain(gl.scale(1.0), gl.scale(2.0), gl.scale(3.0)))]
    assert paths == [(), ("scale",), ("scale_2",), ("scale_3",)]


def test_a_transformation_of_another_library_is_a_place_of_its_own() -> None:
    tx: Any = optax.trace(0.9)
    (place,) = walk(tx)
    assert place.tx is tx
    assert place.state is None


def test_the_signals_that_are_read_are_those_of_what_is_inside() -> None:
    assert "grads" in signals_of(gl.store(gl.chain(gl.scale(1.0), gl.scale_by_rms())))
    assert "grads" not in signals_of(gl.chain(gl.scale(1.0), gl.clip_by_norm(1.0)))
    assert "grads" not in signals_of(gl.isolate(gl.scale_by_rms()))
    assert "gradient_fn" in signals_of(gl.store(gl.chain(gl.gradient_at(gl.scale(1.0)), gl.adam())))
    assert "gradient_fn" not in signals_of(gl.adam())
