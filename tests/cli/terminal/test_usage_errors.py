"""Errors in the command line, as sentences: what came, what was expected, and what to type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest
import typer
from typer.main import get_command

from gradlab.cli.terminal.usage_errors import describe_usage_error


@pytest.fixture(scope="module")
def tool() -> Any:
    """A group with one command, `bake`, that has an argument and options of each kind."""
    app = typer.Typer(add_completion=False)

    @app.callback()
    def main() -> None:
        pass

    @app.command()
    def bake(
        cake: Annotated[str, typer.Argument(help="The cake to bake.")],
        minutes: Annotated[int, typer.Option("--minutes", "-m", min=1, help="How long it bakes.")] = 30,
        shift: Annotated[int, typer.Option(min=-2)] = 0,
        heat: Annotated[float, typer.Option(help="How hot it bakes.")] = 0.5,
        topping: Annotated[list[str] | None, typer.Option(help="A topping. Repeat it for more.")] = None,
        fan: Annotated[bool, typer.Option("--fan")] = False,
    ) -> None:
        pass

    return get_command(app)


def describe(tool: Any, *arguments: str) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011  (typer's own class has no public name)
        tool.main(list(arguments), standalone_mode=False)
    return describe_usage_error(caught.value, arguments, ["bake", "boil"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["bake"], "bake needs CAKE: the cake to bake"),
        (["bake", "pie", "--minutes", "ten"], "--minutes must be a whole number, got 'ten'"),
        (["bake", "pie", "-m", "1.5"], "--minutes must be a whole number, got '1.5'"),
        (["bake", "pie", "--minutes", "0"], "--minutes must be at least 1, got 0"),
        (["bake", "pie", "--minutes=5", "--minutes=-7"], "--minutes must be at least 1, got -7"),
        (["bake", "pie", "--shift", "-3"], "--shift must be at least -2, got -3"),
        (["bake", "pie", "--heat", "hot"], "--heat must be a number, got 'hot'"),
        (["bake", "pie", "--heat"], "--heat needs a value, but none was given; bake --help describes it"),
        (["bake", "pie", "--fan=yes"], "--fan takes no value, got 'yes'; pass --fan alone"),
        (["bake", "pie", "--minute", "3"], "bake has no option --minute; did you mean --minutes?"),
        (["bake", "pie", "--baking-minute", "3"], "bake has no option --baking-minute; did you mean --minutes?"),
        (["bake", "pie", "-t", "x"], "bake has no option -t; did you mean --topping?"),
        (
            ["bake", "pie", "-z"],
            "bake has no option -z; it has --minutes, --shift, --heat, --topping, --fan, --help",
        ),
        (
            ["--heat", "1", "bake"],
            "gradlab has no option --heat; put options after the command: gradlab bake --heat ...",
        ),
        (["bale"], "gradlab has no command 'bale'; did you mean bake?"),
        (["fry"], "gradlab has no command 'fry'; it has bake, boil, and gradlab --help describes them"),
        (
            ["bake", "pie", "--topping", "nuts", "figs"],
            "bake takes CAKE and options, but also got 'figs'; put each value after its option (--topping ...), and "
            "write a list without blanks (0.1,0.2)",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_error_is_a_sentence(tool: Callable[..., Any], arguments: list[str], sentence: str) -> None:
    assert describe(tool, *arguments) == sentence


def test_the_words_of_older_versions_of_click_are_known_too() -> None:
    class BadParameter(Exception):  # noqa: N818  (as in Click)
        class param:  # noqa: N801
            param_type_name, opts = "option", ["--minutes"]

        def format_message(self) -> str:
            return "Invalid value for '--minutes': 0 is not in the range x>=1."

    assert describe_usage_error(BadParameter(), ["bake", "--minutes", "0"], ["bake"]) == (
        "--minutes must be at least 1, got 0"
    )
