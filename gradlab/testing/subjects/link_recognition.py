"""Why a transformation is a link of a chain, and need not descend by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import optax

from ...core.base import Transformation, find_transformations
from ...values.factories import read_parameters

_RATE = "learning_rate"
# Optax documents what these modules make as links, apart from what wraps or joins other transformations.
_LINK_MODULES = re.compile(r"optax\.(transforms\._|_src\.(transform|base|clipping|linesearch)$)")
_WRAPPER_MODULES = re.compile(r"optax\.transforms\._(combining|conditionality|freezing|layouts|masking|monitoring)$")
_NAMED_AS_LINK = re.compile(r"scale_by_")


def explain_link(factory: Any, tx: optax.GradientTransformation, claims: Mapping[str, Any]) -> str | None:
    """Return why a transformation is a link of a chain; None for an optimizer, and for what could be one.

    `factory` made `tx`; it is `tx` itself where no factory is known. A link keeps the sign of the gradient, so that its
    updates point uphill, and so do those of an optimizer whose sign is wrong. The numbers cannot tell them apart: only
    the author, the name and the form of the declaration can. Where none of these says that it is a link, it must
    descend.
    """
    if claims.get("link"):
        return "its author says that it is a link of a chain"
    if "descends" in claims:
        return None
    if isinstance(tx, Transformation):
        return None if _may_be_optimizer(tx) else "it is a link of a chain: no recipe, and without a learning rate"
    function = tx.update if factory is tx else factory
    name, module = (getattr(function, attribute, None) or "" for attribute in ("__qualname__", "__module__"))
    is_documented = _LINK_MODULES.match(module) and not _WRAPPER_MODULES.match(module)
    takes_rate = factory is not tx and _RATE in read_parameters(factory)
    if takes_rate and not is_documented:  # scale_by_rprop takes one, and is a link
        return None
    if _NAMED_AS_LINK.match(name.split(".")[0]):
        return "its name begins with scale_by_, the usual name of a link of a chain"
    if is_documented:
        return "optax documents it as a link of a chain"
    return None


def _may_be_optimizer(tx: Transformation) -> bool:
    """Return whether a value is declared as a recipe, takes a learning rate, or contains what does or scales.

    A recipe that applies the transformations that it is given, such as `only`, is what they are.
    """
    links = [link for link in tx.links if link is not tx]
    inner = find_transformations(list(tx.arguments.values()))
    if (tx.factory.is_recipe and not inner) or _RATE in tx.arguments:
        return True
    return any(
        not isinstance(link, Transformation) or link.factory.name == "scale" or _may_be_optimizer(link)
        for link in links or inner
    )
