"""Claims are declared where a transformation is defined, and follow its arguments and its links."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.core.claims import DECLARATIONS, ELEMENTWISE, ELEMENTWISE_AND_SYMMETRIC, claims_of
from gradlab.testing import CLAIMS, check
from tests.matrix_recipes import OF_MATRICES

ENTRIES = {name: entry for name, entry in registry.entries().items() if entry.kind not in ("schedule", "selector")}
ALL = set(ELEMENTWISE_AND_SYMMETRIC)
OF_TREES = {"dog", "dowg", "prodigy", "dadapt_adam", "momo", "momo_adam"}  # they take a norm of the whole tree
OF_LEAVES = {
    "mars",
    "cautious_adamw",
    "cautious_lion",
    "lamb",
    "lars",
}  # the norm of a leaf, or a share of its elements


@pytest.mark.parametrize("name", ENTRIES)
def test_every_declared_name_is_that_of_a_law(name: str) -> None:
    claims = claims_of(ENTRIES[name].example)
    assert set(claims) - {*DECLARATIONS} <= set(CLAIMS)
    excepted = {"turns with i", "slopes in float16", "every argument matters", "leaf order", "rounded once"}
    assert set(claims.get("except", ())) <= excepted


@pytest.mark.parametrize("name", registry.of_kind("recipe"))
def test_every_recipe_claims_that_it_descends_element_by_element(name: str) -> None:
    lost = {"elementwise"} if name in OF_LEAVES else {"elementwise", "contained"} if name in OF_TREES else set()
    lost |= ALL if name == "sophia" else set()
    lost |= {"permutation equivariant"} if name in ("momo", "momo_adam") else set()
    shared = {"sign symmetric"} if name in OF_MATRICES else ALL - lost
    claimed = set(claims_of(ENTRIES[name].example))
    assert {*shared, "descends"} <= claimed
    assert name not in OF_LEAVES | OF_TREES or "elementwise" not in claimed


@pytest.mark.parametrize(
    ("tx", "names"),
    [
        (gl.scale(0.1), ALL),
        (gl.centralize(), {"contained", "sign symmetric"}),
        (gl.clip_by_global_norm(1.0), {"permutation equivariant", "sign symmetric", "any size"}),
        (gl.scale_by_momentum(0.9, initial=0.1), set(ELEMENTWISE)),
        (gl.add_decayed_weights(0.1), ALL),
        (gl.add_decayed_weights(0.1, mask=lambda params: params), ALL - {"elementwise"}),
        (gl.scale_by_rms(gl.centralize()), {"contained", "sign symmetric", "bounded squares"}),
        (gl.scale_by_rms(gl.running_max()), {*ALL, "bounded squares"}),
        (gl.scale_by_rms(optax.ema(0.9)), {"sign symmetric", "bounded squares"}),
        (gl.scale_by_stddev(0.9), {*ALL, "bounded squares"}),
        (gl.scale_by_stddev(0.9, mean_decay=gl.running_max()), {*ELEMENTWISE, "bounded squares"}),
        (gl.isolate(gl.centralize()), {"contained", "sign symmetric"}),
        (gl.precondition(gl.scale_by_rms()), set(ELEMENTWISE)),
        (gl.store(gl.adam(0.1)), {*ALL, "except"}),
        (gl.store(gl.adam(0.1), "float32"), ALL),
        (gl.chain(), ALL),
        (gl.chain(gl.centralize(), gl.scale_by_rms()), {"contained", "sign symmetric"}),
        (gl.chain(gl.scale(0.1), optax.scale(0.1)), set()),
        (optax.scale(0.1), set()),
        (gl.sgd(0.1), {*ALL, "descends", "unbiased"}),
        (gl.sgd(0.1, momentum=0.9), {*ALL, "descends"}),
        (gl.adam(0.1), {*ALL, "descends", "unbiased"}),
        (gl.adam(0.1, nesterov=True), {*ALL, "descends"}),
        (gl.flavors.torch.adam(0.1), ALL),
    ],
    ids=itertools.count(),  # a set prints in another order in each process
)
def test_claims_follow_the_arguments_and_the_links(tx: Any, names: set[str]) -> None:
    assert set(claims_of(tx)) == names


def test_a_chain_takes_back_the_parts_of_contracts_that_its_links_take_back() -> None:
    claims = claims_of(gl.chain(gl.clip_between(-1.0, 2.0), gl.running_sum(), gl.scale(0.1)))
    assert claims == dict.fromkeys(ELEMENTWISE, True) | {"except": ("turns with i",)}


def test_rates_from_squares_do_not_depend_on_signs() -> None:
    # `precondition` cannot claim this for every transformation; it holds for one that reads squares only.
    report = check(gl.precondition(gl.scale_by_rms()), claims=("sign symmetric",), laws=())
    assert report.ok, str(report)


def test_a_users_factory_declares_its_claims() -> None:
    @gl.transformation(claims=("elementwise", "scale invariant"))
    def by_sign(rate: gl.Positive = 0.1):
        return optax.scale(-rate).init, lambda updates, state: (jnp.sign(updates) * -rate, state)

    @gl.transformation(claims={"contained": True, "except": ("turns with i",)})
    def by_half():
        return optax.scale(0.5)

    @gl.recipe(claims=("descends",))
    def mine(rate: gl.Positive = 0.1):
        return gl.chain(gl.clip_by_norm(1.0), gl.scale(-rate))

    assert claims_of(by_sign(0.1)) == {"elementwise": True, "scale invariant": True}
    assert claims_of(by_half()) == {"contained": True, "except": ("turns with i",)}
    assert set(claims_of(mine())) == {"contained", "permutation equivariant", "sign symmetric", "descends"}


def test_claims_are_no_part_of_the_value() -> None:
    one, other = gl.transformation(optax.scale), gl.transformation(claims=("elementwise",))(optax.scale)
    assert one(0.1) == other(0.1)
    assert pickle.loads(pickle.dumps(other(0.1))) == other(0.1)
