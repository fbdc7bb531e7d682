"""Equations are generated from compositions, say what these compute, and leave no link out."""

# ruff: noqa: RUF001  (Greek letters are meant)

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradlab as gl
from gradlab import registry
from gradlab.equations import equations_of
from gradlab.lab._inputs.default_contestants import collect_contestants
from tests.matrix_recipes import OF_MATRICES

from .equation_values import updates_of
from .equations_by_hand import BY_HAND


@pytest.mark.parametrize("name", collect_contestants())
def test_every_recipe_and_variant_has_the_equations_of_its_paper(name: str) -> None:
    assert list(equations_of(collect_contestants()[name].make(0.1)).plain) == BY_HAND[name]


CHANGED: dict[str, gl.Transformation] = {
    "nesterov, dampened": gl.sgd(0.1, momentum=0.9, nesterov=True, dampening=0.3),
    "rmsprop, all": gl.rmsprop(0.1, 0.8, centered=True, momentum=0.9, nesterov=True),
    "adagrad from 0.1": gl.adagrad(0.1, initial_accumulator_value=0.1),
    "adam, nesterov": gl.adam(0.1, 0.8, 0.9, eps_root=1e-2, nesterov=True),
    "amsgrad, root": gl.amsgrad(0.1, eps_root=1e-2),
    "rmsprop, optax's options": gl.rmsprop(
        0.1, 0.8, 0.1, centered=True, momentum=0.9, eps_in_sqrt=True, initial_scale=0.3, bias_correction=True
    ),
    "rmsprop, corrected": gl.rmsprop(0.1, centered=True, bias_correction=True),
    "adadelta with decay": gl.adadelta(0.9, weight_decay=0.1),
    "adam, efficient": gl.chain(
        gl.scale_by_momentum(0.8), gl.scale_by_rms(0.9), gl.bias_correction(0.8, 0.9), gl.scale_by_learning_rate(0.1)
    ),
    "decays that are equal": gl.adam(0.1, 0.9, 0.9),
    "adam, scheduled rate": gl.adam(gl.schedules.linear(0.1, 0.0, 9)),
    "two means": gl.chain(gl.scale_by_momentum(0.9), gl.scale_by_momentum(0.5), gl.scale(-0.1)),
    "two roots": gl.chain(gl.scale_by_rms(0.9, 1e-3), gl.scale_by_rms(0.5, 1e-2, 1e-4), gl.scale(-0.1)),
    "gradient rewritten": gl.chain(
        gl.clip_by_global_norm(0.5), gl.add_decayed_weights(0.1), gl.scale_by_momentum(0.9), gl.scale_by_rms(0.99),
        gl.clip_by_value(0.7), gl.scale(-0.1),
    ),
    "scaled before": gl.chain(gl.scale(3.0), gl.scale_by_momentum(0.9), gl.scale_by_rms(0.99), gl.scale(-0.1)),
    "isolated": gl.chain(gl.scale_by_momentum(0.9), gl.isolate(gl.scale_by_rms(0.99)), gl.scale(-0.1)),
    "own means": gl.scale_by_stddev(0.9, mean_decay=0.5, eps_root=1e-3),
    "sum of squares and of gradients": gl.scale_by_stddev(gl.running_sum(), 0.1, 0.1),
    "square corrected": gl.scale_by_rms(gl.chain(gl.bias_correction(0.9), gl.running_sum()), 1e-3),
    "square of a square": gl.scale_by_rms(gl.chain(gl.scale_by_rms(0.9, 1.0), gl.running_sum()), 1e-3),
    "another next decay": gl.nesterov(0.9, next_decay=0.8, corrected=True),
    "another next decay, by powers": gl.nesterov(0.9, next_decay=0.8, corrected=True, as_power=True),
    "scheduled look ahead": gl.nesterov(gl.schedules.linear(0.9, 0.5, 4), corrected=True),
    "nadam, scheduled": gl.nadam(0.1, gl.schedules.linear(0.9, 0.5, 4)),
    "torch.nadam": gl.flavors.torch.nadam(0.1),
    "optax.nadam, scheduled": gl.flavors.optax.nadam(0.1, gl.schedules.linear(0.9, 0.5, 4)),
    "torch.sgd": gl.flavors.torch.adam(0.1, weight_decay=0.1, amsgrad=True),
    "keras.rmsprop": gl.flavors.keras.rmsprop(0.1, momentum=0.9),
    "torch.adamax": gl.flavors.torch.adamax(0.1),
    "lookahead": gl.lookahead(gl.adam(0.1), 3, 0.3),
    "schedule free, warmed up": gl.schedule_free_sgd(gl.schedules.linear(0.1, 0.5, 4), 0.8, 0.1, weight_power=1.0),
    "average beside the updates": gl.average_params(gl.adam(0.1), 0.9, debias=True, start=2),
    "schedule-free average of a lookahead": gl.average_params(gl.lookahead(gl.sgd(0.1), 2)),
    "scaled to a norm and by parameters": gl.chain(gl.scale_to_global_norm(0.2), gl.scale_to_relative_norm(0.3, 0.1)),
    "cautious decay": gl.chain(gl.scale_by_momentum(0.9), gl.add_decayed_weights(0.1, cautious=True), gl.scale(-0.1)),
    "proximal decay": gl.adan(0.1, weight_decay=0.2),
    "ademamix, warmed up": gl.ademamix(0.1, b3=0.99, warmup_steps=4),
    "radam, soon": gl.radam(0.1, 0.5, 0.8, threshold=4.0),
    "radam, scheduled": gl.radam(0.1, 0.5, gl.schedules.linear(0.9, 0.8, 4), threshold=4.0),
    "norm": gl.chain(gl.clip_by_norm(0.5), gl.scale_by_infinity_norm(0.9, 1e-3, 1e-2), gl.scale_by_update_rms(0.8)),
}  # fmt: skip


# The equations of recipes for matrices mean little for the scalar here.
@pytest.mark.parametrize("name", [name for name in [*collect_contestants(), *CHANGED] if name not in OF_MATRICES])
def test_the_equations_compute_what_the_optimizer_does(name: str) -> None:
    tx: Any = CHANGED[name] if name in CHANGED else collect_contestants()[name].make(0.1)
    gradients = [0.3, -1.2, 0.8, 0.05, -0.4, 2.0]
    x = jnp.array(0.7)
    state, expected = tx.init(x), []
    for gradient in gradients:
        updates, state = tx.update(jnp.array(gradient), state, x, value=1.0, gradient_fn=lambda x: x)
        x = x + updates
        expected.append(float(x))
    np.testing.assert_allclose(list(updates_of(equations_of(tx), gradients, 0.7)), expected, rtol=1e-10)


@pytest.mark.parametrize("name", registry.of_kind("link", "combinator"))
def test_every_link_of_gradlab_declares_its_equation(name: str) -> None:
    assert name not in "\n".join(equations_of(registry.entries()[name].example).plain)


@gl.transformation
def stretch(factor: gl.Positive = 2.0):
    return lambda params: (), lambda updates, state: (updates, state)


@gl.transformation
def measured(factor: gl.Positive = 2.0):
    return lambda params: (), lambda updates, state, *, grads=None: (updates, state)


@gl.transformation
def pull_to_zero(strength: gl.NonNegative = 0.1):
    """Read the parameters, and declare no equation."""
    return lambda params: (), lambda updates, state, *, params: (updates + strength * params, state)


def test_a_link_without_an_equation_appears_by_its_name() -> None:
    own = gl.chain(gl.scale_by_momentum(0.9), stretch(), measured(), optax.scale_by_sign(), gl.scale(-0.1))
    assert list(equations_of(own).plain) == [
        "mₜ = β mₜ₋₁ + (1 - β) gₜ", "uₜ = stretch(mₜ)", "u'ₜ = measured(uₜ, gₜ)", "u''ₜ = scale_by_sign(u'ₜ)",
        "xₜ = xₜ₋₁ - α u''ₜ",
    ]  # fmt: skip
    inside = gl.scale_by_rms(gl.chain(optax.ema(0.9), gl.running_max()))
    assert equations_of(inside, update=False).plain[:2] == ("uₜ = ema(gₜ²)", "ūₜ = max(ūₜ₋₁, uₜ)")
    pulled = gl.chain(pull_to_zero(), gl.scale(-0.1))
    assert equations_of(pulled).plain == ("uₜ = pull_to_zero(gₜ, xₜ₋₁)", "xₜ = xₜ₋₁ - α uₜ")
    assert equations_of(optax.scale(0.1)).plain == ("uₜ = scale(gₜ)", "xₜ = xₜ₋₁ + uₜ")


_LINKS = st.sampled_from(
    [
        gl.scale_by_momentum(0.91), gl.scale_by_momentum(0.92, 0.0), gl.scale_by_rms(0.93), gl.clip_by_value(0.11),
        gl.scale_by_rms(gl.chain(gl.scale_by_momentum(0.94), gl.running_max()), 1e-3), gl.clip_by_global_norm(0.12),
        gl.bias_correction(0.95), gl.bias_correction(0.96, 0.97), gl.nesterov(0.98), gl.scale_by_stddev(0.81),
        gl.scale_by_infinity_norm(0.82), gl.scale_by_update_rms(0.83), gl.scale_by_sign(), gl.centralize(),
        gl.add_decayed_weights(0.13), gl.add_noise(0.14), gl.scale(-0.15), gl.scale(0.16), gl.running_sum(),
        gl.isolate(gl.scale_by_rms(0.84)), gl.precondition(gl.scale_by_rms(0.85)), stretch(), measured(),
        gl.scale_by_heavy_ball(0.86), optax.scale_by_lion(), gl.scale_by_learning_rate(gl.schedules.cosine(0.1, 17)),
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_LINKS, min_size=1, max_size=7), st.data())
def test_no_link_of_any_composition_is_left_out(links: list[Any], data: st.DataObject) -> None:
    whole = equations_of(gl.chain(*links))
    assert whole.lines[-1].startswith("x_t = x_{t-1} ")
    assert len({line.split(" ")[0] + line.split(" ")[1] for line in whole.lines}) == len(whole.lines)  # no symbol twice
    index = data.draw(st.integers(0, len(links) - 1))
    assert equations_of(gl.chain(*links[:index], *links[index + 1 :])) != whole


def test_symbols_say_what_they_stand_for() -> None:
    made = equations_of(gl.adagrad(gl.schedules.cosine(0.1, 100), initial_accumulator_value=0.1))
    assert [str(symbol) for symbol in made.symbols] == [
        "ε = 1e-10", "αₜ = cosine(init_value=0.1, decay_steps=100.0)", "s₀ = 0.1",
    ]  # fmt: skip


def test_a_recipe_gives_its_hyperparameters_the_letters_of_its_docstring() -> None:
    made = equations_of(gl.ademamix(0.1, b3=0.99, alpha=4.0))
    assert {str(symbol) for symbol in made.symbols} == {
        "β₁ = 0.9",
        "β₃ = 0.99",
        "a = 4",
        "β₂ = 0.999",
        "ε = 1e-08",
        "α = 0.1",
    }


@pytest.mark.parametrize(
    ("tx", "letters"),
    [
        (gl.adan(0.1, 0.8, 0.7, 0.6), {"β₁ = 0.8", "β₂ = 0.7", "β₃ = 0.6", "α = 0.1"}),
        (gl.qhadam(nu1=0.3, nu2=0.4), {"β₁ = 0.995", "β₂ = 0.999", "ν₁ = 0.3", "ν₂ = 0.4"}),
        (gl.momo(0.5, 0.8), {"β = 0.8", "α = 0.5", "b₁ = g₁", "f̄₁ = f₁", "γ₁ = ⟨ g₁, x₀ ⟩"}),
        (gl.muon(momentum=0.8), {"μ = 0.8", "β₁ = 0.9", "β₂ = 0.95"}),
        (gl.muon_hyperball(momentum=0.8), {"μ = 0.8", "β₁ = 0.9", "β₂ = 0.95"}),
        (gl.normuon(momentum=0.8), {"μ = 0.8", "β₁ = 0.9", "β₂ = 0.95", "ρ = 0.2"}),
        (gl.scion(0.5, outputs=gl.path("head")), {"γ = 0.5", "μ = 0.9", "ρ = 50", "ρ' = 3000"}),
        (gl.galore(0.1, scale=0.3), {"s = 0.3", "α = 0.1"}),
        (gl.mars(0.1, b1=0.75, gamma=0.5), {"a = 1.5", "c = 1", "β₁ = 0.75", "α = 0.1"}),
        (gl.nadam(b1=0.8, b2=0.7), {"μ = 0.8", "β₂ = 0.7"}),
        (gl.nadamw(b1=0.8, b2=0.7), {"μ = 0.8", "β₂ = 0.7"}),
        (gl.lion(b1=0.4, b2=0.8), {"β₂ = 0.8", "ν = 0.5"}),
        (gl.cautious_lion(b1=0.4, b2=0.8), {"β₂ = 0.8", "ν = 0.5"}),
    ],
    ids=lambda value: value.factory.name if isinstance(value, gl.Transformation) else "",
)
def test_each_hyperparameter_of_a_recipe_has_its_own_letter(tx: Any, letters: set[str]) -> None:
    symbols = equations_of(tx).symbols
    assert letters <= set(map(str, symbols))
    assert len({symbol.latex for symbol in symbols}) == len(symbols)


@pytest.mark.parametrize("tuned", [gl.rmsprop(0.1), gl.adagrad(0.1, initial_accumulator_value=0.1), gl.adam(0.1)])
def test_mechanic_shares_no_letter_with_the_optimizer_that_it_tunes(tuned: Any) -> None:
    letters = [symbol.latex for symbol in equations_of(gl.mechanic(tuned)).symbols]
    assert len(set(letters)) == len(letters)


def test_factors_of_matrices_say_at_which_steps_they_are_renewed() -> None:
    def factors(tx: Any) -> list[str]:
        return [line for line in equations_of(tx).plain if line.startswith(("P", "Q"))]

    assert factors(gl.scale_by_kronecker(every=1)) == []
    assert factors(gl.scale_by_kronecker(every=5)) == [
        "Pₜ = (Lₜ + ε I)^(-p) if k ∣ t - 1, else Pₜ₋₁", "Qₜ = (Rₜ + ε I)^(-p) if k ∣ t - 1, else Qₜ₋₁",
    ]  # fmt: skip
    always, seldom = factors(gl.scale_by_whitening(every=1)), factors(gl.scale_by_whitening(every=4.5))
    assert not any(" if " in line for line in always)
    assert seldom == [f"{line} if k ∣ t - 1, else {line[0]}ₜ₋₁" for line in always]
    assert "k = 5" in map(str, equations_of(gl.scale_by_whitening(every=4.5)).symbols)
    scheduled = factors(gl.scale_by_whitening(every=gl.schedules.linear(1.0, 9.0, 5)))
    assert all("if t = 1 or the last fit, at s, was kₛ steps ago, else" in line for line in scheduled)


def test_bases_say_at_which_steps_they_are_renewed() -> None:
    def last_bases(basis: Any) -> list[str]:
        lines = equations_of(gl.in_basis(gl.scale_by_momentum(0.9), basis)).plain
        return [line for line in lines if line.startswith("Q")]

    assert last_bases(gl.singular_basis(rank=2, every=5)) == ["Qₜ = svd₂(gₜ) if k ∣ t - 1, else Qₜ₋₁"]
    assert last_bases(gl.singular_basis(rank=2, every=1)) == ["Qₜ = svd₂(gₜ)"]
    assert last_bases(gl.eigenbasis(0.9, every=5)) == ["Qₜ = qr(Lₜ₋₁ Qₜ₋₁) if k ∣ t - 2, else Qₜ₋₁"]
    assert last_bases(gl.eigenbasis(0.9, every=1)) == ["Qₜ = qr(Lₜ₋₁ Qₜ₋₁) if t > 1, else Qₜ₋₁"]


def test_a_basis_of_earlier_gradients_lets_the_means_in_it_begin_a_step_later() -> None:
    late, prompt = (equations_of(gl.in_basis(gl.adam(0.1), basis)) for basis in (gl.eigenbasis(), gl.singular_basis(2)))
    assert {"m₁ = 0", "v₁ = 0", "d₁ = 0"} <= set(map(str, late.symbols))
    assert "m̂ₜ = mₜ/(1 - β₁ᵗ⁻¹)" in late.plain
    assert {"m₁ = 0", "v₁ = 0", "d₁ = 0"}.isdisjoint(map(str, prompt.symbols))
    assert "m̂ₜ = mₜ/(1 - β₁ᵗ)" in prompt.plain
    # So says the code, too, whose basis stays the unit matrix for such a gradient.
    tx, gradient = (
        gl.in_basis(gl.chain(*gl.adam(0.1).links[:2]), gl.eigenbasis(every=1)),
        jnp.diag(jnp.array([2.0, 1.0])),
    )
    state = tx.init(gradient)
    for expected in (0.0, 1.0):
        direction, state = tx.update(gradient, state)
        np.testing.assert_allclose(direction, expected * gradient, rtol=1e-10)


def test_a_power_of_a_symbol_with_a_prime_is_that_of_a_group_as_latex_demands() -> None:
    assert r"v_t = \beta_2 v_{t-1} + (1 - \beta_2) {g'_t}^2" in equations_of(gl.galore()).lines
    assert r"v_t = \beta_2 v_{t-1} + (1 - \beta_2) {\tilde g'_t}^2" in equations_of(gl.mars()).lines


def test_only_symbols_of_the_equations_have_a_value() -> None:
    for tx in (gl.lamb(), gl.muon_hyperball()):
        made = equations_of(tx)
        assert all(symbol.latex in made.latex for symbol in made.symbols if not symbol.latex.endswith("_0"))


def test_decays_that_change_have_products_for_weights() -> None:
    scheduled = gl.chain(
        gl.scale_by_momentum(gl.schedules.linear(0.9, 0.8, 9)), gl.bias_correction(gl.schedules.linear(0.9, 0.8, 9))
    )
    assert equations_of(scheduled, update=False).plain == ("mₜ = βₜ mₜ₋₁ + (1 - βₜ) gₜ", "m̂ₜ = mₜ/(1 - ∏ᵢ₌₁ᵗ βᵢ)")


def test_the_latex_is_a_display() -> None:
    made = equations_of(gl.rmsprop(0.1))
    assert made.latex == (
        "\\begin{aligned}\nv_t &= \\beta v_{t-1} + (1 - \\beta) g_t^2 \\\\\n"
        "x_t &= x_{t-1} - \\alpha \\frac{g_t}{\\sqrt{v_t} + \\epsilon}\n\\end{aligned}"
    )
    assert str(made) == "(1) vₜ = β vₜ₋₁ + (1 - β) gₜ²\n(2) xₜ = xₜ₋₁ - α gₜ/(√vₜ + ε)"


def test_arrays_have_symbols_too() -> None:
    made = equations_of(gl.sgd(jnp.array([0.1, 0.2])))
    assert [str(symbol) for symbol in made.symbols] == [f"α = {made.symbols[0].value}"]
    assert "[2]" in made.symbols[0].value
