"""Optimizers as arguments: differentiated by every hyperparameter, mapped over, and traced once for all numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import registry

schedules = gl.schedules

# Every recipe with every option on, at numbers where each hyperparameter matters and no kink is near.
SMOOTH: dict[str, Callable[[], Any]] = {
    "sgd": lambda: gl.sgd(0.1),
    "sgd, heavy ball": lambda: gl.sgd(0.1, momentum=0.8, dampening=0.3),
    "sgd, nesterov": lambda: gl.sgd(0.1, momentum=0.8, nesterov=True, dampening=0.3),
    "sign_sgd": lambda: gl.sign_sgd(0.1),
    "adagrad": lambda: gl.adagrad(0.1, 0.2, 0.1),
    "adadelta": lambda: gl.adadelta(0.9, 0.8, 0.1, 0.3),
    "rmsprop": lambda: gl.rmsprop(0.1, 0.8, 0.1),
    "rmsprop, all": lambda: gl.rmsprop(0.1, 0.8, 0.3, centered=True, momentum=0.7, nesterov=True),
    "rmsprop, optax's": lambda: gl.rmsprop(
        0.1, 0.8, 0.3, centered=True, momentum=0.7, eps_in_sqrt=True, initial_scale=0.2, bias_correction=True
    ),
    "adam": lambda: gl.adam(0.1, 0.8, 0.9, 0.1, 0.2),
    "adam, nesterov": lambda: gl.adam(0.1, 0.8, 0.9, 0.1, nesterov=True),
    "adamw": lambda: gl.adamw(0.1, 0.8, 0.9, 0.1, 0.5, eps_root=0.2),
    "adamw, nesterov": lambda: gl.adamw(0.1, 0.8, 0.9, 0.1, 0.5, eps_root=0.2, nesterov=True),
    "adamax": lambda: gl.adamax(0.1, 0.8, 0.6, 0.1),
    "nadam": lambda: gl.nadam(0.1, 0.8, 0.9, 0.1, 0.2),
    "amsgrad": lambda: gl.amsgrad(0.1, 0.8, 0.9, 0.1, 0.2),
    "adabound": lambda: gl.adabound(0.1, 0.8, 0.9, final_rate=0.1, gamma=0.5, eps=0.1),
    "amsbound": lambda: gl.amsbound(0.1, 0.8, 0.9, final_rate=0.1, gamma=0.5, eps=0.1),
    "nag": lambda: gl.nag(0.1, 0.8),
    "adam_mini": lambda: gl.adam_mini(0.1, 0.8, 0.9, 0.1, 0.5),
    "adafactor": lambda: gl.adafactor(0.1, 0.7, 0.5, 0.1, 2.0, 0.3),
    "lamb": lambda: gl.lamb(0.1, 0.8, 0.9, 0.1, 0.5),
    "lars": lambda: gl.lars(0.5, 0.8, 0.5, 0.1, 0.2),
    "dog": lambda: gl.dog(0.7, 0.3, 0.2, 0.5),
    "dowg": lambda: gl.dowg(0.7, 0.3, 0.2, 0.5),
    "prodigy": lambda: gl.prodigy(0.7, 0.8, 0.9, 0.1, 0.5, b3=0.7, initial=0.05, coefficient=1.5),
    "dadapt_adam": lambda: gl.dadapt_adam(0.7, 0.8, 0.9, 0.1, 0.5, initial=0.05),
    "shampoo": lambda: gl.shampoo(
        0.1, 0.9, weight_decay=0.5, momentum=0.8, adam_learning_rate=0.2, adam_b1=0.8, adam_b2=0.9, adam_eps=0.1
    ),
    "dion": lambda: gl.dion(0.1, 0.8, 0.5, adam_b1=0.8, adam_b2=0.9, adam_eps=0.1),
    "kron": lambda: gl.kron(0.1, 0.8, 0.3, 0.5, adam_learning_rate=0.2, adam_b1=0.8, adam_b2=0.9, adam_eps=0.1),
    "soap": lambda: gl.soap(0.1, 0.8, 0.9, 0.1, 0.5, shampoo_decay=0.7),
    "galore": lambda: gl.galore(0.1, 0.8, 0.9, 0.1, 0.5, scale=0.7),
    "momo": lambda: gl.momo(0.3, 0.8, 0.2, 0.5),
    "momo, to the bound": lambda: gl.momo(9.0, 0.8, 0.1, 0.5),
    "momo_adam": lambda: gl.momo_adam(0.3, 0.8, 0.9, 0.1, 0.2, 0.5),
    "sophia": lambda: gl.sophia(0.1, 0.8, 0.9, 0.5, 0.01, 0.5, limit=100.0, every=2),
    "muon": lambda: gl.muon(0.1, 0.8, 0.5, adam_learning_rate=0.2, adam_b1=0.8, adam_b2=0.9, adam_eps=0.1),
    "muon_hyperball": lambda: gl.muon_hyperball(
        0.1, 0.8, adam_learning_rate=0.2, adam_b1=0.8, adam_b2=0.9, adam_eps=0.1
    ),
    "normuon": lambda: gl.normuon(
        0.1, 0.8, 0.7, 0.1, 0.5, 0.3, adam_learning_rate=0.2, adam_b1=0.8, adam_b2=0.9, adam_eps=0.1
    ),
    "scion": lambda: gl.scion(0.1, 0.8, 2.0, 5.0, 0.1),
    "schedule_free_sgd": lambda: gl.schedule_free_sgd(schedules.linear(0.1, 0.3, 5), 0.8, 0.1, 1.5, 0.5),
    "schedule_free_adamw": lambda: gl.schedule_free_adamw(
        schedules.linear(0.1, 0.3, 5), 0.8, 0.9, 0.1, 0.5, weight_lr_power=1.5, weight_power=0.5
    ),
    "signum": lambda: gl.signum(0.1, 0.8, 0.5),
    "lion": lambda: gl.lion(0.1, 0.8, 0.7, 0.5),
    "cautious_lion": lambda: gl.cautious_lion(0.1, 0.8, 0.7, 0.5, min_share=1.5),
    "cautious_adamw": lambda: gl.cautious_adamw(0.1, 0.8, 0.9, 0.1, 0.5, min_share=1.5),
    "nadamw": lambda: gl.nadamw(0.1, 0.8, 0.9, 0.1, 0.5, eps_root=0.2),
    "adabelief": lambda: gl.adabelief(0.1, 0.8, 0.9, 0.1, 0.2),
    "yogi": lambda: gl.yogi(0.1, 0.8, 0.9, 0.1, 0.2),
    "radam": lambda: gl.radam(0.1, 0.8, 0.9, 0.1, 4.0),
    "qhm": lambda: gl.qhm(0.1, 0.8, 0.6),
    "qhadam": lambda: gl.qhadam(0.1, 0.8, 0.9, 0.1, 0.6, 0.7),
    "adan": lambda: gl.adan(0.1, 0.8, 0.7, 0.9, 0.1, 0.5),
    "ademamix": lambda: gl.ademamix(0.1, 0.8, 0.9, 0.95, 0.7, 0.1, 0.5),
    "ademamix, warm-up": lambda: gl.ademamix(0.1, 0.8, 0.9, 0.95, 0.7, 0.1, 0.5, warmup_steps=2.5),
    "adopt": lambda: gl.adopt(0.1, 0.8, 0.3, 0.6, 0.5, clip_exponent=0.1),
    "adopt, bounded": lambda: gl.adopt(3.0, 0.3, 0.5, 0.5, 0.1, clip_exponent=0.05),
    "mars": lambda: gl.mars(0.1, 0.8, 0.9, 0.1, 0.5, gamma=0.3, max_norm=0.4),
    "adam, scheduled": lambda: gl.adam(schedules.cosine(0.1, 9, 0.2), b1=schedules.nadam_momentum(0.8, 0.5), eps=0.1),
    "nadam, scheduled": lambda: gl.nadam(schedules.inverse_time(0.1, 3), schedules.nadam_momentum(0.8, 0.5), eps=0.1),
    "adabound, scheduled": lambda: gl.adabound(schedules.exponential(0.1, 3, 0.5), b2=0.9, gamma=0.5, eps=0.1),
    "sgd, nesterov, scheduled": lambda: gl.sgd(
        schedules.warmup_cosine(0.05, 0.2, 2.5, 9), momentum=schedules.linear(0.5, 0.9, 7), nesterov=True
    ),
    "chain": lambda: gl.chain(
        gl.clip_by_global_norm(0.7),
        gl.add_decayed_weights(0.3),
        gl.scale_by_momentum(0.8),
        gl.scale_by_rms(gl.chain(gl.scale_by_momentum(0.9), gl.bias_correction(0.9)), 0.1, 0.1),
        gl.scale_by_learning_rate(0.1 * schedules.polynomial(1.0, 0.1, 2.0, 9)),
    ),
}
# What the five steps do not read. (Sign descent is differentiable by its rate, as no sign changes nearby, and so does
# not read its decays; of the runs that clip, none passes its bound nearby. Nothing else had to be left out.)
UNREAD = {
    "sgd": {".dampening"},
    "signum": {".momentum"},
    "lion": {".b1", ".b2"},
    "cautious_lion": {".b1", ".b2"},
    "radam": {".threshold"},
    "sophia": {".limit"},
    "adopt": {".clip_exponent"},
    "shampoo": {".learning_rate", ".decay", ".exponent", ".eps", ".momentum"},
    "dion": {".momentum"},
    "kron": {".learning_rate", ".b1", ".rate", ".every", ".initial_scale", ".damping", ".max_rms"},
    "soap": {".shampoo_decay"},  # the parameters are no matrix, here and below
    "galore": {".scale"},
    "muon": {".learning_rate", ".momentum"},
    "muon_hyperball": {".learning_rate", ".momentum"},
    "normuon": {".learning_rate", ".momentum", ".b2", ".eps", ".rms"},
    "scion": {".output_radius"},
}

CURVATURES = jnp.array([0.3, 1.0, 3.0])
OPTIMUM = jnp.array([1.0, -1.0, 0.5])


def loss(x: Any) -> Any:
    return 0.5 * (CURVATURES * (x - OPTIMUM) ** 2).sum() + 0.1 * jnp.cos(2 * x).sum()


def trained(tx: Any, start: Any) -> Any:
    def step(carry: Any, _: Any) -> Any:
        x, state = carry
        value, gradient = jax.value_and_grad(loss)(x)
        updates, state = tx.update(gradient, state, x, value=value, gradient_fn=jax.grad(loss))
        return (optax.apply_updates(x, updates), state), None

    return jax.lax.scan(step, (start, tx.init(start)), None, length=5)[0][0]


START = jnp.array([-0.4, 0.3, 1.2])
loss_and_gradient = jax.jit(jax.value_and_grad(lambda tx: loss(trained(tx, START))))


@pytest.mark.parametrize("name", SMOOTH)
def test_hypergradients_are_central_differences(name: str) -> None:
    tx = SMOOTH[name]()
    _, gradient = loss_and_gradient(tx)
    leaves, structure = jax.tree.flatten(tx)
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(tx)]
    assert isinstance(gradient, gl.Transformation)
    assert jax.tree.leaves(gradient)
    unread = set()
    for index, (path, leaf, derivative) in enumerate(zip(paths, leaves, jax.tree.leaves(gradient))):
        width = 1e-5 * max(abs(leaf), 0.1)
        values = []
        for side in (width, -width):
            changed = [*leaves[:index], leaf + side, *leaves[index + 1 :]]
            values.append(float(loss_and_gradient(jax.tree.unflatten(structure, changed))[0]))
        difference = (values[0] - values[1]) / (2 * width)
        np.testing.assert_allclose(derivative, difference, rtol=1e-5, atol=1e-9, err_msg=path)
        if abs(difference) < 1e-6:
            unread.add(path)
    assert unread == UNREAD.get(name, set())


def test_the_table_has_every_recipe_and_every_hyperparameter() -> None:
    made = [make() for make in SMOOTH.values()]
    for name, entry in registry.of_kind("recipe").items():
        parameters = entry.example.factory.parameters.values()
        numeric = {p.name for p in parameters if p.range is not None and not p.range.integer}
        covered = {
            argument
            for tx in made
            if tx.factory.name == name
            for argument, value in tx.arguments.items()
            if argument in numeric and value is not None
        }
        assert covered == numeric, name


def test_the_hypergradient_is_shaped_like_the_optimizer_and_improves_it() -> None:
    tx = gl.adam(0.01)
    before, gradient = loss_and_gradient(tx)
    assert jax.tree.map(jnp.shape, gradient) == jax.tree.map(jnp.shape, tx)
    assert gradient.learning_rate < 0  # the rate is too small
    better = tx.replace(learning_rate=tx.learning_rate - 0.01 * gradient.learning_rate)
    assert loss_and_gradient(better)[0] < before


RATES = np.geomspace(1e-3, 0.5, 20)
RECIPES = registry.of_kind("recipe")


@pytest.mark.parametrize("name", RECIPES)
def test_traced_once_for_twenty_rates_and_mapped_is_the_same_as_apart(name: str) -> None:
    traces = []

    @jax.jit
    def train(tx: Any, start: Any) -> Any:
        traces.append(tx)
        return trained(tx, start)

    optimizers = [RECIPES[name].factory(rate) for rate in RATES]
    apart = np.stack([train(tx, START) for tx in optimizers])
    assert len(traces) == 1
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), *optimizers)
    together = jax.jit(jax.vmap(trained, in_axes=(0, None)))(stack, START)
    np.testing.assert_allclose(together, apart, rtol=1e-12, atol=1e-14)
    assert len(np.unique(apart[:, 0])) == len(RATES)


def test_a_new_number_in_a_schedule_or_an_option_does_not_retrace() -> None:
    traces = []

    @jax.jit
    def train(tx: Any) -> Any:
        traces.append(tx)
        return trained(tx, START)

    for rate in (0.1, 0.2):
        for decay in (5, 50):
            train(gl.sgd(0.5 * schedules.cosine(rate, decay), momentum=rate))
    assert len(traces) == 1
    train(gl.sgd(0.1, momentum=0.9, nesterov=True))
    assert len(traces) == 2


def test_stacks_of_schedules_are_mapped_too() -> None:
    optimizers = [gl.adam(schedules.cosine(rate, steps), b1=0.5) for rate in (0.1, 0.2) for steps in (3, 9)]
    apart = [trained(tx, START) for tx in optimizers]
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), *optimizers)
    np.testing.assert_allclose(jax.vmap(trained, in_axes=(0, None))(stack, START), apart, rtol=1e-12)


def test_gradients_through_a_stack_are_those_apart() -> None:
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[gl.adam(rate, eps=0.1) for rate in (0.1, 0.2)])
    mapped = jax.vmap(jax.grad(lambda tx: loss(trained(tx, START))))(stack)
    for index, rate in enumerate((0.1, 0.2)):
        _, apart = loss_and_gradient(gl.adam(rate, eps=0.1))
        np.testing.assert_allclose(
            [leaf[index] for leaf in jax.tree.leaves(mapped)], jax.tree.leaves(apart), rtol=1e-9, err_msg=f"{rate}"
        )
