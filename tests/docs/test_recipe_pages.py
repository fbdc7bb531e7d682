"""The generated pages of the recipes."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import Any

import pytest

import gradlab as gl
from gradlab.registry import of_kind

DOCS = Path(__file__).parents[2] / "docs"
EXTENSIONS = DOCS / "_extensions"


@pytest.fixture(scope="module")
def extensions() -> Any:
    """Import the extensions by their own names, as Sphinx does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXTENSIONS)
        yield importlib.import_module


@pytest.fixture(scope="module")
def gallery(extensions):
    return extensions("recipe_pages").Gallery(DOCS)


def test_every_recipe_is_in_one_group(extensions):
    groups = extensions("recipe_groups").list_groups()
    grouped = [name for _, members in groups.values() for name in members]
    assert set(of_kind("recipe")) <= set(grouped)


@pytest.mark.parametrize(("names", "named"), [((), "sophia"), (("sophia", "adam"), "adam"), (("sofia",), "sofia")])
def test_a_recipe_in_no_group_or_in_two_stops_the_build(extensions, monkeypatch, names, named):
    groups = extensions("recipe_groups")
    monkeypatch.setitem(groups.GROUPS, "Curvature", ("", names))
    with pytest.raises(ValueError, match=named):
        groups.list_groups()


def test_a_page_says_what_a_recipe_needs_keeps_and_is_made_of(gallery):
    page = gallery.page("momo")
    for text in (
        "tx = gl.momo(learning_rate=1)",
        "tx.update(gradient, state, params, value=loss)",
        "the state takes 4.0 bytes for each parameter",
        "<gradlab.transforms.loss_model.minimize_loss_model>`",
        "| `momentum` | `0.9` | [0, 1), or a schedule |",
        "<gradlab.testing.references.loss_models.momo>`",
        "../released-implementations.md#momo-does-not-shrink",
    ):
        assert text in page, text
    assert "Evaluate the model at `gl.eval_params" in gallery.page("schedule_free_sgd")
    assert "It needs nothing beside the gradient.\n" in gallery.page("sgd")


def test_a_page_leads_to_where_its_difference_is_explained(gallery, extensions):
    for names, (title, page) in extensions("recipe_pages").EXPLAINED.items():
        assert f"\n### {title}\n" in (DOCS / "recipes" / page).resolve().read_text(encoding="utf-8")
        assert {*names} <= {*gallery.entries}
    target = "../tutorials/three-ideas.md#how-adam-differs-from-rmsprop-with-momentum"
    for name in ("adam", "rmsprop"):
        assert f"A tutorial shows [how Adam differs from RMSProp with momentum]({target})." in gallery.page(name)


def test_a_difference_names_parts_and_values(extensions):
    compositions = extensions("compositions")
    gap = compositions.compare(gl.adam(), gl.adamw(b2=0.99, eps=1e-6, learning_rate=0.5))
    assert gap.added == ("`add_decayed_weights`",)
    assert gap.left_out == ()
    assert gap.values == (
        "`eps=1e-06` in `scale_by_rms`",
        "`decay=0.99` in `scale_by_momentum`",
        "`first_decay=0.99` in `bias_correction`",
    )
    gap = compositions.compare(gl.amsgrad(), gl.adam())
    assert (gap.left_out, gap.count) == (("`running_max` in `scale_by_rms`",), 1)


def test_a_layout_fits_on_a_page_and_is_the_same_expression(extensions):
    text = str(gl.soap())
    laid_out = extensions("compositions").lay_out(text)
    assert max(map(len, laid_out.split("\n"))) <= 88
    assert ast.dump(ast.parse(laid_out)) == ast.dump(ast.parse(text))
