"""The counterparts compute the same steps, where the libraries define a method alike."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from gradlab.bench.counterparts import COUNTERPARTS, DEFAULT
from gradlab.bench.steps import choose_shape, make_leaves, make_optimizer, make_step, standard_settings
from gradlab.lab._inputs.default_contestants import collect_contestants

# Adan's and DoWG's first step, the first distance of Prodigy and D-Adaptation, Muon's coefficients and GaLore's scale
# are other ones in optax.
OTHERWISE = {"adan", "dowg", "prodigy", "dadapt_adam", "muon", "galore"}


@pytest.mark.parametrize("name", sorted(set(COUNTERPARTS) - OTHERWISE))
@standard_settings()
def test_both_make_the_same_steps(name: str) -> None:
    counterpart = COUNTERPARTS[name]
    if counterpart.optax is None:
        pytest.skip("only PyTorch has it")
    shape = choose_shape(2**16 if counterpart.is_for_matrices else 256, 1, counterpart.is_for_matrices)
    moved = []
    for library in ("gradlab", "optax"):
        optimizer = make_optimizer(counterpart, library)
        params = first = make_leaves(shape, 1, seed=0)
        state, step = optimizer.init(params), jax.jit(make_step(optimizer, counterpart.reads_loss))
        for seed in range(1, 4):
            params, state = step(params, state, make_leaves(shape, 1, seed))
        moved.append(np.asarray(params["leaf 0"] - first["leaf 0"]))
    assert np.linalg.norm(moved[0] - moved[1]) < 2e-3 * np.linalg.norm(moved[1])


def test_names_are_those_of_the_race_but_for_compositions() -> None:
    assert set(COUNTERPARTS) - set(collect_contestants()) == {"clip_adamw"}
    assert set(DEFAULT) <= set(COUNTERPARTS)
