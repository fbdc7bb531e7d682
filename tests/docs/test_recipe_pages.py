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
        "the state takes 4 bytes for each parameter",
        "<gradlab.transforms.loss_model.minimize_loss_model>`",
        "| `momentum` | `0.9` | [0, 1), or a schedule |",
        "<gradlab.testing.references.loss_models.momo>`",
        "../released-implementations.md#momo-does-not-shrink",
    ):
        assert text in page, text
    assert "Evaluate the model at `gl.eval_params" in gallery.page("schedule_free_sgd")
    assert "It needs nothing beside the gradient.\n" in gallery.page("sgd")


def test_a_page_gives_no_width_of_good_rates_where_the_lowest_is_good(gallery):
    assert "even the lowest rate tried is within a factor of 10 of it" in gallery.page("dog")
    assert "even the lowest rate tried" not in gallery.page("adam")


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
        "`decay=0.99` in `scale_by_momentum` in `scale_by_rms`",  # whose correction has the same decay
    )
    gap = compositions.compare(gl.amsgrad(), gl.adam())
    assert (gap.left_out, gap.count) == (("`running_max` in `scale_by_rms`",), 1)


def test_a_difference_opens_flavors_and_pairs_parts_of_the_same_part(extensions):
    compare = extensions("compositions").compare
    gap = compare(gl.adadelta(), gl.flavors.torch.adadelta(weight_decay=0.1))  # which is a decay and gl.adadelta
    assert (gap.added, gap.left_out) == (("`add_decayed_weights`",), ())
    gap = compare(gl.adamw(), gl.flavors.keras.adamw())  # which is flavors.keras.adam
    assert "`weight_decay=0.004` in `add_decayed_weights`" in gap.values
    gap = compare(gl.schedule_free_adamw(), gl.adamw())  # the former has a second moment and no first one
    assert gap.added == ("`scale_by_momentum`", "`bias_correction`")
    assert not any("scale_by_momentum" in value for value in gap.values)
    gap = compare(gl.adabelief(), gl.adam())  # what stood in the part that is left out has not another value
    assert (gap.left_out, gap.values) == (
        ("`measure` with `add`, `gradient` and `scale(factor=-1.0)` in it",),
        ("`eps=1e-08` in `scale_by_rms`", "`eps_root=None` in `scale_by_rms`"),
    )
    assert (
        "`factor=0.475` in `scale`" in compare(gl.adam(), gl.mars()).values + compare(gl.ademamix(), gl.mars()).values
    )


def test_a_layout_fits_on_a_page_and_is_the_same_expression(extensions):
    text = str(gl.soap())
    laid_out = extensions("compositions").lay_out(text)
    assert max(map(len, laid_out.split("\n"))) <= 88
    assert ast.dump(ast.parse(laid_out)) == ast.dump(ast.parse(text))


def test_numbers_and_schedules_of_a_page_can_be_read(gallery):
    belief, lion = gallery.page("adabelief"), gallery.page("lion")
    assert r"$\epsilon = 10^{-13}$" in belief
    assert "99999" not in belief.split("from $x_{t-1}$ to $x_t$:")[1].split("## Its paths")[0]
    assert r"$\nu = 0.909091$" in lion
    assert r"$\beta_t = 1 - 1 / t^{0.8}$" in gallery.page("adafactor")
    scion, kron = gallery.page("scion"), gallery.page("kron")
    assert "gl.scion(learning_rate=2**-12)" in scion
    assert "| `learning_rate` | `2**-12` |" in scion
    assert r"$\gamma = 2^{-12}$" in scion
    assert "    damping=2**-11.5,\n" in kron
    assert "| `damping` | `2**-11.5` |" in kron
    assert r"$\delta = 2^{-11.5}$" in kron
    assert r"$\chi_1 = 1$ at the leaves of `ndim(2)`, else 0" in kron
    assert "tx = gl.mechanic(\n    tx=gl.sgd(" in gallery.page("mechanic")


def test_a_page_takes_the_gradient_where_the_recipe_needs_it_and_names_what_is_not_promised(gallery):
    assert "gradient = jax.grad(loss)(gl.gradient_params(tx, state, params))\nupdates" in gallery.page("nag")
    assert "jax.grad" not in gallery.page("sgd")
    lion = gallery.page("cautious_lion").partition("It does not promise these laws, or parts of laws")[2]
    assert "- *every argument matters*: `min_share` changes a step only in leaves of more than 1 / `min_share`" in lion
    adafactor, galore = gallery.page("adafactor"), gallery.page("galore")
    assert "It keeps 0.0156 bytes for each parameter" in adafactor
    assert "the state takes 0.0156 bytes for each parameter" in adafactor
    assert "For a kernel of 1024 by 512 and a bias of 512 in float32" in galore
    assert "the state takes 2.51 bytes for each parameter" in galore
    assert "| `key` | `None` | an integer, or a key of JAX |" in gallery.page("kron")
    assert "| `layout` | `'flax'` | flax, haiku, keras, equinox, torch, or a matrix_shape |" in gallery.page("muon")


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("nag", r"$g_t = \nabla f(x_{t-1} + \mu v_{t-1})$"),
        ("lookahead", "$s_0 = x_0$"),
        ("adopt", "$v_0 = g_1^2$"),
        ("soap", "$Q_0 = I$"),
        ("mechanic", r"$\beta = 1 - 10^{-i} \text{ for } 1 \le i \le 6$"),
        ("adopt", "$c_t = (t - 1)^{0.25}$"),
    ],
)
def test_values_that_are_formulas_are_set_as_formulas(gallery, name, formula):
    assert f" {formula}" in gallery.page(name)


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("lookahead", "Here $k \\mid n$ says that $k$ divides $n$, and a bracket is 1 where it is true, else 0."),
        ("cautious_lion", "a bracket is 1 where it is true, else 0"),
        ("dog", r"$\|\cdot\|_{\text{all}}$ is the norm of all leaves together"),
        ("muon", "$r$ and $c$ are the numbers of outputs and inputs"),
        ("sophia", "the elements of $z_t$ are random signs"),
        ("lion", "$\\nu$ is `b1` over `b2`"),
    ],
)
def test_signs_that_not_everyone_knows_are_explained_below_the_equations(gallery, name, meaning):
    assert meaning in gallery.page(name)
    assert "\nHere " not in gallery.page("adam")


def test_a_mean_of_squares_is_no_relative_of_a_mean_of_gradients(extensions):
    compare = extensions("compositions").compare
    gap = compare(gl.schedule_free_adamw(), gl.adam_mini())  # the former has only a second moment
    assert "`scale_by_momentum`" in gap.added
    assert not any("scale_by_momentum" in value for value in gap.values)
    gap = compare(gl.adafactor(), gl.schedule_free_adamw())  # in the part that stays, all new parts are shown
    assert {"`scale_by_momentum` in `scale_by_rms`", "`bias_correction` in `scale_by_rms`"} <= set(gap.added)
    gap = compare(gl.soap(), gl.adamw())
    assert {"`decay=0.9` in `scale_by_momentum`", "`decay=0.999` in `scale_by_momentum` in `scale_by_rms`"} == {
        *gap.values
    }


def test_a_new_part_is_shown_with_what_it_holds_beyond_the_other_recipe(extensions):
    compare = extensions("compositions").compare
    added = compare(gl.adam(), gl.ademamix()).added
    assert added == ("`add` with `scale_by_momentum(decay=0.9999)` and `scale(factor=5.0)` in it",)
    means = [compare(gl.adamax(), tx).added[0] for tx in (gl.adam(), gl.yogi())]
    assert means == [
        "`scale_by_rms` with `scale_by_momentum(decay=0.999)` and `bias_correction(first_decay=0.999)` in it",
        "`scale_by_rms` with `additive_mean(decay=0.999, initial=1e-06)` and "
        "`bias_correction(first_decay=0.999)` in it",
    ]
    added = compare(gl.sgd(), gl.schedule_free_sgd()).added  # whose weight decay is 0
    assert added == ("`schedule_free`",)


def test_what_makes_a_signal_is_paired_with_nothing_else(extensions):
    gap = extensions("compositions").compare(gl.adabelief(), gl.ademamix())
    assert gap.left_out == ("`measure` with `add`, `gradient` and `scale(factor=-1.0)` in it",)
    assert not any("`scale`" in value or "stands in" in value for value in gap.values)
    gap = extensions("compositions").compare(gl.adan(), gl.adabelief())  # which measure both, and add in a signal
    assert "`add` in `measure` with `delay` and `scale(factor=-1.0)` in it" in gap.left_out


def test_adamw_does_not_leave_out_adamw(extensions):
    compare = extensions("compositions").compare
    for tx in (gl.galore(), gl.kron()):
        left_out = compare(tx, gl.adamw()).left_out
        assert left_out[0] == "`partition`, which gives the other leaves to `adamw`"
        assert "`adamw`" not in left_out
    gap = compare(gl.muon(), gl.muon_hyperball())
    assert ("`adam` for the other leaves" in gap.added, "`adamw` for the other leaves" in gap.left_out) == (True, True)


@pytest.mark.parametrize("name", ["lookahead", "mechanic", "schedule_free"])
def test_a_combinator_is_compared_with_others_around_the_same_optimizer(gallery, name):
    relatives = gallery.page(name).partition("## Relatives")[2].partition("\n## ")[0]
    assert "Around the same optimizer, these differ by few parts" in relatives
    assert f"| [`average_params`](average_params.md) | `average_params` | `{name}` | nothing |" in relatives
    assert "sgd" not in relatives


def test_a_table_of_differences_names_all_values_and_those_of_a_part_together(gallery, extensions):
    gap = extensions("compositions").Difference((), ("`a`, which", "`b`"), tuple(f"`{n}=1` in `c`" for n in "defgh"), 1)
    cells = extensions("recipe_pages").columns(gap)
    assert cells == ["nothing", "`a`, which; `b`", "`d=1`, `e=1`, `f=1`, `g=1`, `h=1` in `c`"]


def test_a_difference_counts_equal_parts_and_says_where_a_part_stands_otherwise(extensions):
    compare = extensions("compositions").compare
    assert "`scale` twice" in compare(gl.muon(), gl.scion()).added
    one = gl.chain(gl.isolate(gl.scale_by_sign()), gl.precondition(gl.centralize()))
    other = gl.chain(gl.isolate(gl.centralize()), gl.precondition(gl.scale_by_sign()))
    moved = compare(one, other).values
    assert moved == ("`centralize` stands in `isolate`", "`scale_by_sign` stands in `precondition`")


def test_relatives_begin_with_kin_and_are_alike_in_what_does_something(gallery, extensions):
    relatives = extensions("relatives")
    found = {
        name: list(relatives.find_relatives(name, gallery.txs)) for name in ("schedule_free_adamw", "muon", "momo")
    }
    assert found["schedule_free_adamw"][:2] == ["adamw", "schedule_free_sgd"]
    assert found["muon"][0] == "adamw"  # which it replaces
    assert set(found["muon"][1:]) == {"normuon", "muon_hyperball", "scion", "dion"}  # which were made from it
    assert found["momo"] == ["sgd"]
    alike = list(relatives.find_relatives("adafactor", gallery.txs))
    assert alike[:2] == ["adam", "rmsprop"]
    assert "schedule_free_sgd" not in alike  # with which it shares a weight decay of 0 and the rate


def test_a_page_says_in_which_order_relatives_stand_and_what_is_not_compared(gallery):
    relatives = gallery.page("adafactor").partition("## Relatives")[2].partition("\n## ")[0]
    assert "In this order, the recipe that it builds on or replaces, and others that have most" in relatives
    assert "Nor is `add_decayed_weights` with a `weight_decay` of 0, which changes no step." in relatives
    relatives = gallery.page("momo").partition("## Relatives")[2].partition("\n## ")[0]
    assert "\nThe recipe that it builds on or replaces, at the defaults of each:" in relatives
    assert "\nLearning rates are not compared.\n" in relatives


def test_a_second_part_of_a_kind_is_another_one(extensions):
    compare = extensions("compositions").compare
    assert "another `scale_by_distance` in `distance_from_start`" in compare(gl.dog(), gl.dowg()).added
    assert "one `scale_by_distance` in `distance_from_start`" in compare(gl.dowg(), gl.dog()).left_out


def test_a_state_says_what_a_leading_one_and_a_second_chain_are(gallery):
    galore, adan, mini = (gallery.page(name) for name in ("galore", "adan", "adam_mini"))
    assert "|\n\n`second_moment` is the estimator that `scale_by_rms` has as its `decay`." in galore
    assert "The leading 1 of a shape counts the matrices in a leaf. The kernel is one, of outputs by inputs." in galore
    assert "`chain` is the first term of the sum, and `chain_2` the second" in adan
    assert "counts the matrices in a leaf. The kernel is one. A block" in mini
    assert "A block has one number: each output of the kernel is a block." in mini
    assert "counts the matrices" not in gallery.page("adam")
    factored = gallery.page("adafactor")
    assert "A mean has the size 1 along the axis over which it is taken. The bias is not factored" in factored
    assert "counts the matrices" not in factored
    assert "A number as `decay` stands for `scale_by_momentum` with this decay" in gallery.page("rmsprop")
    assert "`scale_by_rms` has as its `decay`.\n\n" in gallery.page("yogi")


def test_a_state_says_which_symbols_are_in_arrays_without_a_name_of_their_own(gallery):
    assert "0 is the average of the gradients, 1 that of the losses, $\\bar f_t$" in gallery.page("momo")
    assert "`total/0` is $L_t$ and `total/1` is $R_t$" in gallery.page("shampoo")
    assert "`left` is $Q_t$ and `right` is $P_t$; `rows` is $L_t$" in gallery.page("soap")
    assert "`gradients` is $s_t$, `progress` is $r_t$, and `distance` is $D_t$." in gallery.page("prodigy")
    assert "`way` is $\\Delta_t$. With an element for each $\\beta$, `scale` is $s_t$" in gallery.page("mechanic")


def test_flavors_that_do_the_same_stand_in_no_table(gallery):
    others = gallery.page("sgd").partition("## Other implementations")[2]
    same = others.partition("| flavor |")[2].partition("\n\n")[2].partition("\n")[0]
    assert same.count("gl.flavors.torch.sgd <") == same.count("gl.flavors.optax.sgd <") == 1
    assert same.endswith("have the same parts.")
    assert "`scale_by_heavy_ball` with a `decay` of 0, which changes no step" in others
    assert "| flavor |" not in gallery.page("sign_sgd")


@pytest.mark.parametrize("name", ["average_params", "lookahead", "schedule_free", "mechanic"])
def test_the_table_of_parts_has_the_part_that_the_page_is_about(gallery, name):
    table = gallery.page(name).partition("| part | what it does |")[2].partition("\n\n")[0]
    assert f"| `{name}` |" in table
    assert f"({name}.md)" not in table


def test_a_law_that_is_not_promised_for_no_known_reason_stops_the_build(extensions):
    with pytest.raises(ValueError, match=r"must say why.*sgd.*'rounded once'"):
        extensions("recipe_pages").find_reason("rounded once", gl.sgd())
