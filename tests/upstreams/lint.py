"""Checks that a finished stream keeps the rules of its dialect. Pure; says what is wrong.

The rules are those that clients were measured to need (openai 3.52.0, anthropic 2.11.0, google-genai 3.4.0
and the command-line clients of 2026-11-20), a little stricter than any single one of them.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tests.upstreams.lint_anthropic import lint_anthropic
from tests.upstreams.lint_chat import lint_chat
from tests.upstreams.lint_gemini import lint_gemini
from tests.upstreams.lint_responses import lint_responses

_LINTERS: Mapping[str, Callable[[bytes], list[str]]] = MappingProxyType(
    {
        "openai_chat": lint_chat,
        "openai_responses": lint_responses,
        "anthropic_messages": lint_anthropic,
        "gemini_generate": lint_gemini,
    }
)


def lint(dialect: str, body: bytes) -> list[str]:
    """The faults of a stream in this dialect. Raises KeyError for an unknown dialect."""
    return _LINTERS[dialect](body)
