"""The experiments on how to train: batches, rates, schedules, clipping, and what stalls a run."""
