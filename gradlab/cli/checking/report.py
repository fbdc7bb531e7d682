"""The report of `gradlab check` in a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from ..terminal.printing import fail, make_console
from ..terminal.shown_progress import ShownProgress
from ..terminal.tables import TrimmedLines

if TYPE_CHECKING:
    from gradlab.testing import Report

_WIDE = 100  # columns from which a line has room for the statement of a law beside its name


def print_report(report: Report) -> None:
    """Print the verdict of each law, and then in words what is broken and what was not examined."""
    console = make_console()
    if report.results[0].law not in ("made", "runs"):  # a table of laws that could not be examined says nothing
        console.print(TrimmedLines(_make_table(report, console.width >= _WIDE)), markup=True)
        console.print()
    console.print(report.to_text(min(console.width, 110)), soft_wrap=True)  # the report wraps its own lines


def _make_table(report: Report, is_wide: bool) -> Table:
    from gradlab.testing.verdicts.report import BROKEN, HOLDS

    colors = {HOLDS: "green", BROKEN: "bold red"}
    table = Table(
        title=escape(report.subject), title_justify="left", box=None, padding=(0, 2, 0, 0), header_style="bold"
    )
    table.add_column("law", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    if is_wide:
        table.add_column("statement, or the reason why it does not apply")
    for result in report.results:
        text = result.statement if result.verdict in colors else result.detail
        if report.holds_in_part(result):
            text += f" (in part): {result.detail}"
        cells = (result.law, f"[{colors.get(result.verdict, 'dim')}]{result.verdict}[/]", escape(text))
        table.add_row(*cells if is_wide else cells[:2])
    return table


def examine_with_progress(
    name: str, examine: Callable[[Callable[[str, int, int], Any]], Report], lines: bool = True
) -> Report:
    """Return a report, and show which law is being examined, in a terminal or by `lines`.

    Ends the command if the reference fails.
    """
    from gradlab.testing.references.step_functions import StepFunctionError

    from ...lab._inputs.user_errors import locate_in_user_code

    try:
        with LawProgress(name, lines) as progress:
            return examine(progress.on_law)
    except StepFunctionError as error:
        place = "" if error.__cause__ is None else locate_in_user_code(error.__cause__).strip()
        fail(f"{error} ({place})" if place else error)


class LawProgress:
    """Shows on standard error which law is being examined: a bar in a terminal, and elsewhere lines."""

    def __init__(self, optimizer: str, lines: bool):
        columns = (
            SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(bar_width=20),
            MofNCompleteColumn(), TimeElapsedColumn(),
        )  # fmt: skip
        self._progress = ShownProgress(f"check {optimizer}", *columns, lines=lines)
        self._bar = self._progress.add_task(f"making {optimizer}", total=None, unit="laws")

    def on_law(self, law: str, index: int, count: int) -> None:
        """Show the name of a law, after `index` of `count` laws."""
        self._progress.update(self._bar, description=law, completed=index, total=count)

    def __enter__(self) -> LawProgress:
        self._progress.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._progress.stop()
