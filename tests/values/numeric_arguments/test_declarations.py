"""Annotations and defaults declare what an argument is, and its range."""

from __future__ import annotations

import re
from typing import Any

import jax
import numpy as np
import pytest

import gradlab as gl
from gradlab.core.stateless import map_leaves
from gradlab.values.numeric_arguments import Decay, Dtype, NonNegative, read_parameters


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


def test_none_may_stand_where_the_annotation_names_it_whatever_the_default() -> None:
    @gl.transformation
    def link(
        rate: NonNegative | None = 0.5,
        precision: Dtype | None = "bfloat16",
        betas: tuple[Decay, Decay] | None = (0.9, 0.99),
        word: str | None = "a",
        least: NonNegative = 1.0,
    ):
        return map_leaves(lambda d: d)

    absent = dict.fromkeys(("rate", "precision", "betas", "word"))
    assert link(**absent).arguments == absent | {"least": 1.0}
    with pytest.raises(TypeError, match="least must be a number"):
        link(least=None)
    with pytest.raises(TypeError, match=r"betas\[1\] must be a number"):
        link(betas=(0.9, None))


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
