"""Values: equality, hash, pickle, copy, print, attributes and the pytree of transformations and schedules."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any, NamedTuple

import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.values import Static, is_factory, is_number, rejoin, separate

ENTRIES = registry.entries()
PUBLIC_NAMES = vars(gl) | vars(gl.schedules)
scale_by_lion = gl.transformation(optax.scale_by_lion)


def no_decay_on_vectors(params: Any) -> Any:
    return jax.tree.map(lambda x: x.ndim > 1, params)


@gl.transformation
def own_scale(factor: gl.Hyperparameter = 2.0):
    """A user's link, in a module that pickle can find."""
    return lambda params: (), lambda updates, state: (jax.tree.map(lambda d: factor * d, updates), state)


# Calls that are harder to print, pickle and compare than the registry's examples.
VARIANTS: dict[str, Callable[[], Any]] = {
    "empty chain": lambda: gl.chain(),
    "chain of one": lambda: gl.chain(gl.scale(1.0)),
    "nested": lambda: gl.chain(gl.adam(1e-3), gl.isolate(gl.precondition(gl.chain(gl.scale_by_rms(), gl.scale(2.0))))),
    "zero instead of None": lambda: gl.scale_by_momentum(0.9, dampening=0.0),
    "zero momentum": lambda: gl.sgd(0.1, momentum=0.0),
    "flags": lambda: gl.rmsprop(0.1, centered=True, momentum=0.9, nesterov=True),
    "an axis": lambda: gl.centralize(0),
    "mask": lambda: gl.adamw(1e-3, mask={"w": True, "b": (False, True)}),
    "estimator": lambda: gl.scale_by_rms(gl.chain(gl.scale_by_momentum(0.99), gl.running_max())),
    "schedule": lambda: gl.adam(gl.schedules.cosine(0.1, 100), b1=gl.schedules.nadam_momentum()),
    "arithmetic": lambda: gl.sgd(1.0 - 0.5 * gl.schedules.cosine(0.1, 100) / (gl.schedules.inverse_time(2.0) + 3.0)),
    "tuples": lambda: gl.schedules.piecewise(0.1, (3,), (0.5,)),
    "large": lambda: gl.scale(123456789.0),
    "huge": lambda: gl.scale(1e22),
    "tiny": lambda: gl.scale(5e-324),
    "negative zero": lambda: gl.scale(-0.0),
    "negative seed": lambda: gl.add_noise(key=-3),
    "infinite": lambda: gl.clip_by_value(math.inf),
}
EVERY_CALL = {name: lambda entry=entry: entry.example for name, entry in ENTRIES.items()} | VARIANTS


def structure_of(tree: Any) -> Any:
    return jax.tree.structure(tree)


each_call = pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in EVERY_CALL.items()])
each_entry = pytest.mark.parametrize("entry", [pytest.param(entry, id=name) for name, entry in ENTRIES.items()])


# Equality and hash.


@pytest.mark.parametrize("name", ENTRIES)
def test_two_calls_with_the_same_arguments_are_equal_and_hash_alike(name: str) -> None:
    first, second = ENTRIES[name].example, registry.entries()[name].example
    assert first is not second
    assert first == second
    assert (first != second) is False  # tuple, a base, has a != of its own
    assert hash(first) == hash(second)
    assert len({first, second}) == 1


def test_all_examples_differ_from_each_other() -> None:
    examples = [entry.example for entry in ENTRIES.values()]
    assert len(set(examples)) == len(examples)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(gl.adam(1e-3), gl.adam(2e-3), id="a number"),
        pytest.param(gl.adam(1e-3), gl.amsgrad(1e-3), id="the factory"),
        pytest.param(gl.adabound(), gl.amsbound(), id="the factory, all else equal"),
        pytest.param(gl.rmsprop(centered=True), gl.rmsprop(), id="a flag"),
        pytest.param(gl.sgd(0.1), gl.sgd(0.1, momentum=0.0), id="None and zero"),
        pytest.param(gl.scale_by_momentum(), gl.scale_by_momentum(dampening=0.0), id="a default and zero"),
        pytest.param(gl.adam(0.1), gl.adam(gl.schedules.constant(0.1)), id="a number and a constant schedule"),
        pytest.param(gl.centralize(0), gl.centralize(1), id="an axis"),
        pytest.param(gl.adamw(mask={"w": True}), gl.adamw(mask={"w": False}), id="a mask"),
        pytest.param(gl.adamw(mask={"w": True}), gl.adamw(mask={"b": True}), id="a mask's names"),
        pytest.param(gl.chain(gl.scale(2.0), gl.centralize()), gl.chain(gl.centralize(), gl.scale(2.0)), id="order"),
        pytest.param(gl.scale(jnp.ones(2)), gl.scale(jnp.ones(3)), id="shape"),
        pytest.param(gl.scale(jnp.ones(2)), gl.scale(jnp.ones(2, jnp.float32)), id="dtype"),
        pytest.param(gl.scale(jnp.ones(2)), gl.scale(jnp.zeros(2)), id="the elements"),
        pytest.param(gl.schedules.cosine(0.1, 9), gl.schedules.cosine(0.1, 8), id="a schedule's number"),
        pytest.param(gl.schedules.cosine(0.1, 9) + 1, gl.schedules.cosine(0.1, 9) - 1, id="an operation"),
        pytest.param(gl.scale(1.0), gl.schedules.constant(1.0), id="the kind of value"),
        pytest.param(gl.adam(), optax.adam(1e-3), id="the library"),
        pytest.param(gl.adam(), None, id="None"),
        pytest.param(gl.adam(), "adam()", id="a string"),
    ],
)
def test_what_differs_in_anything_is_unequal(left: Any, right: Any) -> None:
    assert left != right
    assert (left == right) is False
    assert right != left


def test_arrays_as_hyperparameters_compare_by_their_elements() -> None:
    assert gl.scale(jnp.array([1.0, 2.0])) == gl.scale(jnp.array([1.0, 2.0]))
    assert hash(gl.scale(jnp.array([1.0, 2.0]))) == hash(gl.scale(jnp.array([1.0, 2.0])))
    assert gl.scale(np.array([1.0, 2.0])) == gl.scale(jnp.array([1.0, 2.0]))
    assert gl.add_noise(key=jax.random.key(1)) == gl.add_noise(key=jax.random.key(1))
    assert gl.add_noise(key=jax.random.key(1)) != gl.add_noise(key=jax.random.key(2))


def test_zeros_of_either_sign_are_equal_as_python_has_it() -> None:
    assert gl.scale(-0.0) == gl.scale(0.0)
    assert hash(gl.scale(-0.0)) == hash(gl.scale(0.0))


def test_nan_leaves_are_equal_to_themselves() -> None:
    gradient = jax.tree.map(lambda _: jnp.asarray(jnp.nan), gl.adam())  # as jax.grad may return
    same = jax.tree.map(lambda _: jnp.asarray(jnp.nan), gl.adam())
    assert gradient == same
    assert hash(gradient) == hash(same)


def test_true_is_not_one() -> None:
    @gl.transformation
    def flagged(flag):
        return lambda params: (), lambda updates, state: (updates, state)

    assert flagged(True) != flagged(1)
    assert flagged(True) == flagged(True)
    assert Static(True) != Static(1)
    assert jax.tree.leaves(flagged(True)) == []
    assert jax.tree.leaves(flagged(1)) == [1.0]


def test_values_with_tracers_hash_and_compare_inside_a_trace() -> None:
    seen = []

    @jax.jit
    def f(rate: jax.Array) -> jax.Array:
        tx = gl.adam(rate)
        seen.append((tx == gl.adam(rate), tx == gl.adam(2 * rate), hash(tx) == hash(gl.adam(rate))))
        return rate

    f(0.1)
    assert seen == [(True, False, True)]


def test_a_chain_with_an_optax_link_is_equal_to_one_with_the_same_object() -> None:
    link = optax.scale(0.5)
    assert gl.chain(link) == gl.chain(link)
    assert hash(gl.chain(link)) == hash(gl.chain(link))
    assert gl.chain(link) != gl.chain(optax.scale(0.5))  # another closure: nothing says that it does the same


def test_a_static_argument_that_is_hashed_must_be_hashable_and_the_error_says_so() -> None:
    with pytest.raises(TypeError, match=r"must be hashable.*got list: \[1\].*Pass a tuple"):
        hash(Static([1]))
    assert hash(Static((1,))) == hash(Static((1,)))


# Pickle and copy.


@each_call
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_restores_the_value(make: Callable[[], Any], protocol: int) -> None:
    value = make()
    restored = pickle.loads(pickle.dumps(value, protocol))
    assert restored == value
    assert type(restored) is type(value)
    assert repr(restored) == repr(value)
    assert structure_of(restored) == structure_of(value)


def test_a_pickled_transformation_computes_the_same() -> None:
    gradient = jnp.array([1.0, -2.0])
    for tx in (gl.adam(0.1), own_scale(3.0), scale_by_lion(0.8)):
        restored = pickle.loads(pickle.dumps(tx))
        with jax.numpy_dtype_promotion("standard"):
            expected, _ = tx.update(gradient, tx.init(gradient))
            got, _ = restored.update(gradient, restored.init(gradient))
        np.testing.assert_array_equal(got, expected)
        assert np.any(np.asarray(got) != 0)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(own_scale(3.0), id="a user's link"),
        pytest.param(scale_by_lion(0.8), id="a wrapped optax factory"),
        pytest.param(gl.transformation(optax.scale_by_lion)(b2=0.5), id="one wrapped on the spot"),
        pytest.param(gl.transformation(name="lion")(optax.lion)(0.1), id="one with another name"),
        pytest.param(gl.chain(scale_by_lion(), gl.scale(-0.1)), id="one in a chain"),
        pytest.param(gl.adamw(mask=no_decay_on_vectors), id="a function as argument"),
        pytest.param(gl.scale(np.arange(3.0)), id="an array"),
    ],
)
def test_what_users_make_pickles_too(value: Any) -> None:
    restored = pickle.loads(pickle.dumps(value))
    assert restored == value
    assert (restored != value) is False
    assert hash(restored) == hash(value)
    assert repr(restored) == repr(value)


@each_call
def test_copies_are_equal(make: Callable[[], Any]) -> None:
    value = make()
    assert copy.copy(value) == value
    assert copy.deepcopy(value) == value
    assert copy.deepcopy([value, value])[0] == value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_states_pickle_too(protocol: int) -> None:
    for tx in (gl.adam(), gl.adam(gl.schedules.cosine(0.1, 9)), gl.chain(gl.clip_by_global_norm(1.0), gl.rmsprop())):
        state = tx.init({"x": jnp.ones(2)})
        restored = pickle.loads(pickle.dumps(state, protocol))
        assert structure_of(restored) == structure_of(state)
        jax.tree.map(np.testing.assert_array_equal, restored, state)


def test_a_deep_copy_takes_what_pickle_cannot() -> None:
    tx = gl.chain(gl.adam(lambda step: 0.1), optax.scale(2.0))
    assert copy.deepcopy(tx) == tx


# The printed form.


@each_call
def test_repr_is_python_that_makes_the_same_value(make: Callable[[], Any]) -> None:
    value = make()
    rebuilt = eval(repr(value), dict(PUBLIC_NAMES))
    assert rebuilt == value
    assert repr(rebuilt) == repr(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (gl.adam(1e-3), "adam(learning_rate=0.001, b1=0.9, b2=0.999, eps=1e-08)"),
        (gl.sgd(1), "sgd(learning_rate=1.0)"),
        (gl.sgd(0.1, 0.9, nesterov=True), "sgd(learning_rate=0.1, momentum=0.9, nesterov=True)"),
        (gl.scale_by_momentum(0.9, 0.0), "scale_by_momentum(decay=0.9, dampening=0.0)"),
        (gl.chain(), "chain()"),
        (gl.chain(gl.scale(2), gl.scale_by_sign()), "chain(scale(factor=2.0), scale_by_sign())"),
        (gl.centralize(), "centralize(output_axis=-1)"),
        (gl.scale(jnp.float32(0.5)), "scale(factor=float32(0.5))"),
        (gl.scale(jnp.ones((2, 3))), "scale(factor=float64[2,3])"),
        (scale_by_lion(0.8), "scale_by_lion(b1=0.8, b2=0.99, mode='hard', smooth_beta=1.0)"),
        (gl.adamw(mask=no_decay_on_vectors).mask, no_decay_on_vectors),
        (gl.schedules.cosine(0.1, 100), "cosine(init_value=0.1, decay_steps=100.0)"),
        (gl.schedules.cosine(0.1, 100) * 2, "(cosine(init_value=0.1, decay_steps=100.0) * 2.0)"),
        (gl.schedules.shift(gl.schedules.constant(1.0), 2), "shift(inner=constant(value=1.0), offset=2)"),
    ],
)
def test_the_printed_form(value: Any, text: Any) -> None:
    assert (value if callable(text) else repr(value)) == text


def test_functions_print_by_their_name() -> None:
    def decaying(step: Any) -> float:
        return 0.1

    assert "no_decay_on_vectors" in repr(gl.adamw(mask=no_decay_on_vectors))
    assert "decaying" in repr(gl.adam(decaying))
    assert "<function" not in repr(gl.adam(decaying))
    assert "0x" not in repr(gl.chain(optax.scale_by_adam(), gl.adam(lambda step: 0.1)))
    assert "scale_by_adam" in repr(gl.chain(optax.scale_by_adam()))


def test_tracers_print_by_dtype_and_shape() -> None:
    printed = []

    @jax.jit
    def f(rate: jax.Array) -> jax.Array:
        printed.append(repr(gl.scale(rate)))
        return rate

    f(0.5)
    assert printed == ["scale(factor=float64[])"]


def test_str_is_the_composition() -> None:
    assert str(gl.sgd(0.1)) == "chain(scale_by_learning_rate(learning_rate=0.1))"
    assert str(gl.adam(0.1)) == (
        "chain(\n"
        "    scale_by_momentum(decay=0.9),\n"
        "    bias_correction(first_decay=0.9),\n"
        "    scale_by_rms(decay=chain(scale_by_momentum(decay=0.999), bias_correction(first_decay=0.999)), "
        "eps=1e-08),\n"
        "    scale_by_learning_rate(learning_rate=0.1),\n"
        ")"
    )
    assert str(gl.scale(2)) == "scale(factor=2.0)"


@each_entry
def test_str_never_fails_whatever_the_leaves(entry: registry.Entry) -> None:
    for leaf in (object(), None, jax.ShapeDtypeStruct((2,), jnp.float32), "text", jnp.ones(3)):
        strange = jax.tree.map(lambda _, leaf=leaf: leaf, entry.example)
        assert entry.name in str(strange) or "(" in str(strange)
        assert entry.name in repr(strange) or "(" in repr(strange)


@pytest.mark.parametrize("name", registry.of_kind("recipe"))
def test_the_str_of_a_recipe_builds_what_the_recipe_computes(name: str, rollout: Callable[..., Any]) -> None:
    recipe = ENTRIES[name].example
    rebuilt = eval(str(recipe), vars(gl) | vars(gl.schedules))
    gradients = np.array([[1.0, -2.0], [0.5, 3.0]])
    np.testing.assert_array_equal(rollout(rebuilt, gradients), rollout(recipe, gradients))


@hypothesis.given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_any_finite_number_survives_print_and_pickle(number: float, other: float) -> None:
    tx = gl.scale(number)
    assert tx.factor == number
    assert eval(repr(tx), vars(gl)) == tx
    assert pickle.loads(pickle.dumps(tx)) == tx
    assert (tx == gl.scale(other)) == (number == other)
    assert number != other or hash(tx) == hash(gl.scale(other))


# Arguments, attributes, replacement, immutability.


def test_arguments_are_attributes_with_defaults_filled_in() -> None:
    tx = gl.adam(1e-3, b2=0.99)
    numbers = {"learning_rate": 1e-3, "b1": 0.9, "b2": 0.99, "eps": 1e-8}
    assert tx.arguments == {**numbers, "eps_root": None, "nesterov": False}
    assert (tx.learning_rate, tx.b1, tx.b2, tx.eps) == (1e-3, 0.9, 0.99, 1e-8)
    assert gl.rmsprop(centered=True).centered is True
    assert gl.sgd(0.1).momentum is None
    assert gl.adamw(mask={"w": True, "b": False}).mask == {"w": True, "b": False}
    assert gl.schedules.cosine(0.1, 100).decay_steps == 100
    assert gl.chain(gl.scale(2.0)).arguments["links"] == (gl.scale(2.0),)


@pytest.mark.parametrize("value", [gl.adam(), gl.schedules.cosine(0.1, 100)])
def test_an_unknown_attribute_lists_the_known_ones(value: Any) -> None:
    with pytest.raises(AttributeError, match=rf"{value.factory.name} has no .*'lr'.*{next(iter(value.arguments))}"):
        value.lr  # noqa: B018
    assert not hasattr(value, "lr")
    assert not hasattr(value, "__array__")


def test_replace_changes_some_arguments() -> None:
    tx = gl.adam(1e-3, b2=0.99)
    changed = tx.replace(learning_rate=3e-4)
    assert changed == gl.adam(3e-4, b2=0.99)
    assert tx == gl.adam(1e-3, b2=0.99)
    assert tx.replace() == tx
    assert gl.schedules.cosine(0.1, 100).replace(decay_steps=50) == gl.schedules.cosine(0.1, 50)
    assert gl.chain(gl.scale(1.0)).replace(links=(gl.scale(2.0), gl.centralize())).links == (
        gl.scale(2.0),
        gl.centralize(),
    )
    assert scale_by_lion().replace(b1=0.5) == scale_by_lion(0.5)


def test_replace_checks_as_the_factory_does() -> None:
    with pytest.raises(ValueError, match=r"adam: b1 must be in \[0, 1\), got 1\.5"):
        gl.adam().replace(b1=1.5)
    with pytest.raises(TypeError, match=r"adam: .*'lr'.*learning_rate"):
        gl.adam().replace(lr=0.1)


@pytest.mark.parametrize("value", [gl.adam(), gl.schedules.cosine(0.1, 100)])
def test_a_value_cannot_change(value: Any) -> None:
    before = repr(value)
    for name in ("learning_rate", "init_value", "children", "anything"):
        with pytest.raises(AttributeError, match=rf"is a value and cannot change; use \.replace\({name}="):
            setattr(value, name, 1.0)
    value.arguments["b1"] = 0.0  # a copy
    assert repr(value) == before


def test_a_transformation_is_a_pair_as_optax_has_it() -> None:
    tx = gl.adam()
    init, update = tx
    assert isinstance(tx, optax.GradientTransformationExtraArgs)
    assert isinstance(tx, tuple)
    assert callable(init)
    assert callable(update)
    params = jnp.ones(2)
    updates, _ = update(params, init(params))
    np.testing.assert_allclose(updates, -1e-3 * np.ones(2), rtol=1e-7)


# The pytree.


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        (gl.adam(1e-3), {".learning_rate": 1e-3, ".b1": 0.9, ".b2": 0.999, ".eps": 1e-8}),
        (gl.sgd(0.1), {".learning_rate": 0.1, ".dampening": 0.0}),
        (gl.scale_by_sign(), {}),
        (
            gl.chain(gl.scale(2.0), gl.scale_by_sign(), gl.scale(3.0)),
            {".links[0].factor": 2.0, ".links[2].factor": 3.0},
        ),
        (gl.adam(gl.schedules.cosine(0.1, 9)).learning_rate, {".init_value": 0.1, ".decay_steps": 9.0, ".alpha": 0.0}),
        (
            gl.scale_by_rms(gl.running_sum(1.0)),
            {".decay.initial": 1.0, ".eps": 1e-8, ".eps_root": 0.0},
        ),
        (
            gl.scale(gl.schedules.cosine(0.1, 9)),
            {".factor.init_value": 0.1, ".factor.decay_steps": 9.0, ".factor.alpha": 0.0},
        ),
        (gl.rmsprop(0.1, centered=True), {".learning_rate": 0.1, ".decay": 0.9, ".eps": 1e-8}),
        (gl.schedules.piecewise(1.0, (3,), (0.5,)), {".init_value": 1.0, ".boundaries[0]": 3.0, ".factors[0]": 0.5}),
    ],
)
def test_leaves_are_the_numbers_by_path(value: Any, paths: dict[str, float]) -> None:
    leaves = jax.tree_util.tree_flatten_with_path(value)[0]
    assert {jax.tree_util.keystr(path): leaf for path, leaf in leaves} == paths
    assert all(type(leaf) is float for _, leaf in leaves)


@each_entry
def test_structure_is_equal_for_equal_structure_and_round_trips(entry: registry.Entry) -> None:
    value = entry.example
    leaves, structure = jax.tree.flatten(value)
    other = jax.tree.unflatten(structure, [leaf / 2 for leaf in leaves])
    assert structure_of(other) == structure
    assert hash(jax.tree.structure(other)) == hash(structure)
    assert jax.tree.unflatten(structure, leaves) == value
    assert jax.tree.leaves(other) == [leaf / 2 for leaf in leaves]


def test_the_structure_of_different_programs_differs() -> None:
    structures = {
        jax.tree.structure(tx)
        for tx in (
            gl.adam(),
            gl.amsgrad(),
            gl.sgd(0.1),
            gl.sgd(0.1, momentum=0.9),
            gl.sgd(0.1, momentum=0.9, nesterov=True),
            gl.adam(gl.schedules.cosine(0.1, 100)),
            gl.centralize(0),
            gl.centralize(1),
        )
    }
    assert len(structures) == 8


@each_entry
@pytest.mark.parametrize(
    "leaf",
    [object(), None, jax.ShapeDtypeStruct((3,), jnp.int8), True, -1.0, math.nan, "text", (1, 2)],
    ids=lambda leaf: type(leaf).__name__,
)
def test_unflatten_takes_arbitrary_objects(entry: registry.Entry, leaf: Any) -> None:
    leaves, structure = jax.tree.flatten(entry.example)
    strange = jax.tree.unflatten(structure, [leaf] * len(leaves))
    assert type(strange) is type(entry.example)
    kept = jax.tree.leaves(strange, is_leaf=lambda node: node is leaf)
    assert len(kept) >= len(leaves)  # more where None, a leaf here, is also an option left out
    assert all(other is leaf for other in kept)
    assert strange == jax.tree.unflatten(structure, [leaf] * len(leaves))
    assert isinstance(hash(strange), int)


def test_a_value_can_stand_for_the_axes_of_a_vmap() -> None:
    stack = gl.scale(jnp.array([1.0, 2.0]))
    axes = jax.tree.map(lambda _: 0, stack)
    got = jax.vmap(lambda tx: tx.update(jnp.ones(3), tx.init(jnp.ones(3)))[0], in_axes=(axes,))(stack)
    np.testing.assert_array_equal(got, [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]])


# The helpers.


class Point(NamedTuple):
    x: Any
    y: Any


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, True),
        (1.5, True),
        (np.float32(1), True),
        (np.arange(2), True),
        (jnp.ones(2), True),
        (True, False),
        (np.True_, False),
        (None, False),
        ("1", False),
        ((1,), False),
    ],
)
def test_is_number(value: Any, expected: bool) -> None:
    assert is_number(value) is expected


def test_is_factory() -> None:
    assert is_factory(gl.adam)
    assert is_factory(gl.schedules.cosine)
    assert not is_factory(gl.adam())
    assert not is_factory(gl.chain(gl.adam()))
    assert not is_factory(optax.adam)
    assert not is_factory(None)


@pytest.mark.parametrize(
    "argument", [1.0, True, None, "a", Point(1.0, "b"), {"a": (True, 2.0)}, [gl.adam(), None], optax.scale(1.0), print]
)
def test_rejoin_undoes_separate(argument: Any) -> None:
    separated = separate(argument)
    assert rejoin(separated) == argument
    assert all(is_number(leaf) for leaf in jax.tree.leaves(separated))
