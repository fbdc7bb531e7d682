"""Growth: the runs that a study takes from a smaller one in the same folder, and the differences that are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from .._engine.partition import RUNS_WITHOUT_LIMIT, choose_block_shape
from .._formatting import describe_seeds, format_count, join_at_most
from .._inputs.user_errors import UserCodeError
from .plan import compare, compare_baselines, compare_surroundings, name_task, shorten

# What must be equal in a task of both studies. A task of a search has more of them than one of a race.
_FIXED = ("setup", "chosen_by", "problem_source", "steps", "evaluations", "curve_points", "batch", "sample_seed")

Compose = Callable[[int, int], str]  # (task, point) of the larger study -> the composition of its optimizer there


class RefusedGrowthError(ValueError):
    """A study is no part of another one. The text says what differs, with both values, and `rule` why that matters."""

    def __init__(self, text: str, rule: str = "It grows only if all that it holds is requested too."):
        super().__init__(text)
        self.rule = rule


class Growth(NamedTuple):
    """The runs that a larger study takes from a smaller one, and those that it computes."""

    kept: tuple[int, ...]  # the tasks of the smaller study whose runs are taken
    new: str  # what the larger study has more, in words
    anew: tuple[str, ...]  # which tasks are computed anew, and why


def find_growth(stored: Mapping[str, Any], requested: Mapping[str, Any], compose: Compose) -> Growth:
    """Return what a requested study takes from the stored one.

    It may have more seeds, points, optimizers and problems, and more trials if it is a search. The runs of an optimizer
    whose code changed are not taken, nor those that would be computed in blocks of another shape, because the study had
    very few. Raises RefusedGrowthError for all other differences, if the requested study does not have all that the
    stored one has, and if nothing is taken.
    """
    if differences := compare_surroundings(stored, requested, may_add_packages=True):
        raise RefusedGrowthError(join_at_most(differences, 3))
    if not stored.get("against", {}).items() <= requested.get("against", {}).items():
        raise RefusedGrowthError(join_at_most(compare_baselines(stored, requested)))
    numbers = {name_task(task): number for number, task in enumerate(requested["tasks"])}
    if gone := [task for task in stored["tasks"] if name_task(task) not in numbers]:
        kind = "problem" if gone[0]["problem"] not in {task["problem"] for task in requested["tasks"]} else "optimizer"
        if kind == "optimizer" and gone[0]["optimizer"] in {task["optimizer"] for task in requested["tasks"]}:
            raise RefusedGrowthError(f"{_describe_task(gone[0])} is in the folder, and not requested")
        named = [list(dict.fromkeys(task[kind] for task in plan["tasks"])) for plan in (stored, requested)]
        raise RefusedGrowthError(f"{kind}s: {shorten(named[0])} in the folder, {shorten(named[1])} requested")
    edited = {name for name, text in stored["sources"].items() if requested["sources"].get(name, text) != text}
    kept, anew = [], []
    for index, old in enumerate(stored["tasks"]):
        number = numbers[name_task(old)]
        new = requested["tasks"][number]
        if "pruning" in old or "pruning" in new:
            refused = compare(f"pruning of {_describe_task(new)}", old.get("pruning"), new.get("pruning"))
            raise RefusedGrowthError(
                join_at_most(refused) or f"its runs are pruned by {new['pruning']}",
                "A study that is pruned does not grow, because other runs would be stopped.",
            )
        if refused := _compare_fixed(old, new, edited):
            raise RefusedGrowthError(join_at_most(refused, 3))
        if reason := _find_change(old, new, edited, partial(compose, number)):
            anew.append(f"{_describe_task(old)} is computed anew, because {reason}")
        else:
            kept.append(index)
    is_search = "trials" in requested["tasks"][0]
    if not kept or (is_search and anew):
        reasons = join_at_most([text.replace(" is computed anew, because", ":") for text in anew], 3)
        rule = "Its scores chose the later points." if kept else "Nothing of it would be kept."
        raise RefusedGrowthError(reasons, rule)
    return Growth(tuple(kept), _describe_new(stored, requested), tuple(anew))


def _describe_task(task: Mapping[str, Any]) -> str:
    problem, optimizer = name_task(task)
    return f"{optimizer} on {problem}"


def _compare_fixed(old: Mapping[str, Any], new: Mapping[str, Any], edited: set[str]) -> list[str]:
    """Return the differences with which a task cannot grow."""
    where = f"of {new['optimizer']} on {new['problem']}"
    differences = [f"{name} was edited" for name in sorted(edited & set(new.get("problem_files", ())))]
    for name in _FIXED:
        if name == "problem_source" and old.get(name) != new.get(name):
            differences = differences or [f"the source file of {new['problem']} was edited"]
        else:
            differences += compare(f"{name} {where}", shorten(old.get(name)), shorten(new.get(name)))
    axes = [task.get("axes", task["points"]) for task in (old, new)]  # of a search, which has choices in `axes`
    names = {**axes[1], **axes[0]}
    differences += compare(f"sampler {where}", old.get("sampler", "tpe"), new.get("sampler", "tpe"))
    is_search = "trials" in new
    if is_search and old["trials"] > new["trials"]:
        differences += compare(f"trials {where}", old["trials"], new["trials"])
    if is_search or set(old["points"]) != set(new["points"]) or not set(_points(old)) <= set(_points(new)):
        for name in names:
            differences += compare(f"{name} {where}", shorten(axes[0].get(name)), shorten(axes[1].get(name)))
        if not (is_search or differences):
            differences = [f"configurations {where}: not all that are in the folder are requested"]
    if not set(old["seeds"]) <= set(new["seeds"]) or (is_search and old["seeds"] != new["seeds"]):
        differences += compare(f"seeds {where}", shorten(old["seeds"]), shorten(new["seeds"]))
    if old["block"] != new["block"] and _shape_class(old) == _shape_class(new):  # --lanes
        differences += compare(f"block {where}", shorten(old["block"]), shorten(new["block"]))
    return differences


def _points(task: Mapping[str, Any]) -> list[tuple[float, ...]]:
    return list(zip(*(task["points"][name] for name in sorted(task["points"])))) if "trials" not in task else []


def _shape_class(task: Mapping[str, Any]) -> tuple[int, int]:
    """Return the shape of a block that so many points and seeds have, if nothing else limits it."""
    return choose_block_shape(len(_points(task)), len(task["seeds"]), RUNS_WITHOUT_LIMIT)


def _find_change(
    old: Mapping[str, Any], new: Mapping[str, Any], edited: set[str], compose: Callable[[int], str]
) -> str:
    """Return why the runs of a task are not taken, or an empty text if they are."""
    names = [set(task.get("optimizer_files", ())) for task in (old, new)]
    if changed := sorted(edited & (names[0] | names[1])):
        return f"{join_at_most(changed, 3)} {'were' if len(changed) > 1 else 'was'} edited"
    if names[0] != names[1]:
        return f"it runs other source files: {join_at_most(sorted(names[0] ^ names[1]), 3)}"
    if old["optimizer_source"] != new["optimizer_source"]:
        return "its source file was edited"
    if "trials" in new and old["composition"] != new["composition"]:
        return "its composition changed"
    if "trials" not in new:
        own = _points(old)
        middle = _points(new).index(own[len(own) // 2])
        is_middle = middle == len(_points(new)) // 2
        try:
            composition = new["composition"] if is_middle else compose(middle)
        except (UserCodeError, ValueError):
            composition = ""
        if composition != old["composition"]:
            return "its composition changed"
    if old["block"] != new["block"]:
        shape = "configurations" if old["block"][0] != new["block"][0] else "seeds"
        return f"with so few {shape} as the folder has, other numbers of runs were computed side by side"
    if old.get("is_brief") != new.get("is_brief"):
        return "so few runs as the folder has were compiled in another way"
    return ""


def _describe_new(stored: Mapping[str, Any], requested: Mapping[str, Any]) -> str:
    """Return what a larger study has more than a smaller one, such as `seeds 5 to 9, lion`."""
    old, new = stored["tasks"], requested["tasks"]
    found = []
    for name in ("problem", "optimizer"):
        had = {task[name] for task in old}
        found += list(dict.fromkeys(task[name] for task in new if task[name] not in had))
    if more := sorted(
        {seed for task in new for seed in task["seeds"]} - {seed for task in old for seed in task["seeds"]}
    ):
        found.append(describe_seeds(more))
    if requested.get("against", {}) != stored.get("against", {}):
        found.append("baselines")
    if "trials" in new[0]:
        found.append(format_count(new[0]["trials"] - old[0]["trials"], "trial"))
    else:
        counts = [Counter[tuple[str, str]](), Counter[tuple[str, str]]()]
        for count, tasks in zip(counts, (old, new)):
            for task in tasks:
                count[task["problem"], task["optimizer"]] += len(_points(task))
        if gain := max(counts[1][name] - before for name, before in counts[0].items()):
            found.append(format_count(gain, "configuration") + " more")
    return join_at_most(found)
