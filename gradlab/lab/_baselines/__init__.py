"""Baselines: finished searches of the recipes on each problem, in small files, against which other optimizers race."""
