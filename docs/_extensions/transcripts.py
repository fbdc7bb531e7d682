"""Color transcripts of a terminal: a line that begins with a dollar sign is a command, and all else is output.

Pygments takes a table whose header begins with # for a command of the superuser.
"""

from __future__ import annotations

import re
from typing import Any

from pygments.lexers.shell import BashSessionLexer


class TranscriptLexer(BashSessionLexer):
    """The language `console` of code blocks."""

    _ps1rgx = re.compile(r"^(\$ )(.*\n?)")


def setup(app: Any) -> dict[str, bool]:
    """Use it in place of Pygments' own."""
    app.add_lexer("console", TranscriptLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
