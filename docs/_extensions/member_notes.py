"""Notes on the fields of a class, from comments of the source, and on the options of a command, from its help."""

from __future__ import annotations

import ast
import inspect
import io
import re
import textwrap
import tokenize
from typing import Any

import typer
from signatures import command_options

# How a comment above a field begins, which follows the name and a colon on the page.
CAPITAL = re.compile(r"(The|An?|By|What|Whether|How|Of|For|In|It|Its|Each|Where|Which|Names?|All|As|One)\b")


def field_notes(owner: Any) -> dict[str, str]:
    """Return what comments beside or above say of the fields of a named tuple or a dataclass, by their names.

    Of a field without a comment, it is the type.
    """
    if not inspect.isclass(owner) or not (hasattr(owner, "_fields") or hasattr(owner, "__dataclass_fields__")):
        return {}
    try:
        source = textwrap.dedent(inspect.getsource(owner))
    except (OSError, TypeError):
        return {}
    comments, alone = _comments(source)
    found = {}
    for node in ast.parse(source).body[0].body:  # type: ignore[attr-defined]
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        above = node.lineno - 1
        while above in alone:
            above -= 1
        lines = [comments[line] for line in range(above + 1, node.lineno)]
        lines += [
            comments[line] for line in range(node.lineno, (node.end_lineno or node.lineno) + 1) if line in comments
        ]
        lines = [line for line in lines if not line.startswith(("noqa", "type:", "fmt:"))]
        is_constant = ast.unparse(node.annotation).startswith("ClassVar")
        if not node.target.id.startswith("_") and not (is_constant and not lines):
            text = CAPITAL.sub(lambda word: word[0].lower(), " ".join(lines))
            found[node.target.id] = _as_sentence(text or f"`{ast.unparse(node.annotation)}`")
    return found


def _comments(source: str) -> tuple[dict[int, str], set[int]]:
    """Return the comments of a source by their lines, and the lines that hold nothing else."""
    comments, alone = {}, set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            comments[token.start[0]] = token.string.lstrip("# ")
            if not token.line[: token.start[1]].strip():
                alone.add(token.start[0])
    return comments, alone


def option_notes(owner: Any) -> dict[str, str]:
    """Return the help of the options and arguments of a command, by what one types."""
    if not inspect.isfunction(owner):
        return {}
    found = {}
    for name, (kind, note) in command_options(owner).items():
        # Beside `Annotated`, the first name that is declared stands in the place of the default.
        declared = [note.default, *(note.param_decls or ())]
        typed = [text for text in declared if isinstance(text, str) and text.startswith("-")]
        long = name.replace("_", "-")
        if isinstance(note, typer.models.ArgumentInfo):
            typed = [note.metavar or name.upper()]
        elif not typed:
            typed = [f"--{long}/--no-{long}" if kind is bool else f"--{long}"]
        if note.help:
            found[", ".join(typed)] = _as_sentence(note.help)
    return found


def _as_sentence(text: str) -> str:
    """Return a note with a period. It follows the name and a colon, so it begins as its author wrote it."""
    text = " ".join(text.split())
    return text if text.endswith((".", ":")) else f"{text}."
