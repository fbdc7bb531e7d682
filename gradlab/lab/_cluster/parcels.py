"""Tasks as bytes, which another machine makes tasks of, and the code that it needs for that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._engine.task import Task
from .._inputs.source_files import digest_source_files, find_package_versions
from .dask_cluster import ClusterError
from .messages import Code, Tasks, decode, encode


def pack_tasks(tasks: Sequence[Task]) -> bytes:
    """Return tasks as a message.

    What a module defines is imported on the other machine; what a notebook or a script defines travels with the tasks.
    Raises ClusterError for what cannot travel.
    """
    numbers: dict[int, int] = {}
    problems: list[bytes] = []
    packed: list[tuple[int, bytes]] = []
    for task in tasks:
        if id(task.problem) not in numbers:
            numbers[id(task.problem)] = len(problems)
            problems.append(_pickle(task, task.problem))
        packed.append((numbers[id(task.problem)], _pickle(task, {**vars(task), "problem": None})))
    return encode(Tasks(tuple(problems), tuple(packed)))


def unpack_tasks(message: Tasks, known: Mapping[bytes, Any]) -> tuple[list[Task], dict[bytes, Any]]:
    """Return the tasks of a message, and the problems by their bytes. Those that are `known` are the same objects."""
    problems = {content: known[content] if content in known else decode(content) for content in message.problems}
    tasks = []
    for number, content in message.tasks:
        task = object.__new__(Task)
        # All of it, with what is known of the task already, such as its partition.
        vars(task).update(decode(content), problem=problems[message.problems[number]])
        tasks.append(task)
    return tasks, problems


def describe_code(tasks: Sequence[Task]) -> Code:
    """Return digests of the user's files that tasks run, and the versions of the packages."""
    things = [thing for task in tasks for thing in (task.problem, task.factory)]
    return Code(digest_source_files(*things), find_package_versions(*things))


def _pickle(task: Task, thing: Any) -> bytes:
    import cloudpickle

    try:
        return bytes(cloudpickle.dumps(thing, protocol=5))
    except Exception as error:  # of any class
        text = " ".join(f"{type(error).__name__}: {error}".split())
        raise ClusterError(
            f"{task.label} cannot be sent to other machines ({text}); define what it uses at the top of a module"
        ) from None
