"""The claims that mention a word, for one who knows the method or the effect, and not the title of the claim."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .catalogue import Claim


def suggest_claims(text: str, claims: Sequence[Claim]) -> str:
    """Return "did you mean claim 7, Adam from its parts?" for the claims that mention a word; "" if none does."""
    found = _search(text, claims)
    if len(found) < 2:
        return "".join(f"did you mean claim {claim.number}, {claim.title}?" for claim in found)
    listed = ", ".join(f"{claim.number} ({claim.title})" for claim in found)
    return f"it is mentioned in claims {listed}; give a number of these"


def _search(text: str, claims: Sequence[Claim]) -> list[Claim]:
    """Return the claims that mention a word in title or statement, or else in the source, or else a longer word."""
    if not re.search(r"[^\W\d]{2}", text):
        return []  # a number is that of a claim, and a letter is in too many
    wanted = re.escape(_normalize(text))
    texts = {claim: (f"{claim.title}. {claim.statement}", claim.source) for claim in claims}
    for pattern in (rf"\b{wanted}\b", rf"\b{wanted}"):
        for place in (0, 1):
            found = [claim for claim in claims if re.search(pattern, _normalize(texts[claim][place]))]
            if found:
                return found
    return []


def _normalize(text: str) -> str:
    """Return a text as words are searched in it: in lower case, with blanks for hyphens."""
    return re.sub(r"[-_\s]+", " ", text.lower().strip())
