"""Checks that a stream keeps the rules of its dialect. Pure; says what is wrong.

The rules are those that clients were measured to need (openai 3.52.0, anthropic 2.11.0, google-genai 3.4.0
and the command-line clients of 2026-11-20), a little stricter than any single one of them.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from tests.upstreams.lint_anthropic import lint_anthropic
from tests.upstreams.lint_chat import lint_chat
from tests.upstreams.lint_completions import lint_completions
from tests.upstreams.lint_gemini import lint_gemini
from tests.upstreams.lint_responses import lint_responses

_LINTERS: Mapping[str, Callable[[bytes], list[str]]] = MappingProxyType(
    {
        "openai_chat": lint_chat,
        "openai_completions": lint_completions,
        "openai_responses": lint_responses,
        "anthropic_messages": lint_anthropic,
        "gemini_generate": lint_gemini,
    }
)
_CLEAN: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "openai_chat": (b"data: [DONE]\n",),
        "openai_completions": (b"data: [DONE]\n",),
        "openai_responses": (b"event: response.completed\n", b"event: response.incomplete\n"),
        "anthropic_messages": (b"event: message_stop\n",),
        "gemini_generate": (b'"finishReason"', b'"blockReason"'),
    }
)
_BROKEN: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "openai_chat": (b'data: {"error"',),
        "openai_completions": (b'data: {"error"',),
        "openai_responses": (b"event: response.failed\n", b"event: error\n"),
        "anthropic_messages": (b"event: error\n",),
        "gemini_generate": (b'{"error":',),
    }
)
# What only the end of a stream can be blamed for.
_UNFINISHED = (
    "the last event is not", "no [DONE]", "no choice at all", "no candidate at all", "no usageMetadata",
    "neither ", "not a JSON array", "no usage",
)  # fmt: skip


def lint(dialect: str, body: bytes, *, ended: bool = True) -> list[str]:
    """The faults of a stream in this dialect; only of what is there if it was not `ended`.

    Raises KeyError for an unknown dialect.
    """
    if ended:
        return _LINTERS[dialect](body)
    gap = body.replace(b"\r\n", b"\n").rfind(b"\n\n")
    faults = _LINTERS[dialect](body.replace(b"\r\n", b"\n")[: gap + 2] if gap >= 0 else b"")
    return [one for one in faults if not one.startswith(_UNFINISHED) and "no finish" not in one]


def ending(dialect: str, body: bytes) -> Literal["clean", "error", "none"]:
    """How a client takes the end of a stream. Raises KeyError for an unknown dialect."""
    last = body.replace(b"\r\n", b"\n")
    if any(mark in last for mark in _BROKEN[dialect]):
        return "error"
    return "clean" if any(mark in last for mark in _CLEAN[dialect]) else "none"
