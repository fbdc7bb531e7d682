"""When to use a recipe and when not, in sentences that are written from what was measured."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

import numpy as np

from gradlab.lab._inputs.default_contestants import VARIANTS
from gradlab.lab._literature_claims.catalogue import CLAIMS
from gradlab.lab._literature_claims.record import read_record, read_verdicts
from gradlab.lab._literature_claims.tables import typeset
from gradlab.registry import entries, of_kind

from .backgrounds import CLAIMS_ABOUT, LOW_IS_GOOD, MATRICES, MOST_PARAMETERS, REASONS, RIVALS
from .findings import compare, critical_difference, divergence_of, place_of, ranks_of, rates_of, state_sizes
from .measurements import read
from .wording import count_problems, join, link, list_problems, ordinal, span, write_rate

BASELINES = "[the baselines](../how-to/baselines.md)"
FIRST, LAST = 3, 6  # the places that are named: the first three and the last six
APART = 10  # places between two kinds of problems that are worth a sentence


def write_behavior(name: str, works_on_matrices: bool = False) -> list[str]:
    """Return when to use a recipe as Markdown, or why nothing is known about it."""
    measured = next(iter(read().values()))
    if name not in measured.names:
        return _explain_missing(name)
    lines = {
        "Over all problems.": f"{_say_standing(name, works_on_matrices)} {REASONS.get(name, '')}",
        "Its best ranks.": _say_best(name),
        "Its worst ranks.": _say_worst(name),
        "Its learning rate.": _say_rates(name, works_on_matrices) + _say_divergence(name),
        "Its state.": _say_memory(name),
    }
    if name in RIVALS:
        lines[f"Beside {link(RIVALS[name])}."] = _say_comparison(name, RIVALS[name])
    for variant, (recipe, settings) in VARIANTS.items():
        if recipe == name:
            given = ", ".join(f"{key}={value!r}" for key, value in settings.items())
            lines[f"With `{given}`."] = _say_variant(variant, name)
    lines["What is claimed, and what was measured."] = _say_claims(name)
    said = [f"- **{title}** {text.strip(' ')}".replace(" \n", "\n") for title, text in lines.items() if text]
    return [*_introduce(), "", *said, "", *_say_how()]


def _introduce() -> list[str]:
    measured = list(read().values())
    return [
        f"Computed from {BASELINES}: {len(measured[0].names)} optimizers on {len(measured)} small problems, each at",
        "its best learning rate and at its defaults otherwise.",
    ]


def _say_how() -> list[str]:
    measured = list(read().values())
    updates, rates = sorted(one.updates for one in measured), len(measured[0].rates)
    return [
        f"The problems have at most {MOST_PARAMETERS:,} parameters, and runs {updates[0]} to {updates[-1]:,} updates.",
        f"Some seeds choose one of {rates} learning rates, and others give the score at it; equal scores share a rank.",
        "A mean rank averages the ranks on single problems, so the best one need not be first on any of them.",
        "One optimizer is *clearly* better than another if the 95 % interval of their difference from the same seeds",
        "excludes zero; of twenty equal ones, one looks so by chance. Mean ranks less than",
        f"{critical_difference():.0f} apart may differ by chance. Large networks may behave otherwise.",
    ]


def _say_standing(name: str, works_on_matrices: bool) -> str:
    whole, count = place_of(name), len(state_sizes())
    text = f"Its mean rank is {whole.mean_rank:.1f}, the {ordinal(whole.place)} of {count}"
    if works_on_matrices:
        some = place_of(name, MATRICES)
        return (
            f"{text}. Only {some.problems} of the problems have parameters that are matrices; over these, its mean "
            f"rank is the {ordinal(some.place)}. The other {whole.problems - some.problems} say how it "
            "treats vectors. All matrices are treated as such here, also those of output layers."
        )
    with_data = [problem for problem, measured in read().items() if measured.with_data]
    data, rest = place_of(name, with_data), place_of(name, set(read()) - set(with_data))
    if abs(data.place - rest.place) < APART:
        return f"{text}."
    return (
        f"{text}. Over the {data.problems} problems with data, its mean rank is the {ordinal(data.place)}; over the "
        f"other {rest.problems}, it is the {ordinal(rest.place)}."
    )


def _say_best(name: str) -> str:
    ranks = ranks_of(name)
    first = [problem for problem, rank in ranks.items() if rank <= FIRST]
    if first:
        return f"It is among the first three on {list_problems(first)}."
    best = min(ranks.values())
    where = [problem for problem, rank in ranks.items() if rank == best]
    return f"It is among the first three on no problem; its best rank is {best:.3g}, on {list_problems(where)}."


def _say_worst(name: str) -> str:
    ranks, count = ranks_of(name), len(state_sizes())
    last = [problem for problem, rank in ranks.items() if rank > count - LAST]
    if last:
        return f"It is among the last six on {list_problems(last)}."
    worst = max(ranks.values())
    where = [problem for problem, rank in ranks.items() if rank == worst]
    return f"It is among the last six on no problem; its worst rank is {worst:.3g}, on {list_problems(where)}."


def _say_rates(name: str, works_on_matrices: bool) -> str:
    found = rates_of(name)
    others = len(state_sizes()) - 1
    text = f"Rates nearly as good as its own best one span {found.width:.1f} decades on average"
    wider = others - found.narrower
    if found.narrower >= 0.75 * others:
        text += f", more than those of {'all' if wider == 0 else f'{found.narrower} of the'} {others} others"
    elif wider >= 0.75 * others:
        text += f", less than those of {'all' if wider == others else f'{wider} of the'} {others} others"
    if found.low:
        text += f". Left out of the average: {count_problems(found.low)}, where even the lowest rate of the grid is "
        text += f"nearly as good, {LOW_IS_GOOD.get(name, 'mostly because no rate gets far')}"
    text += f". The best rate is {span(found.with_data)} where there are data, and "
    text += "so it is elsewhere. " if found.with_data == found.without else f"{span(found.without)} elsewhere. "
    if found.at_edge:
        text += f"On {count_problems(found.at_edge)} it is at an end of the grid, and a better one may lie beyond. "
    return text + _say_good_rates(name, MATRICES if works_on_matrices else None)


def _say_good_rates(name: str, problems: Collection[str] | None) -> str:
    """Say which rates are good on the largest number of some problems, or of all, and on how many the default is."""
    good, rates = rates_of(name, problems).good, next(iter(read().values())).rates
    most, count = int(good.max()), len(problems or read())
    widest = [write_rate(rate) for rate in rates[good == most]]
    kind = "problems with matrices" if problems else "problems"
    share = "most" if most > count / 2 else "the largest number of"
    if len(widest) == 1:
        text = f"The rate that suits {share} {kind} is {widest[0]}: it is good on {most} of {count}"
    else:
        text = f"The rates that suit {share} {kind} are {join(widest)}: each is good on {most} of {count}"
    default = float(cast(Any, entries()[name].factory).factory.parameters["learning_rate"].default)
    at = np.flatnonzero(np.isclose(rates, default))
    above = int(np.searchsorted(rates, default))
    if at.size and good[at[0]] < most:
        text += f", and the default, {write_rate(default)}, on {int(good[at[0]])}"
    elif not at.size and 0 < above < len(rates) and good[above - 1 : above + 1].max() < most:
        low, high = map(write_rate, rates[above - 1 : above + 1])
        text += f". The default, {write_rate(default)}, is between {low} and {high}, which are good on "
        text += join([str(int(number)) for number in good[above - 1 : above + 1]])
    return f"{text}. "


def _say_divergence(name: str) -> str:
    """Say where it diverges if that is unusual: everywhere, hardly anywhere, or right above the best rate."""
    found, problems = divergence_of(name), len(read())
    text = f"It diverges at every rate on {list_problems(found.everywhere)}. " if found.everywhere else ""
    top = write_rate(next(iter(read().values())).rates[-1])
    if len(found.nowhere) >= 0.75 * problems:
        return f"{text}No run diverges, up to a rate of {top}, on {len(found.nowhere)} of {problems} problems."
    if len(found.beyond) >= 5:
        return (
            f"{text}On {len(found.beyond)} of {problems} problems some runs diverge half a decade above the best rate."
        )
    return text.rstrip()


def _say_memory(name: str) -> str:
    """Say what it keeps, if that is not what Adam keeps, and whether little memory is a reason to use it."""
    sizes = state_sizes()
    own, usual = sizes[name], sizes["adam"]
    texts = [f"It keeps {own:.3g} bytes for each parameter, and Adam {usual:.3g}."] if own not in (0, usual) else []
    texts += ["It keeps nothing."] if own == 0 else []
    rivals = [other for other, size in sizes.items() if size <= own]
    place = 1 + sum(place_of(other).mean_rank < place_of(name).mean_rank for other in rivals)
    if place <= FIRST and len(sizes) / 10 < len(rivals) < len(sizes) / 2:
        texts.append(f"Its mean rank is the {ordinal(place)} of the {len(rivals)} that keep no more.")
    return " ".join(texts)


def _say_comparison(name: str, other: str) -> str:
    found, problems = compare(name, other), len(read())
    better, worse = (
        f"clearly {word} on {count_problems(names)}" if names else f"nowhere clearly {word}"
        for word, names in (("better", found.better), ("worse", found.worse))
    )
    text = f"At its best rate, it is {better}, and {worse}."
    rest = problems - len(found.better) - len(found.worse) - len(found.equal)
    ends = [f"on {len(found.equal)} they score the same"] if found.equal else []
    ends += [f"on {rest} the difference may be chance"] if rest else []
    return f"{text} {join(ends).capitalize()}." if ends else text


def _say_variant(variant: str, name: str) -> str:
    ranks = [place_of(each).mean_rank for each in (variant, name)]
    return "The mean rank is {:.1f} instead of {:.1f}. ".format(*ranks) + _say_comparison(variant, name)


def _say_claims(name: str) -> str:
    """Return a list of the claims about a recipe: what is claimed, and what was measured on the parts about it."""
    said = []
    for claim in CLAIMS:
        parts = CLAIMS_ABOUT.get(name, {}).get(claim.number)
        record = read_record(claim)
        if parts is None or record is None:
            continue
        verdicts = {verdict.part: verdict for verdict in read_verdicts(record)}
        texts = [f"“{part}”: **{verdicts[part]}**; {typeset(verdicts[part].evidence)}." for part in parts or verdicts]
        where = f"[{claim.heading}](../claims.md#{claim.anchor})"
        said.append(f"\n  - {where}. *{claim.statement}* {' '.join(texts)}")
    return "".join(said)


def _explain_missing(name: str) -> list[str]:
    if name in of_kind("combinator"):
        measured = next(iter(read().values())).names
        with_it = [link(other) for other in measured if other.startswith(f"{name}_")]
        known = f", but of {join(with_it)}, which {'have' if len(with_it) > 1 else 'has'} it" if with_it else ""
        return [
            f"It acts on another optimizer, so {BASELINES} have no results of it by itself{known}. To see what it does",
            "for your optimizer, [race](../how-to/race.md) that optimizer with it and without it, as is done",
            "[below](#with-it-and-without-it).",
        ]
    return [
        f"There are no results of it among {BASELINES}: it is new, or has changed since they were made. `gradlab",
        f"baselines --optimizer {name} --out new` makes them.",
    ]
