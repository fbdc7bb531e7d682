"""The recipes that compute with the rows and columns of a matrix."""

from __future__ import annotations

OF_MATRICES = {
    "adafactor",
    "adam_mini",
    "dion",
    "galore",
    "kron",
    "muon",
    "muon_hyperball",
    "normuon",
    "scion",
    "shampoo",
    "soap",
}
