"""Boxes say what each link reads, keeps and holds."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.core.composites import walk
from gradlab.explanations.boxes import AS_PARAMETERS, NUMBER, OTHER, Box, Branch, Kept, read_boxes
from gradlab.explanations.layout import find_readers, find_split


def test_adam_is_four_links_of_which_one_holds_an_estimator() -> None:
    momentum, correction, rms, rate = read_boxes(gl.adam(1e-3))
    assert momentum == Box("scale_by_momentum", ("decay=0.9",), (Kept("moment", AS_PARAMETERS),), splits=True)
    assert correction.kept == (Kept("first_weight", NUMBER),)
    assert (rms.reads, rms.kept) == (frozenset({"grads"}), ())
    (branch,) = rms.branches
    assert branch.label == "second_moment"
    assert [box.name for box in branch.boxes] == ["scale_by_momentum", "bias_correction"]
    assert rate == Box("scale_by_learning_rate", ("learning_rate=0.001",))


def test_the_gradient_leaves_the_direction_where_a_link_splits_them() -> None:
    boxes = read_boxes(gl.mars(1e-3))
    assert [boxes[0].name, boxes[find_split(boxes)].name] == ["add", "scale_by_momentum"]
    assert [boxes[number].name for number in find_readers(boxes)] == ["scale_by_rms"]
    rmsprop = read_boxes(gl.rmsprop(1e-3))  # which divides the gradient itself
    assert find_readers(rmsprop) == []


def test_groups_have_the_names_of_their_selectors_and_recipes() -> None:
    (partition,) = read_boxes(gl.muon(1e-3))
    assert [branch.label for branch in partition.branches] == ["ndim(2)", "default: adamw"]
    assert partition.arguments == ()


@pytest.mark.parametrize(("tx", "name"), [(gl.normuon(), "normalize_blocks"), (gl.scion(), "normalize_blocks")])
def test_a_recipe_in_a_chain_has_the_name_that_the_text_has(tx, name) -> None:
    chart = repr(read_boxes(tx))
    assert f"Box(name='{name}', arguments=(\"blocks=" in chart
    assert "branches=(Branch(label='', boxes=(Box(name='isolate'" in chart


def test_a_recipe_of_one_link_in_a_chain_has_its_arguments_and_what_it_reads() -> None:
    _, nested = read_boxes(gl.chain(gl.clip_by_value(1.0), gl.chain(gl.scale_by_rss(eps=1e-10))))
    assert (nested.name, nested.arguments, nested.kept) == ("scale_by_rss", ("eps=1e-10",), ())
    assert (nested.reads, nested.splits) == (frozenset({"grads"}), False)
    assert nested.branches == (Branch("", read_boxes(gl.scale_by_rss(eps=1e-10))),)


def test_several_links_of_a_recipe_stand_in_the_chain_whose_gradient_they_read() -> None:
    clip, *links = read_boxes(gl.chain(gl.clip_by_value(1.0), gl.adam(1e-3)))
    assert clip.name == "clip_by_value"
    assert tuple(links) == read_boxes(gl.adam(1e-3))


def test_the_terms_of_a_sum_have_the_names_that_they_have_in_the_state() -> None:
    tx = gl.add(gl.chain(), gl.scale(2.0), gl.chain(gl.delay(), gl.scale(-1.0)))
    (mixed,) = read_boxes(tx)
    assert [branch.label for branch in mixed.branches] == ["chain", "scale", "chain_2"]
    assert [name.split("/")[0] for name in gl.hyperparameters(tx)] == ["scale", "chain_2"]


def test_the_links_of_measure_read_the_signal_from_the_first_one_on() -> None:
    (measured, _) = read_boxes(gl.adan(1e-3))
    signal, tx = measured.branches
    assert (signal.signal, tx.signal) == ("", "signal")
    assert [tx.boxes[number].name for number in find_readers(tx.boxes, tx.signal)] == ["add", "scale_by_rms"]


def test_an_empty_chain_has_no_boxes() -> None:
    (both,) = read_boxes(gl.add(gl.chain(), gl.scale(2.0)))
    assert both.branches[0] == Branch("chain", ())


def test_the_state_is_that_of_the_parameters_that_are_given() -> None:
    params = {"encoder": jax.ShapeDtypeStruct((8, 8), jnp.float32), "head": jax.ShapeDtypeStruct((8,), jnp.float32)}
    tx = gl.partition(
        (gl.labels({"encoder": "frozen", "head": "trained"}, "trained"), gl.adam(0.1)), default=gl.freeze()
    )
    assert read_boxes(tx)[0].branches[0].boxes[0].kept == ()  # no tree of the examples has these labels
    assert read_boxes(tx, params)[0].branches[0].boxes[0].kept == (Kept("moment", AS_PARAMETERS),)
    with pytest.raises(ValueError, match="has none for the leaf tail"):
        read_boxes(tx, {"tail": jnp.ones(3)})


def test_a_group_without_a_leaf_of_the_examples_shows_the_state_of_its_links() -> None:
    (partition,) = read_boxes(gl.partition((gl.path("embedding/**"), gl.adagrad(0.1)), default=gl.sgd(0.1)))
    scaling, rate = partition.branches[0].boxes
    assert [scaling.name, scaling.branches[0].label] == ["scale_by_rss", ""]
    (rms,) = scaling.branches[0].boxes
    assert rms.branches[0].boxes[0].kept == (Kept("total", AS_PARAMETERS),)
    assert rate.kept == partition.kept == ()


@pytest.mark.parametrize(
    "codec", [gl.codecs.dynamic_blocks(), {"moment": gl.codecs.dynamic_blocks(), "total": "bfloat16"}]
)
def test_a_group_without_a_leaf_of_the_examples_is_stored_as_the_others_are(codec: Any) -> None:
    mean, rest = gl.scale_by_momentum(0.9), gl.chain(gl.scale_by_momentum(0.9), gl.scale_by_rss())
    groups = gl.partition((gl.path("embedding/**"), mean), default=rest)
    (stored,) = read_boxes(gl.store(gl.store(groups, "float32"), codec, key=0))
    (partition,) = stored.branches[0].boxes[0].branches[0].boxes
    (link,) = partition.branches[0].boxes
    assert link.kept == (Kept("moment/codes", AS_PARAMETERS), Kept("moment/scales", OTHER))


def test_matrices_have_state_of_another_size() -> None:
    (link,) = read_boxes(gl.eigenbasis())
    assert Kept("left", OTHER) in link.kept


def test_a_schedule_is_an_argument_and_counts_its_steps() -> None:
    (link,) = read_boxes(gl.scale_by_learning_rate(gl.schedules.cosine(0.1, 100)))
    assert link.arguments[0].startswith("learning_rate=cosine(")
    assert link.kept == (Kept("schedule_step", NUMBER),)


def test_a_transformation_of_another_library_is_one_box() -> None:
    assert [box.name for box in read_boxes(optax.adam(0.1))] == ["chain"]
    assert [box.name for box in read_boxes(gl.chain(optax.trace(0.9), gl.scale(-0.1)))] == ["trace", "scale"]


def test_a_state_without_fields_is_called_state() -> None:
    @gl.transformation
    def sum_up(factor: gl.Positive = 1.0):
        def update(updates, state):
            total = jax.tree.map(lambda mine, new: mine + factor * new, state, updates)
            return total, total

        return lambda params: jax.tree.map(jnp.zeros_like, params), update

    assert read_boxes(sum_up())[0].kept == (Kept("state", AS_PARAMETERS),)


def test_numbers_have_at_most_six_digits() -> None:
    assert read_boxes(gl.scale(0.4749999999999996))[0].arguments == ("factor=0.475",)


def _names(boxes: tuple[Box, ...]) -> set[str]:
    inner = {name for box in boxes for branch in box.branches for name in _names(branch.boxes)}
    return {box.name for box in boxes} | inner


@pytest.mark.parametrize("name", registry.of_kind("recipe", "link", "combinator"))
def test_every_link_of_every_transformation_has_a_box(name: str) -> None:
    example = registry.entries()[name].example
    links = {place.name for place in walk(example) if place.parts is not None and not hasattr(place.parts, "links")}
    assert links <= _names(read_boxes(example))


def test_rows_and_columns_of_a_factored_mean_are_not_as_large_as_the_parameters() -> None:
    branch = read_boxes(gl.adafactor())[0].branches[0]
    assert {kept.name: kept.size for kept in branch.boxes[0].kept}["rows"] == OTHER
    assert {kept.name: kept.size for kept in branch.boxes[0].kept}["columns"] == OTHER
