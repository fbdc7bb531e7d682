"""`gradlab cite`: the publications to cite for optimizers, or for all optimizers of a study, as BibTeX.

What imports JAX is imported inside the functions, so that help and completion do without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from .terminal import completion
from .terminal.printing import fail, say

_OWN = """@software{{gradlab,
  title = {{gradlab: A Gradient Laboratory for {{JAX}}}},
  version = {{{version}}}
}}"""


def cite(
    names: Annotated[
        list[str],
        typer.Argument(
            help="Optimizers, links, schedules, package.module:name, or folders of studies.",
            autocompletion=completion.complete_names,
        ),
    ],
) -> None:
    """Print the publications of optimizers and of all their parts as BibTeX, and gradlab itself.

    For the folder of a study, those of all its optimizers.
    """
    import gradlab
    from gradlab.explanations.citations import to_bibtex

    from ..lab._inputs.importing import LoadError
    from ..lab._inputs.name_lookup import UnknownNameError

    sources: list[str] = []
    for name, is_typed in _open_studies(names):
        try:
            found = _find_sources(name)
        except (UnknownNameError, LoadError) as error:
            if is_typed:
                fail(error)
            found = []  # an optimizer of the user's, of which the study has only the name
        sources += found
        if not to_bibtex(found):
            say(f"no publication is known of {name}")
    typer.echo("\n\n".join(filter(None, [to_bibtex(sources), _OWN.format(version=gradlab.__version__)])))


def _open_studies(names: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield each name and true, or those of its optimizers and false in the place of a study."""
    from ..lab._results import results_file
    from .report import require_results

    for name in names:
        if not Path(name).exists():
            yield name, True
            continue
        try:
            datasets, _ = results_file.read(require_results(Path(name)))
        except results_file.ResultsError as error:
            fail(error)
        optimizers = (str(each) for dataset in datasets.values() for each in dataset.optimizer.values)
        yield from ((optimizer, False) for optimizer in dict.fromkeys(optimizers))


def _find_sources(name: str) -> list[str]:
    """Return the sources of all parts of what `gradlab explain` knows by a name.

    Raises UnknownNameError and LoadError.
    """
    from gradlab.explanations import find_sources

    from .arguments.subjects import find_example, find_subject

    return list(find_sources(find_example(name, find_subject(name))).values())
