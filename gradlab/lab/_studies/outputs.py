"""The files of a finished study beside its results: tables, pictures and the report."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import partial
from typing import Any

import xarray as xr

from .._engine.task import Watcher
from .._results import study_folder as folder
from ..analysis.comparison import ranks, verdict
from ..analysis.configurations import rank_configurations
from ..analysis.leaderboard import leaderboard
from ..analysis.leaderboard_files import leaderboard_document, write_leaderboard_csv
from ..analysis.points_files import points_document, write_points
from ..analysis.table_files import drop_varying_attributes, is_written, write_json
from .open_study import OpenStudy


def write_outputs(opened: OpenStudy, results: xr.DataTree, watcher: Watcher) -> dict[str, Any]:
    """Write tables, pictures and the report of a study into its folder, unless they are there already.

    Return what stands in `leaderboard.json` of a race and in `points.json` of a sweep or a search: the document with
    the tables, the verdicts and the names of all files. Where the folder must not be written, a warning says why, and
    the document names the results alone. Raises OSError if the disk refuses.
    """
    datasets = {str(name): node.to_dataset() for name, node in results.children.items()}
    attributes = {str(name): str(value) for name, value in results.attrs.items()}
    is_race = opened.study.kind == "race"
    describe = partial(_describe_race if is_race else _describe_points, datasets, drop_varying_attributes(attributes))
    names = folder.LEADERBOARDS if is_race else folder.POINTS
    listing = opened.out / names[1]  # which is written last
    document = describe(folder.read_file_list(listing))
    if opened.state == "complete" and is_written(listing, document):
        return document
    reason = _reason_not_to_write(opened)
    if reason:
        watcher.on_warning(f"tables and pictures in {opened.out} are not made anew: {reason}")
        return describe([folder.RESULTS])
    write = _write_race if is_race else _write_points
    document = describe([folder.RESULTS, *write(opened, datasets, attributes)])
    if is_race:
        write_json(listing, document)
    else:
        rankings = {name: rank_configurations(dataset) for name, dataset in datasets.items()}
        write_points(opened.out, rankings, document)
    return document


def _reason_not_to_write(opened: OpenStudy) -> str:
    """The reason why nothing can be written beside the results of a finished study; empty if there is none."""
    if not opened.is_writable:
        return "it can only be read"
    try:
        folder.refuse_foreign(opened.out, opened.plan)
    except folder.FolderError as error:
        return str(error)
    return ""


def _describe_race(
    datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str], files: list[str]
) -> dict[str, Any]:
    boards = {name: leaderboard(dataset) for name, dataset in datasets.items()}
    verdicts = {name: verdict(boards[name], ranks(dataset)) for name, dataset in datasets.items()}
    return leaderboard_document(boards, datasets, verdicts, attributes, files)


def _describe_points(
    datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str], files: list[str]
) -> dict[str, Any]:
    rankings = {name: rank_configurations(dataset) for name, dataset in datasets.items()}
    return points_document(rankings, datasets, attributes, files)


def _write_race(opened: OpenStudy, datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> list[str]:
    """Write the report, the table and the pictures of a race; return the names of all files but the results."""
    from .._report import write_report
    from ..plots import save_race_pictures  # Matplotlib takes a second: not before the runs

    old = folder.list_last_outputs(opened.out)
    problems = {problem.name: problem for problem in opened.study.problems}
    pictures = save_race_pictures(opened.out, datasets, problems)
    tables = [opened.out / name for name in folder.LEADERBOARDS]
    folder.remove_stale_outputs(old, [*pictures, *tables, opened.out / folder.REPORT])
    write_leaderboard_csv(tables[0], {name: leaderboard(dataset) for name, dataset in datasets.items()})
    write_report(datasets, attributes, opened.out / folder.REPORT, problems)
    return [folder.REPORT, *folder.LEADERBOARDS, *(path.name for path in pictures)]


def _write_points(opened: OpenStudy, datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> list[str]:
    """Write the pictures of a sweep or a search, and the report where there are learning rates to choose.

    Return the names of all files but the results; the tables are written after them.
    """
    from .._report import ReportError, write_report
    from ..plots import save_sweep_pictures  # Matplotlib takes a second: not before the runs

    old = folder.list_last_outputs(opened.out)
    written = save_sweep_pictures(opened.out, datasets)
    with contextlib.suppress(ReportError):
        write_report(datasets, attributes, opened.out / folder.REPORT)
        written = [opened.out / folder.REPORT, *written]
    folder.remove_stale_outputs(old, [*written, *(opened.out / name for name in folder.POINTS)])
    return [*folder.POINTS, *(path.name for path in written)]
