"""Reads what the demo needs from a chat request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proxy_core import jsonbytes
from proxy_core.providers.demo.words import count

_RUN = re.compile(r"<run>(.*?)</run>", re.DOTALL)
HARMLESS = "echo Hello from the Trunkline demo"


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool on offer; ``schema`` None: it takes plain text."""

    name: str
    schema: Mapping[str, Any] | None
    freeform: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A chat request as far as the demo cares.

    ``results`` are the tool results that came after the last assistant turn; ``command`` is what a shell tool
    shall run. ``choice`` is *auto*, *none* or *required*, ``only`` the tools it is limited to, empty for all.
    ``schema`` is the one that the answer must fit, None for free text.
    """

    model: str
    turns: int
    said: str
    results: tuple[str, ...]
    command: str
    tools: tuple[Tool, ...]
    choice: str
    only: frozenset[str]
    parallel: bool
    schema: Mapping[str, Any] | None
    limit: int | None
    stop: tuple[str, ...]
    thinks: bool
    stream: bool
    wants_usage: bool
    input_tokens: int


def read(body: bytes) -> Question:
    """Read a chat body. Raises DecodeError."""
    fields = jsonbytes.decode_object(body)
    messages = [message for message in _list(fields.get("messages")) if isinstance(message, Mapping)]
    texts = [_text(message.get("content")) for message in messages]
    said = _said(messages, texts)
    choice, only = _choice(fields.get("tool_choice"))
    limit = fields.get("max_completion_tokens") or fields.get("max_tokens")
    stop = fields.get("stop")
    return Question(
        model=str(fields.get("model", "")),
        turns=len(messages),
        said=said[-1] if said else "",
        results=_results(messages, texts),
        command=_command(said),
        tools=tuple(_tools(fields.get("tools"))),
        choice=choice,
        only=only,
        parallel=fields.get("parallel_tool_calls") is not False,
        schema=_schema(fields.get("response_format")),
        limit=limit if isinstance(limit, int) and limit > 0 else None,
        stop=tuple(
            word
            for word in ([stop] if isinstance(stop, str) else _list(stop))
            if word and isinstance(word, str)
        ),
        thinks=fields.get("reasoning_effort") != "none",
        stream=fields.get("stream") is True,
        wants_usage=_mapping(fields.get("stream_options")).get("include_usage") is True,
        input_tokens=sum(count(text) for text in texts),
    )


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = (part.get("text") for part in _list(content) if isinstance(part, Mapping))
    return "\n".join(part for part in parts if isinstance(part, str))


def _said(messages: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> list[str]:
    return [
        text for message, text in zip(messages, texts, strict=True) if message.get("role") == "user" and text
    ]


def _results(messages: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> tuple[str, ...]:
    """Text of the user may follow the results: tools put their reminders there."""
    after = 0
    for place, message in enumerate(messages):
        if message.get("role") == "assistant":
            after = place + 1
    fresh = zip(messages[after:], texts[after:], strict=True)
    return tuple(text for message, text in fresh if message.get("role") == "tool")


def _command(said: Sequence[str]) -> str:
    for text in reversed(said):
        found: list[str] = _RUN.findall(text)
        if found and found[-1].strip():
            return found[-1].strip()
    return HARMLESS


def _tools(value: Any) -> list[Tool]:
    found = []
    for entry in _list(value):
        kind = _mapping(entry).get("type")
        inner = _mapping(_mapping(entry).get(str(kind)))
        if kind in ("function", "custom") and isinstance(inner.get("name"), str):
            schema = inner.get("parameters") if kind == "function" else None
            found.append(
                Tool(inner["name"], schema if isinstance(schema, Mapping) else None, kind == "custom")
            )
    return found


def _choice(value: Any) -> tuple[str, frozenset[str]]:
    if isinstance(value, str):
        return value, frozenset()
    wanted = _mapping(value)
    kind = wanted.get("type")
    if kind == "allowed_tools":
        allowed = _mapping(wanted.get("allowed_tools"))
        names = (_named(entry) for entry in _list(allowed.get("tools")))
        return str(allowed.get("mode", "auto")), frozenset(name for name in names if name)
    name = _named(wanted)
    return ("required", frozenset({name})) if name else ("auto", frozenset())


def _named(entry: Any) -> str | None:
    inner = _mapping(_mapping(entry).get(str(_mapping(entry).get("type"))))
    name = inner.get("name")
    return name if isinstance(name, str) else None


def _schema(value: Any) -> Mapping[str, Any] | None:
    wanted = _mapping(value)
    if wanted.get("type") == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    if wanted.get("type") == "json_schema":
        return _mapping(_mapping(wanted.get("json_schema")).get("schema"))
    return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
