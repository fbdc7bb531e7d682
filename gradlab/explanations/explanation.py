"""The explanation of a transformation: its equations, its diagram, its state and its sources."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path

import optax

from ..core.base import Transformation
from ..core.boundary import PyTree
from ..core.not_a_transformation import describe_wrong
from ..equations import Equations, equations_of
from ..values.value import show_argument
from .boxes import Box, read_boxes
from .citations import to_bibtex
from .mermaid import write_mermaid
from .remarks import find_remarks
from .sources import find_sources
from .state_memory import describe_state_memory
from .svg import draw_svg

FORMATS = {
    ".svg": "svg",
    ".mmd": "mermaid",
    ".tex": "latex",
    ".bib": "bibtex",
}  # what `save` writes, by the end of the file's name


@dataclass(frozen=True, repr=False)
class Explanation:
    """An explanation of a transformation. `print` shows it as text, and a notebook as a diagram with equations.

    >>> explanation = gl.explain(gl.sgd(0.1, momentum=0.9))
    >>> print(explanation.text)
    (1) mₜ = μ mₜ₋₁ + gₜ
    (2) xₜ = xₜ₋₁ - α mₜ
    with μ = 0.9, α = 0.1
    >>> print(explanation.memory)
    4 bytes for each parameter (1 array of its shape)
    """

    name: str  # the call that makes the transformation
    composition: str  # its links, as Python
    equations: Equations
    boxes: tuple[Box, ...]  # the links and combinators, from which the diagram is drawn
    memory: str  # how much state there is for the given parameters, or for a matrix, in words
    sources: dict[str, str]  # the publications of its parts, by their names
    remarks: tuple[str, ...] = ()  # a sentence for each way in which it differs from its publications

    @property
    def latex(self) -> str:
        """The equations as one display of LaTeX, aligned at the equals signs."""
        return self.equations.latex

    @property
    def text(self) -> str:
        """The equations as lines of Unicode, with the values of their symbols."""
        values = ", ".join(map(str, self.equations.symbols))
        return str(self.equations) + (f"\nwith {values}" if values else "")

    @property
    def svg(self) -> str:
        """The diagram as the text of an SVG file, with colors for light and for dark windows."""
        return draw_svg(self.boxes, self.name)

    @property
    def svg_of_page(self) -> str:
        """The same diagram as an element within a page, with the colors of the text around it."""
        return draw_svg(self.boxes, self.name, alone=False)

    @property
    def bibtex(self) -> str:
        """The publications of the parts as entries of BibTeX. Those that only a part of yours cites are left out."""
        return to_bibtex(self.sources.values())

    @property
    def mermaid(self) -> str:
        """The diagram as a flowchart in Mermaid."""
        return write_mermaid(self.boxes)

    def save(self, path: str | Path) -> None:
        """Write the diagram (.svg, .mmd), the equations (.tex) or the sources (.bib); ValueError for other names."""
        if Path(path).suffix not in FORMATS:
            raise ValueError(f"the name of the file must end in {', '.join(FORMATS)}; got {str(path)!r}")
        Path(path).write_text(getattr(self, FORMATS[Path(path).suffix]) + "\n", encoding="utf-8")

    def __str__(self) -> str:
        sources = "\n".join(f"{name}: {source}" for name, source in self.sources.items())
        sections = {"equations": self.text, "composition": self.composition, "state": self.memory, "sources": sources}
        sections["remarks"] = "\n".join(self.remarks)
        return "\n\n".join([self.name, *(f"{title}\n{body}" for title, body in sections.items() if body)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        lines = "<br>".join(html.escape(line) for line in self.text.split("\n"))
        call = html.escape(self.name).replace("(", "(<wbr>")  # so that a narrow window cuts no number
        return (
            f'<div style="overflow-x: auto"><code>{call}</code><br>'
            f"{self.svg_of_page}"
            f'<p style="line-height: 1.7; font-family: STIX Two Math, Cambria Math, serif">{lines}</p></div>'
        )

    def _repr_latex_(self) -> str:
        return f"$${self.latex}$$"


def explain(tx: optax.GradientTransformation, params: PyTree = None) -> Explanation:
    """Return what a transformation is: equations as LaTeX and text, a diagram as SVG and Mermaid, state, sources.

        gl.explain(gl.adam(1e-3)).save("adam.svg")

    `tx` may be any composition. `params` are parameters or their shapes, as `jax.eval_shape` returns them, whose state
    is in the diagram; without them it is that of a matrix and a vector in float32. Equations are those that the links
    declare, and a link that declares none appears by its name, like one of another library.

    Raises TypeError if `tx` is not a transformation, and what `tx.init(params)` raises if there are parameters.

    >>> print(gl.explain(gl.sgd(0.1, momentum=0.9)).text)
    (1) mₜ = μ mₜ₋₁ + gₜ
    (2) xₜ = xₜ₋₁ - α mₜ
    with μ = 0.9, α = 0.1
    """
    if not isinstance(tx, optax.GradientTransformation):
        got = describe_wrong(tx, "explain({})")
        raise TypeError(f"explain(tx) takes a transformation, such as adam(); got {got}")
    composition = str(tx) if isinstance(tx, Transformation) else show_argument(tx)
    boxes = read_boxes(tx, params)
    return Explanation(
        show_argument(tx), composition, equations_of(tx), boxes, describe_state_memory(tx, params), find_sources(tx),
        find_remarks(tx),
    )  # fmt: skip
