"""The files of tests that take longest, which start first: the last ones of a run should be short.

Two processes share the files (`pyproject.toml`). Where a file of half a minute comes last, one of the two waits for it.
By itself pytest-xdist starts with the files that hold the most tests, and so ends with those of few long ones.
"""

from __future__ import annotations

# In the order of their processor time, quick and slow tests together, as measured on 2026-11-28: 620 s to 10 s. A file
# that is not listed comes after these.
LONGEST = (
    "tests/test_laws.py",
    "tests/test_docs.py",
    "tests/testing/mutants/test_known_mistakes.py",
    "tests/testing/mutants/test_mutants.py",
    "tests/combinators/test_stored_in_blocks.py",
    "tests/lab/cluster/test_dask_cluster.py",
    "tests/transforms/test_edges_of_ranges.py",
    "tests/lab/problems/test_all_problems.py",
    "tests/transforms/test_zero_gradients.py",
    "tests/lab/plots/test_matplotlib_settings.py",
    "tests/lab/engine/test_distributed.py",
    "tests/flavors/test_all_flavors.py",
    "tests/optimizers/test_hypergradients.py",
    "tests/testing/test_optax_laws.py",
    "tests/flavors/test_alias.py",
    "tests/testing/laws/test_matrix_laws.py",
    "tests/lab/studies/test_growing.py",
    "tests/test_add_to_gradlab.py",
    "tests/lab/studies/merging/test_merge.py",
    "tests/flavors/test_alias_recipes.py",
    "tests/docs/test_transformer_examples.py",
    "tests/testing/trajectories/test_trajectory_at_settings.py",
    "tests/values/numeric_arguments/test_scheduled.py",
    "tests/schedules/test_exact_steps.py",
    "tests/test_docstrings.py",
    "tests/docs/test_charts.py",
    "tests/docs/test_equation_notes.py",
    "tests/testing/test_optax_by_hand.py",
    "tests/cli/test_race.py",
    "tests/cli/test_check.py",
    "tests/flavors/test_scheduled.py",
    "tests/transforms/test_probe_everywhere.py",
    "tests/testing/schedules/test_check_schedule.py",
    "tests/optimizers/test_trajectories.py",
    "tests/testing/references/test_links.py",
    "tests/cli/checking/test_claims.py",
    "tests/schedules/test_schedule_values.py",
    "tests/optimizers/test_optax.py",
    "tests/lab/studies/test_search.py",
    "tests/lab/exports/test_mlflow.py",
    "tests/testing/laws/test_averages.py",
    "tests/update_forms/test_leaf_stacks.py",
    "tests/states/test_named_arrays.py",
    "tests/values/test_equality.py",
    "tests/cli/test_report.py",
    "tests/lab/test_public_surface.py",
    "tests/lab/studies/pruning/test_pruned_studies.py",
    "tests/cli/test_bench.py",
    "tests/update_forms/test_few_passes.py",
    "tests/values/test_print.py",
    "tests/test_package.py",
)


def find_place(file: str) -> int:
    """Return the place of a file of tests, a path from the root with slashes. All that are not listed share one."""
    return LONGEST.index(file) if file in LONGEST else len(LONGEST)
