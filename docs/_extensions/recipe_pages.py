"""Generate a page for each recipe, and the gallery of all of them, from the registry."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

from compositions import Difference, compare, lay_out, list_parts
from docstrings import to_rst
from equation_notes import write_values
from markdown_pieces import code_block, rst, slug, table
from publications import list_publications
from recipe_behavior.backgrounds import LAYER
from recipe_behavior.findings import list_low
from recipe_behavior.sentences import write_behavior
from recipe_experiments.matrix_section import write_matrix_section
from recipe_experiments.pair_section import HEADING, write_pair_section
from recipe_facts import (
    POINTS,
    SIGNALS,
    explain_state,
    make_default,
    make_flavors,
    names_in,
    needed_signals,
    read_state,
)
from recipe_gallery import write_gallery
from recipe_groups import list_groups
from recipe_pictures.sections import write_paths, write_sensitivity
from relatives import find_relatives, introduce_relatives, say_what_is_left_out

import gradlab as gl
from gradlab.cli.explain import describe_hyperparameters
from gradlab.core.claims import DOMAINS, claims_of
from gradlab.core.composites import points_of
from gradlab.equations import equations_of
from gradlab.explanations.long_numbers import shorten_numbers
from gradlab.registry import entries
from gradlab.testing import CLAIMS, CONTRACTS, references

AROUND = "Around the same optimizer, these differ by few parts, at the defaults of each:"
KIT = "../how-to/check-your-optimizer.md"

# Recipes whose difference a page explains -> the heading there, and the page.
EXPLAINED = {("adam", "rmsprop"): ("How Adam differs from RMSProp with momentum", "../tutorials/three-ideas.md")}

LISTS = re.compile(", | with ")  # in what a cell of a table has: such texts are not joined by commas

# Laws that are not promised -> the parts because of which they are not, and why.
REASONS = {
    "every argument matters": {
        "agree_in_sign": "`min_share` changes a step only in leaves of more than 1 / `min_share` elements",
        "schedule_free": "at a constant learning rate, its power gives all steps the same weight",
    },
    "slopes in float16": {
        "factored_mean": "at a zero gradient, the derivative of the update is about 1e15, which is beyond float16",
    },
    "rounded once": {
        "keep_norm": "its update is the difference of two points, whose rounding shows where a step is small",
    },
}


class Gallery:
    """The recipes at their defaults, and what their pages have in common."""

    def __init__(self, source: Path):
        self.groups = list_groups()
        self.entries = {name: entry for _, members in self.groups.values() for name, entry in members.items()}
        self.txs = {name: make_default(entry) for name, entry in self.entries.items()}
        self.matrix_methods = {"galore", *self.groups["Matrices"][1]}
        text = (source / "released-implementations.md").read_text(encoding="utf-8")
        self.released = {part.split("\n")[0]: part for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]}

    def index(self) -> str:
        """Return the page with all recipes side by side."""
        return write_gallery(self.groups, self.txs)

    def page(self, name: str) -> str:
        """Return the page of a recipe."""
        entry = self.entries[name]
        sections = {
            "Use it": self._use(name),
            "When to use it": write_behavior(name, name in self.matrix_methods),
            "The chain" if entry.kind == "recipe" else "The example, part by part": self._chain(name),
            "What it does to a matrix": write_matrix_section(name),
            HEADING: write_pair_section(name),
            "Its paths": write_paths(name, name in self.matrix_methods),
            "Its learning rate": write_sensitivity(name, name in self.matrix_methods, list_low(name)),
            "The arguments": self._arguments(name),
            "The state": self._state(name),
            "What is tested": self._tests(name),
            "Relatives": self._relatives(name),
            "Other implementations": self._others(name),
        }
        lines = [
            f"# `{name}`",
            "",
            *rst(
                [
                    *to_rst(inspect.cleandoc(entry.factory.__doc__ or "").split("\n"), entry.factory),
                    *list_publications(entry.factory.__doc__),
                ]
            ),
        ]
        for title, body in sections.items():
            lines += [f"## {title}", "", *body, ""] if body else []
        return "\n".join(lines)

    def _use(self, name: str) -> list[str]:
        tx, entry = self.txs[name], self.entries[name]
        signals = needed_signals(tx)
        known = "".join(f", {SIGNALS[signal][0]}" for signal in signals)
        rate = f"{tx.learning_rate:g}" if entry.kind == "recipe" else ""
        rate = rate if not rate or float(rate) == tx.learning_rate else shorten_numbers(repr(tx.learning_rate))
        made = f"{name}(learning_rate={rate})" if rate else repr(tx)
        made = re.sub(r"\b(?=[a-z_]+\()", "gl.", made)
        code = ["import gradlab as gl", "", *f"tx = {lay_out(made)}".split("\n"), "state = tx.init(params)"]
        if "gradient_params" in points_of(tx):
            code.insert(0, "import jax")
            code.append("gradient = jax.grad(loss)(gl.gradient_params(tx, state, params))")
        code += [f"updates, state = tx.update(gradient, state{known})"]
        lines = code_block("python", code)
        if signals:
            needs = ", and ".join(f"`{signal}`, {SIGNALS[signal][1]}" for signal in signals)
            it = "it" if len(signals) == 1 else "them"
            lines += [f"Beside the gradient, it needs {needs}. `gl.make_step` passes {it} on by itself.", ""]
        else:
            lines += ["It needs nothing beside the gradient.", ""]
        lines += [line for point in sorted(points_of(tx)) for line in (POINTS[point], "")]
        opponent = "sgd" if name == "adam" else "adam"
        commands = [f"gradlab explain {name}", f"gradlab check {name}"]
        if entry.kind == "recipe":
            commands.append(f"gradlab race --optimizer {name} --optimizer {opponent}")
        return [*lines, "On the command line:", "", *code_block("bash", commands)]

    def _chain(self, name: str) -> list[str]:
        tx = self.txs[name]
        equations = equations_of(tx)
        parts = dict.fromkeys(part.name for part in list_parts(tx))
        rows = [[self.link(part) if part != name else f"`{name}`", entries()[part].summary + "."] for part in parts]
        return [
            *code_block("python", lay_out(shorten_numbers(str(tx))).split("\n")),
            f"```{{diagram}} {tx!r}",
            "```",
            "",
            *table(["part", "what it does"], rows),
            "",
            "At update $t$, counted from 1, the gradient is $g_t$, and the parameters go from $x_{t-1}$ to $x_t$:",
            "",
            equations.latex.replace("aligned", "align*"),
            "",
            *write_values(equations),
        ]

    def _arguments(self, name: str) -> list[str]:
        described = describe_hyperparameters(self.txs[name].factory)
        rows = [
            [f"`{row['argument']}`", f"`{shorten_numbers(row['default'], decimals=9)}`", row["range"]]
            for row in described
        ]
        return table(["argument", "default", "range"], rows)

    def _state(self, name: str) -> list[str]:
        rows, size = read_state(self.txs[name])
        if not rows:
            return ["It keeps no state."]
        shapes = " and ".join(f"a {key} of {' by '.join(map(str, shape))}" for key, shape in LAYER.items())
        return [
            f"For {shapes} in float32, the state takes {size:.3g} bytes for each parameter:",
            "",
            *table(["link", "array", "shapes", "bytes"], rows),
            *explain_state(rows),
        ]

    def _tests(self, name: str) -> list[str]:
        tx = self.txs[name]
        claims = claims_of(tx)
        kit = f"`gradlab check {name}` examines the {len(CONTRACTS)} contracts of [the law kit]({KIT})"
        rows = [[claim, CLAIMS[claim].statement] for claim in claims if claim in CLAIMS]
        lines = [kit + ", and what it claims beside them:", "", *table(["claim", "statement"], rows), ""]
        if not rows:
            lines = [kit + ".", ""]
        if domains := claims.get("domain"):
            lines += ["The kit examines it on a limited domain:", ""]
            lines += [*(f"- *{domain}*: {DOMAINS[domain]}" for domain in domains), ""]
        if exceptions := claims.get("except"):
            lines += ["It does not promise these laws, or parts of laws, and the kit leaves them out:", ""]
            lines += [*(f"- *{exception}*: {find_reason(exception, tx)}." for exception in exceptions), ""]
        reference = getattr(references, name, None)
        if reference is not None:
            target = f"{reference.__module__}.{reference.__name__}"
            lines.append(
                f"In float64 it takes the same steps as {{py:obj}}`references.{name} <{target}>`, an independent "
                f"version in NumPy that was written from the paper."
            )
        return lines

    def _relatives(self, name: str) -> list[str]:
        lines = [
            f"A tutorial shows [{title[0].lower()}{title[1:]}]({page}#{slug(title)})."
            for names, (title, page) in EXPLAINED.items()
            if name in names
        ]
        kind = self.entries[name].kind  # the example of a combinator holds an optimizer that is no part of it
        others = {key: tx for key, tx in self.txs.items() if self.entries[key].kind == kind}
        relatives = find_relatives(name, others)
        if not relatives:
            return lines
        rows = [[self.link(other), *columns(gap)] for other, (_, gap) in relatives.items()]
        return [
            introduce_relatives({group for group, _ in relatives.values()}) if kind == "recipe" else AROUND,
            "",
            *table(["recipe", "adds", "leaves out", "changes"], rows),
            "",
            say_what_is_left_out([self.txs[key] for key in (name, *relatives)]),
            "",
            *lines,
        ]

    def _others(self, name: str) -> list[str]:
        lines: list[str] = []
        flavors = make_flavors(name)
        gaps = {link: columns(compare(self.txs[name], tx)) for link, tx in flavors.items()}
        rows = [[link, *gap] for link, gap in gaps.items() if set(gap) != {"nothing"}]
        same = [link for link, gap in gaps.items() if set(gap) == {"nothing"}]
        if flavors:
            lines += ["[Flavors](../flavors.md) compute what other libraries do, here at their defaults.", ""]
        if rows:
            lines += [*table(["flavor", "adds", "leaves out", "changes"], rows), ""]
        if same:
            lines += [f"{' and '.join(same)} {'has' if len(same) == 1 else 'have'} the same parts.", ""]
        if flavors:
            lines += [say_what_is_left_out([self.txs[name], *flavors.values()]), ""]
        if inspect.ismodule(getattr(gl.flavors, name, None)):
            lines += [f"[A page of its own](../{name}.md) compares the implementations of other libraries.", ""]
        names = {name, *(part.name for part in list_parts(self.txs[name]) if part.name in self.entries)}
        found = [title for title, text in self.released.items() if names & names_in(text)]
        if found:
            lines += ["Where released implementations differ from the paper:", ""]
            lines += [f"- [{title}](../released-implementations.md#{slug(title)})" for title in found]
        return lines

    def link(self, name: str) -> str:
        """Return a link to the page of a recipe, or to the documentation of another part."""
        if name in self.entries:
            return f"[`{name}`]({name}.md)"
        factory = entries()[name].factory
        return f"{{py:obj}}`{name} <{factory.__module__}.{factory.__qualname__}>`"


def find_reason(exception: str, tx: Any) -> str:
    """Return why a recipe does not promise a law. Raises ValueError if no part of it is known to be the reason."""
    names = {part.name for part in list_parts(tx)}
    for part, reason in REASONS.get(exception, {}).items():
        if part in names:
            return reason
    raise ValueError(
        f"REASONS in docs/_extensions/recipe_pages.py must say why {tx!r} does not promise the law {exception!r}"
    )


def columns(gap: Difference) -> list[str]:
    """Return a difference as cells of a table, with the other values of a part together."""
    values: dict[str, list[str]] = {}
    for text in gap.values:
        value, separator, part = text.partition(" in ")
        values.setdefault(separator + part, []).append(value)
    changes = [", ".join(group) + part for part, group in values.items()]
    cells = (gap.added, gap.left_out, changes)
    return [("; " if LISTS.search(" ".join(cell)) else ", ").join(cell) or "nothing" for cell in cells]


def make(source: Path) -> dict[str, str]:
    """Return the text of each generated page by its name."""
    gallery = Gallery(source)
    return {"index": gallery.index(), **{name: gallery.page(name) for name in gallery.entries}}
