"""Inputs of the laboratory: the names, optimizers, problems and arguments that users pass.

They are found by name, adapted, validated, and searched for their source files; errors in users' code are described.
Nothing here runs an optimizer. The optimizers and problems of gradlab itself are defined elsewhere.
"""
