"""On complex leaves, a transformation must move as its reference does, if the reference can take complex numbers."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.testing import check
from gradlab.testing.mutants.mutant import from_equations
from gradlab.testing.references import whole_tree
from gradlab.testing.verdicts.law import TRAJECTORIES, TRAJECTORY_ON_COMPLEX

OTHERS = tuple(law for law in TRAJECTORIES if law != TRAJECTORY_ON_COMPLEX)


def examine(factory: Any, reference: Any, claims: Any = None, **options: Any) -> tuple[str, str]:
    """The verdict on this law alone."""
    claims = {"except": OTHERS} | (claims or {})
    with jax.numpy_dtype_promotion("standard"):
        result = check(factory, laws=(), reference=reference, claims=claims, **options)[TRAJECTORY_ON_COMPLEX]
    return result.verdict, result.detail


@pytest.mark.parametrize(
    ("tx", "reference"),
    [(gl.adam(), "adam"), (gl.clip_by_global_norm(1.0), "clip_by_global_norm")],
    ids=["adam", "clip"],
)
def test_right_transformations_hold(tx: Any, reference: str) -> None:
    assert examine(tx, reference) == ("holds", "")


def test_optax_takes_the_squared_magnitude_too() -> None:
    assert examine(optax.adam, "adam", learning_rate=1e-3) == ("holds", "")


def keep_smaller(g: Any, t: Any, x: Any, m: Any) -> Any:
    """Return the running maximum of real numbers, but of complex ones that of the smaller magnitude."""
    m = jnp.where(jnp.abs(m) < jnp.abs(g), m, g) if jnp.iscomplexobj(g) else jnp.maximum(m, g)
    return m, m


def test_a_mistake_on_complex_leaves_only_is_shown_with_both_parts() -> None:
    word, detail = examine(from_equations(keep_smaller), "running_max")
    assert word == "broken"
    assert (
        "on ordinary gradients of complex leaves, at step 0 (counted from 0), matrix[0, 0], the update is 0" in detail
    )
    assert "j; " in detail or "j.\n" in detail


def normalize_parts(g: Any, t: Any, x: Any) -> Any:
    if jnp.iscomplexobj(g):
        return (jnp.sign(g.real) + 1j * jnp.sign(g.imag)).astype(g.dtype), ()
    return jnp.sign(g), ()


def test_the_two_parts_of_a_number_may_be_two_numbers() -> None:
    word, note = examine(from_equations(lambda g, t, x: normalize_parts(g, t, x)[:1]), "scale_by_sign")
    assert word == "holds"
    assert "the real and the imaginary part are two numbers, a published form as well" in note


def refuse_complex(g: Any, t: Any, x: Any) -> Any:
    if jnp.iscomplexobj(g):
        raise TypeError("complex leaves are not supported")
    return (g,)


def test_a_refusal_is_no_breach() -> None:
    word, reason = examine(from_equations(refuse_complex), lambda g, state, t, x: (g, state))
    assert (word, reason.startswith("it refuses complex leaves")) == ("not applicable", True)
    assert examine(gl.sgd(), "sgd", dtypes=("float32",))[0] == "not applicable"
    assert examine(gl.sgd(), "sgd", claims={"domain": ("real",)})[0] == "not applicable"


def test_a_reference_that_was_written_for_real_numbers_is_not_compared() -> None:
    def squares(g: Any, state: Any, t: int, x: Any, *, decay: float = 0.9) -> Any:
        v = decay * state.get("v", 0.0) + (1 - decay) * g * g
        return g / (np.sqrt(v) + 1e-8), {"v": v}

    def needs_reals(g: Any, state: Any, t: int, x: Any) -> Any:
        if np.iscomplexobj(g):
            raise TypeError("real numbers only")
        return g, state

    for reference, tx in ((squares, gl.scale_by_rms(0.9, 1e-8)), (needs_reals, gl.scale(1.0))):
        word, reason = examine(tx, reference)
        assert (word, f"the reference {reference.__name__} cannot take complex numbers" in reason) == (
            "not applicable",
            True,
        )


def test_a_users_reference_for_complex_numbers_is_compared() -> None:
    @whole_tree
    def halve(g: Any, state: Any, t: int, x: Any) -> Any:
        return {path: leaf / 2 for path, leaf in g.items()}, state

    assert examine(gl.scale(0.5), halve)[0] == "holds"
    wrong = from_equations(lambda g, t, x: (g / 4 if jnp.iscomplexobj(g) else g / 2,))
    assert examine(wrong, halve)[0] == "broken"
