"""The option that an unknown one may mean by the habits of other programs, as `--epochs` means `--steps`."""

from __future__ import annotations

from collections.abc import Collection

_RATES = ("rates", "set learning_rate=VALUES", "arg learning_rate=VALUE", "hyperparameters")
_STEPS = ("steps",)
_SEEDS = ("seeds",)
_OUT = ("out",)
_PROBLEM = ("problem", "problems")
_OPTIMIZER = ("optimizer", "optimizers")

# Words of other programs, without the "s" of a plural, each with the options that it may mean. The first that exists is
# meant, with its value, if there is one.
_HABITS = {
    **dict.fromkeys(("lr", "learning_rate", "rate", "step_size"), _RATES),
    **dict.fromkeys(("epoch", "iteration", "iter", "update"), _STEPS),
    **dict.fromkeys(("run", "repeat", "repetition", "replicate"), _SEEDS),
    **dict.fromkeys(("output", "folder", "dir", "directory"), _OUT),
    **dict.fromkeys(("task", "dataset", "objective"), _PROBLEM),
    **dict.fromkeys(("algorithm", "method"), _OPTIMIZER),
    **dict.fromkeys(("job", "worker", "core"), ("workers",)),
}


def find_habitual(name: str, known: Collection[str]) -> str | None:
    """Return the option that the name of an unknown one, or a word of it, means, without dashes; None without one."""
    plain = name.lower().strip("-").replace("-", "_")
    for word in (plain, *plain.split("_")):
        for meant in _HABITS.get(word.removesuffix("s"), ()):
            if meant.partition(" ")[0] in known:
                return meant
    return None
