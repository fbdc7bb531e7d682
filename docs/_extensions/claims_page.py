"""The parts of `docs/claims.md` that follow from the records: the verdicts, the tables and the figures.

`gradlab claims 1 2 --out FOLDER` measures, and `python docs/_extensions/claims_page.py FOLDER` takes the numbers from
there as the records of these claims, and writes their parts of the page and their figures. Without a folder, it judges
the numbers of all records anew, and writes the whole page.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gradlab.lab._literature_claims.catalogue import CLAIMS, Claim
from gradlab.lab._literature_claims.figures import page_style
from gradlab.lab._literature_claims.record import format_record, read_verdicts, record_path
from gradlab.lab._literature_claims.tables import typeset
from gradlab.lab.plots.race_figures import save_figures

DOCS = Path(__file__).parents[1]
PAGE = DOCS / "claims.md"
FIGURES = DOCS / "_static" / "claims"
BEGIN, END = "<!-- claim {}: what follows is written from its record -->", "<!-- end of the record of claim {} -->"


def figure_name(claim: Claim) -> str:
    """Return the name of the figure of a claim, without its ending."""
    return claim.stem.replace("_", "-")


def make_row(claim: Claim, record: dict[str, Any]) -> str:
    """Return the row of a claim in the table of all claims."""
    verdicts = [f"{verdict.part}: [{verdict}](#{claim.anchor})" for verdict in read_verdicts(record)]
    return f"| {claim.number} | *{claim.title}.* {claim.statement} | {'; '.join(verdicts)} |"


def make_part(claim: Claim, record: dict[str, Any]) -> str:
    """Return the part of a claim: what is claimed and where, the command, the verdicts, the tables and the figure."""
    tables = [typeset(table.to_markdown()) for table in claim.experiment.tabulate(record["numbers"])]
    verdicts = [f"- *{each.part}*: **{each}**; {typeset(each.evidence)}." for each in read_verdicts(record)]
    versions = ", ".join(f"{name} {record[name]}" for name in ("gradlab", "jax", "numpy"))
    measured = (
        f"<small>Measured on {record['date'][:10]} with {versions} on {record['machine']}: {record['runs']:,} runs in "
        f"{record['seconds']:,.0f} s, while other programs ran.</small>"
    )
    # What a figure shows, for those who do not see it, is said once: in the docstring of the function that draws it.
    shown = str(claim.experiment.draw.__doc__).partition("\n")[0].removeprefix("Draw ").rstrip(".")
    path = f"_static/claims/{figure_name(claim)}.svg"
    # On a phone, the figure scrolls in its box, because its letters could not be read in the width of the page.
    figure = (
        f'<div class="wide">\n<a href="{path}"><img src="{path}" style="min-width: 42rem; width: 100%" '
        f'alt="Figure of claim {claim.number}: {shown}"></a>\n</div>'
    )
    command = f"```bash\ngradlab claims {claim.number} --out claims\n```"
    claimed = f"*{claim.statement}* Stated, among others, in: {claim.source}."
    body = "\n\n".join([claimed, command, "\n".join(verdicts), *tables, figure, measured])
    return f"{BEGIN.format(claim.number)}\n\n{body}\n\n{END.format(claim.number)}"


def update_page(page: str, claim: Claim, record: dict[str, Any]) -> str:
    """Return the page with the row and the part of a claim in the place of the old ones."""
    page = re.sub(rf"^\| {claim.number} \|.*$", lambda _: make_row(claim, record), page, flags=re.MULTILINE)
    begin, end = re.escape(BEGIN.format(claim.number)), re.escape(END.format(claim.number))
    return re.sub(f"{begin}.*?{end}", lambda _: make_part(claim, record), page, flags=re.DOTALL)


def take_record(claim: Claim, path: Path) -> dict[str, Any]:
    """Make the record of a claim of what `gradlab claims` wrote, judged by the present rule, and return it."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if document["numbers"]["brief"]:
        sys.exit(f"{path} was measured briefly; records are of the full size")
    # A record says how anyone repeats it, so the folder that it was written to is left out of the command.
    command = f"gradlab claims {claim.number}"
    document |= {"title": claim.title, "statement": claim.statement, "command": command}
    document["verdicts"] = [asdict(verdict) for verdict in claim.experiment.judge(document["numbers"])]
    record_path(claim).write_text(format_record(document), encoding="utf-8")
    return document


def main(folder: Path | None) -> None:
    """Take the records from a folder, if one is given, and write their parts of the page and their figures."""
    for claim in CLAIMS:
        path = record_path(claim) if folder is None else folder / claim.stem / "claim.json"
        if not path.exists():
            continue
        record = take_record(claim, path)
        PAGE.write_text(update_page(PAGE.read_text(encoding="utf-8"), claim, record), encoding="utf-8")
        with page_style():
            save_figures(FIGURES, {figure_name(claim): claim.experiment.draw(record["numbers"])}, "svg")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
