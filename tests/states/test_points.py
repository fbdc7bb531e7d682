"""`eval_params` and `gradient_params` find the points of any composition, and refuse what has none or two."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.compilation.fast_compilation import jit_fast
from gradlab.core.tree_differences import have_same_structure

X = jnp.array([1.0, -2.0, 0.5])
G = jnp.array([0.5, 0.25, -1.0])
AVERAGED = gl.average_params(gl.sgd(0.1))


def after(tx: Any, steps: int = 3, params: Any = X, gradient: Any = G) -> tuple[Any, Any]:
    """Return the parameters and the state after some steps along one gradient."""
    state = tx.init(params)
    for _ in range(steps):
        updates, state = tx.update(gradient, state, params)
        params = optax.apply_updates(params, updates)
    return params, state


MEAN = X - 0.1 * 2 * G  # of the three points that sgd(0.1) visits


@pytest.mark.parametrize(
    "tx",
    [tx for name, entry in registry.of_kind("recipe").items() if not (tx := entry.example).core.points()]
    + [optax.adam(0.1), gl.chain(), gl.transformation(optax.lion)(0.1)],
    ids=lambda tx: repr(tx).partition("(")[0],
)
def test_the_parameters_themselves_where_no_point_is_defined(tx: Any) -> None:
    params = {"a": X}
    state = tx.init(params)
    assert gl.eval_params(tx, state, params) is params
    assert gl.gradient_params(tx, state, params) is params


@gl.recipe
def average_within(rate: gl.NonNegative = 0.1):
    return gl.chain(gl.clip_by_global_norm(1e3), gl.average_params(gl.sgd(rate)))


@pytest.mark.parametrize(
    "tx",
    [
        AVERAGED,
        average_within(),
        gl.chain(gl.scale(2.0), gl.scale(0.5), AVERAGED),
        gl.chain(AVERAGED, gl.probe("step", "norm", "cosine"), gl.chain()),
        gl.isolate(AVERAGED),
        gl.accumulate(AVERAGED, every=1),
        gl.skip_nonfinite(AVERAGED),
        gl.store(AVERAGED, "float64"),
        gl.partition((gl.ndim(1), AVERAGED), default=gl.freeze()),
        gl.only(gl.ndim(1), AVERAGED),
        gl.average_params(gl.sgd(gl.schedules.constant(0.1)), start=gl.schedules.constant(0.0)),
    ],
    ids=lambda tx: repr(tx)[:60],
)
def test_a_point_is_found_through_every_combinator(tx: Any) -> None:
    params, state = after(tx)
    np.testing.assert_allclose(gl.eval_params(tx, state, params), MEAN, rtol=1e-12)
    assert gl.gradient_params(tx, state, params) is params


def test_a_gradient_point_is_found_as_well() -> None:
    for tx in (gl.nag(0.1), gl.average_params(gl.nag(0.1)), gl.accumulate(gl.nag(0.1), every=1)):
        params, state = after(tx, 1)
        np.testing.assert_allclose(gl.gradient_params(tx, state, params), params + 0.9 * (-0.1 * G), rtol=1e-12)


def test_a_group_has_points_for_its_own_leaves() -> None:
    params = {"kernel": jnp.ones((2, 3)), "bias": X, "scale": -X}
    tx = gl.partition(
        (gl.path("bias"), AVERAGED), (gl.ndim(2), gl.lookahead(gl.sgd(0.1), 2)), default=gl.nag(0.1, momentum=0.5)
    )
    gradient = jax.tree.map(jnp.ones_like, params)
    moved, state = after(tx, 3, params, gradient)
    evaluated, ahead = gl.eval_params(tx, state, moved), gl.gradient_params(tx, state, moved)
    np.testing.assert_allclose(evaluated["bias"], X - 0.2, rtol=1e-12)
    np.testing.assert_allclose(evaluated["kernel"], np.full((2, 3), 0.9), rtol=1e-12)
    np.testing.assert_array_equal(evaluated["scale"], moved["scale"])
    np.testing.assert_allclose(ahead["scale"], moved["scale"] - 0.5 * 0.175, rtol=1e-12)
    np.testing.assert_array_equal(ahead["bias"], moved["bias"])


def test_stacked_layers_have_points_of_their_own() -> None:
    one = gl.chain(gl.clip_by_norm(0.1), gl.average_params(gl.sgd(1.0)))

    @jit_fast
    def find(tx: Any, params: Any, gradient: Any) -> Any:
        params, state = after(tx, 2, params, gradient)
        return gl.eval_params(tx, state, params)

    stacked = find(gl.each(one), jnp.stack([X, 2 * X]), jnp.stack([G, 10 * G]))
    np.testing.assert_allclose(stacked[0], find(one, X, G), rtol=1e-12)
    np.testing.assert_allclose(stacked[1], find(one, 2 * X, 10 * G), rtol=1e-12)


def test_a_stored_state_is_decoded_first() -> None:
    tx = gl.store(gl.average_params(gl.sgd(0.1)), gl.codecs.dynamic_blocks())
    params, state = after(tx, 3, jnp.linspace(-1.0, 1.0, 512), jnp.zeros(512))
    np.testing.assert_allclose(gl.eval_params(tx, state, params), params, atol=0.02)


def test_two_points_in_a_chain_are_refused() -> None:
    tx = gl.chain(AVERAGED, gl.lookahead(gl.chain()))
    with pytest.warns(UserWarning, match="put average_params last"):
        params, state = after(tx)
    with pytest.raises(
        ValueError, match="average_params and lookahead each define the point at which the model is eva"
    ):
        gl.eval_params(tx, state, params)


@pytest.mark.parametrize(
    "link", [gl.scale(0.5), gl.clip_by_global_norm(1.0), optax.scale(0.5)], ids=["scale", "clip", "optax"]
)
def test_a_link_that_changes_the_step_behind_a_point_is_refused(link: Any) -> None:
    for point, evaluate in ((AVERAGED, gl.eval_params), (gl.nesterov_momentum(), gl.gradient_params)):
        tx = gl.chain(point, link)
        with pytest.warns(UserWarning, match="comes after it and changes this step; put .* last, or around the chain"):
            params, state = after(tx)
        with pytest.raises(
            ValueError, match=r"from the step that it makes, but .* comes after it and changes this step"
        ):
            evaluate(tx, state, params)


def test_a_gradient_point_and_a_link_with_a_gradient_of_its_own_are_refused() -> None:
    tx = gl.sam(gl.nag(0.1))
    with pytest.raises(ValueError, match="two links take the gradient at points of their own"):
        gl.gradient_params(tx, tx.init(X), X)


def test_wrong_arguments_are_explained() -> None:
    with pytest.raises(TypeError, match=r"takes a transformation first, .*; got a function, .*; call it: adam\("):
        gl.eval_params(gl.adam, (), X)
    tx, params = gl.adam(), {"w": jnp.ones((100, 100))}
    text = r"eval_params\(tx, state, params\) takes .*; got a dict of w, a tuple of .*; the optimizer came third"
    with pytest.raises(TypeError, match=text) as caught:
        gl.eval_params(params, tx.init(params), tx)
    assert len(str(caught.value)) < 250
    with pytest.raises(TypeError, match="params and state look exchanged"):
        gl.eval_params(gl.adam(), X, gl.adam().init(X))
    with pytest.raises(ValueError, match="this state is not one of average_params"):
        gl.eval_params(AVERAGED, gl.adam().init(X), X)
    with pytest.raises(ValueError, match="this state is not one of average_params"):
        gl.eval_params(AVERAGED, AVERAGED.init(X), {"a": X})


class Layer(NamedTuple):
    """A layer as in Equinox, whose functions and counters are leaves."""

    weight: Any
    activation: Any
    count: Any


def test_parts_of_a_model_that_are_no_parameters_stay() -> None:
    model = Layer(X, jax.nn.relu, jnp.array(3))
    params, state = after(AVERAGED, 3, Layer(X, None, None), Layer(G, None, None))
    evaluated = gl.eval_params(AVERAGED, state, model._replace(weight=params.weight))
    np.testing.assert_allclose(evaluated.weight, MEAN, rtol=1e-12)
    assert evaluated.activation is jax.nn.relu
    assert evaluated.count is model.count


def test_any_tree_keeps_its_structure_and_its_dtypes() -> None:
    tree = {
        "half": (jnp.ones(3, jnp.bfloat16), None),
        "empty": jnp.zeros((0, 2), jnp.float32),
        "none": {},
        "complex": jnp.ones((), jnp.complex64),
    }

    @jit_fast
    def find(tx: Any) -> Any:
        params, state = after(tx, 2, tree, tree)
        return gl.eval_params(tx, state, params), gl.gradient_params(tx, state, params)

    for tx in (gl.average_params(gl.nag(0.1)), gl.lookahead(gl.nag(0.1)), gl.schedule_free_adamw()):
        for point in find(tx):
            assert have_same_structure(point, tree)
            assert [leaf.dtype for leaf in jax.tree.leaves(point)] == [leaf.dtype for leaf in jax.tree.leaves(tree)]
    assert gl.eval_params(AVERAGED, AVERAGED.init({}), {}) == {}


def test_a_stack_of_optimizers_has_points_in_one_trace() -> None:
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[gl.schedule_free_sgd(rate) for rate in (0.1, 0.2, 0.4)])
    traces = []

    @jax.jit
    @jax.vmap
    def train(tx: Any) -> Any:
        traces.append(tx)
        params, state = after(tx)
        return gl.eval_params(tx, state, params)

    together = train(stack)
    assert len(traces) == 1
    for row, rate in zip(together, (0.1, 0.2, 0.4), strict=True):
        tx = gl.schedule_free_sgd(rate)
        params, state = after(tx)
        np.testing.assert_allclose(row, gl.eval_params(tx, state, params), rtol=1e-12)
    shapes = jax.eval_shape(lambda x: gl.eval_params(AVERAGED, AVERAGED.init(x), x), X)
    assert shapes.shape == (3,)


def test_make_step_takes_the_gradient_at_the_gradient_point() -> None:
    def loss(x: Any, batch: Any) -> Any:
        return 0.5 * jnp.sum(batch * x**2)

    batch, tx = jnp.array([1.0, 3.0, 0.5]), gl.nag(0.1)
    step = gl.make_step(loss)
    params, state, x, v = X, tx.init(X), np.asarray(X), np.zeros(3)
    for _ in range(4):
        ahead = x + 0.9 * v
        expected = 0.5 * np.sum(batch * ahead**2)
        params, state, value = step(tx, params, state, batch)
        v = 0.9 * v - 0.1 * np.asarray(batch) * ahead
        x = x + v
        np.testing.assert_allclose(params, x, rtol=1e-12)
        np.testing.assert_allclose(value, expected, rtol=1e-12)


def test_the_state_of_an_nnx_optimizer_and_the_parameters_of_its_model_fit() -> None:
    nnx = pytest.importorskip("flax.nnx")
    model = nnx.Linear(2, 2, param_dtype=float, rngs=nnx.Rngs(0))
    tx = gl.average_params(gl.only(gl.path("kernel"), gl.sgd(0.1), otherwise="zero"))
    optimizer, step = nnx.Optimizer(model, tx, wrt=nnx.Param), gl.make_step(lambda model, x: (model(x) ** 2).sum())
    before = jnp.copy(model.kernel[...])
    step(optimizer, model, jnp.ones((1, 2)))
    middle = jnp.copy(model.kernel[...])
    step(optimizer, model, jnp.ones((1, 2)))
    params = nnx.state(model, nnx.Param)
    expected = (middle + params["kernel"][...]) / 2
    assert jnp.abs(expected - before).max() > 0
    for state in (optimizer.opt_state, nnx.as_pure(optimizer.opt_state)):
        point = gl.eval_params(tx, state, params)
        assert isinstance(point["kernel"], nnx.Param)
        np.testing.assert_allclose(point["kernel"][...], expected, rtol=1e-6)
        np.testing.assert_allclose(gl.eval_params(tx, state, nnx.as_pure(params))["kernel"], expected, rtol=1e-6)
    other = gl.adam()
    with pytest.raises(ValueError, match="not one of average_params"):
        gl.eval_params(tx, other.init(params), params)


def test_groups_by_dtype_have_points_of_their_own() -> None:
    tx = gl.partition((gl.dtype("bfloat16"), gl.average_params(gl.sgd(0.5))), default=gl.lookahead(gl.sgd(0.5)))
    params = {"half": jnp.ones(2, jnp.bfloat16), "full": jnp.ones(2, jnp.float32)}
    updates, state = tx.update(params, tx.init(params), params)
    point = gl.eval_params(tx, state, optax.apply_updates(params, updates))
    np.testing.assert_array_equal(point["half"].astype(float), [0.5, 0.5])
    np.testing.assert_array_equal(point["full"].astype(float), [1.0, 1.0])
