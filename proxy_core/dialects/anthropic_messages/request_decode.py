"""A request body to the neutral request (anthropic 2.11.0 types, 2026-11-20)."""

from __future__ import annotations

from types import MappingProxyType

from proxy_core import jsonbytes
from proxy_core.dialects.anthropic_messages.blocks_decode import (
    decode_content,
    decode_instructions,
    decode_texts,
)
from proxy_core.dialects.anthropic_messages.check import Fields, refuse
from proxy_core.dialects.anthropic_messages.thinking import decode_thinking
from proxy_core.dialects.anthropic_messages.tool_changes import tool_changes
from proxy_core.dialects.anthropic_messages.tools_decode import decode_choice, decode_tools
from proxy_core.dialects.anthropic_messages.turn_control import shown, turn_effort
from proxy_core.dialects.anthropic_messages.words import FAMILY, NAME
from proxy_core.ir.message import EMPTY, Json, Message, Opaque, Part, Role, Text, ToolCall
from proxy_core.ir.request import OutputFormat, Request, Sampling

_KNOWN = frozenset(
    {
        "model", "max_tokens", "messages", "system", "tools", "tool_choice", "stream", "stop_sequences",
        "temperature", "top_p", "top_k", "metadata", "service_tier", "thinking", "output_config",
        "output_format", "speed",
    }
)  # fmt: skip
_TIERS = MappingProxyType({"standard_only": "default"})
_THINKING_TYPES = ("enabled", "disabled", "adaptive")

_BILLING = "x-anthropic-billing-header:"
"""Claude Code's first system block; its value changes with every request and would spoil every foreign
prompt cache (Claude Code 2.1.329, captured 2026-11-20)."""


def peek(body: bytes | jsonbytes.Members) -> tuple[str, bool]:
    """Return model and whether a stream is wanted, reading nothing else. Raises DecodeError."""
    found = Fields(jsonbytes.peek(body, ("model", "stream")))
    return _model(found), found.maybe_bool("stream") or False


def decode_request(body: bytes) -> Request:
    """Decode a chat or count request. Raises DecodeError."""
    fields = Fields(jsonbytes.decode_object(body))
    tools = decode_tools(fields)
    changes = tool_changes(fields.objects("messages"))
    inside = (change.tool for change in changes if change.tool is not None)
    choice, parallel = decode_choice(fields, (*tools, *inside))
    extensions = fields.rest(_KNOWN)
    output = fields.maybe_object("output_config")
    effort = turn_effort(fields.objects("messages")) or (output.maybe_text("effort") if output else None)
    thinking = fields.maybe_object("thinking")
    reasoning = decode_thinking(thinking, effort)
    if thinking is not None and thinking.value.get("type") not in _THINKING_TYPES:
        extensions["thinking"] = thinking.value
    if output is not None:
        said = frozenset({"format", "effort"} if effort is None or reasoning.level else {"format"})
        if rest := output.rest(said):
            extensions["output_config"] = rest
    return Request(
        dialect=NAME,
        model=_model(fields),
        messages=_messages(fields),
        system=_system(fields),
        stream=fields.maybe_bool("stream") or False,
        want_usage=True,
        tools=tools,
        tool_choice=choice,
        reasoning=reasoning,
        output=_output(output, fields.maybe_object("output_format")),
        sampling=_sampling(fields, parallel),
        extensions={FAMILY: extensions} if extensions else EMPTY,
        tool_changes=changes,
    )


def _model(fields: Fields) -> str:
    model = fields.text("model").strip()
    if not model:
        refuse("model", "the name of a model is needed.")
    return model


def _system(fields: Fields) -> tuple[Part, ...]:
    labels: list[Part] = []
    texts = decode_texts(fields, "system")
    while texts and texts[0].text.startswith(_BILLING):
        label, _, after = texts[0].text.partition("\n")
        labels.append(Opaque(NAME, {"type": "text", "text": label}))
        texts = [Text(after.lstrip("\n"), cache=texts[0].cache)] * bool(after.strip()) + texts[1:]
    return (*labels, *(text for text in texts if text.text))


def _messages(fields: Fields) -> tuple[Message, ...]:
    entries = fields.objects("messages")
    if not entries:
        refuse("messages", "at least one message is required.")
    names: dict[str, str] = {}
    messages = []
    for entry in shown(entries):
        message = _message(entry, names)
        names.update((part.id, part.name) for part in message.parts if isinstance(part, ToolCall))
        if message.parts or message.role != "system":
            messages.append(message)
    return tuple(messages)


def _message(entry: Fields, names: dict[str, str]) -> Message:
    role: Role
    match entry.text("role"):
        case "user":
            role, parts = "user", decode_content(entry, "user", names)
        case "assistant":
            role, parts = "model", decode_content(entry, "assistant", names)
        case "system":
            role, parts = "system", decode_instructions(entry)
        case word:
            refuse(entry.at("role"), f"{word!r} is unknown; use user, assistant or system.")
    return Message(role, tuple(parts))


def _output(config: Fields | None, older: Fields | None) -> OutputFormat:
    wanted = (config.maybe_object("format") if config else None) or older
    if wanted is None:
        return OutputFormat()
    if wanted.text("type") != "json_schema":
        refuse(wanted.at("type"), "only json_schema is known here.")
    schema = wanted.maybe_object("schema")
    return OutputFormat("json") if schema is None else OutputFormat("schema", schema=schema.value)


def _sampling(fields: Fields, parallel: bool | None) -> Sampling:
    tier = fields.maybe_text("service_tier")
    if fields.maybe_text("speed") == "fast":
        tier = "priority"  # the word that other vendors have for it
    return Sampling(
        max_output_tokens=fields.maybe_int("max_tokens"),
        temperature=fields.maybe_number("temperature"),
        top_p=fields.maybe_number("top_p"),
        top_k=fields.maybe_number("top_k"),
        stop=fields.texts("stop_sequences"),
        parallel_tool_calls=parallel,
        service_tier=None if tier is None else _TIERS.get(tier, tier),
        user=_user(fields.maybe_object("metadata")),
    )


def _user(metadata: Fields | None) -> str | None:
    user: Json = metadata.value.get("user_id") if metadata else None
    return user if isinstance(user, str) else None  # other types are ignored, as clients do send them
