"""Analysis: what results say about optimizers, and how sure that is. Pure functions of Datasets, and their export."""
