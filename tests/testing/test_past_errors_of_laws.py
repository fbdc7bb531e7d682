"""Cases that the laws once missed or reported wrongly, found by the mutants and by optax."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab.testing import check
from gradlab.testing.mutants import MUTANTS
from gradlab.testing.verdicts.law import TRAJECTORIES


def verdict(tx: Any, law: str, **options: Any) -> str:
    with jax.numpy_dtype_promotion("standard"):
        return check(tx, laws=() if law in options.get("claims", {}) else (law,), **options)[law].verdict


def test_a_second_rounding_is_found_though_it_is_within_one_unit() -> None:
    assert verdict(MUTANTS["rounded_twice"].tx, "rounded once") == "broken"
    assert verdict(gl.scale_by_momentum(), "rounded once") == "holds"


def test_the_real_part_of_a_square_is_found_by_an_eighth_of_a_turn() -> None:
    assert verdict(MUTANTS["real_part_of_square"].tx, "complex leaves") == "broken"
    assert verdict(gl.clip_by_value(0.5), "complex leaves") == "holds"  # by parts, which is no such mistake


def test_an_integer_that_is_cut_off_is_found() -> None:
    assert verdict(optax.scale_by_schedule(lambda t: 0.5 / (1 + t)), "integer leaves") == "broken"
    assert verdict(optax.set_to_zero(), "integer leaves") == "holds"


def test_an_accumulator_is_compared_with_what_it_wraps() -> None:
    five = MUTANTS["accumulate_divides_by_one_more"]
    assert verdict(five.tx, "accumulates", claims={"accumulates": 4}) == "holds"  # k equal parts are wrong alike
    assert verdict(five.tx, "accumulates", claims={**five.claims, "accumulates": (4, gl.sgd(0.1, 0.9))}) == "broken"


def test_optax_multiplies_nan_by_zero() -> None:
    wrapped = optax.MultiSteps(optax.sgd(0.1), 3).gradient_transformation()
    assert verdict(wrapped, "still between steps", claims={"still between steps": 3}) == "broken"


@pytest.mark.parametrize("dtype", ["complex64"])
def test_a_refusal_of_complex_leaves_is_no_instability(dtype: str) -> None:
    assert verdict(optax.clip(0.5), "stable state", dtypes=(dtype, "float32")) == "holds"
    assert verdict(optax.clip(0.5), "complex leaves", dtypes=(dtype,)) == "not applicable"


def test_what_knows_no_shapes_cannot_refuse_any() -> None:
    assert verdict(optax.identity(), "mismatched trees") == "not applicable"
    assert verdict(optax.add_decayed_weights(0.1), "mismatched trees") == "broken"  # it broadcasts the parameters
    assert verdict(gl.scale(0.1), "mismatched trees") == "holds"


def test_orbax_stores_typed_keys_and_msgpack_does_not() -> None:
    noise = optax.add_noise(0.01, 0.55, jax.random.key(0))
    assert verdict(noise, "orbax state resumes") == "holds"
    assert verdict(noise, "msgpack state resumes") == "broken"


def test_nothing_but_a_reference_can_be_examined() -> None:
    report = check(gl.sgd(0.1), laws=(), reference="sgd")
    assert [result.law for result in report.results] == list(TRAJECTORIES)
    assert report.ok


def test_a_nan_is_not_taken_for_rounding() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        narrow = jax.tree.leaves(updates)[0].dtype != jnp.float32
        return jax.tree.map(lambda g: g * jnp.nan if narrow else g, updates), state

    assert verdict(optax.GradientTransformation(lambda params: (), update), "rounded once") == "broken"
