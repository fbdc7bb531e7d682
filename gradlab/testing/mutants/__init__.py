"""Mutants: wrong versions of the founding optimizers and links, each a plausible slip of an author."""


def known_slips(reference, hyperparameters):
    return []
