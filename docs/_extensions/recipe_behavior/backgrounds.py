"""Words for the problems, the rival of each recipe, and the claims about it: all that sentences need beside numbers."""

from __future__ import annotations

# The problem of each baseline in a few words, for readers who do not know its name.
PROBLEM_WORDS = {
    "beale": "a flat valley between steep slopes",
    "breast_cancer": "an easy, convex classification",
    "deep_sigmoid": "vanishing gradients",
    "diabetes": "a noisy regression",
    "digits": "images of digits",
    "double_well": "a shallow minimum before a deeper one",
    "exploding_rnn": "exploding gradients",
    "himmelblau": "four equal minima",
    "matrix_factorization": "a product of two matrices",
    "matrix_sensing": "an ill-conditioned matrix",
    "monkey_saddle": "a saddle without curvature",
    "noisy_quadratic": "a bowl with noise",
    "plateau": "a wide plain",
    "quadratic": "a bowl",
    "rastrigin": "many local minima",
    "ravine": "a narrow valley",
    "reddi": "rare large gradients",
    "rosenbrock": "a curved valley",
    "saddle": "a saddle",
    "scaled_layers": "layers of different scales",
    "sparse_logistic": "rare features",
    "wine": "very few data",
}

# The problems with a parameter that is a matrix of several rows and columns. On the others, methods for matrices do
# what they do to vectors.
MATRICES = (
    "breast_cancer", "deep_sigmoid", "diabetes", "digits", "exploding_rnn", "matrix_factorization", "matrix_sensing",
    "scaled_layers", "wine",
)  # fmt: skip
MOST_PARAMETERS = 4000  # of any of the problems
LARGEST_SIDE = 32  # of the smaller sides of their matrices, which is the largest rank that one can have

# The layer for which the pages count the bytes of a state: so large that a method of low rank saves memory there.
LAYER = {"kernel": (1024, 512), "bias": (512,)}

# Each recipe -> the optimizer that it is compared with: the one that it was made from, or made to replace.
RIVALS = {
    "nag": "sgd_momentum", "qhm": "sgd_momentum",
    "adagrad": "sgd", "adadelta": "rmsprop", "rmsprop": "adagrad",
    "adam": "rmsprop", "adamw": "adam", "nadam": "adam", "nadamw": "adamw", "adamax": "adam", "amsgrad": "adam",
    "adabound": "adam", "amsbound": "adabound", "radam": "adam", "yogi": "adam", "adabelief": "adam",
    "qhadam": "adam", "adan": "adam", "ademamix": "adam", "adopt": "adam", "mars": "adam", "cautious_adamw": "adamw",
    "sign_sgd": "sgd", "signum": "sign_sgd", "lion": "signum", "cautious_lion": "lion",
    "adafactor": "adam", "adam_mini": "adam", "galore": "adam",
    "muon": "adamw", "normuon": "muon", "muon_hyperball": "muon", "scion": "muon", "dion": "muon",
    "shampoo": "adam", "soap": "adam", "kron": "adam", "sophia": "adam",
    "lars": "sgd_momentum", "lamb": "adamw",
    "dog": "sgd", "dowg": "dog", "dadapt_adam": "adam", "prodigy": "adam", "momo": "sgd_momentum", "momo_adam": "adam",
    "schedule_free_sgd": "sgd", "schedule_free_adamw": "adamw",
}  # fmt: skip
# Each recipe -> what its ranks follow from, where the measurements alone would mislead.
_FULL_RANK = (
    f"The smaller side of each matrix here is at most {LARGEST_SIDE}, which is less than `rank`: the results are those "
    "at full rank, and do not say what a low one costs."
)
REASONS = {
    "radam": (
        "Its first five steps are descent along the momentum, without the division that makes the steps of the others "
        "equally large. Where gradients are large at the start, only a small rate survives these steps, and it is too "
        "small for all that follow."
    ),
    "shampoo": (
        "On vectors it is Adam at 0.01 of the learning rate, so that a rate of 100 there is Adam's rate of 1, and its "
        "results on them are Adam's, as far as the grid of rates reaches."
    ),
    "muon_hyperball": (
        "Each matrix keeps the norm that it has at the start. Where the best matrices have another norm, as those of "
        "`matrix_factorization` have, no rate reaches them, and the loss hardly depends on the rate. A rate far "
        "above 1 goes no farther than one of 1: a matrix only turns."
    ),
    "galore": _FULL_RANK,
    "dion": _FULL_RANK,
}
# Recipes -> why even the lowest rate of the grid is nearly as good as the best one on some problems.
_BOUNDS = "since the bounds lead to `final_rate`, whatever the rate is"
LOW_IS_GOOD = {"adabound": _BOUNDS, "amsbound": _BOUNDS}
ALONE = ("sgd",)  # made from no other recipe; its variants are compared with it

# Each recipe -> the claims about it by their numbers, and which of their parts are about it; none: all parts.
CLAIMS_ABOUT: dict[str, dict[int, tuple[str, ...]]] = {
    "sgd": {1: (), 11: ("adaptive methods generalize worse",), 14: ("plain descent stalls", "momentum gets through")},
    "nag": {2: ()},
    "adagrad": {3: (), 4: ()},
    "adadelta": {6: ()},
    "rmsprop": {5: ("sign descent",), 14: ("adaptive rates get through",), 16: ("adaptive rates win",)},
    "adam": {7: (), 10: ("Adam converges to the worst point",), 11: ("adaptive methods generalize worse",)},
    "adamax": {8: ()},
    "nadam": {9: ()},
    "amsgrad": {10: ()},
    "adabound": {11: ("AdaBound and AMSBound begin as Adam, end as SGD", "they close part of the gap")},
    "amsbound": {11: ("AdaBound and AMSBound begin as Adam, end as SGD", "they close part of the gap")},
    "sign_sgd": {5: ("very sensitive to the rate",)},
}
