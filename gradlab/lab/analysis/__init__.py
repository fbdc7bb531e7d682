"""Analysis: what results say about optimizers, and how sure that is.

Here are pure functions of Datasets, and the tables and documents that are written from what they return. Pictures
belong in `plots`, and the page in `report`.
"""
