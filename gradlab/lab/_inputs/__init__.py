"""What users pass to the laboratory: names, optimizers, problems and arguments.

They are found by name, adapted, validated, and searched for their source files; errors in users' code are described.
Nothing here runs an optimizer. The optimizers and problems of gradlab itself are defined elsewhere.
"""
