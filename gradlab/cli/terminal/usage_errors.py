"""Errors in the command line, in one line: what came, what was expected, and what to type."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, Literal, get_args, get_origin

from ...lab._inputs.name_lookup import ask_whether, suggest_name
from ...remedies.option_habits import find_habitual

_EXTRA = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", re.DOTALL)
_COMMAND = re.compile(r"No such command '(.*?)'(?:\. Did you mean|\.?$)", re.DOTALL)
_CHOICES = re.compile(r"is not one of (.*?)\.?$", re.DOTALL)
_LEAST = re.compile(r"(?:not in the range x>=|greater than or equal to )(-?\d+)")  # in the words of Click, or pydantic
_DRAWING = {"plot", "plots", "draw", "chart", "charts", "graph"}  # what others call the commands that draw
_KINDS = {"valid integer": "a whole number", "valid number": "a number", "valid boolean": "true or false"}


def describe_usage_error(error: Any, arguments: Sequence[str], commands: Collection[str]) -> str:
    """Return the sentence for an error of typer's; `arguments` are the words after `gradlab`."""
    command = next((word for word in arguments if word in commands), None)
    program = command or "gradlab"
    kind, text = type(error).__name__, str(error.format_message())
    if kind == "MissingParameter":
        choices = _list_choices(error.param)
        listed = f"; one of {', '.join(choices)}" if choices else ""
        return f"{program} needs {_format_name(error.param)}: {_format_help(error.param)}{listed}" + _place_lone_word(
            error, command, arguments
        )
    if kind == "NoSuchOption":
        return _describe_unknown_option(error, program, arguments, commands)
    if kind == "BadParameter" and getattr(error, "param", None) is not None:
        return _describe_bad_value(error.param, text, arguments)
    if kind == "BadOptionUsage" and "requires an argument" in text:
        return f"{error.option_name} needs a value, but none was given; {program} --help describes it"
    if kind == "BadOptionUsage" and "not take a value" in text:
        typed = _find_typed_value((error.option_name,), arguments)
        return f"{error.option_name} takes no value, got {typed!r}; pass {error.option_name} alone"
    if match := _COMMAND.match(text):
        drawing = [name for name in ("figures", "report") if name in commands and match[1].lower() in _DRAWING]
        guess = ask_whether(drawing) or suggest_name(match[1], commands)
        guess = guess or f"it has {', '.join(commands)}, and gradlab --help describes them"
        return f"gradlab has no command {match[1]!r}; {guess}"
    if match := _EXTRA.match(text):
        return _describe_extra_words(program, match[1], error)
    return text


def _place_lone_word(error: Any, command: str | None, arguments: Sequence[str]) -> str:
    """Return where a word belongs that stands behind a command without its option, as in `gradlab sweep adamw`."""
    context = getattr(error, "ctx", None)
    if (
        context is None
        or command is None
        or any(param.param_type_name == "argument" for param in context.command.params)
    ):
        return ""
    words = [*arguments[arguments.index(command) + 1 :], "-"]
    return "" if words[0].startswith("-") else f"; write {_format_name(error.param)} {words[0]}"


def _describe_unknown_option(error: Any, program: str, arguments: Sequence[str], commands: Collection[str]) -> str:
    name = error.option_name
    context = getattr(error, "ctx", None)
    if context is not None and context.parent is None and program != "gradlab":
        return f"gradlab has no option {name}; put options after the command: gradlab {program} {name} ..."
    options = [] if context is None else _list_options(context.command)
    same_letter = [option for option in options if len(name) == 2 and option.startswith(f"-{name}")]
    if same_letter:
        return f"{program} has no option {name}; {ask_whether(same_letter)}"
    long_names = [option for option in options if option.startswith("--")]
    habitual = find_habitual(name, [option.removeprefix("--") for option in long_names])
    if habitual is not None:
        return f"{program} has no option {name}; {ask_whether([f'--{habitual}'])}"
    # `--num-steps` and `--baking-minutes` name the options `--steps` and `--minutes` by a word.
    words = {word.removesuffix("s") for word in name.replace("_", "-").split("-")}
    same_word = [option for option in long_names if option.lstrip("-").removesuffix("s") in words]
    guess = ask_whether(same_word) or suggest_name(name, long_names) or f"it has {', '.join(options)}"
    return f"{program} has no option {name}; {guess}"


def _list_options(command: Any) -> list[str]:
    """Return the long names of the options of a command."""
    return [max(param.opts, key=len) for param in command.params if param.param_type_name == "option"] + ["--help"]


def _describe_bad_value(param: Any, text: str, arguments: Sequence[str]) -> str:
    name, typed = _format_name(param), _find_typed_value(param.opts, arguments)
    ending = "" if typed is None else f", got {typed!r}"
    if match := _CHOICES.search(text):
        choices = [choice.strip().strip("'") for choice in match[1].split(",")]
        return f"{name} must be one of {', '.join(choices)}{ending}"
    if match := _LEAST.search(text):
        return f"{name} must be at least {match[1]}, got {typed}"
    for phrase, kind in _KINDS.items():
        if phrase in text:
            return f"{name} must be {kind}{ending}"
    return f"{name}: {text.partition(': ')[2] or text}{ending}"


def _describe_extra_words(program: str, words: str, error: Any) -> str:
    context = getattr(error, "ctx", None)
    params = [] if context is None else context.command.params
    names = " ".join(param.name.upper() for param in params if param.param_type_name == "argument")
    option = next((param.opts[0] for param in params if getattr(param, "multiple", False)), None)
    takes = f"takes {names} and options" if names else "takes options only"
    if program == "list":
        remedy = f"leave it out to list all names, or run gradlab explain {words.split()[0]} to look one up"
        return f"{program} {takes}, but also got {words!r}; {remedy}"
    advice = f"; put each value after its option ({option} ...), and write a list without blanks (0.1,0.2)"
    return f"{program} {takes}, but also got {words!r}{advice if option else ''}"


def _list_choices(param: Any) -> list[str]:
    """Return the words that an option takes; none if it takes others. Versions of typer keep them in two places."""
    annotation = getattr(getattr(param, "type_descriptor", None), "annotation", None)
    words = get_args(annotation) if get_origin(annotation) is Literal else getattr(param, "type", None)
    return [str(word) for word in (words if isinstance(words, tuple) else getattr(words, "choices", ()))]


def _format_name(param: Any) -> str:
    return max(param.opts, key=len) if param.param_type_name == "option" else str(param.name).upper()


def _format_help(param: Any) -> str:
    """Return the help of an option as the rest of a sentence."""
    text = (param.help or "see --help").strip().rstrip(".")
    return text[:1].lower() + text[1:]


def _find_typed_value(names: Sequence[str], arguments: Sequence[str]) -> str | None:
    """Return the last value that was typed for an option, or None for an argument."""
    typed = None
    for index, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name in names:
            typed = value if equals else next(iter(arguments[index + 1 :]), None)
    return typed
