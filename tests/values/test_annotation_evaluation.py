"""Annotations are evaluated where the function was written, and never lost: an unknown one is refused."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Optional

import optax
import pytest
from optax import contrib

import gradlab as gl
from gradlab.values.annotation_evaluation import name_of, read_hints
from gradlab.values.numeric_arguments import read_parameters

if TYPE_CHECKING:
    from gradlab import Decay as OnlyForCheckers

Rate = typing.NewType("Rate", gl.Decay)  # type: ignore[valid-newtype]


def pair() -> Any:
    return lambda params: (), lambda updates, state: (updates, state)


def text(decay: gl.Decay = 0.5):
    return pair()


def option(decay: Optional[gl.Decay] = 0.5):  # noqa: UP045  (as users write it)
    return pair()


def text_in_a_type(decay: Optional["gl.Decay"] = 0.5):  # noqa: UP037, UP045
    return pair()


def text_of_text(decay: "gl.Decay" = 0.5):  # noqa: UP037
    return pair()


def own_range(decay: Annotated[float, gl.Range(0, 1)] = 0.5):
    return pair()


def new_type(decay: Rate = 0.5):  # type: ignore[assignment]
    return pair()


class Maker:
    def __call__(self, decay: gl.Decay = 0.5):
        return pair()

    def method(self, decay: gl.Decay = 0.5):
        return pair()

    @staticmethod
    def static(decay: gl.Decay = 0.5):
        return pair()


@functools.wraps(text)
def wrapped(*args, **kwargs):
    return text(*args, **kwargs)


def local_alias() -> Any:
    Share = gl.Decay

    def made(decay: Share = 0.5):  # type: ignore[valid-type]
        return pair()

    return gl.transformation(made)


def alias_two_functions_out() -> Any:
    Share = gl.Decay

    def inner() -> Any:
        @gl.transformation(splits_gradient=True)
        def made(decay: Share = 0.5):  # type: ignore[valid-type]
            return pair()

        return made

    return inner()


def alias_in_a_class() -> Any:
    class Namespace:
        Share = gl.Decay

        @staticmethod
        @gl.transformation
        def made(decay: Share = 0.5):  # type: ignore[valid-type]
            return pair()

    return Namespace.made


FACTORIES: dict[str, Callable[[], Any]] = {
    function.__name__: lambda function=function: gl.transformation(function)
    for function in (text, option, text_in_a_type, text_of_text, own_range, new_type, wrapped, Maker.static)
} | {
    "a method": lambda: gl.transformation(Maker().method),
    "an object": lambda: gl.transformation(Maker()),
    "partial": lambda: gl.transformation(functools.partial(text, decay=0.5)),
    "another function's wrapper": lambda: gl.transformation(functools.wraps(text)(lambda **_: pair())),
    "a local alias": local_alias,
    "an alias two functions out": alias_two_functions_out,
    "an alias in a class": alias_in_a_class,
}


@pytest.mark.parametrize("name", FACTORIES)
def test_the_range_is_read_however_it_is_written(name: str) -> None:
    factory = FACTORIES[name]()
    assert factory().decay == 0.5
    with pytest.raises(ValueError, match=r"decay must be in \[0, 1\), got 1"):
        factory(decay=1)


def misspelled(rate: gl.Postive = 0.1):  # type: ignore[name-defined]
    return pair()


def for_checkers_only(rate: OnlyForCheckers = 0.1):
    return pair()


def no_python(rate: "a rate" = 0.1):  # type: ignore[valid-type]  # noqa: F722
    return pair()


def misspelled_in_a_type(rate: Optional["gl.Postive"] = None):  # type: ignore[name-defined]  # noqa: UP037, UP045
    return pair()


@pytest.mark.parametrize("decorate", [gl.transformation, gl.transformation(name="own"), gl.schedules.schedule])
@pytest.mark.parametrize(
    ("factory", "pieces"),
    [
        (misspelled, ["'gl.Postive' of rate", "has no attribute 'Postive'"]),
        (for_checkers_only, ["'OnlyForCheckers' of rate", "NameError", "TYPE_CHECKING"]),
        (no_python, ["of rate", "SyntaxError"]),
        (misspelled_in_a_type, ["gl.Postive", "of rate", "has no attribute 'Postive'"]),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_an_annotation_that_cannot_be_evaluated_is_refused(
    decorate: Callable[..., Any], factory: Any, pieces: list[str]
) -> None:
    with pytest.raises(TypeError) as error:
        decorate(factory)
    for piece in [factory.__name__ if "own" not in str(error.value) else "own", "check the spelling", *pieces]:
        assert piece in str(error.value)
    assert "\n" not in str(error.value)


def written_elsewhere(annotation: str) -> Any:
    """A function of another module, which has one annotation."""
    source = (
        f"from __future__ import annotations\ndef theirs(rate: {annotation} = 0.1, other: float = 2): return pair()"
    )
    module: dict[str, Any] = {"__name__": "another_library", "pair": pair}
    exec(source, module)
    return module["theirs"]


def test_another_librarys_types_for_checkers_are_no_obstacle() -> None:
    factory = gl.transformation(written_elsewhere("jax.typing.ArrayLike"))
    assert factory(1).arguments == {"rate": 1.0, "other": 2.0}


@pytest.mark.parametrize("annotation", ["gl.Decay", "Positive", "gradlab.Range"])
def test_a_range_of_ours_is_never_lost_wherever_it_is_written(annotation: str) -> None:
    with pytest.raises(TypeError, match=f"theirs: the annotation '{annotation}' of rate cannot be evaluated"):
        gl.transformation(written_elsewhere(annotation))


def factories_of(library: Any) -> dict[str, Any]:
    """The functions of optax's modules that gradlab can read: all without `**options`."""
    return {
        name: thing
        for name, thing in vars(library).items()
        if inspect.isfunction(thing)
        and thing.__module__.startswith("optax")
        and all(p.kind is not p.VAR_KEYWORD for p in inspect.signature(thing).parameters.values())
    }


@pytest.mark.parametrize("library", [optax, contrib])
def test_every_factory_of_optax_can_be_read(library: Any) -> None:
    factories = factories_of(library)
    assert len(factories) > 20
    for name, factory in factories.items():
        assert list(read_parameters(factory)) == list(inspect.signature(factory).parameters), name


@pytest.mark.parametrize("thing", [3, gl.adam(), "adam", [1]])
def test_a_factory_must_be_a_function(thing: Any) -> None:
    with pytest.raises(TypeError, match=f"a factory must be a function of hyperparameters, got {type(thing).__name__}"):
        gl.transformation(thing)


def test_names_and_hints_of_what_is_called_like_a_function() -> None:
    assert name_of(functools.partial(functools.partial(text))) == "text"
    assert name_of(Maker()) == "Maker"
    assert name_of(Maker().method) == "method"
    assert read_hints(Maker(), "Maker") == {"decay": gl.Decay}
    assert read_hints(lambda rate: pair(), "lambda") == {"rate": Any}
