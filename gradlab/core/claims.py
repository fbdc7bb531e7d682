"""Claims: what a transformation promises beyond the contracts that every transformation keeps.

A claim is declared where the transformation is defined, and `gradlab check` examines it. The laws behind the names
are in `gradlab.testing.CLAIMS`. Three names declare something else:

- "except" is a tuple of the names of laws that are not promised, or of parts of laws: "turns with i", that multiplying
  a complex gradient by i multiplies the update by i, and "slopes in float16", that float16 can hold the derivative of
  the update at a zero gradient, which is about 1 / eps.
- "domain" is a tuple of names from `DOMAINS`, which say on which inputs the laws are promised.
- "link" says that it is a link of a chain, which need not descend by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ..values.value import Value

# Names of claims, names with the values that their laws need, or a function of the transformation that returns either.
Claims: TypeAlias = tuple[str, ...] | Mapping[str, Any] | Callable[[Any], Any]

# An elementwise link computes each element from the elements at the same place alone.
ELEMENTWISE = ("elementwise", "contained", "permutation equivariant")
ELEMENTWISE_AND_SYMMETRIC = (*ELEMENTWISE, "sign symmetric")
# The result of a one-sided bound, a maximum or noise does not turn with a complex gradient.
NOT_SYMMETRIC = {"except": ("turns with i",)}

# What a transformation declares beside the laws that it claims to keep.
DECLARATIONS = ("except", "domain", "link")
DOMAINS = {
    "matrices": "every leaf has two axes",
    "stacked": "the leaves have a first axis of one size, along which layers are stacked",
    "real": "no leaf is complex",
    "stochastic": "it draws random numbers, which depend on the key and on the shape and the dtype of each leaf",
}

# The claims that hold for a chain if they hold for each of its links.
_KEPT_BY_CHAINS = ELEMENTWISE_AND_SYMMETRIC
_TUPLES = ("except", "domain")  # a chain has the entries of all of its links


def claims_of(tx: Any) -> dict[str, Any]:
    """Return the claims of a transformation by name, and under "except" what it takes back of the contracts.

    A recipe and a chain claim what all of their links claim, and what they declare beside that. Their domain is that of
    all of their links together. Other libraries' transformations claim nothing.
    """
    if not isinstance(tx, Value):
        return {}
    declared = tx.factory.claims
    claims = by_name(declared(tx) if callable(declared) else declared)
    links = getattr(tx, "links", (tx,))
    return claims if links == (tx,) else join_claims(shared_claims(*links), claims)


def shared_claims(*links: Any) -> dict[str, Any]:
    """Return the claims that a composition of links has because each of the links has them."""
    each = [claims_of(link) for link in links]
    claims: dict[str, Any] = {name: True for name in _KEPT_BY_CHAINS if all(name in claims for claims in each)}
    for link_claims in each:
        claims = join_claims(claims, {name: link_claims.get(name, ()) for name in _TUPLES})
    return claims


def leave_out(claims: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the claims but some."""
    return {name: value for name, value in claims.items() if name not in names}


def by_name(claims: tuple[str, ...] | Mapping[str, Any]) -> dict[str, Any]:
    """Return claims with their values by name; True stands for no value."""
    return dict(claims) if isinstance(claims, Mapping) else dict.fromkeys(claims, True)


def join_claims(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """Return the claims of both sides; the right one decides on a value, and exceptions and domains are added up."""
    joined = left | right
    for name in _TUPLES:
        joined[name] = tuple(dict.fromkeys((*left.get(name, ()), *right.get(name, ()))))
    return {name: value for name, value in joined.items() if value or name not in _TUPLES}
