"""What every flavor must be: a value, lawful, and made of links of gradlab only."""

from __future__ import annotations

import pickle

import jax
import pytest

import gradlab as gl
from gradlab import public_names
from gradlab.testing import assert_lawful
from tests.flavors.golden_runs import factories, framework, optimizer
from tests.golden.load import load

FLAVORS = (gl.flavors.torch, gl.flavors.keras, gl.flavors.optax)
DEFAULTS = {
    f"{framework(flavors)}.{name}": factory(1e-2)  # the rate comes first in all of them
    for flavors in FLAVORS
    for name, factory in factories(flavors).items()
}
FULLEST = {
    f"{framework(flavors)}.{name}": optimizer(flavors, golden, max(cases, key=lambda case: len(case.arguments)))
    for flavors, golden in ((flavors, load(framework(flavors))) for flavors in FLAVORS)
    for name in factories(flavors)
    if (cases := [case for case in golden.cases if (case.optimizer, case.rate_kind) == (name, "decaying")])
}
each_default = pytest.mark.parametrize("tx", [pytest.param(tx, id=name) for name, tx in DEFAULTS.items()])


@pytest.mark.parametrize("flavors", FLAVORS, ids=framework)
def test_every_golden_call_is_a_value(flavors):
    golden = load(framework(flavors))
    for case in golden.cases:
        tx, again = (optimizer(flavors, golden, case) for _ in range(2))
        assert tx == again
        assert hash(tx) == hash(again)
        assert pickle.loads(pickle.dumps(tx)) == tx
        assert eval(repr(tx), vars(gl.schedules) | vars(public_names)) == tx
        leaves, structure = jax.tree.flatten(tx)
        assert jax.tree.unflatten(structure, leaves) == tx


def test_different_calls_are_different_values():
    golden = load("torch")
    made = [optimizer(gl.flavors.torch, golden, case) for case in golden.cases if case.scale == 1]
    assert len(set(made)) > 0.9 * len(made)  # some calls give a default


@each_default
def test_the_parts_are_links_of_gradlab(tx):
    assert all(link.factory.build.__module__.startswith("gradlab.transforms.") for link in tx.links)


@pytest.mark.parametrize("tx", [pytest.param(tx, id=name) for name, tx in FULLEST.items()])
def test_every_contract_holds_with_all_options_and_a_schedule(tx):
    name = tx.factory.name
    exceptions = ["descends"] if tx.arguments.get("maximize") else []
    if name.startswith("flavors.keras"):  # `ema_momentum` acts only with `use_ema`, which the flavors refuse
        exceptions.append("every argument matters")
    # Their links are examined by every law in all dtypes, so for most of these a quick look is enough.
    quick = not name.endswith(".sgd")
    assert_lawful(tx, dtypes=("float32", "bfloat16"), claims={"except": tuple(exceptions)}, quick=quick)


@each_default
def test_the_first_sentence_names_the_original_and_the_text_its_source(tx):
    doc = tx.factory.public.__doc__
    assert doc.startswith(f"`{tx.factory.name.split('.')[1]}")
    assert "Source: " in doc
