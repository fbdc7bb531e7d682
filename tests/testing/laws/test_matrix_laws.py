"""Claims of matrix methods: right methods keep them, and each law describes what it finds in a wrong one."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab.testing import check
from gradlab.testing.mutants import right_matrix_methods as right

from .examples import verdict

RIGHT: dict[str, tuple[Any, dict[str, Any]]] = {
    "newton_schulz": (right.matrix_link(), right.NEWTON_SCHULZ_CLAIMS),
    "muon": (right.muon, right.MUON_CLAIMS),
    "muon_for_the_rates_of_adam": (
        lambda learning_rate: right.muon(learning_rate, factor=right.factor_of_adam),
        right.MUON_CLAIMS | {"shape factor": "0.2 * sqrt(max(r, c))"},
    ),
    "whitening": (right.matrix_link(right.whiten), right.WHITENING_CLAIMS),
    "stacked_newton_schulz": (right.matrix_link(require=right.require_stacks), right.STACKED),
    "flattened_muon": (right.flattened_muon(), right.FLATTENED),
    "row_normalized": (
        right.matrix_link(right.row_normalized),
        {"link": True, "domain": ("matrices",), "orthogonally equivariant": "right", "descent direction": True},
    ),
}


def examine(tx: Any, claims: dict[str, Any], **arguments: Any) -> Any:
    return check(tx, claims=claims, laws=(), dtypes=("float32",), **arguments)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_method_keeps_its_claims(name: str) -> None:
    tx, claims = RIGHT[name]
    report = examine(tx, claims, **({"learning_rate": 0.02} if not isinstance(tx, tuple) else {}))
    assert report.ok, str(report)
    assert {result.verdict for result in report.results} <= {"holds"}


def muon_of_optax(learning_rate: float, **options: Any) -> optax.GradientTransformation:
    return optax.contrib.muon(learning_rate, weight_decay=0.1, **options)


def scale_by_muon_of_optax(**options: Any) -> optax.GradientTransformation:
    def dimensions(tree: Any) -> Any:
        return jax.tree.map(lambda _: optax.contrib.MuonDimensionNumbers(), tree)

    return optax.contrib.scale_by_muon(weight_dimension_numbers=dimensions, **options)


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({}, {"shape factor": "sqrt(max(1, c / r))"}),
        ({"consistent_rms": 0.2}, {"shape factor": "0.2 * sqrt(max(r, c))"}),
    ],
    ids=["by width", "by rms"],
)
def test_muon_of_optax_keeps_the_claims_of_muon(options: dict[str, Any], changes: dict[str, Any]) -> None:
    with jax.numpy_dtype_promotion("standard"):
        report = examine(muon_of_optax, right.MUON_CLAIMS | changes, learning_rate=0.02, **options)
        assert report.ok, str(report)


@pytest.mark.slow
@pytest.mark.parametrize("norm", ["frobenius", "spectral", "schatten", "aol"])
def test_the_link_of_optax_keeps_the_claims_that_fit_its_norm(norm: Any) -> None:
    claims = dict(right.NEWTON_SCHULZ_CLAIMS)
    if norm != "frobenius":
        del claims["polynomial"]
    if norm == "aol":  # rows are scaled by sums of magnitudes, which a rotation changes
        for name in ("orthogonally equivariant", "transpose symmetric", "spectral descent", "singular values"):
            del claims[name]
    with jax.numpy_dtype_promotion("standard"):
        report = examine(scale_by_muon_of_optax(preconditioning=norm), claims)
        assert report.ok, str(report)


@pytest.mark.parametrize("optimizer", [gl.sgd(0.1, momentum=0.9), gl.adam(0.1), optax.lion(0.1), optax.adamw(1e-3)])
def test_optimizers_of_elements_may_claim_descent(optimizer: Any) -> None:
    with jax.numpy_dtype_promotion("standard"):
        assert examine(optimizer, {"descent direction": True, "still at zero": True}).ok


def test_gradient_descent_is_equivariant_and_adam_is_not() -> None:
    claims = {"orthogonally equivariant": True, "transpose symmetric": True, "rank preserved": True}
    assert examine(gl.sgd(0.1), claims).ok
    broken = {result.law for result in examine(gl.adam(0.1), claims).broken}
    assert broken == {"orthogonally equivariant", "rank preserved"}


def scaled(factor: float) -> optax.GradientTransformation:
    return optax.chain(right.matrix_link(), optax.scale(factor))


def test_the_sign_is_that_of_an_optimizer_unless_it_is_a_link() -> None:
    for law in ("descent direction", "spectral descent"):
        assert verdict(scaled(1.0), law, claims={law: True, "link": True})[0] == "holds"
        assert verdict(scaled(1.0), law, claims={law: True})[0] == "broken"
        assert verdict(scaled(-1.0), law, claims={law: True})[0] == "holds"


def test_a_step_that_turns_uphill_later_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return jax.tree.map(lambda g: jnp.where(state < 2, -g, g), updates), state + 1

    late = optax.GradientTransformation(lambda params: jnp.int32(0), update)
    found, detail = verdict(late, "descent direction", claims=("descent direction",))
    assert found == "broken"
    assert "in float32, a random gradient of shape 8 x 8 gives a step, 2 after the first, that does not go" in detail
    assert "is -1" in detail


def test_a_sign_that_is_wrong_in_half_precision_only_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return jax.tree.map(lambda g: -g if g.dtype == jnp.float32 else g, updates), state

    half = optax.GradientTransformation(lambda params: (), update)
    found, detail = verdict(half, "descent direction", claims=("descent direction",))
    assert (found, detail[:11]) == ("broken", "in bfloat16")


def test_a_band_is_that_of_the_update_over_the_rate_and_the_factor() -> None:
    claims = {"singular values": right.BAND, "shape factor": "sqrt(max(1, r / c))"}
    assert examine(right.muon, claims, learning_rate=0.5).ok
    unknown = examine(right.muon(0.5), claims)
    assert [result.law for result in unknown.broken] == ["singular values"]
    assert "below 0.68" in unknown["singular values"].detail
    factor = {"singular values": right.BAND, "shape factor": lambda r, c: 0.5 * max(1, r / c) ** 0.5}
    assert examine(right.muon(0.5), factor).ok


def test_a_schedule_from_zero_and_a_first_call_without_a_step_are_waited_for() -> None:
    warm = optax.sgd(optax.schedules.linear_schedule(0.0, 0.1, 2))
    with jax.numpy_dtype_promotion("standard"):
        assert verdict(warm, "descent direction", claims=("descent direction",))[0] == "holds"
    still = verdict(optax.set_to_zero(), "descent direction", claims=("descent direction",))
    assert still == ("broken", "5 steps at a constant gradient move nothing")


def test_an_update_that_is_not_finite_is_found_by_every_law() -> None:
    nan = optax.stateless(lambda updates, params: jax.tree.map(lambda g: g * jnp.nan, updates))
    report = examine(nan, right.MUON_CLAIMS | {"domain": ()})
    assert len(report.broken) == len(report.results)


def test_a_claimed_polynomial_is_examined_by_itself_too() -> None:
    bad = {"coefficients": (3.4445, -4.775, 2.0315), "steps": 3}
    found, detail = verdict(right.matrix_link(), "polynomial", claims={"polynomial": bad, "link": True})
    assert found == "broken"
    assert "by the claimed polynomial, the singular value" in detail
    assert "below 0.5" in detail


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("singular values", True, "needs a band"),
        ("singular values", (1.0, 0.5), "needs a band"),
        ("singular values", "high", "needs a band"),
        ("shape factor", "sqrt(max(1, x / y))", "needs a formula with r"),
        ("shape factor", None, "needs a formula with r"),
        ("orthogonally equivariant", "both", "needs the tolerance"),
        ("orthogonally equivariant", -0.1, "needs the tolerance"),
        ("flattens kernels", "middle", "needs 'first' if the first axis"),
        ("polynomial", {"steps": 5}, "needs the coefficients"),
        ("polynomial", {"coefficients": (1.0,), "stepz": 5}, "needs the coefficients"),
        ("batch axis", 3, "takes no value"),
    ],
)
def test_a_claim_with_a_wrong_value_is_refused(name: str, value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        examine(gl.sgd(0.1), {name: value})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["newton_schulz", "muon"])
def test_a_method_that_refuses_vectors_keeps_all_contracts_on_matrices(name: str) -> None:
    tx, claims = RIGHT[name]
    arguments: dict[str, Any] = {} if isinstance(tx, tuple) else {"learning_rate": 0.02}
    with pytest.raises(ValueError, match="must be a matrix"):
        (tx if isinstance(tx, optax.GradientTransformation) else tx(**arguments)).init(jnp.zeros(3))
    report = check(tx, claims={key: claims[key] for key in claims if key in ("domain", "link")}, **arguments)
    assert report.ok, str(report)
    assert report["pure"].verdict == report["stable state"].verdict == report["any tree"].verdict == "holds"
