"""The examination of an optimizer or a link by `gradlab check`, from options as they were typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..terminal.printing import fail
from .factory import complete_arguments, declared_claims
from .options import find_name, find_reference, read_claims, read_declarations, read_extra, require_claims

if TYPE_CHECKING:
    from gradlab.testing import Report


def prepare_optimizer(
    name: str,
    factory: Any,
    given: Mapping[str, Any],
    *,
    reference: str | None,
    claims: Sequence[str],
    exceptions: Sequence[str],
    domains: Sequence[str],
    extra: Sequence[str],
    dtypes: Sequence[str],
    quick: bool,
    seconds: float,
) -> Callable[[Callable[[str, int, int], Any]], Report]:
    """Return a function that examines an optimizer, and is called with `on_law`.

    The options are as they were typed. Ends the command if one of them is wrong.
    """
    from gradlab import registry
    from gradlab.testing import check
    from gradlab.testing.check import DTYPES
    from gradlab.testing.trajectories.trajectory import list_references

    if reference is None and name in registry.of_kind("recipe", "link") and name in list_references():
        reference = name
    options: dict[str, Any] = {
        "reference": None if reference is None else find_reference(reference),
        "dtypes": tuple(find_name(dtype, (*DTYPES, "complex128"), "dtype") for dtype in dtypes) if dtypes else DTYPES,
        "extra": read_extra(extra),
        "quick": quick,
        "seconds_per_law": seconds,
    }
    arguments = complete_arguments(name, factory, dict(given))
    declared = declared_claims(factory, arguments)
    require_claims(declared, name)
    read = read_claims(claims, declared)
    if quick:
        _refuse_slow(read_claims(claims, {}))
    options["claims"] = read_declarations(exceptions, domains, read)
    return lambda on_law: check(factory, on_law=on_law, **options, **arguments)


def _refuse_slow(typed: Mapping[str, Any]) -> None:
    """End the command if it was asked for a claim that a quick look has no time for."""
    from gradlab.testing.quick_look import SLOW_CLAIMS

    if slow := [name for name in SLOW_CLAIMS if name in typed]:
        fail(f"--claim {slow[0]} takes longer than --quick allows; leave one of the two out")
