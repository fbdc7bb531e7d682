"""The edits of a function, one by one."""

from __future__ import annotations

import ast

import pytest

from gradlab.testing.mechanical_mutants.edits import Edit, list_edits

LINK = '''
def scale_twice(factor: Any = 2.0):
    """Multiply by 1 + 1."""

    def update(updates, state):
        if factor is None:
            raise ValueError(f"{factor + 1} is nothing")
        return jax.tree.map(lambda d: factor * d, updates), Count(state.step + 1)

    return init, update
'''


def edits_of(source: str, states: dict[str, tuple[str, ...]] | None = None) -> list[Edit]:
    """Return the edits of the only function in a source."""
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    return list_edits(function, states or {})


def changes(source: str) -> set[tuple[str, str]]:
    """Return the kinds of edits of `return <source>` and what becomes of it."""
    edits = edits_of(f"def f(x, y):\n    return {source}")
    return {(edit.kind, ast.unparse(edit.tree.body[0]).removeprefix("return ")) for edit in edits}


def test_all_edits_of_a_small_link() -> None:
    tree = "jax.tree.map(lambda d: factor * d, updates)"
    assert [
        (edit.kind, " ".join(edit.source.split("        ")[-1].split("\n")[0].split()))
        for edit in edits_of(LINK, {"Count": ("step",)})
    ] == [
        (kind, f"return ({direction}, Count({count}))")
        for kind, direction, count in [
            ("function left out", "updates", "state.step + 1"),
            ("old state used", "state.step", "state.step + 1"),
            ("rounded to half precision", f"through_half({tree})", "state.step + 1"),
            ("operation replaced", tree.replace("*", "/"), "state.step + 1"),
            ("term dropped", tree.replace("factor * d", "factor"), "state.step + 1"),
            ("term dropped", tree.replace("factor * d", "d"), "state.step + 1"),
            ("rounded to half precision", tree.replace("factor * d", "through_half(factor * d)"), "state.step + 1"),
            ("leaves exchanged", tree.replace("updates", "exchange_leaves(updates)"), "state.step + 1"),
            ("operation replaced", tree, "state.step - 1"),
            ("term dropped", tree, "state.step"),
            ("term dropped", tree, "1"),
            ("rounded to half precision", tree, "through_half(state.step + 1)"),
            ("leaves exchanged", tree, "exchange_leaves(state.step + 1)"),
            ("name confused", tree, "updates.step + 1"),
            ("constant changed", tree, "state.step + 2"),
            ("constant changed", tree, "state.step + 0"),
        ]
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x - y", {("operands swapped", "y - x"), ("operation replaced", "x + y"), ("term dropped", "x")}),
        ("jnp.where(x > 0, x, y)", {("comparison changed", "jnp.where(x >= 0, x, y)")}),
        ("jnp.where(x > 0, x, y)", {("arguments swapped", "jnp.where(x > 0, y, x)"), ("function left out", "y")}),
        ("jnp.maximum(x, y)", {("function replaced", "jnp.minimum(x, y)"), ("name confused", "jnp.maximum(y, y)")}),
        ("x if y else 1", {("condition negated", "1 if y else x"), ("branch dropped", "x"), ("branch dropped", "1")}),
        ("-x", {("sign lost", "x")}),
        ("0.9", {("constant changed", "0.0"), ("constant changed", f"{1.1 * 0.9}")}),
        ("True", {("constant changed", "False")}),
        ("x.astype(y.dtype)", {("cast skipped", "x")}),
        ("(x * x.conj()).real", {("part of a complex number lost", "(x * x).real")}),
        ("x.mean(axis=1)", {("axis changed", "x.mean(axis=None)"), ("function replaced", "x.sum(axis=1)")}),
        ("scale_by_rms(x, y)", {("argument left out", "scale_by_rms(x)"), ("arguments swapped", "scale_by_rms(y, x)")}),
        ("chain(a, b)", {("argument left out", "chain(b)"), ("arguments swapped", "chain(b, a)")}),
        ("x and not y", {("condition negated", "x or not y"), ("condition negated", "x and y")}),
    ],
)
def test_edits_of_expressions(source: str, expected: set[tuple[str, str]]) -> None:
    assert expected <= changes(source)


def test_commutative_functions_keep_their_arguments() -> None:
    assert not {kind for kind, _ in changes("jnp.maximum(x, y)")} & {"arguments swapped"}


def test_two_edits_never_give_the_same_function() -> None:
    texts = [ast.unparse(edit.tree) for edit in edits_of(LINK, {"Count": ("step",)})]
    assert len(texts) == len(set(texts))


def test_states_may_be_exchanged_and_old() -> None:
    source = "def f(x):\n    def update(updates, state):\n        return updates, Two(a, b)\n    return init, update"
    after = {(edit.kind, edit.after) for edit in edits_of(source, {"Two": ("a", "b")})}
    assert ("states exchanged", "return (updates, Two(b, a))") in after
    assert ("old state used", "return (updates, Two(a, state.b))") in after
    assert ("old state used", "return (state.a, Two(a, b))") in after


def test_a_statement_is_dropped_only_where_its_name_has_another_value() -> None:
    source = "def f(x):\n    x = 2 * x\n    y = x\n    return y"
    dropped = [edit.before for edit in edits_of(source) if edit.kind == "statement dropped"]
    assert dropped == ["x = 2 * x"]


def test_an_edit_says_where_it_is() -> None:
    edit = next(edit for edit in edits_of(LINK) if edit.kind == "operation replaced")
    assert str(edit) == (
        "line 8: `jax.tree.map(lambda d: factor * d, updates)` became `jax.tree.map(lambda d: factor / d, updates)`"
    )
