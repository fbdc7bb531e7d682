"""A state that is stored in 8 bits: its size, its slots, and steps that stay as large as those of float32."""

from __future__ import annotations

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec

import gradlab as gl
from gradlab import public_names
from gradlab.combinators import slots
from gradlab.core.claims import claims_of
from gradlab.testing import assert_lawful

BLOCKS = gl.codecs.dynamic_blocks()
PARAMS = {"kernel": jnp.ones((64, 256), jnp.float32), "bias": jnp.ones(256, jnp.float32)}


@jax.jit
def update(tx, updates, state, params):
    return tx.update(updates, state, params)


def dtypes(state):
    """Return the dtypes of the arrays in a state with as many elements as the kernel."""
    return [leaf.dtype.name for leaf in jax.tree.leaves(state) if leaf.size == PARAMS["kernel"].size]


@pytest.mark.parametrize(
    ("codec", "limit"), [(BLOCKS, 2.1), (gl.codecs.float_blocks(), 2.1), (gl.codecs.companded_blocks(), 2.17)]
)
def test_adam_holds_two_bytes_a_parameter(codec, limit):
    params = {"kernel": jnp.ones((64, 1024), jnp.float32), "bias": jnp.ones(256, jnp.float32)}
    count = sum(leaf.size for leaf in jax.tree.leaves(params))
    state = gl.store(gl.adam(), codec).init(params)
    assert 2 <= sum(leaf.nbytes for leaf in jax.tree.leaves(state)) / count <= limit
    assert state[0].moment["bias"].dtype == jnp.float32  # it is small


@pytest.mark.parametrize(
    ("codec", "expected"),
    [
        ({"second_moment": BLOCKS}, ["float32", "uint8"]),
        ({"moment": "bfloat16", "second_moment": BLOCKS}, ["bfloat16", "uint8"]),  # the outermost name decides
        ({"scale_by_rms": "float16"}, ["float32", "float16"]),
        ({"moment": gl.codecs.companded_blocks()}, ["int8", "uint8"]),  # both moments are called so
        ({"moment": "bfloat16", "second_moment": None}, ["bfloat16", "float32"]),
        ({}, ["float32", "float32"]),
    ],
)
def test_slots_have_codecs_of_their_own(codec, expected):
    tx = gl.store(gl.adam(0.1), codec)
    assert dtypes(tx.init(PARAMS)) == expected
    assert pickle.loads(pickle.dumps(tx)) == tx == eval(repr(tx), {**vars(public_names), **vars(gl.codecs)})


def test_a_slot_may_be_a_link_of_any_composition():
    tx = gl.chain(
        gl.clip_by_global_norm(1.0), gl.store(gl.add(gl.scale_by_momentum(0.9), gl.gradient()), {"add": BLOCKS})
    )
    assert dtypes(tx.init(PARAMS)) == ["uint8"]


def test_a_slot_that_does_not_exist_is_an_error():
    with pytest.raises(
        ValueError, match=r"no slot 'mu' that grows with the parameters; it has .*moment.*second_moment"
    ):
        gl.store(gl.adam(), {"mu": BLOCKS}).init(PARAMS)
    with pytest.raises(ValueError, match=r"rounds stochastically, so it needs a key: store\(tx, codec, key=0\)"):
        gl.store(gl.adam(), gl.codecs.cast(stochastic=True))
    with pytest.raises(TypeError, match="must name each slot by a string, such as 'second_moment'; got 1"):
        gl.store(gl.adam(), {1: "bfloat16"})
    with pytest.raises(TypeError, match="got the factory dynamic_blocks itself; call it"):
        gl.store(gl.adam(), gl.codecs.dynamic_blocks)


def test_counters_and_weights_are_untouched(rng):
    """They are those of the optimizer without `store`, bit for bit."""
    tx = gl.adam(gl.schedules.cosine(0.1, 100))
    stored = gl.store(tx, BLOCKS)
    states = [tx.init(PARAMS), stored.init(PARAMS)]
    gradient = jax.tree.map(lambda p: jnp.asarray(rng.standard_normal(p.shape), p.dtype), PARAMS)
    for _ in range(3):
        states = [update(t, gradient, s, PARAMS)[1] for t, s in zip((tx, stored), states, strict=True)]
    scalars = [[leaf for leaf in jax.tree.leaves(state) if leaf.ndim == 0] for state in states]
    assert len(scalars[0]) == 3
    jax.tree.map(np.testing.assert_array_equal, *scalars)


def test_one_program_for_ten_rates():
    state = gl.store(gl.adam(), BLOCKS).init(PARAMS)
    traced = []

    @jax.jit
    def step(tx, updates, state):
        traced.append(tx)
        return tx.update(updates, state)

    for rate in np.linspace(0.1, 1.0, 10):
        step(gl.store(gl.adam(rate), BLOCKS), PARAMS, state)
    assert len(traced) == 1
    stack = jax.vmap(lambda rate: gl.store(gl.adam(rate), BLOCKS))(jnp.array([0.1, 0.2]))
    steps = jax.vmap(lambda tx: tx.update(PARAMS, tx.init(PARAMS))[0]["kernel"][0, 0])(stack)
    np.testing.assert_allclose(steps, [-0.1, -0.2], rtol=1e-5)


def make_gradients(rng):
    """Return gradients over six decades in one block, half of which are 0 at each step."""
    scale = 10.0 ** rng.uniform(-6, 0, (16, 256))
    present = rng.uniform(size=(100, 16, 256)) < 0.5
    return jnp.asarray(scale * rng.standard_normal((100, 16, 256)) * present, jnp.float32)


OTHERS = [gl.codecs.companded_blocks(), gl.codecs.float_blocks(), gl.codecs.cast("float16")]


@pytest.mark.parametrize("codec", [BLOCKS, *(pytest.param(codec, marks=pytest.mark.slow) for codec in OTHERS)])
def test_no_step_is_huge(codec, rng, rollout, monkeypatch):
    """A second moment that became 0 beside a first moment would make a step of a hundred thousand times the rate."""
    gradients = make_gradients(rng)
    assert 1 < np.abs(rollout(gl.adam(1.0), gradients)).max() < 1.2
    assert np.abs(rollout(gl.store(gl.adam(1.0), codec), gradients)).max() < 3
    monkeypatch.setattr(slots, "_NON_NEGATIVE", frozenset())
    unprotected = gl.store(gl.adam(1.0), codec.replace())
    steps = jax.jit(lambda g: jax.lax.scan(lambda s, g: unprotected.update(g, s)[::-1], unprotected.init(g[0]), g)[1])
    assert np.abs(steps(gradients)).max() > 1e4


def test_a_sharded_state_is_that_of_one_device(rng):
    mesh = jax.make_mesh((2,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    rows = NamedSharding(mesh, PartitionSpec("data", None))
    kernel = jnp.asarray(rng.standard_normal((64, 256)), jnp.float32)
    tx = gl.store(gl.scale_by_momentum(0.9), gl.codecs.dynamic_blocks(stochastic=True), key=3)
    step = jax.jit(tx.update, donate_argnums=1)
    expected, state = step(kernel, tx.init(kernel), kernel)
    sharded = jax.device_put(kernel, rows)
    placed = jax.device_put(tx.init(kernel), NamedSharding(mesh, PartitionSpec()))
    placed = placed._replace(inner=jax.device_put(placed.inner, rows))
    text = step.lower(sharded, placed, sharded).compile().as_text() or ""
    assert not any(name in text for name in ("all-gather", "all-reduce", "all-to-all", "collective-permute"))
    got, new = step(sharded, placed, sharded)
    np.testing.assert_array_equal(got, expected)
    jax.tree.map(np.testing.assert_array_equal, new, state)
    assert new.inner.moment.codes.sharding.is_equivalent_to(rows, 2)


def test_points_are_those_of_the_state_as_it_was(rng):
    tx = gl.store(gl.average_params(gl.sgd(0.1)), BLOCKS)
    state = tx.init(PARAMS)
    gradient = jax.tree.map(lambda p: jnp.asarray(rng.standard_normal(p.shape), p.dtype), PARAMS)
    updates, state = tx.update(gradient, state, PARAMS)
    after = gl.apply_updates(PARAMS, updates)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=0.01 * 1.4), gl.eval_params(tx, state, after), after
    )


def test_claims_are_those_that_the_rounding_leaves():
    plain, cast, blocks = (
        claims_of(tx) for tx in (gl.adam(), gl.store(gl.adam(), "bfloat16"), gl.store(gl.adam(), BLOCKS))
    )
    assert "elementwise" in plain
    assert "elementwise" in cast
    assert "elementwise" not in blocks
    assert cast["except"] == ("wide accumulators",)
    assert "wide accumulators" not in claims_of(gl.store(gl.adam(), "float32")).get("except", ())
    drawn = claims_of(gl.store(gl.adam(), gl.codecs.cast(stochastic=True), key=0))
    assert drawn["domain"] == ("stochastic",)


@pytest.mark.slow
@pytest.mark.parametrize(
    "codec", [gl.codecs.dynamic_blocks(min_size=0), gl.codecs.companded_blocks(stochastic=True, min_size=0)]
)
def test_the_laws_hold_for_blocks(codec):
    assert_lawful(gl.store(gl.adam(0.1), codec, key=0), dtypes=("float32", "bfloat16"))
