"""Arguments that a value's own attributes would hide are refused where the factory is decorated."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import optax
import pytest

import gradlab as gl


def taking(name: str) -> Any:
    """A factory with one argument of a name."""
    module: dict[str, Any] = {}
    exec(f"def factory({name}=1.0): return lambda *_: (), lambda updates, state: (updates, state)", module)
    return module["factory"]


def attributes(value: Any) -> set[str]:
    """All names that an instance, its class or its bases answer to without the arguments."""
    own = set(getattr(value, "__dict__", {})) | set(getattr(type(value), "__slots__", ()))
    return {name for name in own | set(dir(type(value))) if not name.startswith("__")}


TRANSFORMATION, SCHEDULE = gl.scale(2.0), gl.schedules.constant(2.0)


def test_the_lists_hold_what_is_known_to_collide() -> None:
    assert {"count", "index", "init", "update", "links", "composition", "core", "factory", "children", "_fields"} <= (
        attributes(TRANSFORMATION)
    )
    assert {"factory", "children", "arguments", "replace"} <= attributes(SCHEDULE) & attributes(TRANSFORMATION)


@pytest.mark.parametrize("name", sorted(attributes(TRANSFORMATION)))
def test_a_transformation_refuses_it(name: str) -> None:
    with pytest.raises(TypeError, match=f"factory: an argument cannot be called {name}, .*choose another name, such"):
        gl.transformation(taking(name))


@pytest.mark.parametrize("name", sorted(attributes(SCHEDULE)))
def test_a_schedule_refuses_it(name: str) -> None:
    with pytest.raises(TypeError, match=f"factory: an argument cannot be called {name}, .*every schedule"):
        gl.schedules.schedule(taking(name))


@pytest.mark.parametrize("name", ["step", "rate", "self", "cls", "name", "label", "function", "parameters", "params"])
def test_any_other_name_is_free(name: str) -> None:
    made = gl.transformation(taking(name))(3)
    assert getattr(made, name) == 3.0
    assert made.replace(**{name: 4}).arguments == {name: 4.0}


@pytest.mark.parametrize("wrap", [gl.transformation, gl.transformation(name="theirs")])
def test_names_come_through_wrappers(wrap: Any) -> None:
    with pytest.raises(TypeError, match="an argument cannot be called count"):
        wrap(functools.partial(taking("count")))


@pytest.mark.parametrize("library", [optax, optax.contrib])
def test_no_factory_of_optax_that_makes_transformations_has_one(library: Any) -> None:
    taken = attributes(TRANSFORMATION)
    hiding = {
        name
        for name, thing in vars(library).items()
        if inspect.isfunction(thing) and taken.intersection(inspect.signature(thing).parameters)
    }
    assert hiding <= {"bias_correction", "safe_increment", "safe_int32_increment"}  # none makes a transformation


def test_a_chain_answers_with_its_links() -> None:
    chain = gl.chain(gl.scale(2.0), gl.scale(3.0))
    assert chain.links == chain.arguments["links"] == (gl.scale(2.0), gl.scale(3.0))
