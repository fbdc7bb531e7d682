"""A printed table in LaTeX, with the rules of the package booktabs."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

import re
import unicodedata

from .printed_table import PrintedRow, PrintedTable

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "×": r"$\times$", "÷": r"$\div$", "±": r"$\pm$", "−": "$-$", "∞": r"$\infty$", "≤": r"$\leq$", "≥": r"$\geq$",
    "√": r"$\surd$", "‖": r"$\|$", "∕": "/", "·": r"$\cdot$", "†": r"$\dagger$", "‡": r"$\ddagger$", "–": "--",
    "∇": r"$\nabla$", "²": "$^{2}$", "³": "$^{3}$",
}  # fmt: skip
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def to_latex(table: PrintedTable) -> str:
    r"""Return the table as an environment `table` for `\input`. It needs `\usepackage{booktabs}`, and nothing else."""
    sides = "".join("r" if column.numbers else "l" for column in table.columns)
    lines = [
        r"% Needs \usepackage{booktabs} in the preamble.",
        r"\begin{table}",
        rf"  \caption{{{escape(table.caption)}}}",
        rf"  \label{{tab:{_label(table.name)}}}",
        r"  \centering",
        r"  \small\setlength{\tabcolsep}{4pt}",
        rf"  \begin{{tabular}}{{{sides}}}",
        r"    \toprule",
        f"    {' & '.join(escape(column.title) for column in table.columns)} \\\\",
        r"    \midrule",
        *(f"    {_row(table, row)} \\\\" for row in table.rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Return a text as LaTeX prints it: its special characters, signs, Greek letters and raised digits in commands."""
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]{2,}|[⁰¹⁴⁵⁶⁷⁸⁹⁻]", lambda found: f"\0{found[0].translate(_RAISED)}\1", text)
    text = "".join(_SPECIAL.get(character) or _greek(character) or character for character in text)
    text = text.replace("\0", "$^{").replace("\1", "}$")
    text = text.replace(r" \%", r"\,\%")  # which does not break
    return text.replace("$$", "")  # one formula for signs that follow each other


def _greek(character: str) -> str:
    kind, _, name = unicodedata.name(character, "").partition(" LETTER ")
    is_command = name.isalpha() and name not in ("OMICRON", "FINAL SIGMA")
    return rf"$\{name.lower()}$" if kind == "GREEK SMALL" and is_command else ""


def _row(table: PrintedTable, row: PrintedRow) -> str:
    texts = enumerate(map(escape, row.cells))
    return " & ".join(rf"\textbf{{\boldmath {text}}}" if table.is_bold(row, place) else text for place, text in texts)


def _label(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9:_-]", "-", name)
