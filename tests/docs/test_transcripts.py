"""In a transcript of a terminal, only what follows a dollar sign is a command."""

import pytest

token = pytest.importorskip("pygments.token", reason="the site's own dependencies are not installed: gradlab[docs]")

from docs._extensions.transcripts import TranscriptLexer  # noqa: E402


def test_a_header_with_a_number_sign_is_output() -> None:
    tokens = list(TranscriptLexer().get_tokens("$ gradlab race \\\n>     --seeds 3\n #  optimizer\n 1  adam\n"))
    prompts = [text for kind, text in tokens if kind is token.Generic.Prompt]
    output = "".join(text for kind, text in tokens if kind is token.Generic.Output)
    assert prompts == ["$ ", "> "]
    assert output == " #  optimizer\n 1  adam\n"
