"""The groups of the index of the API. The site cannot be built while a public factory is in none of them."""

from __future__ import annotations

import recipe_groups

from gradlab.registry import Entry, of_kind

TITLES = {
    "recipe": "Optimizers",
    "link": "Links",
    "combinator": "Combinators",
    "schedule": "Schedules",
    "selector": "Selectors",
}
# The title of each group -> the factories in it. Optimizers are in the groups of their gallery.
GROUPS: dict[str, dict[str, tuple[str, ...]]] = {
    "link": {
        "Gradient and direction": ("gradient", "delay", "centralize", "add_noise", "agree_in_sign", "scale_by_sign"),
        "Momentum and means": (
            *("scale_by_momentum", "scale_by_heavy_ball", "nesterov", "nesterov_momentum", "mix_with_gradient"),
            *("bias_correction", "additive_mean", "lagged_mean", "running_max", "running_sum"),
        ),
        "Division by the size of gradients": (
            *("scale_by_rms", "scale_by_rss", "scale_by_stddev", "scale_by_infinity_norm", "scale_by_update_rms"),
            *("scale_by_global_rss", "factored_mean", "block_mean", "average_blocks", "normalize_blocks"),
        ),
        "Clipping": ("clip_by_value", "clip_between", "clip_by_norm", "clip_by_global_norm", "clip_by_rms"),
        "Size of the step": (
            *("scale", "scale_by_learning_rate", "reduce_on_plateau", "scale_by_trust_ratio", "scale_by_param_rms"),
            *("scale_to_global_norm", "scale_to_relative_norm", "scale_by_distance", "scale_by_rates"),
        ),
        "Weight decay": ("add_decayed_weights", "proximal_decay", "keep_norm"),
        "Matrices and curvature": (
            *("orthogonalize", "scale_by_shape", "scale_by_kronecker", "scale_by_whitening"),
            *("orthonormalize_low_rank", "eigenbasis", "singular_basis", "hutchinson", "gauss_newton_bartlett"),
        ),
        "Many workers": ("majority_vote", "one_bit_mean"),
        "Measurement": ("probe",),
    },
    "combinator": {
        "Composition": ("chain", "add", "isolate", "measure", "precondition", "graft", "rectify"),
        "Groups of parameters": ("partition", "only", "freeze", "each"),
        "Training": ("accumulate", "skip_nonfinite", "dynamic_loss_scale", "per_worker"),
        "Memory": ("store", "master_params", "round_params"),
        "Other points than the parameters": (
            *("average_params", "lookahead", "schedule_free", "gradient_at", "sam", "asam"),
        ),
        "Rates found on the way": (
            *("distance_from_start", "d_adaptation", "prodigy_distance", "mechanic", "minimize_loss_model"),
        ),
        "Matrices and curvature": ("in_basis", "scale_by_curvature"),
    },
    "schedule": {
        "Decay": ("cosine", "linear", "exponential", "polynomial", "inverse_time", "inverse_square_root"),
        "Phases": ("warmup_cosine", "warmup_stable_decay", "one_cycle", "piecewise", "join"),
        "Parts of schedules": ("constant", "shift", "relative"),
        "Bounds and decays of optimizers": ("lower_bound", "upper_bound", "half_life", "power_law", "nadam_momentum"),
    },
    "selector": {"": ("path", "ndim", "size", "dtype", "labels", "where")},
}


def list_groups(kind: str) -> dict[str, list[Entry]]:
    """Return the public factories of a kind by the titles of their groups.

    Raises ValueError unless each is in exactly one group.
    """
    known = of_kind(kind)
    groups = GROUPS.get(kind) or {title: tuple(group) for title, (_, group) in recipe_groups.list_groups().items()}
    grouped = [name for names in groups.values() for name in names if name in known or kind in GROUPS]
    if sorted(grouped) != sorted(known):
        wrong = sorted(set(grouped) ^ set(known)) or sorted({name for name in grouped if grouped.count(name) > 1})
        raise ValueError(f"docs/_extensions/api_groups.py must have each {kind} in one group; wrong are {wrong}")
    found = {title: [known[name] for name in names if name in known] for title, names in groups.items()}
    return {title: entries for title, entries in found.items() if entries}
