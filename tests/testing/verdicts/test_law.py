import pytest

from gradlab.testing import CLAIMS, CONTRACTS
from gradlab.testing.verdicts.law import Broken, require


def test_every_law_says_what_it_is_and_what_breaking_it_means() -> None:
    for name, law in {**CONTRACTS, **CLAIMS}.items():
        assert law.name == name
        assert "_" not in name
        assert len(law.statement.split()) >= 4
        assert len(law.meaning.split()) >= 6
    assert not any(law.claimed for law in CONTRACTS.values())
    assert all(law.claimed for law in CLAIMS.values())


def test_require_raises_the_counterexample() -> None:
    require(True, "never")
    with pytest.raises(Broken, match="here it is"):
        require(False, "here it is")
