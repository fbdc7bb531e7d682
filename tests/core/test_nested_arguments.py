"""Arguments are found and replaced by their paths, through chains, wrappers and schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab import registry

COSINE = gl.schedules.cosine(1e-3, 100)
CLIPPED = gl.chain(gl.clip_by_global_norm(1.0), gl.adamw(COSINE))
TWICE = gl.chain(
    gl.scale_by_momentum(0.9),
    gl.scale_by_rms(gl.chain(gl.scale_by_momentum(0.99), gl.bias_correction(0.99))),
    gl.scale_by_momentum(0.5),
)


def test_a_name_is_found_in_chains_and_wrappers() -> None:
    assert CLIPPED.replace(learning_rate=3e-4, max_norm=2.0) == gl.chain(gl.clip_by_global_norm(2.0), gl.adamw(3e-4))
    inside = gl.store(gl.isolate(gl.chain(gl.each(gl.sgd(0.1)), gl.add(gl.scale(2.0), gl.precondition(gl.scale(3.0))))))
    assert inside.replace(learning_rate=0.2).replace(momentum=0.9).tx == gl.isolate(
        gl.chain(gl.each(gl.sgd(0.2, momentum=0.9)), gl.add(gl.scale(2.0), gl.precondition(gl.scale(3.0))))
    )
    assert CLIPPED.replace(learning_rate=3e-4) != CLIPPED
    assert CLIPPED.replace() == CLIPPED


def test_the_own_argument_comes_first() -> None:
    second = gl.scale_by_rms(gl.scale_by_momentum(0.9))
    assert second.replace(decay=0.5) == gl.scale_by_rms(0.5)
    assert second.replace({"decay/decay": 0.5}) == gl.scale_by_rms(gl.scale_by_momentum(0.5))


def test_several_arguments_of_one_name_are_an_error_that_lists_the_paths() -> None:
    paths = ["scale_by_momentum/decay", "scale_by_rms/decay/scale_by_momentum/decay", "scale_by_momentum_2/decay"]
    listed = ", ".join(map(repr, paths))
    with pytest.raises(ValueError, match=rf"'decay' may be any of {listed}; pass one of these paths, or '\*\*/decay'"):
        TWICE.replace(decay=0.1)
    with pytest.raises(AttributeError, match=rf"decay may be any of {listed}; read gl\.hyperparameters\(tx\)\[path\]"):
        TWICE.decay  # noqa: B018
    for path in paths:
        changed = TWICE.replace({path: 0.123})
        assert jax.tree.leaves(changed).count(0.123) == 1
        assert gl.hyperparameters(changed)[path] == 0.123
    assert jax.tree.leaves(TWICE.replace({"**/decay": 0.123})).count(0.123) == 3


def test_a_path_may_leave_out_names() -> None:
    outer = gl.chain(gl.store(gl.chain(gl.adam(0.1), gl.scale(2.0))), gl.sgd(0.2))
    assert outer.replace({"adam/learning_rate": 1.0}) == gl.chain(
        gl.store(gl.chain(gl.adam(1.0), gl.scale(2.0))), gl.sgd(0.2)
    )
    assert outer.replace({"store/learning_rate": 1.0}) == outer.replace({"store/adam/learning_rate": 1.0})
    with pytest.raises(TypeError, match=r"no argument 'adam/store/learning_rate'"):
        outer.replace({"adam/store/learning_rate": 1.0})


def test_groups_have_the_names_of_the_partition() -> None:
    tx = gl.chain(gl.partition((gl.path("**/bias"), gl.sgd(0.1)), (gl.ndim(1), gl.sgd(0.2)), default=gl.sgd(0.3)))
    rates = {path: value for path, value in gl.hyperparameters(tx).items() if path.endswith("learning_rate")}
    assert list(rates.values()) == [0.1, 0.2, 0.3]
    for path, value in rates.items():
        assert tx.replace({path: 9.0}) == tx.replace({"**/learning_rate": 9.0}).replace(
            {other: rate for other, rate in rates.items() if rate != value}
        )
    assert tx.replace({"default/learning_rate": 1.0}).arguments["links"][0].default == gl.sgd(1.0)


def test_arguments_of_schedules_are_found_last() -> None:
    assert CLIPPED.replace(decay_steps=50) == CLIPPED.replace(learning_rate=gl.schedules.cosine(1e-3, 50))
    with_both = gl.chain(gl.clip_by_value(gl.schedules.exponential(1.0, 10, 0.5)), gl.scale_by_momentum(0.9))
    changed = with_both.replace({"clip_by_value/limit/decay_rate": 0.1})
    assert changed.links[0] == gl.clip_by_value(gl.schedules.exponential(1.0, 10, 0.1))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"lr": 1.0},
            TypeError,
            r"chain: there is no argument 'lr' \(did you mean learning_rate\?\)\. The arguments are clip_by_gl",
        ),
        ({"lerning_rate": 1.0}, TypeError, r"no argument 'lerning_rate' \(did you mean learning_rate\?\)"),
        ({"adamw/b1": 1.5}, ValueError, r"adamw: b1 must be in \[0, 1\), got 1\.5"),
        (
            {"learning_rate": 1.0, "adamw/learning_rate": 2.0},
            ValueError,
            r"stand for the same argument, adamw/learning",
        ),
        ({"eps/0": 1.0}, TypeError, r"there is no element 0 in adamw/eps, which is 1e-08"),
    ],
)
def test_wrong_paths_and_values_say_what_to_do(changes: Mapping[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        CLIPPED.replace(changes)


def test_elements_of_a_tuple_have_paths() -> None:
    adam = gl.flavors.torch.adam()
    assert adam.replace({"betas/0": 0.5}) == gl.flavors.torch.adam(betas=(0.5, 0.999))
    for changes in ({"betas/0": 0.5, "betas": (0.1, 0.2)}, {"betas": (0.1, 0.2), "betas/0": 0.5}):
        with pytest.raises(ValueError, match=r"stand for the same argument, betas; pass one"):
            adam.replace(changes)


def test_hyperparameters_are_attributes_of_what_holds_them() -> None:
    assert CLIPPED.learning_rate == COSINE
    assert (CLIPPED.max_norm, CLIPPED.b1) == (1.0, 0.9)
    stored = gl.chain(gl.store(gl.adam(0.1)), gl.clip_by_value(1.0))
    assert stored.learning_rate == 0.1
    for name in ("dtype", "nesterov", "decay_steps", "anything"):  # not numbers of a transformation
        assert not hasattr(gl.chain(stored, gl.sgd(COSINE)), name)


def test_what_replaces_an_array_is_an_array() -> None:
    tx = gl.chain(gl.clip_by_value(jnp.array(1.0, jnp.float32)), gl.sgd(0.1))
    changed = tx.replace(limit=2, learning_rate=0.2)
    assert changed.limit.dtype == jnp.float32
    assert (float(changed.limit), changed.learning_rate) == (2.0, 0.2)
    with pytest.raises(ValueError, match="max_norm must be"):
        gl.clip_by_norm(jnp.array(1.0)).replace(max_norm=-1.0)


TRANSFORMATIONS = {
    name: entry.example for name, entry in registry.entries().items() if isinstance(entry.example, gl.Transformation)
}


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_every_transformation_takes_all_its_hyperparameters_back(name: str) -> None:
    example = TRANSFORMATIONS[name]
    values = gl.hyperparameters(example)
    assert example.replace(values) == example
    for path, value in values.items():
        assert example.replace({path: value}) == example
    numbers = [value for value in values.values() if isinstance(value, float)]
    assert set(numbers) <= {leaf for leaf in jax.tree.leaves(example) if isinstance(leaf, float)}


def test_a_change_inside_a_trace_and_in_a_stack() -> None:
    @jax.jit
    def change(tx: Any, rate: Any) -> Any:
        return tx.replace(learning_rate=rate)

    np.testing.assert_array_equal(change(CLIPPED, 0.5).learning_rate, 0.5)
    stack = jax.vmap(lambda rate: CLIPPED.replace(learning_rate=rate))(jnp.arange(3.0))
    np.testing.assert_array_equal(stack.learning_rate, np.arange(3.0))
    np.testing.assert_array_equal(stack.replace(b1=0.5).learning_rate, np.arange(3.0))


def test_an_error_lists_few_arguments_of_many() -> None:
    many = gl.chain(*(gl.adamw(0.1) for _ in range(30)))
    with pytest.raises(TypeError, match=r"and \d+ more, which gl\.hyperparameters\(tx\) lists$") as caught:
        many.replace(nothing_like_it=1.0)
    assert len(str(caught.value)) < 500
