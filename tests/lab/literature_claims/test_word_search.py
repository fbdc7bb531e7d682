"""A word that is no title finds the claims that mention it."""

from __future__ import annotations

import pytest

from gradlab.lab._literature_claims.catalogue import CLAIMS, find_claims
from gradlab.lab._literature_claims.word_search import suggest_claims


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("amsgrad", "did you mean claim 10, Non-convergence?"),
        ("bias", "did you mean claim 7, Adam from its parts?"),
        ("Bias-Correction", "did you mean claim 7, Adam from its parts?"),
        ("non_convergence", "did you mean claim 10, Non-convergence?"),
        ("clip", "did you mean claim 15, Exploding gradients?"),  # the beginning of "clipping"
        ("adagrad", "it is mentioned in claims 3 (Rare features), 4 (Decay); give a number of these"),
        ("zeiler", "it is mentioned in claims 4 (Decay), 6 (No rate); give a number of these"),  # in their source
    ],
)
def test_a_word_is_answered_with_the_claims_that_mention_it(word: str, answer: str) -> None:
    assert suggest_claims(word, CLAIMS) == answer
    with pytest.raises(ValueError, match=rf"^there is no claim '{word}'; "):
        find_claims([word])


def test_adam_is_not_a_part_of_adamax_or_of_titles_of_papers() -> None:
    answer = suggest_claims("adam", CLAIMS)
    assert answer.startswith("it is mentioned in claims 7 (Adam from its parts), 9 (Nadam), ")
    assert "AdaMax" not in answer


@pytest.mark.parametrize("text", ["17", "50", "a", "", " ", "zzz", "(", "[a"])
def test_a_number_or_a_letter_is_not_searched(text: str) -> None:
    assert suggest_claims(text, CLAIMS) == ""
