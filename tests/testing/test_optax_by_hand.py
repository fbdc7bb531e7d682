"""Each kind of breach that the kit finds in optax is true: a few lines show it without the kit."""

from __future__ import annotations

import pytest

from .optax_by_hand import CONFIRMATIONS, is_reproduced
from .optax_findings import FINDINGS
from .optax_laws import KINDS


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_breach_of_each_kind_is_reproduced(kind: str) -> None:
    name = next(name for name, kinds in FINDINGS.items() if kind in kinds)
    assert is_reproduced(name, kind)


def test_a_right_transformation_shows_no_breach() -> None:
    assert [kind for kind in ("half precision", "integers", "squares") if is_reproduced("identity()", kind)] == []


def test_every_kind_can_be_reproduced() -> None:
    assert set(CONFIRMATIONS) == set(KINDS)
