"""The claims of the literature about optimizers, each with the experiment that tests it: `gradlab claims`.

An experiment is a module with four functions: `measure` trains, `judge` is the rule that makes verdicts of the numbers,
`tabulate` and `draw` show them. (`gradlab.core.claims` is something else: the laws that a transformation claims.)
"""
