"""The parts of `gradlab check`: its options, the subjects by their kind, and its report."""
