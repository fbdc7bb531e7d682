"""How to install the packages of an extra that are missing."""

from __future__ import annotations

import importlib.metadata
import re

_REQUIREMENT = re.compile(r'([\w.-]+)([^;\[]*?)\s*; extra == [\'"](\w+)[\'"]')


def how_to_install(extra: str) -> str:
    """Return the command that installs what is missing of an extra, as `pip install "optuna>=4"`.

    It names the packages, and not the extra of gradlab: pip would look for gradlab in its index, which may not have it,
    or have another package of this name. If none is missing, because one is damaged, the command names those that the
    extra has besides `lab`, which the others include.
    """
    shared = _read_requirements("lab")
    wanted = shared | _read_requirements(extra)
    missing = [text for name, text in wanted.items() if not _is_installed(name)]
    own = [text for name, text in wanted.items() if extra == "lab" or name not in shared]
    return " ".join(["pip install", *(f'"{text}"' for text in missing or own)])


def _read_requirements(extra: str) -> dict[str, str]:
    """Return the requirements of an extra by the names of their packages, as the installed gradlab states them."""
    lines = importlib.metadata.requires("gradlab") or ()
    found = [match for line in lines if (match := _REQUIREMENT.fullmatch(line)) and match[3] == extra]
    return {match[1]: f"{match[1]}{match[2]}" for match in found}


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
