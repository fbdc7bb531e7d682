"""A wrong argument of a flavor is reported under the name of the flavor and of the argument, in one line."""

from __future__ import annotations

import inspect
import re

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.flavors.framework_names import FLAVORS
from tests.flavors.golden_runs import factories

CALLS = [
    pytest.param(factory, argument, id=f"{framework}.{name}-{argument}")
    for framework, flavors in FLAVORS.items()
    for name, factory in factories(flavors).items()
    for argument in factory.factory.parameters
]
FREE = {"mask", "weight_decay_mask"}  # trees of booleans, or functions, that only the parameters can be compared with
WRONG = (-1.5, float("nan"), "text", object(), {"x": jnp.ones(2)}, [1.0, 2.0, 3.0], jnp.array([0.5, -1.0]))


def wrongs(parameter):
    """Values that an argument cannot have, by what it declares."""
    if parameter.elements:
        return (*WRONG, None, 0.5, (1.5, 0.5), (0.5, 1.5), (0.5,), (0.5, "text"), (None, 0.5))
    if parameter.range is not None:
        nothing = () if parameter.default is None else (None,)
        above = () if parameter.range.high > 1 else (1.5,)
        return (*WRONG, *nothing, *above, True, 1j, float("inf"))
    return (-1.5, object(), {"x": 1.0}, [1.0], 3, "int8") if str not in parameter.static else (-1.5, object(), [1.0])


@pytest.mark.parametrize(("factory", "argument"), CALLS)
def test_the_message_names_the_flavor_and_the_argument(factory, argument):
    if argument in FREE:
        return
    label, parameter = factory.factory.name, factory.factory.parameters[argument]
    required = {} if argument in ("lr", "learning_rate") else {next(iter(factory.factory.parameters)): 0.1}
    for wrong in wrongs(parameter):
        if parameter.static and type(wrong) in parameter.static:
            continue
        with pytest.raises((TypeError, ValueError)) as caught:
            factory(**required, **{argument: wrong})
        message = str(caught.value)
        assert re.match(rf"{re.escape(label)}: {argument}\b", message), (wrong, message)
        assert "\n" not in message


@pytest.mark.parametrize("factory", [f for flavors in FLAVORS.values() for f in factories(flavors).values()])
def test_an_unknown_argument_is_reported_under_the_name_of_the_flavor(factory):
    expected = rf"^{re.escape(factory.factory.name)}: got an unexpected .* 'momentums'; (did you mean \w+\? )?the call"
    with pytest.raises(TypeError, match=expected):
        factory(0.1, momentums=0.9)


def test_the_label_can_be_evaluated():
    for flavors in FLAVORS.values():
        for factory in factories(flavors).values():
            assert factory.factory.name.startswith("flavors.")
            assert list(inspect.signature(factory).parameters) == list(factory.factory.parameters)


@pytest.mark.parametrize("name", ["Adam", "AdamW", "SGD"])
@pytest.mark.parametrize("flavors", FLAVORS.values(), ids=FLAVORS)
def test_a_class_of_the_framework_is_a_function_here(flavors, name):
    with pytest.raises(
        AttributeError, match=rf"no attribute '{name}'; the optimizers are functions.*: {name.lower()}$"
    ):
        getattr(flavors, name)
    assert not hasattr(flavors, "adams")


@pytest.mark.parametrize("make", [FLAVORS["torch"].adam, FLAVORS["keras"].adam, gl.adam])
def test_parameters_are_given_to_init(make):
    params = {"weights": jnp.ones(1000), "bias": jnp.ones(3)}
    rate = next(iter(inspect.signature(make).parameters))
    for call in (lambda: make(params, 1e-3), lambda: make([params]), lambda: make(params, **{rate: 1e-3})):
        with pytest.raises(
            TypeError, match=r"Parameters are given to init\(params\), and not to the optimizer$"
        ) as caught:
            call()
        assert len(str(caught.value)) < 600


def test_a_boolean_of_numpy_is_a_boolean():
    assert FLAVORS["torch"].sgd(momentum=0.9, nesterov=np.True_) == FLAVORS["torch"].sgd(momentum=0.9, nesterov=True)
