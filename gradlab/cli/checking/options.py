"""The options of `gradlab check` that say what an optimizer promises, and what it is compared with."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...lab._inputs.name_lookup import UnknownNameError, look_up
from ..arguments.assignments import parse_assignments, parse_value
from ..terminal.printing import fail
from .factory import import_named

if TYPE_CHECKING:
    from gradlab.testing import Law
    from gradlab.testing.verdicts.law import ClaimValue


def read_claims(
    typed: Sequence[str], declared: Mapping[str, Any], laws: Mapping[str, Law] | None = None
) -> dict[str, Any]:
    """Return the claims that were typed as NAME or NAME=VALUE, beside those that are declared.

    `laws` are those that may be claimed, by default those of transformations. Ends the command for an unknown claim,
    for one that is given twice, and for one without the value that it needs.
    """
    from gradlab.testing import CLAIMS

    others = ("link",) if laws is None else ()
    laws = CLAIMS if laws is None else laws
    claims = dict(declared)
    names: list[str] = []
    for text in typed:
        name, equals, value = text.partition("=")
        name = find_name(name, (*laws, *others), "claim")
        if name in names:
            fail(f"--claim {name} is given twice; leave one out")
        names.append(name)
        claims[name] = parse_value(value) if equals else claims.get(name, True)
        _require_value(name, claims[name], None if name in others else laws[name].value)
    return claims


def _require_value(name: str, value: Any, needed: ClaimValue | None) -> None:
    """End the command if a claim lacks the value that its law needs, or has another."""
    is_given = value is not True
    if needed is None:
        if is_given:
            fail(f"the claim {name} takes no value, got {value!r}; pass --claim {shlex.quote(name)}")
    elif not needed.allows(value):
        option = shlex.quote(f"{name}={needed.example}")
        got = f", got {value!r}" if is_given else ""
        fail(f"the claim {name} needs {needed.description}{got}; pass --claim {option}")


def read_declarations(exceptions: Sequence[str], domains: Sequence[str], claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return claims with the laws that are excepted, and the domains. Ends the command for an unknown name."""
    from gradlab.core.claims import DOMAINS, join_claims
    from gradlab.testing.verdicts.law import CLAIMS, CONTRACTS, PARTS, TRAJECTORIES

    laws = (*CONTRACTS, *CLAIMS, *TRAJECTORIES, *PARTS)
    typed = {
        "except": tuple(find_name(name, laws, "law") for name in exceptions),
        "domain": tuple(find_name(name, DOMAINS, "domain") for name in domains),
    }
    return join_claims(dict(claims), typed)


def require_claims(declared: Iterable[str], optimizer: str) -> None:
    """End the command if a transformation declares a claim of an unknown name."""
    from gradlab.core.claims import DECLARATIONS
    from gradlab.testing import CLAIMS

    for name in set(declared) - set(DECLARATIONS):
        find_name(name, CLAIMS, "claim", f"{optimizer} declares an unknown claim: ")


def read_extra(typed: Sequence[str]) -> dict[str, Any]:
    """Return the extra arguments for `update`, typed as NAME=VALUE. A value module:name is imported.

    Ends the command for a text that is neither a literal of Python nor the name of something to import.
    """
    extra = parse_assignments("--extra", typed, "value=1.0")
    for name, value in extra.items():
        if isinstance(value, str) and ":" in value:
            extra[name] = import_named(value)
        elif isinstance(value, str):
            fail(f"--extra {name} takes a number, or a function as module:name; got {value!r}")
    return extra


def find_reference(name: str) -> str | Callable[..., Any]:
    """Return the name of a reference of gradlab's, or the function that `package.module:function` names.

    Ends the command for what does not exist, or is no step function.
    """
    from gradlab.testing.references.step_functions import StepFunctionError, require_step_function
    from gradlab.testing.trajectories.trajectory import list_references

    if ":" not in name:
        return find_name(name, list_references(), "reference", may_be_own=True)
    found = import_named(name)
    try:
        require_step_function(found, name)
    except StepFunctionError as error:
        fail(error)
    return found


def find_name(typed: str, known: Iterable[str], kind: str, context: str = "", *, may_be_own: bool = False) -> str:
    """Return the name of a law, a claim or a dtype. A shell's user may type "_" or "-" in place of the blanks in it.

    `may_be_own` says that users may type something of their own in its place, as `module:NAME`.

    Ends the command for an unknown name, with a message that begins with the `context`.
    """
    names = dict.fromkeys(known)
    name = typed if typed in names else re.sub("[_ -]+", " ", typed).strip().lower()
    try:
        look_up(name if name in names else typed, names, kind, may_be_own=may_be_own)
    except UnknownNameError as error:
        fail(f"{context}{error}")
    return name
