"""The colors of code on light pages: those of `a11y-light`, and in diffs green for new lines and red for old ones."""

from __future__ import annotations

from typing import ClassVar

from pygments.style import Style
from pygments.styles import get_style_by_name
from pygments.token import Generic, Name

_A11Y = get_style_by_name("a11y-light")


class LightStyle(Style):
    """The style `a11y-light`, which colors new lines of a diff like plain text, and old ones like file names."""

    background_color = _A11Y.background_color
    highlight_color = _A11Y.highlight_color
    styles: ClassVar = {
        **_A11Y.styles,
        Generic.Inserted: "#116633",
        Generic.Deleted: "#b3122a",
        Generic.Heading: "bold #1e1e1e",
        Generic.Subheading: "#00749c",
        Name.Variable: "#1e1e1e",  # in shells, an option such as --set rate=0.1 passes for one
    }
