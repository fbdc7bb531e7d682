from typing import Any

import pytest
import typer

from gradlab.cli.arguments.assignments import parse_assignments, parse_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4", 4),
        ("1e-3", 1e-3),
        ("-0.5", -0.5),
        ("0.68,1.14", (0.68, 1.14)),
        ("(3, 4)", (3, 4)),
        ("True", True),
        ("None", None),
        ("fast", "fast"),
        ("", ""),
        ("1+", "1+"),
        ("__import__('os')", "__import__('os')"),
        ("(" * 500 + ")" * 500, "(" * 500 + ")" * 500),
    ],
)
def test_a_literal_is_a_value_and_other_texts_stay_texts(text: str, value: Any) -> None:
    assert parse_value(text) == value


def test_assignments_by_name() -> None:
    assert parse_assignments("--arg", ["b1=0.8", "name=a=b"], "b1=0.8") == {"b1": 0.8, "name": "a=b"}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["0.1"], "--extra takes NAME=VALUE, such as value=1.0; got '0.1'"),
        (["a b=1"], "got 'a b=1'"),
        (["a=1", "a=2"], "--extra a is given twice (1 and 2); leave one out"),
    ],
)
def test_what_is_no_assignment_ends_the_command(
    typed: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        parse_assignments("--extra", typed, "value=1.0")
    assert ended.value.exit_code == 2
    assert words in capsys.readouterr().err
