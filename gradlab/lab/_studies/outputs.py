"""The files of a finished study beside its results: tables, pictures and the report."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from .._engine.task import Watcher
from .._engine.task_runner import Helpers
from .._profile import measure
from .._results import study_folder as folder
from .._storage.ownership import NOT_OURS, describe_foreign
from ..analysis.comparison import ranks, verdict
from ..analysis.configurations import Ranking, rank_configurations
from ..analysis.documents.leaderboard_files import leaderboard_document, write_leaderboard_csv
from ..analysis.documents.points_files import points_document, write_points
from ..analysis.documents.table_files import drop_varying_attributes, is_written, write_json
from ..analysis.leaderboard import Row, leaderboard
from .open_study import OpenStudy


def write_outputs(
    opened: OpenStudy, results: xr.DataTree, watcher: Watcher, helpers: Helpers | None = None
) -> dict[str, Any]:
    """Write tables, pictures and the report of a study into its folder, unless they are there already.

    Return what stands in `leaderboard.json` of a race and in `points.json` of a sweep or a search: the document with
    the tables, the verdicts and the names of all files. Where the folder must not be written, a warning says why, and
    the document names the results alone. `helpers` draw the pictures of a race, if there are any. Raises OSError if the
    disk refuses.
    """
    datasets = {str(name): node.to_dataset() for name, node in results.children.items()}
    attributes = {str(name): str(value) for name, value in results.attrs.items()}
    fixed = drop_varying_attributes(attributes)
    is_race = opened.study.kind == "race"
    listing = opened.out / (folder.LEADERBOARDS if is_race else folder.POINTS)[1]  # which is written last
    files = folder.read_file_list(listing)
    boards: dict[str, list[Row]] = {}
    rankings: dict[str, Ranking] = {}
    with measure("tables"):
        if is_race:
            boards = {name: leaderboard(dataset) for name, dataset in datasets.items()}
            tables = {name: ranks(dataset, rows=boards[name]) for name, dataset in datasets.items()}
            verdicts = {name: verdict(board, tables[name]) for name, board in boards.items()}
            document = leaderboard_document(boards, datasets, verdicts, fixed, files)
        else:
            rankings = {name: rank_configurations(dataset) for name, dataset in datasets.items()}
            document = points_document(rankings, datasets, fixed, files)
    if opened.state == "complete" and is_written(listing, document) and not _has_foreign(opened, files):
        return document
    reason = _reason_not_to_write(opened)
    if reason:
        watcher.on_warning(f"tables and pictures in {opened.out} are not made anew: {reason}")
        return document | {"files": [folder.RESULTS]}
    if is_race:
        document["files"] = [folder.RESULTS, *_write_race(opened, datasets, attributes, boards, watcher, helpers)]
        write_json(listing, document)
    else:
        document["files"] = [folder.RESULTS, *_write_points(opened, datasets, attributes, watcher)]
        write_points(opened.out, rankings, document)
    return document


def _has_foreign(opened: OpenStudy, files: Sequence[str]) -> bool:
    """Return whether the user's own text or picture stands where gradlab wrote one of these files."""
    others = (opened.out / name for name in files if name != folder.RESULTS)  # those were read already, and are large
    return any(describe_foreign(path, among_ours=True) == NOT_OURS for path in others)


def _reason_not_to_write(opened: OpenStudy) -> str:
    """The reason why nothing can be written beside the results of a finished study; empty if there is none."""
    if not opened.is_writable:
        return "it can only be read"
    try:
        folder.refuse_foreign(opened.out, opened.plan)
    except folder.FolderError as error:
        return str(error)
    return ""


def _write_race(
    opened: OpenStudy,
    datasets: Mapping[str, xr.Dataset],
    attributes: Mapping[str, str],
    boards: Mapping[str, Sequence[Row]],
    watcher: Watcher,
    helpers: Helpers | None,
) -> list[str]:
    """Write the report, the table and the pictures of a race; return the names of all files but the results."""
    with measure("import"):
        from .._report import write_report
        from ..plots import race_figures  # Matplotlib takes a second: not before the runs

    old = folder.list_last_outputs(opened.out)
    problems = {problem.name: problem for problem in opened.study.problems}
    jobs = [
        (opened.out, stem, name, dataset, problems.get(name))
        for name, dataset in datasets.items()
        for stem in race_figures.list_race_figures(name, dataset, problems.get(name))
    ]
    jobs.reverse()  # the last one of a problem, its paths, takes the longest, and should not begin last
    watcher.on_draw(0, len(jobs))
    drawn = [helpers.call(race_figures.save_race_picture, *job) for job in jobs] if helpers else []
    with measure("report"):
        write_report(datasets, attributes, opened.out / folder.REPORT, problems)
    pictures = []
    for number, job in enumerate(jobs):
        try:
            pictures.append(drawn[number].result())
        except Exception:  # there are no helpers, or they were ended: an error of the picture's own comes again here
            pictures.append(race_figures.save_race_picture(*job))
        watcher.on_draw(len(pictures), len(jobs))
    pictures.reverse()
    tables = [opened.out / name for name in folder.LEADERBOARDS]
    folder.remove_stale_outputs(old, [*pictures, *tables, opened.out / folder.REPORT])
    write_leaderboard_csv(tables[0], boards)
    return [folder.REPORT, *folder.LEADERBOARDS, *(path.name for path in pictures)]


def _write_points(
    opened: OpenStudy, datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str], watcher: Watcher
) -> list[str]:
    """Write the pictures of a sweep or a search, and the report where there are learning rates to choose.

    Return the names of all files but the results; the tables are written after them.
    """
    with measure("import"):
        from .._report import ReportError, write_report
        from ..plots.sweep_figures import count_sweep_figures, save_sweep_pictures  # Matplotlib takes a second

    old = folder.list_last_outputs(opened.out)
    with measure("figures"):
        watcher.on_draw(0, count_sweep_figures(datasets))
        written = save_sweep_pictures(opened.out, datasets)
    with contextlib.suppress(ReportError), measure("report"):
        write_report(datasets, attributes, opened.out / folder.REPORT)
        written = [opened.out / folder.REPORT, *written]
    folder.remove_stale_outputs(old, [*written, *(opened.out / name for name in folder.POINTS)])
    return [*folder.POINTS, *(path.name for path in written)]
