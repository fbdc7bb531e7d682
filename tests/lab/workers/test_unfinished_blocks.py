"""Which block a worker takes next, and what becomes of the blocks of a worker that is lost."""

from __future__ import annotations

from gradlab.lab._engine.task import Watcher
from gradlab.lab._workers.unfinished_blocks import UnfinishedBlocks


def test_a_block_of_the_same_task_comes_first_then_one_of_a_new_task() -> None:
    blocks = UnfinishedBlocks()
    blocks.begin([2, 1, 4])
    assert [blocks.take(0), blocks.take(0)] == [(0, 0), (0, 1)]
    assert blocks.take(0) == (1, 0)
    assert blocks.take(1) == (2, 0)
    assert blocks.take(0) == (2, 1)  # no task is new, but this one has two left
    assert blocks.take(2) == (2, 2)
    assert blocks.take(0) is None  # one block is not worth another compilation
    assert blocks.take(2) == (2, 3)
    assert blocks._running == [2, 1, 4]


def test_a_block_that_is_given_back_is_taken_though_it_is_alone() -> None:
    blocks = UnfinishedBlocks()
    blocks.begin([1, 1])
    assert [blocks.take(0), blocks.take(0)] == [(0, 0), (1, 0)]
    blocks.give_back(0, 0)
    assert blocks.take(1) == (0, 0)
    assert blocks.take(1) is None
    blocks.finish(0, 5.0, is_end=True)
    assert blocks.wait(0, Watcher(), lambda: False) == 5.0
    assert blocks.wait(1, Watcher(), lambda: True) == 0.0  # the command is alone, so nobody finishes it
