"""Selection by patterns of paths."""

from __future__ import annotations

import difflib
import fnmatch
import functools
import itertools
import operator
import re
import warnings
from collections.abc import Sequence

from ..remedies.user_lines import find_stacklevel
from .base import selector
from .leaves import Leaf


@selector(reads_names=True)
def path(*patterns: str):
    r"""Select the leaves whose path matches one of some patterns, such as `"**/bias"`.

    The path of a leaf is the names on the way to it, joined by slashes: keys of dictionaries, attributes, and indices,
    as in `layers/0/attention/bias`. A pattern has to match all of it. In a pattern, `*` stands for one part of the
    path, or within a part for any characters (`norm*`), `**` for any number of parts or none, and `?` for one
    character. So `encoder/**` is all of the encoder. A key that holds slashes counts as several parts, as do the tuples
    of a flattened dictionary. The array in a variable of Flax has the path of the variable.

    Raises TypeError without a pattern, and ValueError for one with an empty part. When it selects, it raises ValueError
    for a pattern that matches no leaf but a whole subtree, whose leaves it would silently leave out. It warns of a
    pattern that matches no leaf and would match some with a similar name, with slashes in the place of dots or
    brackets, or with `**/` before a single name.

    >>> tx = gl.only(gl.path("layers/*/bias"), gl.scale(10.0))
    >>> gradient = {"layers": [{"bias": jnp.ones(2), "kernel": jnp.ones(2)}]}
    >>> direction, _ = tx.update(gradient, tx.init(gradient))
    >>> print(direction["layers"][0]["bias"], direction["layers"][0]["kernel"])
    [10. 10.] [1. 1.]
    """
    if not patterns:
        raise TypeError('path() has no pattern; pass at least one, such as path("**/bias")')
    for pattern in patterns:
        _require_pattern(pattern)

    def choose(leaves: Sequence[Leaf]) -> list[bool]:
        paths = [_split(leaf.path) for leaf in leaves]
        found = {pattern: _match_all(pattern, paths) for pattern in patterns}
        selected = [any(matches) for matches in zip(*found.values(), strict=True)]
        for pattern in (pattern for pattern, matches in found.items() if not any(matches)):
            meant = _correct(pattern, paths)
            if any(match and not is_in for match, is_in in zip(_match_leaves(meant, paths), selected, strict=True)):
                text = f"path: the pattern {pattern!r} matches no leaf; did you mean {meant!r}?"
                warnings.warn(text, stacklevel=find_stacklevel())
        return selected

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


def _match_all(pattern: str, paths: Sequence[Sequence[str]]) -> list[bool]:
    """Return for each path whether a pattern matches it.

    Raises ValueError if the pattern matches none of them, but a node above one.
    """
    beginnings = [_match_beginnings(pattern, path) for path in paths]
    if not any(matches[-1] for matches in beginnings):
        for path, matches in zip(paths, beginnings, strict=True):
            if any(matches[1:]):
                node = "/".join(path[: matches.index(True, 1)])
                raise ValueError(
                    f"path: the pattern {pattern!r} matches no leaf, but the subtree {node}; write '{pattern}/**' for "
                    f"all leaves in it"
                )
    return [matches[-1] for matches in beginnings]


def _match_leaves(pattern: str, paths: Sequence[Sequence[str]]) -> list[bool]:
    return [_match_beginnings(pattern, path)[-1] for path in paths]


def _correct(pattern: str, paths: Sequence[Sequence[str]]) -> str:
    """Return a pattern with names that exist, in the place of similar ones, and with slashes for dots and brackets.

    Names that differ in their numbers only are different: a shorter model has no `block_7`. A single name that stands
    at other depths only, as "kernel" does, gets `**/` before it.
    """
    names = sorted({part for path in paths for part in path})
    if not any("[" in name for name in names):  # JAX writes layers[0]['bias'] for layers/0/bias
        pattern = re.sub(r"""\[['"]?([^]'"]*)['"]?\]""", r"/\1", pattern).lstrip("/")
    parts = pattern.split("/") if any("." in name for name in names) else re.split("[./]", pattern.lstrip("."))
    for place, part in enumerate(parts):
        if part not in names and not set(part) & set("*?"):
            similar = difflib.get_close_matches(part, names, n=1, cutoff=0.75)
            if similar and re.sub(r"\d+", "", part) != re.sub(r"\d+", "", similar[0]):
                parts[place] = similar[0]
    is_deeper = len(parts) == 1 and parts[0] in names and not any(_match_leaves(parts[0], paths))
    return f"**/{parts[0]}" if is_deeper else "/".join(parts)


def _match_beginnings(pattern: str, path: Sequence[str]) -> list[bool]:
    """Return for each number of parts, from 0 to all, whether a pattern matches that many first parts of a path."""
    matches = [True, *(False for _ in path)]
    for expression in _compile(pattern):
        if expression is None:
            matches = list(itertools.accumulate(matches, operator.or_))
        else:
            steps = zip(matches, path)  # the last match has no part behind it
            matches = [False, *(before and bool(expression.fullmatch(part)) for before, part in steps)]
    return matches


def _split(path: tuple[object, ...]) -> list[str]:
    return [part for key in path for part in str(key).split("/")]


@functools.lru_cache(maxsize=1024)
def _compile(pattern: str) -> tuple[re.Pattern[str] | None, ...]:
    """Return the regular expression of each part of a pattern, or None for `**`.

    The brackets of `fnmatch`, which stand for classes of characters, stand for themselves here.
    """
    parts = pattern.split("/")
    return tuple(None if part == "**" else re.compile(fnmatch.translate(part.replace("[", "[[]"))) for part in parts)
