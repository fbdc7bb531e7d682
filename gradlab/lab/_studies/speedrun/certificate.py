"""The certificate of a speed run: a JSON document with digests of all that it depends on, and of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..._baselines.baseline_file import ORIGIN, VERSIONS
from ..._engine.task import Task
from ..._inputs.source_files import digest_source_files
from ..._results.plan import read_result_settings
from ..._storage.files import DamagedJSONError, digest_json, read_json, write_text
from .rules import RulesError, describe_rules
from .score import Result

FORMAT = "gradlab-certificate-1"
CLOSE = 0.05  # how far two scores may differ, as a share, if the machine or the versions are other ones


def make_certificate(
    typed: str, tasks: Sequence[Task], result: Result, attributes: Mapping[str, str], seconds: float
) -> dict[str, Any]:
    """Return the certificate of an optimizer, called as it was `typed`, that was run by some tasks."""
    task = tasks[0]
    body = {
        "format": FORMAT,
        "optimizer": {
            "name": task.name,
            "typed": typed,
            "composition": task.composition,
            "sources": digest_source_files(task.factory),
        },
        "rules": describe_rules(),
        "score": result.score,
        "error": result.error,
        "problems": {name: speed._asdict() for name, speed in result.problems.items()},
        "results": digest_json({name: speed._asdict() for name, speed in result.problems.items()}),
        "settings": read_result_settings(),
        **{name: str(attributes[name]) for name in ORIGIN if name in attributes},
        "seconds": round(seconds, 1),
    }
    return {**body, "digest": digest_json(body)}


def write_certificate(path: Path, certificate: Mapping[str, Any]) -> None:
    """Write a certificate. Raises OSError."""
    write_text(path, json.dumps(certificate, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_certificate(path: Path) -> dict[str, Any]:
    """Return a certificate that is whole, and of these rules. Raises RulesError otherwise, and other OSErrors."""
    try:
        document = read_json(path)
    except FileNotFoundError:
        raise RulesError(f"there is no {path}; pass the certificate.json that gradlab speedrun wrote") from None
    except IsADirectoryError:
        raise RulesError(f"{path} is a folder; pass the certificate.json in it") from None
    except DamagedJSONError as error:
        raise RulesError(f"{path} is no certificate ({error}); gradlab speedrun writes them") from None
    if document.get("format") != FORMAT:
        found = document.get("format", "none")
        raise RulesError(f"{path} is no certificate: expected format {FORMAT}, found {found}")
    body = {name: value for name, value in document.items() if name != "digest"}
    if digest_json(body) != document.get("digest"):
        raise RulesError(f"{path} was changed after it was written: its content does not match its digest; run it anew")
    rules, own = document["rules"], describe_rules()
    if rules["digest"] != own["digest"]:
        raise RulesError(
            f"{path} is of the rules of version {rules['version']} ({rules['digest'][:8]}), and here they are those of "
            f"version {own['version']} ({own['digest'][:8]}); run it anew with this gradlab"
        )
    return document


def require_same_optimizer(certificate: Mapping[str, Any], task: Task) -> None:
    """Raise RulesError if an optimizer is not that of a certificate: by its source files, and by its parts."""
    own, sources = certificate["optimizer"], digest_source_files(task.factory)
    changed = [name for name in {**own["sources"], **sources} if own["sources"].get(name) != sources.get(name)]
    if changed:
        raise RulesError(
            f"{', '.join(sorted(changed))}: not the source of {own['typed']} that the certificate names; confirm it "
            f"with that source, or run it anew"
        )
    if own["composition"] != task.composition:
        raise RulesError(
            f"{own['typed']} is not composed as the certificate says; install gradlab {certificate['gradlab']}"
        )


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[bool, str]:
    """Return whether a second run confirms a certificate, and how it does, in a sentence."""
    if old["results"] == new["results"]:
        return True, "confirmed exactly: every run reaches its target at the same update, and all scores are the same"
    places = ("machine", "devices", "settings", *VERSIONS)
    others = [name for name in places if old.get(name) != new.get(name)]
    apart = abs(new["score"] / old["score"] - 1)
    moved = [name for name, speed in new["problems"].items() if speed["updates"] != old["problems"][name]["updates"]]
    where = f"; updates to the target differ on {', '.join(moved)}" if moved else "; scores differ by rounding"
    scores = f"score {old['score']:.4g} in the certificate, {new['score']:.4g} here"
    if not others:
        return False, f"not confirmed: {scores}{where}, with the same versions on a machine of the same kind"
    because = f"{', '.join(others)} are not those of the certificate"
    if apart <= CLOSE:
        return True, f"confirmed within {100 * CLOSE:g} %: {scores}{where}; {because}"
    return False, f"not confirmed: {scores}, more than {100 * CLOSE:g} % apart{where}; {because}"
