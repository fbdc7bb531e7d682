"""`gl.explain` and what a notebook shows."""

# ruff: noqa: RUF001  (Greek letters are meant)

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab.explanations import describe_state_memory, find_sources


def test_an_explanation_is_printed_in_sections() -> None:
    explanation = gl.explain(gl.chain(gl.clip_by_global_norm(1.0), gl.scale_by_learning_rate(0.1)))
    assert str(explanation).split("\n\n") == [
        "chain(clip_by_global_norm(max_norm=1.0), scale_by_learning_rate(learning_rate=0.1))",
        "equations\n" + explanation.text,
        "composition\n" + explanation.composition,
        "state\nnone",
        "sources\nclip_by_global_norm: Pascanu et al. (2013), algorithm 1",
    ]
    assert explanation.text == "(1) xₜ = xₜ₋₁ - α min(1, c / ‖gₜ‖ₐₗₗ) gₜ\nwith c = 1, α = 0.1"
    assert explanation.latex.startswith(r"\begin{aligned}")
    assert repr(explanation) == str(explanation)


def test_a_notebook_shows_the_diagram_and_the_equations() -> None:
    shown = gl.adam(1e-3)._repr_html_()
    assert shown is not None
    assert "<svg" in shown
    assert "xₜ = xₜ₋₁ - α m̂ₜ/(√v̂ₜ + ε)" in shown
    assert "<code>adam(<wbr>learning_rate=0.001, b1=0.9, " in shown  # a narrow window breaks there
    assert "prefers-color-scheme" not in shown  # a notebook has colors of its own
    assert str(gl.adam(1e-3)._repr_latex_()).startswith(r"$$\begin{aligned}")


def test_what_is_no_optimizer_has_no_explanation() -> None:
    gradient = jax.tree.map(lambda number: 2 * number, gl.adam(1e-3))  # a decay of 1.8
    assert gradient._repr_html_() is None
    assert gradient._repr_latex_() is None
    with pytest.raises(TypeError, match="takes a transformation, such as adam\\(\\); got adam; call it, as in explain"):
        gl.explain(gl.adam)


def test_a_transformation_of_another_library_is_explained_by_its_name() -> None:
    explanation = gl.explain(optax.adam(0.1))
    assert explanation.text == "(1) uₜ = chain(gₜ)\n(2) xₜ = xₜ₋₁ + uₜ"
    assert explanation.memory.startswith("8 bytes")


@pytest.mark.parametrize(
    ("name", "beginning"),
    [("a.svg", "<svg"), ("a.mmd", "flowchart"), ("a.tex", "\\begin"), ("a.bib", "@article{cauchy1847methode,\n")],
)
def test_diagrams_and_equations_are_written(tmp_path: Path, name: str, beginning: str) -> None:
    gl.explain(gl.sgd(0.1)).save(tmp_path / name)
    assert (tmp_path / name).read_text("utf-8").startswith(beginning)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in \.svg, \.mmd, \.tex, \.bib; got '.*a\.png'"):
        gl.explain(gl.sgd(0.1)).save(tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_sources_are_those_of_all_parts() -> None:
    sources = find_sources(gl.chain(gl.clip_by_global_norm(1.0), gl.soap(1e-3)))
    assert list(sources)[:2] == ["clip_by_global_norm", "soap"]
    assert sources["bias_correction"] == "Kingma & Ba (2015), section 3"
    assert find_sources(optax.adam(0.1)) == {}


def test_memory_is_counted_for_the_parameters_that_are_given() -> None:
    params = {"kernel": jnp.ones((4, 3)), "bias": jnp.ones(3)}
    with jax.enable_x64(False):
        shapes = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, jnp.float32), params)
        assert describe_state_memory(gl.sgd(0.1, momentum=0.9), shapes) == "60 bytes for 15 parameters, 4 for each"


def test_importing_gradlab_does_not_import_the_diagrams() -> None:
    script = "import sys, gradlab as gl; gl.adam(1e-3); print([name for name in sys.modules if 'explanations' in name])"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "[]\n"
