"""The groups of the gallery of recipes. The site cannot be built while a recipe is in none of them."""

from __future__ import annotations

from gradlab.registry import Entry, entries, of_kind

# The title of each group -> a sentence on its idea, and its recipes.
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Gradient and momentum": (
        "The step follows the gradient, or a mean of the gradients so far.",
        ("sgd", "nag", "qhm"),
    ),
    "A rate for each parameter": (
        "The gradient is divided by its own size, so each parameter has a rate of its own.",
        ("adagrad", "adadelta", "rmsprop"),
    ),
    "Adam and its variants": (
        "Momentum, divided by the root of a mean of squares.",
        (
            *("adam", "adamw", "nadam", "nadamw", "adamax", "amsgrad", "adabound", "amsbound", "radam", "yogi"),
            *("adabelief", "qhadam", "adan", "ademamix", "adopt", "mars", "cautious_adamw"),
        ),
    ),
    "Sign": (
        "Every parameter moves by the same amount, and only the direction is computed.",
        ("sign_sgd", "signum", "lion", "cautious_lion"),
    ),
    "Less memory": (
        "The second moment takes less than one number for each parameter.",
        ("adafactor", "adam_mini", "galore"),
    ),
    "Matrices": (
        "A weight matrix is treated as a matrix, and not as a list of numbers.",
        ("muon", "normuon", "muon_hyperball", "scion", "dion", "shampoo", "soap", "kron"),
    ),
    "Curvature": (
        "The step is divided by an estimate of the Hessian.",
        ("sophia",),
    ),
    "Large batches": (
        "Each layer steps in units of its own norm, which keeps large batches stable.",
        ("lars", "lamb"),
    ),
    "Rates found on the way": (
        "The learning rate follows from the distance travelled, or from the loss.",
        ("dog", "dowg", "dadapt_adam", "prodigy", "mechanic", "momo", "momo_adam"),
    ),
    "Averages of the parameters": (
        "The model is evaluated at an average, or returns to one.",
        ("schedule_free_sgd", "schedule_free_adamw", "schedule_free", "lookahead", "average_params"),
    ),
    "Flat minima": (
        "The gradient is taken at a worse point nearby.",
        ("sam", "asam"),
    ),
}


def list_groups() -> dict[str, tuple[str, dict[str, Entry]]]:
    """Return the entries of the registry by the titles of their groups, with the sentence on each group.

    Raises ValueError unless every recipe is in exactly one group.
    """
    grouped = [name for _, names in GROUPS.values() for name in names]
    wrong = sorted({name for name in grouped if grouped.count(name) > 1 or name not in entries()})
    missing = [name for name in of_kind("recipe") if name not in grouped]
    if missing or wrong:
        raise ValueError(
            f"each recipe must be in one group of docs/_extensions/recipe_groups.py: {missing} are in none, and "
            f"{wrong} are in several or do not exist"
        )
    return {title: (idea, {name: entries()[name] for name in names}) for title, (idea, names) in GROUPS.items()}
