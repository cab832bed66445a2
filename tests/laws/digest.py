"""What a request means, as a bag of facts, so that two can be subtracted (translation law 5).

A fact is `(topic, detail, value)`. Topics are words that a reported loss may name; `excuses` says which loss
excuses which fact. Facts of the running text are looked for inside the other side's text, because encoders
may join, wrap or move it; everything else must be there as it was.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from proxy_core.ir.media import as_text
from proxy_core.ir.message import (
    HostedStep,
    Inline,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from proxy_core.ir.request import (
    Freeform,
    Function,
    Hosted,
    Loss,
    ReplyMemory,
    Request,
    ToolIdentity,
)

Fact = tuple[str, str, str]
NOTHING_SENT = ReplyMemory()
_WORD = re.compile(r"[^.\[\]]+")
_NAMES: Mapping[str, tuple[str, ...]] = {
    "cache_key": ("prompt_cache_key",),
    "candidates": ("n",),
    "user": ("safety_identifier",),
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """Facts, and the text that they may hide in."""

    facts: Counter[Fact]
    told: str
    said: str
    seals: frozenset[str]


def meaning(request: Request, memory: ReplyMemory = NOTHING_SENT) -> Meaning:
    """All facts; `memory` gives tools the names back that they had before they were sent."""
    facts: Counter[Fact] = Counter()
    told: list[str] = [one.text for one in request.system if isinstance(one, Text)]
    said: list[str] = []
    names: dict[str, str] = {}
    facts.update(("system", "", one) for one in told if one.strip())
    for message in request.messages:
        for part in message.parts:
            texts = said if message.role == "model" else told
            for fact in _part(part, message, names, texts, memory):
                facts[fact] += 1
        if message.name is not None:
            facts["name", message.role, message.name] += 1
    facts.update(_tools(request, memory))
    facts.update(_settings(request))
    parts = [part for message in request.messages for part in message.parts]
    seals = frozenset(seal.value for part in parts if (seal := getattr(part, "seal", None)) is not None)
    return Meaning(facts, "\n".join(told), "\n".join(said), seals)


def _part(
    part: Part, message: Message, names: dict[str, str], texts: list[str], memory: ReplyMemory
) -> Iterator[Fact]:
    cache = getattr(part, "cache", None)
    if cache is not None:
        yield "cache_control", "", ""
    match part:
        case Text() | Refusal():
            texts.append(part.text)
            if part.text.strip():
                yield "text", message.role, part.text
        case Media():
            yield from _media(part, message.role, texts)
        case Reasoning():
            yield "reasoning part", "" if part.seal is None else part.seal.value, part.text
        case ToolCall():
            known = memory.tools.get(part.name, ToolIdentity(part.name, part.namespace, part.form))
            names[part.id] = f"{known.namespace or ''}:{known.name}"
            yield "call", names[part.id], _arguments(part, known.form)
        case ToolResult():
            yield from _result(part, names.get(part.call_id, "?"), texts)
        case HostedStep() | Opaque():
            yield "step", part.dialect, json.dumps(dict(part.raw), sort_keys=True, default=str)


def _result(part: ToolResult, caller: str, texts: list[str]) -> Iterator[Fact]:
    for inner in part.content:
        if isinstance(inner, Media):
            yield from _media(inner, "user", texts)
    if part.text.strip():
        texts.append(part.text)
        yield "tool_results", caller, part.text
    if part.is_error:
        yield "is_error", caller, ""


def _media(part: Media, role: str, texts: list[str]) -> Iterator[Fact]:
    plain = as_text(part)
    if plain is not None:
        texts.append(plain)
        yield "text", role, plain
        return
    match part.source:
        case Inline():
            yield "media", part.kind, part.source.data
        case Url():
            yield "media", part.kind, part.source.url
        case _:
            yield "media", part.kind, part.source.id
    if part.detail not in (None, "auto"):
        yield "detail", "", str(part.detail)


def _arguments(call: ToolCall, form: str) -> str:
    value = canonical(call.arguments) if call.form == "json" else {"input": call.arguments}
    if form == "freeform" and not isinstance(value, dict):
        value = {"input": value}
    return json.dumps(value, sort_keys=True, default=str)


def canonical(text: str) -> Any:
    """The value of a JSON text with numbers of any size; doubles beyond their precision count as equal."""
    return json.loads(text, parse_float=_real, parse_int=_real)


def _real(text: str) -> Any:
    number = Decimal(text)
    return (
        str(number.normalize()) if not float("-inf") < float(text) < float("inf") else repr(float(text) + 0.0)
    )


def _tools(request: Request, memory: ReplyMemory) -> Iterator[Fact]:
    for tool in request.tools:
        if isinstance(tool, Hosted):
            yield "tools", "hosted", tool.kind
            continue
        known = memory.tools.get(tool.name, ToolIdentity(tool.name, tool.namespace))
        name = f"{known.namespace or ''}:{known.name}"
        yield "tools", "name", name
        if isinstance(tool, Function):
            yield from (("schema", name, one) for one in sorted(properties(tool.schema or {})))
            if tool.strict:
                yield "strict", name, ""
            yield from (("tools", name, key) for key in tool.extensions)
            if tool.cache is not None:
                yield "cache_control", "", ""
        if tool.description:
            yield "description", name, tool.description
        if isinstance(tool, Freeform) and tool.grammar:
            yield "grammar", name, tool.grammar
    choice = request.tool_choice
    if choice is not None and choice.mode != "auto":
        yield "tool_choice", choice.mode, ""


def properties(schema: Any, depth: int = 0) -> Iterator[str]:
    """The names of properties, with how deep they lie; a schema in no other respect."""
    if not isinstance(schema, Mapping) or depth > 8:
        return
    inner = schema.get("properties")
    for name, value in inner.items() if isinstance(inner, Mapping) else ():
        yield f"{depth}:{name}"
        yield from properties(value, depth + 1)
    for key in ("items", "anyOf", "oneOf", "allOf"):
        value = schema.get(key)
        for one in value if isinstance(value, list) else [value]:
            yield from properties(one, depth + 1)


def _settings(request: Request) -> Iterator[Fact]:
    for field in fields(request.sampling):
        value = getattr(request.sampling, field.name)
        if value in (None, (), "auto", False) and field.name not in ("parallel_tool_calls",):
            continue
        if field.name == "modalities" and set(value) == {"text"}:
            continue
        if field.name == "parallel_tool_calls" and value is not False:
            continue
        if isinstance(value, tuple | Mapping):
            yield from ((field.name, "", str(one)) for one in value)
        else:
            yield (
                field.name,
                "",
                str(value + 0.0 if isinstance(value, float | int) and not isinstance(value, bool) else value),
            )
    if request.reasoning.mode != "unset":
        yield "reasoning", "off" if request.reasoning.mode == "off" else "on", ""
    if request.output.kind != "text":
        yield "response_format", request.output.kind, ""
        yield from (("response_format", "", one) for one in sorted(properties(request.output.schema or {})))
    for members in request.extensions.values():
        yield from (("extension", "", key) for key in members)


def missing(one: Meaning, other: Meaning, memory: ReplyMemory = NOTHING_SENT) -> list[Fact]:
    """The facts of one that the other has not."""
    lost = list((one.facts - other.facts).elements())
    return [fact for fact in lost if not _inside(fact, other, memory)]


def _inside(fact: Fact, other: Meaning, memory: ReplyMemory) -> bool:
    topic, detail, value = fact
    match topic:
        case "system" | "text":
            return value in (other.said if detail == "model" else other.told)
        case "tool_results":
            return value in other.told or _same_json(value, other)
        case "stop":
            return value in memory.stop
        case "is_error":
            # where results have no such flag, their text says it
            return any(key[0] == "tool_results" and key[2].lower().startswith("error") for key in other.facts)
        case "reasoning part":
            return (
                (not value and not detail)
                or detail in other.seals
                or any(key[0] == topic and value and key[2] == value for key in other.facts)
            )
        case "grammar" | "description":
            return any(key[0] == "description" and value in key[2] for key in other.facts)
        case "detail":
            return ("extension", "", "generationConfig.mediaResolution") in other.facts
        case "temperature" | "top_p":
            return float(value) == 1.0  # what every vendor takes where nothing is said
        case _:
            return False


def _same_json(value: str, other: Meaning) -> bool:
    """Whether a result that is JSON text is there in another spelling."""
    try:
        wanted = canonical(value)
    except ValueError:
        return False
    for topic, _, text in other.facts:
        try:
            if topic == "tool_results" and canonical(text) == wanted:
                return True
        except ValueError:
            continue
    return False


def excused(fact: Fact, losses: Iterable[Loss], request: Request) -> bool:
    """Whether a loss was reported that names what the fact is about, or the fact means nothing."""
    topic, _, value = fact
    words = {word for loss in losses for word in _WORD.findall(loss.path)}
    match topic:
        case "extension":
            return bool({value, value.rpartition(".")[2]} & words)
        case "tools" | "description" | "schema" if (
            request.tool_choice is not None and request.tool_choice.only
        ):
            # a list of allowed tools may be said by leaving out the others
            names = {f":{name}" for name in request.tool_choice.only}
            return not names & {value, fact[1]} or (topic == "tools" and "tools" in words)
        case "schema" | "grammar" | "description":
            return False
        case "strict":
            return bool({"tools", "strict"} & words)
        case "parallel_tool_calls":
            idle = request.tool_choice is not None and request.tool_choice.mode == "none"
            return idle or not request.tools or topic in words
        case "step" | "media" | "name" | "detail" | "reasoning part":
            return "messages" in words or topic in words
        case "call" | "tool_results" | "is_error":
            return bool({"tool_results", "messages"} & words)
        case _:
            return bool({topic, *_NAMES.get(topic, ())} & words)
