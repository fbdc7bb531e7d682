"""The tables of `docs/muon.md`: what eight implementations of Muon have in common, and where they differ.

`python docs/_extensions/muon_tables.py` prints them.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from markdown_pieces import table

import gradlab as gl
from gradlab.core.composites import walk

TITLES = {
    "keller_jordan": "KellerJordan/Muon",
    "torch": "torch 2.13",
    "moonlight": "Moonlight",
    "optax": "optax 0.2.8",
    "keras": "Keras 3.15",
    "dion": "dion",
    "heavyball": "HeavyBall 3.2",
    "nvidia": "Emerging-Optimizers",
}
MATRICES_ONLY = ("torch", "nvidia")  # the other implementations have an optimizer for the rest
SHAPES = ((64, 64), (64, 256), (256, 64))  # inputs by outputs


def make(name: str, rate: Any = None, **options: Any) -> gl.Transformation:
    """Return an implementation's Muon for kernels of Flax, with its defaults but for those that are given."""
    flavor = getattr(gl.flavors.muon, name)
    argument = "learning_rate" if "learning_rate" in inspect.signature(flavor).parameters else "lr"
    if rate is None:
        rate = inspect.signature(flavor).parameters[argument].default
        rate = 0.02 if rate is inspect.Parameter.empty else rate  # optax's has no default
    return flavor(**{argument: rate}, layout="flax", **options)


def compositions() -> str:
    """Return what each composition says of its matrices, at its defaults, with what differs from the first in bold.

    These are two tables, because one would be wider than the page.
    """
    rows = [_describe(name) for name in TITLES]
    marked = [{key: value if value == rows[0][key] else f"**{value}**" for key, value in row.items()} for row in rows]
    heads = (["m becomes", "μ", "look-ahead", "rate, decay", "other leaves"], ["coefficients", "products", "factor"])
    tables = []
    for head in heads:
        cells = ([row[key] for key in head] for row in marked)
        tables.append(make_table(["", *head], zip(TITLES.values(), cells, strict=True)))
    return "\n\n".join(tables)


def _describe(name: str) -> dict[str, str]:
    tx = make(name)
    links: dict[str, dict[str, Any]] = {}
    for place in walk(tx):  # the group of the matrices is the first
        links.setdefault(place.name, place.tx.arguments if place.name else {})
    momentum, orthogonal = links["scale_by_momentum"], links["orthogonalize"]
    share = "(1 - μ) g" if momentum["dampening"] is None else "g"
    ahead = "none"
    if "add" in links:
        ahead = "m + g"
    elif "nesterov" in links:
        ahead = _keep_together(f"μ m + {share}") + (", corrected" if links["nesterov"]["corrected"] else "")
    coefficients, jordan = orthogonal["coefficients"], gl.newton_schulz_coefficients["jordan"]
    size = links.get("scale", {}).get("factor", 1.0)
    rate = "none" if name == "optax" else f"{links['scale_by_learning_rate']['learning_rate']:g}"
    others = "refused" if name in MATRICES_ONLY else "AdamW"
    return {
        "m becomes": _keep_together(f"μ m + {share}"),
        "μ": f"{momentum['decay']:g}",
        "look-ahead": ahead,
        "coefficients": "jordan" if coefficients in ("jordan", jordan[0]) else str(coefficients),
        "products": orthogonal["precision"] or "as the leaf",
        "factor": ("" if size == 1 else f"{size:g} ") + links["scale_by_shape"]["formula"].replace("sqrt", "√"),
        "rate, decay": f"{rate}, {links['add_decayed_weights']['weight_decay']:g}",
        "other leaves": "its momentum" if name == "heavyball" else others,
    }


def _keep_together(formula: str) -> str:
    """Return a formula that does not break in a narrow column, as it would behind a hyphen."""
    return formula.replace(" ", "\N{NO-BREAK SPACE}").replace("-", "\N{MINUS SIGN}")


def singular_values() -> str:
    """Return the singular values that each makes of those of a Gaussian matrix of 64 by 64, without its factor."""
    gradient = jnp.asarray(np.random.default_rng(0).standard_normal((64, 64)), jnp.float32)
    rows = []
    for name in TITLES:
        direction = next(p.tx for p in walk(make(name)) if p.name == "orthogonalize")
        values = np.linalg.svd(_step(direction, gradient), compute_uv=False)
        rows.append([f"{values.min():.2f}", f"{np.median(values):.2f}", f"{values.max():.2f}"])
    return make_table(["", "least", "median", "largest"], zip(TITLES.values(), rows, strict=True))


def steps() -> str:
    """Return the root mean square of the first step of each at a rate of 1, without decay, for matrices of `SHAPES`."""
    rows = []
    for name in TITLES:
        tx = make(name, 1.0, **{"wd" if name == "moonlight" else "weight_decay": 0.0})
        gradients = [jnp.asarray(np.random.default_rng(0).standard_normal(shape), jnp.float32) for shape in SHAPES]
        rows.append([f"{np.sqrt(np.mean(_step(tx, gradient) ** 2)):.3f}" for gradient in gradients])
    return make_table(["", *(f"{a} inputs, {b} outputs" for a, b in SHAPES)], zip(TITLES.values(), rows, strict=True))


def _step(tx: Any, gradient: jax.Array) -> np.ndarray:
    return np.asarray(tx.update(gradient, tx.init(gradient), jnp.zeros_like(gradient))[0])


def contestants() -> dict[str, Callable[[Any], gl.Transformation]]:
    """Return a factory of the learning rate for each, which sends what it would refuse to AdamW."""

    def contestant(name: str) -> Callable[[Any], gl.Transformation]:
        def factory(learning_rate: Any = 0.02) -> gl.Transformation:
            tx = make(name, learning_rate, precision=None)
            rest = gl.adamw(3e-4, 0.9, 0.95, weight_decay=0.0)
            return gl.partition((gl.ndim(2), tx), default=rest) if name in MATRICES_ONLY else tx

        return factory

    return {name: contestant(name) for name in TITLES}


def race(problem: str, rates: Sequence[float], seeds: int) -> str:
    """Race all of them over some learning rates, and return each at its best one, with its score."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of one that fails, which would be missing from the table
        board = gl.lab.race([problem], contestants(), rates=list(rates), seeds=seeds).gradlab.leaderboard(problem)
    rows = [(TITLES[row.optimizer], [f"{row.best_rate:g}", f"{row.score:.2e}"]) for row in board.itertuples()]
    return make_table(["", "best rate", "final loss"], rows)


def make_table(head: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Return a table in Markdown, whose rows are a title and its cells."""
    return "\n".join(table(head, ([name, *cells] for name, cells in rows)))


if __name__ == "__main__":
    print(compositions(), singular_values(), steps(), sep="\n\n")
