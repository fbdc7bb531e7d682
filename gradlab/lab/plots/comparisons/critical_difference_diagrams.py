"""The diagram of Demšar (2006): optimizers on an axis of mean ranks, with bars over those that do not differ."""

from __future__ import annotations

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ...analysis.statistics.critical_differences import find_groups
from ..lines_and_labels import AS_WRITTEN, COLORS, drawable_name, spread_out
from ..matplotlib_settings import INK

BAR_GAP = 0.45  # between two bars, in rows


def draw_critical_differences(axes: Axes, table: xr.Dataset) -> Axes:
    """Draw what `gradlab.lab.analysis.statistics.critical_differences` returns, the best optimizer at the left.

    A bar with dots joins optimizers of which the tests tell no pair apart; one without a dot does not belong to the
    bar. Optimizers of nearly the same rank are drawn side by side. The names stand beside the axes, which need room at
    both sides. With Nemenyi's test, a line at the bottom shows the critical difference.
    """
    names, ranks = [str(name) for name in table.optimizer.values], table.mean_rank.values.tolist()
    count, half = len(names), (len(names) + 1) // 2
    at, bars = spread_out(ranks, 0.015 * count), _stack_bars(table)
    top, bottom = _measure_top(bars), count_rows(table) - 0.2
    axes.set_xlim(0.9, count + 0.1)
    axes.set_ylim(bottom, 0)  # downwards
    for place, (name, rank) in enumerate(zip(names, ranks)):
        is_left = place < half
        row = top + (place if is_left else count - 1 - place)
        edge = axes.get_xlim()[0 if is_left else 1]
        axes.plot([at[place], at[place], edge], [0, row, row], color=INK, linewidth=0.8, clip_on=False, label=name)
        axes.annotate(
            f"{drawable_name(name)}  {rank:.2f}" if is_left else f"{rank:.2f}  {drawable_name(name)}", (edge, row),
            xytext=(-5 if is_left else 5, 0), textcoords="offset points", ha="right" if is_left else "left",
            va="center", size=8.5, annotation_clip=False, **AS_WRITTEN,
        )  # fmt: skip
    for group, level in bars:
        axes.plot(
            [at[place] for place in group], [0.4 + BAR_GAP * level] * len(group), color=COLORS[0], linewidth=2.5,
            marker="o", markersize=5, zorder=3, label="_group",
        )  # fmt: skip
    critical = table.attrs["critical_difference"]
    if table.attrs["post_hoc"] == "nemenyi":
        axes.plot([1, 1 + critical], [bottom - 0.3] * 2, color=INK, linewidth=1.2, marker="|", label="_critical")
        axes.text(
            1 + critical + 0.02 * count, bottom - 0.3, f"critical difference {critical:.2f}", va="center", size=8.5
        )
    for side in ("left", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["top"].set_visible(True)
    axes.spines["top"].set_position(("data", 0))
    axes.xaxis.set_ticks_position("top")
    axes.xaxis.set_label_position("top")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_yticks([])
    axes.set_xlabel("mean rank")
    return axes


def count_rows(table: xr.Dataset) -> float:
    """Return the height of the diagram in rows, one for each name at the side where they are more."""
    names = (table.sizes["optimizer"] + 1) // 2
    return _measure_top(_stack_bars(table)) + names + (table.attrs["post_hoc"] == "nemenyi")


def _measure_top(bars: list[tuple[list[int], int]]) -> float:
    """Return the row of the first name, which is below all bars."""
    return 0.6 + BAR_GAP * max([level + 1 for _, level in bars], default=0)


def _stack_bars(table: xr.Dataset) -> list[tuple[list[int], int]]:
    """Return each group with the highest level on which its bar overlaps no other one."""
    bars: list[tuple[list[int], int]] = []
    for group in find_groups(table):
        taken = {level for other, level in bars if group[0] <= other[-1] and other[0] <= group[-1]}
        bars.append((group, next(level for level in range(len(bars) + 1) if level not in taken)))
    return bars
