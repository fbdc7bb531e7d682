"""Inputs: users' optimizers and problems, by name or as values; their validation, and errors in their code.

Nothing here runs an optimizer. The optimizers and problems that gradlab itself has are elsewhere."""
