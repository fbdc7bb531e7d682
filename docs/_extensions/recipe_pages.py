"""Generate a page for each recipe, and the gallery of all of them, from the registry."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from compositions import Difference, compare, find_relatives, lay_out, list_parts
from docstrings import to_rst
from markdown_pieces import code_block, rst, slug, table
from recipe_behavior.sentences import write_behavior
from recipe_facts import LAYER, POINTS, SIGNALS, make_default, make_flavors, names_in, needed_signals, read_state
from recipe_gallery import write_gallery
from recipe_groups import list_groups
from recipe_pictures.sections import write_paths, write_sensitivity

import gradlab as gl
from gradlab.claims import DOMAINS, claims_of
from gradlab.cli.explain import describe_factory
from gradlab.composites import points_of
from gradlab.equations import equations_of
from gradlab.registry import Entry, entries
from gradlab.testing import CLAIMS, CONTRACTS, references

KIT = "../how-to/check-your-optimizer.md"

# Recipes whose difference a page explains -> the heading there, and the page.
EXPLAINED = {("adam", "rmsprop"): ("How Adam differs from RMSProp with momentum", "../tutorials/three-ideas.md")}


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
            "Its paths": write_paths(name),
            "Its learning rate": write_sensitivity(name),
            "The arguments": self._arguments(name),
            "The state": self._state(name),
            "What is tested": self._tests(name),
            "Relatives": self._relatives(name),
            "Other implementations": self._others(name),
        }
        lines = [
            f"# `{name}`",
            "",
            *rst(to_rst(inspect.cleandoc(entry.factory.__doc__ or "").split("\n"), entry.factory)),
        ]
        for title, body in sections.items():
            lines += [f"## {title}", "", *body, ""] if body else []
        return "\n".join(lines)

    def _use(self, name: str) -> list[str]:
        tx, entry = self.txs[name], self.entries[name]
        signals = needed_signals(tx)
        known = "".join(f", {SIGNALS[signal][0]}" for signal in signals)
        made = f"{name}(learning_rate={tx.learning_rate:g})" if entry.kind == "recipe" else repr(tx)
        made = re.sub(r"\b(?=[a-z_]+\()", "gl.", made)
        code = ["import gradlab as gl", "", f"tx = {made}", "state = tx.init(params)"]
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
        tx, entry = self.txs[name], self.entries[name]
        equations = equations_of(tx)
        values = ", ".join(dict.fromkeys(f"${symbol.latex}$ = {symbol.value}" for symbol in equations.symbols))
        parts = [part.name for part in list_parts(tx) if part.name != name or entry.kind == "recipe"]
        rows = [[self.link(part), entries()[part].summary + "."] for part in dict.fromkeys(parts)]
        return [
            *code_block("python", lay_out(str(tx)).split("\n")),
            f"```{{diagram}} {tx!r}",
            "```",
            "",
            *table(["part", "what it does"], rows),
            "",
            "Together they compute",
            "",
            equations.latex.replace("aligned", "align*"),
            "",
            *([f"with {values}."] if values else []),
        ]

    def _arguments(self, name: str) -> list[str]:
        entry = self.entries[name]
        described = describe_factory(name, Entry(name, entry.factory, entry.kind, self.txs[name]))["hyperparameters"]
        rows = [[f"`{row['argument']}`", f"`{row['default']}`", row["range"]] for row in described]
        return table(["argument", "default", "range"], rows)

    def _state(self, name: str) -> list[str]:
        rows, size = read_state(self.txs[name])
        if not rows:
            return ["It keeps no state."]
        shapes = " and ".join(f"a {key} of {' by '.join(map(str, shape))}" for key, shape in LAYER.items())
        return [
            f"For {shapes} in float32, the state takes {size:.1f} bytes for each parameter:",
            "",
            *table(["link", "array", "shapes", "bytes"], rows),
        ]

    def _tests(self, name: str) -> list[str]:
        claims = claims_of(self.txs[name])
        kit = f"`gradlab check {name}` examines the {len(CONTRACTS)} contracts of [the law kit]({KIT})"
        rows = [[claim, CLAIMS[claim].statement] for claim in claims if claim in CLAIMS]
        lines = [kit + ", and what it claims beside them:", "", *table(["claim", "statement"], rows), ""]
        if not rows:
            lines = [kit + ".", ""]
        if domains := claims.get("domain"):
            lines += ["The kit examines it on a limited domain:", ""]
            lines += [*(f"- *{domain}*: {DOMAINS[domain]}" for domain in domains), ""]
        if exceptions := claims.get("except"):
            lines += ["It is excepted from: " + ", ".join(f"*{exception}*" for exception in exceptions) + ".", ""]
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
        relatives = find_relatives(name, self.txs)
        if not relatives:
            return lines
        rows = [[self.link(other), *columns(gap)] for other, gap in relatives.items()]
        return [
            "These recipes differ by the fewest parts, at the defaults of each:",
            "",
            *table(["recipe", "adds", "leaves out", "other values"], rows),
            "",
            *lines,
        ]

    def _others(self, name: str) -> list[str]:
        lines: list[str] = []
        rows = [[link, *columns(compare(self.txs[name], tx))] for link, tx in make_flavors(name).items()]
        if rows:
            lines += ["[Flavors](../flavors.md) compute what other libraries do:", ""]
            lines += [*table(["flavor", "adds", "leaves out", "other values"], rows), ""]
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


def columns(gap: Difference, most: int = 4) -> list[str]:
    """Return a difference as cells of a table, with some of the other values."""
    more = len(gap.values) - most
    values = (*gap.values[:most], f"and {more} more") if more > 0 else gap.values
    return [", ".join(cell) or "nothing" for cell in (gap.added, gap.left_out, values)]


def make(source: Path) -> dict[str, str]:
    """Return the text of each generated page by its name."""
    gallery = Gallery(source)
    return {"index": gallery.index(), **{name: gallery.page(name) for name in gallery.entries}}
