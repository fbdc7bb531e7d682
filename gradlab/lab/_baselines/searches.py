"""The searches that gradlab's baselines come from: the same trials for every optimizer, at its published settings.

What is searched is the learning rate, on one grid for all optimizers; all other hyperparameters are those of the
recipe. So each optimizer has 13 trials, whether it has two hyperparameters or ten: nobody profits from having more of
them, and no grid was chosen with an optimizer in mind.
"""

from __future__ import annotations

RATES = "log:1e-4:100:13"  # two in each decade, over which the best rates of all recipes lie with few exceptions
SEEDS = "10"  # of which five choose the rate, and five report on it

# The problems whose baselines come with gradlab. On some of the others a search takes hours.
SHIPPED = (
    "ravine", "rosenbrock", "beale", "himmelblau", "rastrigin", "saddle", "monkey_saddle", "plateau", "double_well",
    "quadratic", "noisy_quadratic", "reddi", "matrix_factorization", "matrix_sensing", "sparse_logistic",
    "scaled_layers", "deep_sigmoid", "exploding_rnn", "wine", "diabetes", "breast_cancer", "digits",
)  # fmt: skip
