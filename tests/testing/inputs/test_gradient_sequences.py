import numpy as np
import pytest

from gradlab.testing.inputs.gradient_sequences import SEQUENCES, VECTOR, draw


def test_sequences_are_seeded_and_what_they_are_called() -> None:
    drawn = dict(zip(SEQUENCES, draw(tuple(SEQUENCES), 50)))
    again = draw(tuple(SEQUENCES), 50)
    assert np.array_equal(np.stack(list(drawn.values())), again)
    assert all(sequence.shape == (50, *VECTOR) for sequence in drawn.values())
    assert np.all(drawn["constant"] == drawn["constant"][0])
    assert np.all(drawn["sparse"][0] == 0)
    assert 0.7 < np.mean(drawn["sparse"] == 0) < 0.9
    assert 0.3 < np.mean(np.abs(drawn["sparse"][drawn["sparse"] != 0]) == 1) < 0.7
    assert np.all(np.sign(drawn["flipping"][1:]) == -np.sign(drawn["flipping"][:-1]))
    assert np.abs(drawn["tiny"]).max() < 1e-11
    assert np.abs(drawn["small"]).max() < 1e-3
    assert np.abs(drawn["huge"]).max() > 1e12
    assert np.abs(drawn["fading"][-1]).max() < 1e-5 * np.abs(drawn["fading"][0]).max()
    assert 0.5 < drawn["ordinary"].std() < 1.5


def test_an_unknown_sequence_is_named() -> None:
    with pytest.raises(KeyError, match="there are ordinary"):
        draw(("none",), 3)
