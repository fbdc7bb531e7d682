"""`dynamic_loss_scale`: the gradient is divided by the scale, and the scale follows what is finite."""

from __future__ import annotations

import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import public_names
from gradlab.compilation.fast_compilation import jit_fast

PARAMS = {"w": jnp.array([1.0, -2.0]), "b": jnp.array(0.25)}
INNER = gl.sgd(gl.schedules.linear(0.1, 0.01, 5), momentum=0.9)


def draw(bad: str) -> Any:
    """Return one gradient for each character: "." is finite, and "n" has a NaN."""
    random = np.random.default_rng(0)
    gradients = {"w": random.normal(size=(len(bad), 2)), "b": random.normal(size=len(bad))}
    gradients["w"][[c == "n" for c in bad], 1] = np.nan
    return jax.tree.map(jnp.asarray, gradients)


@jit_fast
def run(tx: Any, gradients: Any) -> Any:
    """Return the parameters and the states after each step on gradients that are scaled."""

    def step(carry: Any, gradient: Any) -> Any:
        params, state = carry
        scale = gl.loss_scale(tx, state)
        scaled = jax.tree.map(lambda g: g * jnp.asarray(scale).astype(g.dtype), gradient)
        updates, state = tx.update(scaled, state, params, loss_scale=scale)
        params = optax.apply_updates(params, updates)
        return (params, state), (params, state)

    return jax.lax.scan(step, (PARAMS, tx.init(PARAMS)), gradients)[1]


def simulate(bad: str, scale: float, interval: int, low: float, high: float) -> tuple[list[float], list[bool]]:
    """Return the scale after each step, and whether the step was taken, by the rules as they are published."""
    scales, taken, good = [], [], 0
    for c in bad:
        taken.append(c == "." or scale <= low)
        good = good + 1 if c == "." else 0
        scale = scale if c == "." else scale / 2
        if good == interval:
            scale, good = 2 * scale, 0
        scale = min(max(scale, low), high)
        scales.append(scale)
    return scales, taken


def test_the_scale_follows_what_is_finite() -> None:
    bad = "....n..nn.......n...."
    tx = gl.dynamic_loss_scale(INNER, initial=16.0, interval=3, minimum=2.0, maximum=32.0)
    path, states = run(tx, draw(bad))
    scales, taken = simulate(bad, 16.0, 3, 2.0, 32.0)
    assert states.scale.tolist() == scales
    assert int(states.skipped[-1]) == taken.count(False)
    kept = np.array(taken)
    whole, _ = run(INNER, jax.tree.map(lambda leaf: leaf[kept], draw(bad)))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[kept], b, rtol=1e-13), path, whole)
    assert gl.metrics(states)["dynamic_loss_scale/scale"].shape == (len(bad),)


def test_at_the_minimum_the_gradient_goes_through() -> None:
    tx = gl.dynamic_loss_scale(gl.sgd(0.1), initial=2.0)
    path, states = run(tx, draw("nn."))
    assert np.isnan(path["w"][:, 1]).tolist() == [False, True, True]
    assert (states.scale.tolist(), int(states.skipped[-1])) == ([1.0, 1.0, 1.0], 1)
    path, states = run(gl.dynamic_loss_scale(gl.skip_nonfinite(gl.sgd(0.1)), initial=2.0), draw("nn."))
    assert bool(jnp.isfinite(path["w"]).all())
    assert int(states.inner.skipped[-1]) == 1


@pytest.mark.parametrize("outside", [True, False])
def test_it_may_be_accumulated_inside_or_outside(outside: bool) -> None:
    gradients = draw("......")
    mean = jax.tree.map(lambda leaf: leaf.reshape(3, 2, *leaf.shape[1:]).mean(1), gradients)
    whole, _ = run(INNER, mean)
    if outside:
        tx = gl.accumulate(gl.dynamic_loss_scale(INNER, interval=2), 2)
    else:
        tx = gl.dynamic_loss_scale(gl.accumulate(INNER, 2), interval=2)
    path, states = run(tx, gradients)
    np.testing.assert_allclose(path["w"][1::2], whole["w"], rtol=1e-13)
    scale = (states.inner if outside else states).scale
    assert scale[-1] == 2.0**15 * (2 if outside else 8)  # three batches are once the interval, six micro-batches thrice


def test_what_small_float16_gradients_lose_is_kept() -> None:
    def loss(w: Any, batch: Any) -> Any:
        return (w * batch * jnp.float16(1e-4)).sum()  # the gradient is 1e-8, below the smallest number of float16

    w, batch = jnp.ones(3, jnp.float16), jnp.full(3, 1e-4, jnp.float16)
    updates = {}
    for tx in (gl.sgd(1e6), gl.dynamic_loss_scale(gl.sgd(1e6))):
        state = tx.init(w)
        new, _, value = gl.make_step(loss, donate=False)(tx, w, state, batch)
        updates[tx.factory.name] = np.asarray(new - w, float)
        assert value == loss(w, batch)
    np.testing.assert_array_equal(updates["sgd"], 0.0)
    np.testing.assert_allclose(updates["dynamic_loss_scale"], -0.01, rtol=0.05)


def test_a_loss_that_overflows_makes_the_scale_smaller() -> None:
    step = gl.make_step(lambda w, batch: (w * batch).sum().astype("float16"))
    tx = gl.chain(gl.dynamic_loss_scale(gl.clip_by_global_norm(1.0), maximum=2.0**20, initial=2.0**18))
    w, batch = jnp.ones(2, jnp.float16), jnp.full(2, 8.0, jnp.float16)
    state, scales = tx.init(w), []
    for _ in range(8):
        w, state, value = step(tx, w, state, batch)
        scales.append(float(state[0].scale))
    assert scales[:6] == [2.0**17, 2.0**16, 2.0**15, 2.0**14, 2.0**13, 2.0**12]
    assert scales[-1] == 2.0**12  # 2 ** 12 * 8 is below the largest number of float16
    assert bool(jnp.isfinite(value))
    assert float(w[0]) > 1


def test_signals_that_come_from_the_gradient_are_divided_too() -> None:
    seen = []

    @gl.transformation
    def spy():
        def update(updates, state, params, *, grads, grad, gradient_fn, value):
            seen.append((updates, grads, grad, gradient_fn(params), value))
            return updates, state

        return lambda params: (), update

    def loss(w: Any, batch: Any) -> Any:
        return (batch * w**2).sum()

    step, tx = gl.make_step(loss, donate=False), gl.dynamic_loss_scale(spy())
    w = jnp.array([1.0, 2.0])
    with jax.disable_jit():
        step(tx, w, tx.init(w), jnp.array([3.0, 5.0]))
    for signal in seen[0][:4]:
        np.testing.assert_allclose(signal, [6.0, 20.0])
    assert seen[0][4] == 23.0


def test_all_devices_have_one_scale() -> None:
    tx = gl.dynamic_loss_scale(gl.sgd(1.0), initial=8.0, axis_name="data")

    def one(gradient: Any) -> Any:
        updates, state = tx.update(gradient, tx.init(gradient), loss_scale=8.0)
        return updates, state.scale

    mesh, data = jax.make_mesh((2,), ("data",), axis_types=(jax.sharding.AxisType.Auto,)), jax.P("data")
    run = jax.jit(jax.shard_map(one, mesh=mesh, in_specs=data, out_specs=(data, jax.P())))
    updates, scale = run(jnp.array([[8.0], [jnp.nan]]))
    assert (updates.tolist(), float(scale)) == ([[0.0], [0.0]], 4.0)
    updates, scale = run(jnp.array([[8.0], [16.0]]))
    assert (updates.tolist(), float(scale)) == ([[-1.0], [-2.0]], 8.0)
    same = jax.shard_map(one, mesh=mesh, in_specs=jax.P(), out_specs=jax.P())
    assert jax.jit(same)(jnp.array([8.0]))[0].tolist() == [-1.0]


def test_it_is_a_value() -> None:
    tx = gl.dynamic_loss_scale(gl.adam(1e-3), initial=8.0)
    assert tx == pickle.loads(pickle.dumps(tx)) == eval(repr(tx), vars(public_names))
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), tx, tx.replace(initial=4.0))
    assert jax.vmap(lambda tx: tx.init(PARAMS).scale)(stack).tolist() == [8.0, 4.0]


# What is refused.


def test_the_number_must_be_told() -> None:
    tx = gl.dynamic_loss_scale(gl.adam())
    with pytest.raises(ValueError, match=r"call update\(gradient, state, params, loss_scale=scale\). If nothing was"):
        tx.update(PARAMS, tx.init(PARAMS), PARAMS)


@pytest.mark.parametrize(
    "tx",
    [
        gl.chain(gl.clip_by_global_norm(1.0), gl.dynamic_loss_scale(gl.adam())),
        gl.add(gl.scale(0.1), gl.dynamic_loss_scale(gl.adam())),
        gl.accumulate(gl.chain(gl.dynamic_loss_scale(gl.scale_by_momentum()), gl.scale_by_sign())),
    ],
    ids=repr,
)
def test_a_part_of_the_optimizer_is_refused(tx: Any) -> None:
    with pytest.raises(ValueError, match=r"stands beside other parts of (chain|add), which would receive the scaled"):
        gl.loss_scale(tx, tx.init(PARAMS))


def test_two_are_refused() -> None:
    tx = gl.dynamic_loss_scale(gl.dynamic_loss_scale(gl.adam()))
    with pytest.raises(ValueError, match=r"put one around the whole optimizer: dynamic_loss_scale\(chain\(...\)\)"):
        gl.loss_scale(tx, tx.init(PARAMS))


def test_skipping_outside_is_refused() -> None:
    with pytest.raises(ValueError, match=r"put it inside: dynamic_loss_scale\(skip_nonfinite\(tx\)\)"):
        gl.skip_nonfinite(gl.dynamic_loss_scale(gl.adam()))


def test_other_optimizers_have_no_scale() -> None:
    assert gl.loss_scale(gl.adam(), gl.adam().init(PARAMS)) == 1.0
    assert gl.loss_scale(optax.adam(0.1), ()) == 1.0


def test_an_overflow_at_a_point_of_the_inner_transformation_makes_the_scale_smaller() -> None:
    """Uphill the gradient of 6 x^5 is larger than at the parameters, and overflows in float16 first."""
    tx = gl.dynamic_loss_scale(gl.sam(gl.sgd(1e-3), rho=1.0), initial=2.0**13)
    params = {"w": jnp.ones(4, jnp.float16)}
    step = gl.make_step(lambda p, batch: (p["w"] ** 6).sum() * batch)
    state, scales = tx.init(params), []
    for _ in range(5):
        params, state, _ = step(tx, params, state, jnp.float16(1.0))
        scales.append(float(state.scale))
    assert scales == [4096.0, 2048.0, 1024.0, 1024.0, 1024.0]
    assert int(state.skipped) == 3
    assert 0.9 < params["w"][0] < 1.0


def test_the_first_scale_is_between_the_bounds() -> None:
    with pytest.raises(ValueError, match=r"initial must be between minimum and maximum, got minimum=4.0, initial=2.0"):
        gl.dynamic_loss_scale(gl.sgd(0.1), initial=2.0, minimum=4.0)
