"""The laws of extreme sizes find squares that overflow or vanish, and pass links that bound or scale them."""

from __future__ import annotations

import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab.arithmetic.safe_arithmetic import bound_for_squaring
from gradlab.core.stateless import map_leaves
from gradlab.testing import check
from gradlab.testing.mutants.sizes import clip_norm_by_positive_numbers, clip_norm_by_real_parts


def verdict(tx: optax.GradientTransformation, law: str) -> tuple[str, str]:
    """The verdict of a claimed law, with the reason."""
    result = check(tx, laws=(), claims=(law,), dtypes=("float32", "complex64"))[law]
    return result.verdict, result.detail


@gl.transformation
def bound_another(bound=2.0**52):
    return map_leaves(lambda d: jnp.where(jnp.abs(d) > bound, bound * jnp.sign(d), d))


@gl.transformation
def bound_right():
    return map_leaves(bound_for_squaring)


def test_squares_are_bounded_at_the_bound_and_nowhere_else() -> None:
    assert verdict(bound_right(), "bounded squares")[0] == "holds"
    assert verdict(gl.scale_by_stddev(0.9, eps=1e-3), "bounded squares")[0] == "holds"
    found, reason = verdict(bound_another(), "bounded squares")
    assert (found, "the updates of gradients beyond 2^51" in reason) == ("broken", True), reason


def test_nan_in_both_precisions_is_found() -> None:
    tx = map_leaves(lambda d: jnp.where(jnp.abs(d) > 1e20, jnp.nan, d))
    found, reason = verdict(gl.transformation(lambda: tx)(), "any size")
    assert (found, reason) == (
        "broken",
        "with gradients of size 1e30, the update at 'a' is NaN, in double precision, too",
    )


def test_optax_does_not_bound_squares() -> None:
    assert verdict(optax.scale_by_rms(), "bounded squares")[0] == "broken"


@pytest.mark.parametrize("tx", [gl.clip_by_norm(0.5), gl.clip_by_global_norm(2.0), gl.scale_by_sign()], ids=repr)
def test_norms_of_any_size_are_right(tx: gl.Transformation) -> None:
    assert verdict(tx, "any size") == ("holds", "")


def test_a_norm_that_overflows_is_found() -> None:
    found, reason = verdict(optax.clip_by_global_norm(1.0), "any size")
    assert (found, "of size 1e30" in reason) == ("broken", True), reason


@pytest.mark.parametrize(
    ("tx", "words"),
    [
        (clip_norm_by_real_parts(1.0), "in complex64, with gradients 0+1e+30j times positive numbers"),
        (clip_norm_by_positive_numbers(1.0), "in float32, with negative gradients of size 1e30"),
    ],
    ids=["imaginary", "negative"],
)
def test_a_size_that_is_taken_from_a_part_is_found(tx: gl.Transformation, words: str) -> None:
    found, reason = verdict(tx, "any size")
    assert (found, words in reason) == ("broken", True), reason


def test_a_norm_that_vanishes_is_found() -> None:
    def shorten(d, unit):
        norm = jnp.sqrt(jnp.sum((unit * d) ** 2))
        return jnp.where(norm > 0, unit * d / jnp.where(norm > 0, norm, 1), 0)

    @gl.transformation
    def normalize(unit=2.0**-40):
        return map_leaves(lambda d: shorten(d, unit))

    found, reason = verdict(normalize(), "any size")
    assert (found, "of size 1e-30" in reason) == ("broken", True), reason
