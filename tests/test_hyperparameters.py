"""Hyperparameters: what they may be, their ranges and errors, and their value at a step."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.hyperparameters import as_weak, is_schedule, read_parameters


def first_words(parameter: Any) -> str:
    """The name of a case: the first pieces of its message."""
    return " ".join(parameter[:2]) if isinstance(parameter, list) else "call"


RECIPES = registry.of_kind("recipe")
CONSTANT = gl.schedules.constant
untyped: Any = gl  # for calls that a type checker refuses as well


def update_of(tx: Any, gradient: Any) -> Any:
    return tx.update(gradient, tx.init(gradient), gradient)[0]


# Errors: the owner, the argument, the value, the range, and the remedy.


@pytest.mark.parametrize(
    ("call", "pieces"),
    [
        (lambda: gl.adam(b1=1.5), ["adam", "b1", "[0, 1)", "1.5", "share of the past"]),
        (lambda: gl.adam(b1=1.0), ["adam", "b1", "[0, 1)", "1.0"]),
        (lambda: gl.adam(b2=-0.1), ["adam", "b2", "[0, 1)", "-0.1"]),
        (lambda: gl.adam(-1e-3), ["adam", "learning_rate", "[0, inf)", "-0.001", "not negative"]),
        (lambda: gl.adam(np.inf), ["adam", "learning_rate", "[0, inf)", "inf", "finite"]),
        (lambda: gl.adam(np.nan), ["adam", "learning_rate", "[0, inf)", "nan"]),
        (lambda: gl.adam(eps=-1e-8), ["adam", "eps", "[0, inf)", "-1e-08"]),
        (lambda: gl.sgd(0.1, momentum=2), ["sgd", "momentum", "[0, 1)", "2"]),
        (lambda: gl.sgd(0.1, momentum=0.9, dampening=1.1), ["sgd", "dampening", "[0, 1]", "1.1", "between 0 and 1"]),
        (lambda: gl.scale(np.inf), ["scale", "factor", "(-inf, inf)", "inf", "finite"]),
        (lambda: gl.scale(-np.inf), ["scale", "factor", "(-inf, inf)", "-inf"]),
        (lambda: gl.clip_by_global_norm(-1), ["clip_by_global_norm", "max_norm", "[0, inf]", "-1", "or inf"]),
        (lambda: gl.clip_by_value(np.nan), ["clip_by_value", "limit", "[0, inf]", "nan"]),
        (lambda: gl.adabound(gamma=0.0), ["adabound", "gamma", "(0, inf)", "0.0", "above zero"]),
        (lambda: gl.adam(jnp.array([0.1, -0.1])), ["adam", "learning_rate", "[0, inf)", "-0.1"]),
        (lambda: gl.adam(b1=np.float32(1.5)), ["adam", "b1", "[0, 1)", "1.5"]),
        (lambda: gl.schedules.cosine(0.1, 0), ["cosine", "decay_steps", "(0, inf)", "0"]),
        (lambda: gl.schedules.cosine(0.1, 9, alpha=2.0), ["cosine", "alpha", "[0, 1]", "2.0"]),
        (lambda: gl.bias_correction(0.9, 1.5), ["bias_correction", "second_decay", "[0, 1)", "1.5"]),
        (lambda: gl.scale_by_rms(2.0), ["scale_by_rms", "decay", "[0, 1)", "2.0"]),
        (lambda: gl.adam(b1=CONSTANT(1.5)), ["adam", "b1", "[0, 1)", "1.5", "share of the past"]),
        (lambda: gl.adam(1.0 - CONSTANT(1.5)), ["adam", "learning_rate", "[0, inf)", "-0.5"]),
        (lambda: gl.adam(-(2 * CONSTANT(1.0) + 1)), ["adam", "learning_rate", "[0, inf)", "-3.0"]),
        (lambda: gl.schedules.cosine(0.1, CONSTANT(0.0)), ["cosine", "decay_steps", "(0, inf)", "0.0"]),
        (lambda: gl.flavors.torch.adam(betas=(0.9, 1.5)), ["torch.adam", "betas[1]", "[0, 1)", "1.5"]),
    ],
    ids=first_words,
)
def test_a_number_out_of_range_is_refused(call: Callable[[], Any], pieces: list[str]) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011  (the pieces are the match)
        call()
    for piece in pieces:
        assert piece in str(error.value)


@pytest.mark.parametrize(
    ("call", "pieces"),
    [
        (lambda: gl.adam("0.1"), ["adam", "learning_rate", "number in [0, inf)", "schedule", "str", "'0.1'"]),
        (lambda: gl.adam(None), ["adam", "learning_rate", "number", "NoneType"]),
        (lambda: gl.adam([0.1]), ["adam", "learning_rate", "number", "array", "list", "[0.1]"]),
        (lambda: gl.adam({"a": 0.1}), ["adam", "learning_rate", "number", "dict"]),
        (lambda: gl.adam(True), ["adam", "learning_rate", "number", "bool", "True"]),
        (lambda: gl.adam(1j), ["adam", "learning_rate", "number", "complex", "1j"]),
        (lambda: gl.adam(jnp.ones(2, complex)), ["adam", "learning_rate", "number"]),
        (lambda: gl.adam(gl.scale(0.1)), ["adam", "learning_rate", "number", "scale(factor=0.1)"]),
        (lambda: gl.adam(optax.scale(0.1)), ["adam", "learning_rate", "number"]),
        (lambda: gl.adam(gl.schedules.cosine), ["adam", "learning_rate", "the factory cosine itself", "cosine(...)"]),
        (lambda: gl.sgd(0.1, 0.9, True, jnp.bfloat16), ["sgd", "dampening", "schedule", "the class bfloat16"]),
        (lambda: gl.schedules.as_schedule(np.float32), ["a schedule", "type", "float32"]),
        (lambda: gl.adam(gl.adam), ["adam", "learning_rate", "the factory adam itself", "adam(...)"]),
        (lambda: gl.scale_by_rms(gl.running_max), ["scale_by_rms", "decay", "running_max itself", "running_max(...)"]),
        (lambda: gl.isolate(gl.scale_by_rms), ["isolate", "tx", "scale_by_rms itself", "scale_by_rms(...)"]),
        (lambda: gl.isolate(0.1), ["isolate", "tx", "must be a transformation", "float: 0.1"]),
        (lambda: gl.precondition(None), ["precondition", "tx", "must be a transformation", "NoneType"]),
        (lambda: gl.schedules.shift(gl.schedules.cosine, 1), ["shift", "inner", "cosine itself", "cosine(...)"]),
        (lambda: untyped.rmsprop(centered="yes"), ["rmsprop", "centered", "bool", "str", "'yes'"]),
        (lambda: untyped.sgd(0.1, 0.9, 0.9), ["sgd", "nesterov", "bool", "float", "0.9"]),
        (lambda: untyped.nesterov(corrected=1), ["nesterov", "corrected", "bool", "int"]),
        (lambda: untyped.centralize(0.5), ["centralize", "output_axis", "int", "float", "0.5"]),
        (lambda: untyped.centralize("last"), ["centralize", "output_axis", "int", "str"]),
        (lambda: gl.centralize(True), ["centralize", "output_axis", "int", "bool"]),
        (lambda: gl.add_noise(key=0.5), ["add_noise", "key", "integer", "0.5"]),
        (lambda: gl.add_noise(key="seed"), ["add_noise", "key", "integer", "str"]),
        (lambda: gl.add_noise(key=lambda step: step), ["add_noise", "key", "integer", "function"]),
    ],
    ids=first_words,
)
def test_a_wrong_kind_is_refused(call: Callable[[], Any], pieces: list[str]) -> None:
    with pytest.raises(TypeError) as error:
        call()
    for piece in pieces:
        assert piece in str(error.value)


@pytest.mark.parametrize(
    ("call", "pieces"),
    [
        (lambda: untyped.adam(lr=0.1), ["adam", "'lr'", "learning_rate=0.001", "b1=0.9"]),
        (lambda: untyped.scale(), ["scale", "'factor'", "scale(factor)"]),
        (lambda: untyped.sgd(0.1, 0.9, False, 0.0, 5), ["sgd", "too many", "sgd(learning_rate"]),
        (lambda: untyped.adam(0.1, learning_rate=0.1), ["adam", "learning_rate"]),
        (
            lambda: untyped.schedules.cosine(0.1),
            ["cosine", "'decay_steps'", "cosine(init_value, decay_steps, alpha=0.0, exponent=None)"],
        ),
    ],
)
def test_a_call_that_does_not_fit_shows_the_arguments(call: Callable[[], Any], pieces: list[str]) -> None:
    with pytest.raises(TypeError) as error:
        call()
    for piece in pieces:
        assert piece in str(error.value)
    assert "Annotated" not in str(error.value)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: gl.sgd(0.1, nesterov=True), "sgd: nesterov=True .* pass momentum"),
        (lambda: gl.rmsprop(nesterov=True), "rmsprop: nesterov=True .* pass momentum"),
        (lambda: gl.adadelta(weight_decay_mask={"w": True}), "adadelta: weight_decay_mask .* pass weight_decay"),
    ],
)
def test_options_that_need_another_say_so(call: Callable[[], Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: gl.adam(0.0, b1=0.0, b2=0.0, eps=0.0),
        lambda: gl.sgd(0.1, momentum=0.0, dampening=1.0),
        lambda: gl.clip_by_global_norm(np.inf),
        lambda: gl.clip_by_norm(0.0),
        lambda: gl.add_noise(eta=0.0, gamma=0.0, key=2**40),
        lambda: gl.scale(-3.0),
        lambda: gl.schedules.cosine(0.1, 1e-9, alpha=1.0),
    ],
)
def test_the_closed_ends_of_a_range_are_in_it(call: Callable[[], Any]) -> None:
    assert eval(repr(call()), vars(gl) | vars(gl.schedules)) == call()


# Checks are made on concrete values only.


def test_ranges_are_not_checked_inside_a_trace() -> None:
    def leaf(b1: Any) -> Any:
        return update_of(gl.adam(1.0, b1=b1), jnp.ones(2)).sum()

    bad = 1.5
    assert np.isfinite(jax.jit(leaf)(bad))
    assert np.isfinite(jax.vmap(leaf)(jnp.array([0.9, bad]))).all()
    assert np.isfinite(jax.grad(leaf)(bad))
    with pytest.raises(ValueError, match="b1 must be in"):
        leaf(bad)
    with pytest.raises(ValueError, match="b1 must be in"):
        jax.jit(lambda: leaf(bad))()  # concrete, though inside a trace


def test_an_optimizer_moved_out_of_its_range_is_still_a_value() -> None:
    beyond = jax.tree.map(lambda leaf: leaf - 10.0, gl.adam())  # as a step of a meta-optimizer may
    assert beyond.learning_rate == 1e-3 - 10.0
    assert jax.tree.map(lambda leaf: leaf + 10.0, beyond).b1 == pytest.approx(0.9)


# Numbers, arrays, tracers.


@pytest.mark.parametrize("one", [1, 1.0, np.float32(1), np.int64(1), np.array(1.0)], ids=lambda one: type(one).__name__)
def test_scalars_become_floats(one: Any) -> None:
    assert gl.scale(one) == gl.scale(1.0)
    assert type(gl.scale(one).factor) is float


def test_integer_arguments_stay_integers() -> None:
    assert type(gl.add_noise(key=np.int32(3)).key) is int
    assert type(gl.centralize(1).output_axis) is int
    assert gl.add_noise(key=3.0) == gl.add_noise(key=3)


@pytest.mark.parametrize("leaf_dtype", ["bfloat16", "float16", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("rate_dtype", ["bfloat16", "float32", "float64", "int32"])
def test_an_array_of_any_dtype_leaves_the_dtype_of_the_leaf_alone(leaf_dtype: str, rate_dtype: str) -> None:
    gradient = jnp.ones(3, leaf_dtype)
    rate = jnp.asarray(2, rate_dtype)
    for tx in (gl.scale(rate), gl.sgd(rate, momentum=jnp.zeros((), rate_dtype))):
        state = tx.init(gradient)
        updates, new_state = tx.update(gradient, state)
        assert updates.dtype == leaf_dtype
        assert jax.tree.map(lambda x: x.dtype, new_state) == jax.tree.map(lambda x: x.dtype, state)
        np.testing.assert_array_equal(np.abs(np.asarray(updates, complex)), 2.0)


def test_an_array_gives_what_the_number_gives() -> None:
    gradient = jnp.array([1.0, -2.0, 3.0])
    np.testing.assert_array_equal(
        update_of(gl.adam(jnp.asarray(0.1), b1=jnp.asarray(0.8)), gradient), update_of(gl.adam(0.1, b1=0.8), gradient)
    )


def test_an_array_may_hold_one_number_for_each_element() -> None:
    got = update_of(gl.sgd(jnp.array([0.1, 1.0, 0.0])), jnp.array([1.0, -2.0, 3.0]))
    np.testing.assert_allclose(got, [-0.1, 2.0, 0.0])


def test_a_float32_rate_is_not_rounded_further_on_a_float64_leaf() -> None:
    rate = jnp.float32(0.1)
    np.testing.assert_array_equal(update_of(gl.sgd(rate), jnp.ones(1)), [-np.float64(np.float32(0.1))])


def test_factories_can_be_called_inside_a_trace() -> None:
    @jax.jit
    def step(rate: jax.Array) -> jax.Array:
        tx = gl.chain(gl.clip_by_global_norm(rate), gl.adam(2 * rate, b1=rate))
        assert any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(tx))
        return update_of(tx, jnp.ones(2))

    expected = update_of(gl.chain(gl.clip_by_global_norm(0.5), gl.adam(1.0, b1=0.5)), jnp.ones(2))
    np.testing.assert_allclose(step(0.5), expected, rtol=1e-12)


# Schedules.


@pytest.mark.parametrize(
    "rate",
    [
        gl.schedules.linear(1.0, 0.0, 4),
        lambda step: 1.0 - step / 4,
        lambda step: jnp.asarray(1.0 - step / 4, jnp.float32),
        optax.linear_schedule(1.0, 0.0, 4),
        1.0 - gl.schedules.linear(0.0, 1.0, 4),
    ],
)
def test_a_schedule_is_read_at_steps_from_zero(rate: Any) -> None:
    gradient, state = jnp.ones(2), gl.sgd(rate).init(jnp.ones(2))
    rates = []
    for _ in range(5):
        with jax.numpy_dtype_promotion("standard"):  # for optax's, and for the bare ones
            updates, state = gl.sgd(rate).update(gradient, state)
        assert updates.dtype == jnp.float64
        rates.append(float(-updates[0]))
    np.testing.assert_allclose(rates, [1.0, 0.75, 0.5, 0.25, 0.0], atol=1e-7)


def test_a_bare_function_gets_an_integer_step() -> None:
    seen = []

    def rate(step: Any) -> float:
        seen.append((jnp.shape(step), jnp.issubdtype(jnp.asarray(step).dtype, jnp.integer)))
        return 0.1

    for tx in (gl.sgd(rate), gl.scale_by_learning_rate(rate), gl.adabound(rate), gl.nadam(0.1, b1=rate)):
        update_of(tx, jnp.ones(2))
    assert set(seen) == {((), True)}


def hyperparameters_of_recipes() -> list[Any]:
    return [
        pytest.param(name, argument, id=f"{name}-{argument}")
        for name, entry in RECIPES.items()
        for argument, parameter in entry.example.factory.parameters.items()
        if parameter.range is not None
    ]


@pytest.mark.parametrize(("name", "argument"), hyperparameters_of_recipes())
def test_every_hyperparameter_of_every_recipe_may_be_a_schedule(
    name: str, argument: str, rollout: Callable[..., Any]
) -> None:
    optimizer = RECIPES[name].example
    value = optimizer.arguments[argument]
    if value is None:  # an option that is off
        optimizer = optimizer.replace(**{argument: 0.5})
        value = 0.5
    gradients = np.array([[1.0, -2.0, 0.3], [0.5, 3.0, 0.0], [-1.0, 0.1, 0.2]])
    expected = rollout(optimizer, gradients)
    np.testing.assert_allclose(
        rollout(optimizer.replace(**{argument: CONSTANT(value)}), gradients), expected, rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize(
    ("make", "reads"),
    [
        (lambda value: gl.scale_by_momentum(value), lambda m, g, v: (m := v * m + (1 - v) * g, m)),
        (lambda value: gl.scale(value), lambda m, g, v: (m, v * g)),
        (lambda value: gl.clip_by_value(value), lambda m, g, v: (m, np.clip(g, -v, v))),
    ],
)
def test_a_link_reads_its_schedule_anew_at_each_step(
    make: Callable[..., Any], reads: Callable[..., Any], rollout: Callable[..., Any], rng: np.random.Generator
) -> None:
    values = [0.9, 0.1, 0.5, 0.3]
    gradients = rng.standard_normal((4, 3))
    tx = make(gl.schedules.join(tuple(values), (1, 2, 3)))
    moment, expected = np.zeros(3), []
    for gradient, value in zip(gradients, values):
        moment, result = reads(moment, gradient, value)
        expected.append(result)
    np.testing.assert_allclose(rollout(tx, gradients), expected, rtol=1e-14)


def test_is_schedule() -> None:
    assert is_schedule(gl.schedules.constant(1.0))
    assert is_schedule(lambda step: 1.0)
    assert not is_schedule(1.0)
    assert not is_schedule(jnp.ones(2))
    assert not is_schedule(gl.scale(1.0))
    assert not is_schedule(optax.scale(1.0))
    assert not is_schedule(None)


# Declarations.


def test_annotations_declare_what_an_argument_is() -> None:
    @gl.transformation
    def link(
        bare,
        numeric=1.0,
        whole: int = 2,
        flag: bool = False,
        word: str = "a",
        real: float = 3,
        array: jax.Array | None = None,
        decay: gl.Decay = 0.9,
        option: gl.Positive | None = None,
        anything: object = None,
    ):
        return lambda params: (), lambda updates, state: (updates, state)

    made = link("x", option=2)
    leaves = {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(made)}
    assert leaves == {".numeric": 1.0, ".real": 3.0, ".decay": 0.9, ".option": 2.0}
    assert all(type(leaf) is float for leaf in leaves.values())
    assert type(made.whole) is int
    with pytest.raises(ValueError, match=re.escape("link: decay must be in [0, 1), got 2.0")):
        link("x", decay=2.0)


def test_a_factory_cannot_take_arguments_by_any_name() -> None:
    def link(**options: Any) -> Any:
        return None

    with pytest.raises(TypeError, match=r"link: a factory takes arguments by name, not \*\*options; list them"):
        gl.transformation(link)


def test_a_range_of_ones_own() -> None:
    from typing import Annotated

    percent = Annotated[Any, gl.Range(0, 100, includes_high=True, hint="pass a percentage")]

    def link(share):
        return lambda params: (), lambda updates, state: (updates, state)

    link.__annotations__["share"] = percent
    made = gl.transformation(link)
    assert made(100).share == 100.0
    with pytest.raises(ValueError, match=r"link: share must be in \[0, 100\], got 101; pass a percentage"):
        made(101)


@pytest.mark.parametrize(
    ("interval", "text", "inside", "outside"),
    [
        (gl.Range(0, 1), "[0, 1)", [0, 0.5, np.array([0.0, 0.9])], [1, -1e-9, np.nan, np.array([0.5, 1.0])]),
        (gl.Range(0, 1, includes_low=False), "(0, 1)", [1e-300], [0.0, 1.0]),
        (gl.Range(0, 1, includes_high=True), "[0, 1]", [0.0, 1.0], [1.0000001]),
        (gl.Range(), "[-inf, inf)", [-np.inf, 1e308], [np.inf, np.nan]),
    ],
)
def test_ranges(interval: gl.Range, text: str, inside: list[Any], outside: list[Any]) -> None:
    assert str(interval) == text
    assert all(interval.holds(value) for value in inside)
    assert not any(interval.holds(value) for value in outside)


def test_parameters_of_reads_names_and_defaults() -> None:
    parameters = read_parameters(lambda a, b=2.0: None)
    assert list(parameters) == ["a", "b"]
    assert parameters["a"].range is None
    assert parameters["b"].range is not None
    assert parameters["b"].default == 2.0


def pair() -> Any:
    return lambda params: (), lambda updates, state: (updates, state)


def test_each_number_of_a_tuple_has_its_range() -> None:
    @gl.transformation
    def link(betas: tuple[gl.Decay, gl.Fraction], rates: tuple[gl.Positive, ...] = (1.0,), *weights: gl.Decay):
        return pair()

    made = link((0, 1), (1, 2, gl.schedules.cosine(0.1, 3)), 0)
    assert made.betas == (0.0, 1.0)
    assert all(type(leaf) is float for leaf in jax.tree.leaves(made))
    for call, words in (
        (lambda: link((1, 1)), r"link: betas\[0\] must be in \[0, 1\), got 1"),
        (lambda: link((0, 2)), r"link: betas\[1\] must be in \[0, 1\], got 2"),
        (lambda: link((0, 1), (1, 0)), r"link: rates\[1\] must be in \(0, inf\), got 0"),
        (lambda: link((0, 1), (1,), 0.5, 3), r"link: weights\[1\] must be in \[0, 1\), got 3"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
    untyped_link: Any = link
    with pytest.raises(TypeError, match=r"link: betas must be a tuple of 2 numbers, got one of 1: \(0.5,\)"):
        untyped_link((0.5,))


def test_a_range_that_nothing_is_checked_against_is_refused() -> None:
    def link(rates: dict[str, gl.Decay]) -> Any:
        return pair()

    with pytest.raises(TypeError, match="link: nothing would be checked against the range in the annotation of rates"):
        gl.transformation(link)


# Weak types.


def test_weak_arrays_take_on_the_dtype_that_they_meet() -> None:
    for dtype in ("bfloat16", "float16", "float32", "float64", "complex64"):
        assert (as_weak(jnp.float32(0.5)) * jnp.ones(2, dtype)).dtype == dtype
    assert as_weak(jnp.arange(3)).dtype == jnp.float64
    assert as_weak(jnp.ones(2, jnp.float32)).weak_type


def test_weak_arrays_trace_map_and_differentiate() -> None:
    def f(x: jax.Array) -> jax.Array:
        return (as_weak(x) * jnp.float32(3.0)).sum()

    assert jax.grad(f)(jnp.float32(2.0)) == 3.0
    np.testing.assert_array_equal(jax.jit(jax.vmap(f))(jnp.arange(3.0)), [0.0, 3.0, 6.0])


def test_whole_numbers_of_other_libraries_stay_whole() -> None:
    muon: Any = gl.transformation(optax.contrib.muon)
    made = muon(0.1)
    assert made.ns_steps == 5
    assert type(made.ns_steps) is int
    assert made == muon(0.1, ns_steps=np.int64(5))
    assert ".ns_steps" not in {jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(made)}
    assert muon(0.1, beta=0, ns_steps=3).beta == 0.0  # 0.95 is no whole number
    structures: list[Any] = [jax.tree.structure(tx) for tx in (made, made.replace(ns_steps=3))]
    assert structures[0] != structures[1]
    # As an array it is a number like others, of which one program serves all.
    params = {"w": jnp.arange(6.0, dtype=jnp.float32).reshape(2, 3)}

    traces = []

    @jax.jit
    def first_step(tx: Any) -> Any:
        traces.append(tx)
        return tx.update(params, tx.init(params), params)[0]["w"]

    for steps in (3, 5):
        with jax.numpy_dtype_promotion("standard"):  # which optax needs here
            tx = optax.contrib.muon(0.1, ns_steps=steps)
            expected = tx.update(params, tx.init(params), params)[0]["w"]
            for given in (steps, jnp.asarray(steps, jnp.int32)):
                np.testing.assert_allclose(first_step(muon(0.1, ns_steps=given)), expected, rtol=1e-5, atol=1e-6)
    assert len(traces) == 3  # 3, 5, and both arrays
