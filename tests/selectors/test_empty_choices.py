"""A selector of names that chooses no leaf is warned of at `init`, where nothing else would show it."""

from __future__ import annotations

import re
import warnings
from typing import Any

import jax.numpy as jnp
import pytest

import gradlab as gl
from gradlab.testing import check

PARAMS = {"body": {"kernel": jnp.ones((2, 2)), "bias": jnp.ones(2)}, "head": {"kernel": jnp.ones((2, 2))}}
LEAVES = "selects none of the leaves body/bias, body/kernel, head/kernel; "


@pytest.mark.parametrize(
    ("tx", "text"),
    [
        (gl.muon(matrices="**/weight"), f"partition: path('**/weight') {LEAVES}nothing goes through chain"),
        (gl.soap(0.1, matrices=gl.path("nowhere/**")), f"path('nowhere/**') {LEAVES}"),
        (gl.only("nowhere/**", gl.scale(2.0)), f"{LEAVES}nothing goes through scale"),
        (gl.partition(("nowhere/**", gl.sgd(0.1)), default=gl.adam()), f"{LEAVES}nothing goes through sgd"),
        (gl.adamw(mask="nowhere/**"), f"add_decayed_weights: path('nowhere/**') {LEAVES}no leaf decays"),
        (gl.proximal_decay(0.1, mask=gl.path("nowhere/**") & gl.ndim(2)), f"{LEAVES}no leaf decays"),
        (gl.freeze("nowhere/**"), f"freeze: path('nowhere/**') {LEAVES}nothing is frozen"),
    ],
    ids=["muon", "soap", "only", "partition", "adamw", "proximal_decay", "freeze"],
)
def test_a_choice_of_nothing_is_warned_of(tx: Any, text: str) -> None:
    with pytest.warns(UserWarning, match=re.escape(text)) as caught:
        tx.init(PARAMS)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize(
    "tx",
    [
        gl.muon(matrices="**/kernel"),
        gl.partition(("nowhere/**", gl.sgd(0.1)), ("**/bias", gl.sgd(0.1)), default=gl.adam()),
        gl.partition((gl.ndim(5), gl.sgd(0.1)), default=gl.adam()),
        gl.adamw(mask=gl.ndim(5)),
        gl.adamw(mask=~gl.path("nowhere/**")),
        gl.freeze(gl.ndim(5)),
    ],
    ids=repr,
)
def test_other_choices_are_silent(tx: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tx.init(PARAMS)
        tx.init({})


def test_the_name_that_is_meant_is_asked_about_once() -> None:
    with pytest.warns(UserWarning, match="did you mean 'body/") as caught:
        gl.only("bodi/**", gl.scale(2.0)).init(PARAMS)
    assert len(caught) == 1


def test_a_name_without_its_depth_is_asked_about() -> None:
    with pytest.warns(
        UserWarning, match=r"the pattern 'kernel' matches no leaf; did you mean '\*\*/kernel'\?"
    ) as caught:
        gl.adamw(mask="kernel").init(PARAMS)
    assert len(caught) == 1


def test_the_laws_try_trees_with_other_names() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = check(gl.adamw(mask="**/kernel"), laws=("pure", "any tree"), dtypes=("float32",))
    assert report.ok, str(report)
