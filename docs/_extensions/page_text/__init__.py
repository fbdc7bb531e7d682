"""Changes to the text of each page when it is written: where it may break, and how its tables are laid out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def change_pages(app: Any, change: Callable[[str], str]) -> dict[str, bool]:
    """Let a function change the HTML of the text of each page. Returns what `setup` of an extension does."""

    def on_page(app: Any, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
        if "body" in context:
            context["body"] = change(context["body"])

    app.connect("html-page-context", on_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
