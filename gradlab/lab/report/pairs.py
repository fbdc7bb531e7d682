"""Who beats whom, as an HTML table of shaded cells."""

from __future__ import annotations

from html import escape

from .findings import Finding


def pairs(finding: Finding) -> str:
    """The share of the resamples in which the optimizer of a row is better than that of a column; none for one."""
    table = finding.ranks.sortby("rank")
    names = table.optimizer.values.tolist()
    if len(names) < 2:
        return ""
    beats = table.beats.sel(other=names).transpose("optimizer", "other").values
    surely = table.surely.sel(other=names).transpose("optimizer", "other").values
    head = "".join(
        f'<th scope="col"><abbr title="{escape(name)}">{place}</abbr></th>' for place, name in enumerate(names, 1)
    )
    rows = []
    for i, name in enumerate(names):
        cells = "".join(
            '<td class="self"></td>' if i == j else _cell(float(beats[i, j]), bool(surely[i, j]))
            for j in range(len(names))
        )
        rows.append(f'<tr><td>{i + 1}</td><th scope="row" class="name">{escape(name)}</th>{cells}</tr>')
    label = f"Who beats whom: {escape(finding.name)}"
    return (
        f'<details class="pairs"><summary>Who beats whom</summary><p class="note">How often, in percent of the '
        f"resamples, the optimizer of a row is better than that of a column (numbered as the rows). Bold: surely.</p>"
        f'<div class="scroller" tabindex="0" role="region" aria-label="{label}"><table><caption class="hidden">{label}'
        f'</caption><thead><tr><th scope="col">Rank</th><th scope="col" class="name">Optimizer</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div></details>"
    )


def _cell(share: float, sure: bool) -> str:
    percent = round(100 * share)
    number = f"<strong>{percent}</strong>" if sure else str(percent)
    return f'<td style="--share: {round(0.45 * percent)}%">{number}</td>'  # at most so dark that its number is read
