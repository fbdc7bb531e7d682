"""Every public transformation of optax as a link: as in optax's own chain, or refused with the way out."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optax import contrib

import gradlab as gl
from gradlab import public_names

PARAMS = {"w": jnp.array([[1.0, -2.0], [0.5, 0.3]]), "b": jnp.array([0.5, 1.0])}
FACTORIES = {
    f"{library.__name__}.{name}": thing
    for library in (optax, contrib)
    for name, thing in sorted(vars(library).items())
    if inspect.isfunction(thing) and not name.startswith("_") and thing.__module__.startswith("optax")
}
HALF, HALVES = optax.scale(0.5), {"w": optax.scale(0.5), "b": optax.scale(0.1)}
# The arguments of those that cannot be made with none, one or two numbers.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "add_noise": (0.1, 0.5, 0),
    "apply_every": (2,),
    "apply_if_finite": (HALF, 3),
    "chain": (HALF,),
    "conditionally_mask": (HALF, lambda step: step < 2),
    "conditionally_transform": (HALF, lambda step: step < 2),
    "flatten": (optax.sgd(0.1),),
    "freeze": ({"w": True, "b": False},),
    "masked": (HALF, {"w": True, "b": False}),
    "mechanize": (optax.sgd(0.1),),
    "multi_transform": (HALVES, {"w": "w", "b": "b"}),
    "named_chain": (("half", HALF),),
    "partition": (HALVES, {"w": "w", "b": "b"}),
    "scale_by_schedule": (lambda step: 0.1,),
    "schedule_free": (optax.sgd(0.1), 0.1),
    "selective_transform": (HALF,),
    "split_real_and_imaginary": (HALF,),
    "snapshot": ("norm", optax.tree.norm),
    "with_extra_args_support": (HALF,),
}
OPTIONS: dict[str, dict[str, Any]] = {"selective_transform": {"freeze_mask": {"w": True, "b": False}}}
REFUSED = {"monitor", "differentially_private_aggregate", "dpsgd"}  # see below
# What optax's own chain does not take with these arguments: it needs another function, other parameters or other calls.
NOT_TAKEN = {
    "stateless",
    "stateless_with_tree_map",
    "measure_with_ema",
    "hutchinson_estimator_diag_hessian",
    "scale_by_muon",
    "lookahead",
    "sam",
    "sophia",
}


def made(name: str) -> Any:
    """A new transformation of a name, or None if it makes none."""
    short = name.rpartition(".")[2]
    for arguments in [ARGUMENTS[short]] if short in ARGUMENTS else [(), (0.1,), (0.1, 0.1)]:
        try:
            tx = FACTORIES[name](*arguments, **OPTIONS.get(short, {}))
        except (TypeError, ValueError, AttributeError, KeyError, IndexError):
            continue
        if isinstance(tx, optax.GradientTransformation):
            return tx
    return None


def loss(params: Any) -> Any:
    return sum((x**2).sum() for x in jax.tree.leaves(params))


def run(tx: Any) -> list[Any]:
    params, state, updates = PARAMS, tx.init(PARAMS), []
    for step in range(3):
        gradient = jax.tree.map(lambda x, step=step: jnp.cos(3 * x + step), PARAMS)
        extra = {"value": loss(params), "grad": gradient, "value_fn": loss}
        change, state = tx.update(gradient, state, params, **extra)
        params = optax.apply_updates(params, change)
        updates += jax.tree.leaves(change)
    return updates


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")  # of what optax is about to change
def test_every_transformation_of_optax_does_in_a_chain_what_it_does_in_optaxs() -> None:
    compared, not_taken = set(), set()
    with jax.numpy_dtype_promotion("standard"):
        for name in FACTORIES:
            short = name.rpartition(".")[2]
            if short in REFUSED or made(name) is None:
                continue
            try:
                expected = run(optax.chain(made(name)))
            except (TypeError, ValueError, AttributeError):
                not_taken.add(short)
                continue
            got = run(gl.chain(made(name)))
            for theirs, ours in zip(expected, got, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6, err_msg=name)
            compared.add(short)
    assert not_taken <= NOT_TAKEN
    assert len(compared) >= 85
    assert {"lbfgs", "momo", "lion", "muon", "partition", "mechanize", "polyak_sgd", "snapshot"} <= compared


def test_a_link_that_changes_the_structure_of_its_state_is_refused() -> None:
    tx = gl.chain(optax.monitor({"norm": optax.tree.norm}), gl.sgd(0.1))
    with pytest.raises(
        ValueError, match=r"update of monitor .*measurements\['norm'\] from nothing to .*optax.snapshot"
    ):
        tx.update(PARAMS, tx.init(PARAMS), PARAMS)
    inside = optax.chain(optax.monitor({"norm": optax.tree.norm}), gl.sgd(0.1))
    updates, _ = inside.update(PARAMS, inside.init(PARAMS), PARAMS)
    np.testing.assert_allclose(updates["b"], -0.1 * PARAMS["b"])


@pytest.mark.parametrize("params", [PARAMS, None])
def test_gradients_of_single_examples_are_refused(params: Any) -> None:
    def aggregate() -> Any:
        return contrib.differentially_private_aggregate(1e6, 0.0, 0)

    of_examples = jax.tree.map(lambda x: jnp.stack([x, 3 * x]), PARAMS)
    tx = gl.chain(aggregate(), gl.sgd(0.1))
    with pytest.raises(ValueError, match=r"hold 2 gradients, one for each example, .*optax.chain\(optax.contrib.diff"):
        tx.update(of_examples, tx.init(PARAMS), params)
    with jax.numpy_dtype_promotion("standard"):
        inside = optax.chain(aggregate(), gl.sgd(0.1))
        updates, _ = inside.update(of_examples, inside.init(PARAMS), params)
    np.testing.assert_allclose(updates["b"], -0.2 * PARAMS["b"], rtol=1e-6)


def rows_of_arguments() -> dict[str, list[str]]:
    """The table of arguments on the page of migration: its cells by the name of the optimizer."""
    page = Path(__file__).parents[1] / "docs" / "how-to" / "migrate-from-optax.md"
    table = page.read_text(encoding="utf-8").partition("## Arguments")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"^\| `.*\|$", table, re.M)]
    return {row[0].strip("`"): row[1:] for row in rows}


def test_the_table_of_arguments_has_every_optimizer_of_both() -> None:
    both = {name for name, thing in vars(public_names).items() if inspect.isfunction(thing) and hasattr(optax, name)}
    recipes = {name for name in both if "learning_rate" in inspect.signature(getattr(gl, name)).parameters}
    assert set(rows_of_arguments()) == recipes - {"scale_by_learning_rate"}


@pytest.mark.parametrize("name", rows_of_arguments())
def test_the_table_of_arguments_is_what_the_signatures_say(name: str) -> None:
    def shown(names: list[str]) -> str:
        return ", ".join(f"`{argument}`" for argument in names) or "--"

    signatures = [inspect.signature(getattr(library, name)).parameters for library in (optax, gl)]
    theirs, ours = map(list, signatures)
    by_place = [[p.name for p in given.values() if p.kind is not p.KEYWORD_ONLY] for given in signatures]
    differs = next((str(place) for place, (a, b) in enumerate(zip(*by_place), 1) if a != b), "--")
    missing, extra = [a for a in theirs if a not in ours], [a for a in ours if a not in theirs]
    assert rows_of_arguments()[name] == [shown(missing), shown(extra), differs]
