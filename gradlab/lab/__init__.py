"""The laboratory: problems, sweeps over optimizers as one program, labelled results, comparison and pictures.

Needs the extra packages of `pip install "gradlab[lab]"`; nothing below it imports them.
"""
