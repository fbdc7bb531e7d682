"""Selection by patterns of paths."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from .base import selector
from .leaves import Leaf


@selector(reads_names=True)
def path(*patterns: str):
    r"""Select the leaves whose path matches one of some patterns, such as `"**/bias"`.

    The path of a leaf is the names on the way to it, joined by slashes: keys of dictionaries, attributes, and indices,
    as in `layers/0/attention/bias`. A pattern has to match all of it. In a pattern, `*` stands for one part of the
    path, or within a part for any characters (`norm*`), `**` for any number of parts, none included, and `?` for one
    character. So `encoder/**` is all of the encoder. A key that holds slashes counts as several parts, as do the tuples
    of a flattened dictionary. The array in a variable of Flax has the path of the variable.

    Raises TypeError without a pattern, and ValueError for one with an empty part. When it selects, it raises ValueError
    for a pattern that matches no leaf but a whole subtree, whose leaves it would silently leave out.
    """
    if not patterns:
        raise TypeError('path() has no pattern; pass at least one, such as path("**/bias")')
    for pattern in patterns:
        _require_pattern(pattern)

    def choose(leaves: Sequence[Leaf]) -> list[bool]:
        texts = [_join(leaf.path) for leaf in leaves]
        chosen = [[bool(_compile(pattern).fullmatch(text)) for text in texts] for pattern in patterns]
        for pattern, matches in zip(patterns, chosen, strict=True):
            if not any(matches):
                _require_no_subtree(pattern, texts)
        return [any(matches) for matches in zip(*chosen, strict=True)]

    return choose


def _require_pattern(pattern: object) -> None:
    if not isinstance(pattern, str):
        raise TypeError(
            f"path: a pattern must be a string, such as '**/bias'; got {type(pattern).__name__}: {pattern!r}"
        )
    if "" in pattern.split("/"):
        bare = "/".join(part for part in pattern.split("/") if part) or "**"
        raise ValueError(
            f"path: the pattern {pattern!r} has an empty part; write {bare!r}, since paths begin at the root without a "
            f"slash, or '**/{bare}' for any depth"
        )


def _require_no_subtree(pattern: str, texts: Sequence[str]) -> None:
    """Raise ValueError if a pattern that matches no leaf matches a node above one."""
    for text in texts:
        parts = text.split("/")[:-1]
        for depth in range(1, len(parts)):
            node = "/".join(parts[:depth])
            if _compile(pattern).fullmatch(node + "/"):
                raise ValueError(
                    f"path: the pattern {pattern!r} matches no leaf, but the subtree {node}; write '{pattern}/**' for "
                    f"all leaves in it"
                )


def _join(path: tuple[object, ...]) -> str:
    """Return a path with a slash behind each part, so that the root is empty text."""
    return "".join(f"{part}/" for part in path)


@functools.lru_cache(maxsize=1024)
def _compile(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a pattern, for paths with a slash behind each part."""
    return re.compile("".join("(?:[^/]*/)*" if part == "**" else _translate(part) for part in pattern.split("/")))


def _translate(part: str) -> str:
    signs = {"*": "[^/]*", "?": "[^/]"}
    return "".join(signs.get(letter, re.escape(letter)) for letter in part) + "/"
