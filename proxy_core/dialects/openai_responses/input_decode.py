"""The ``input`` of a request: items to messages.

Consecutive items of the model (reasoning, text, calls) are one turn, consecutive tool outputs are one user
turn. Item ids and ``status`` are not kept: nobody but the vendor that stored an item knows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from proxy_core.dialects.openai_responses import compaction
from proxy_core.dialects.openai_responses.content_decode import decode_content, decode_output
from proxy_core.dialects.openai_responses.fields import Fields, fields, wrong
from proxy_core.dialects.openai_responses.hosted import HOSTED_STEPS
from proxy_core.dialects.openai_responses.local_results import decode_result, result_kind
from proxy_core.dialects.openai_responses.local_tools import call_arguments, call_kind, typed_of
from proxy_core.dialects.openai_responses.steps import decode_step
from proxy_core.dialects.openai_responses.wire import AFTER, ALONE, NAME, SEAL_KIND
from proxy_core.errors import DecodeError, UnsupportedError
from proxy_core.ir.message import (
    EMPTY,
    Json,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Role,
    Seal,
    Text,
    ToolCall,
    ToolResult,
)
from proxy_core.ir.seal import unwrap

DEFAULT_NAMESPACE = "functions"
"""Where Codex puts its direct tools; their calls come back without it (Codex 0.169, captured 2026-11-20)."""

_ROLES = frozenset({"user", "assistant", "system", "developer"})


@dataclass(frozen=True, slots=True)
class Conversation:
    """What ``input`` holds.

    ``tools`` are declarations that ride in items, in the order they came; ``found`` those that a search among
    deferred tools has loaded. ``compacts``: a compaction of it is asked for.
    """

    system: tuple[Part, ...]
    messages: tuple[Message, ...]
    tools: tuple[Fields, ...]
    found: tuple[Fields, ...] = ()
    compacts: bool = False


def decode_input(body: Fields, required: bool) -> Conversation:
    """Read ``input``. Raises DecodeError, and UnsupportedError for items that need the vendor's store."""
    given = body.raw.get("input")
    if given is None and required:
        raise DecodeError("`input` is missing: a string or an array of items is needed.", param="input")
    if given is None:
        return Conversation((), (), ())
    if isinstance(given, str):
        return Conversation((), (Message("user", (Text(given),)),), ())
    if not isinstance(given, list):
        raise wrong("input", "a string or an array of items")
    reader = _Reader()
    for place, value in enumerate(given):
        reader.read(fields(value, f"input[{place}]"))
    return reader.conversation()


def namespace_of(item: Fields) -> str | None:
    """Return the namespace of a tool or call, None for the default one."""
    name = item.text("namespace")
    return None if name in (None, "", DEFAULT_NAMESPACE) else name


class _Reader:
    def __init__(self) -> None:
        self._system: list[Part] = []
        self._messages: list[Message] = []
        self._tools: list[Fields] = []
        self._found: list[Fields] = []
        self._role: Role | None = None
        self._parts: list[Part] = []
        self._extensions: Mapping[str, Json] = EMPTY
        self._calls: dict[str, str] = {}
        self._compacts = False

    def conversation(self) -> Conversation:
        self._flush()
        return Conversation(
            tuple(self._system),
            tuple(self._messages),
            tuple(self._tools),
            tuple(self._found),
            self._compacts,
        )

    def read(self, item: Fields) -> None:
        kind = item.text("type") or ("message" if "role" in item.raw else "")
        match kind:
            case "message":
                self._message(item)
            case "reasoning":
                self._reasoning(item)
            case "function_call" | "custom_tool_call":
                self._add("model", _call(item, kind == "custom_tool_call"))
            case "function_call_output" | "custom_tool_call_output":
                self._add("user", _result(item, kind == "custom_tool_call_output"))
            case "additional_tools":
                self._tools += item.objects("tools")
            case compaction.ITEM:
                self._turn(compaction.read_summary(item))
            case compaction.TRIGGER:
                self._compacts = True
                self._turn(compaction.asked_for())
            case _:
                self._other(item, kind)

    def _message(self, item: Fields) -> None:
        role = item.need("role")
        if role not in _ROLES:
            raise wrong(item.at("role"), "user, assistant, system or developer")
        parts = decode_content(item)
        if role == "assistant":
            self._answer(parts)
            if phase := item.text("phase"):
                self._extensions = {"phase": phase}
        elif role == "user":
            self._turn(Message("user", parts))
        elif self._messages or self._parts:
            self._flush()
            self._messages.append(Message("system", parts))
        else:
            self._system += parts

    def _turn(self, message: Message) -> None:
        self._flush()
        self._messages.append(message)

    def _answer(self, parts: tuple[Part, ...]) -> None:
        if self._role != "model" or any(isinstance(part, Text | Refusal) for part in self._parts):
            self._flush()
        for part in parts:
            self._add("model", part)

    def _reasoning(self, item: Fields) -> None:
        sealed = item.text("encrypted_content")
        seal = unwrap(sealed, SEAL_KIND) if sealed else None
        if seal is not None and seal.kind.endswith(AFTER):
            self._seal_last(replace(seal, kind=seal.kind.removesuffix(AFTER)))
            return
        if seal is not None and seal.kind.endswith(ALONE):
            self._add("model", Text("", seal=replace(seal, kind=seal.kind.removesuffix(ALONE))))
            return
        # Some clients mirror the same text in both members; the summary is what may be shown.
        segments = _segments(item, "summary") or _segments(item, "content")
        if segments or seal is not None:
            redacted = seal is not None and seal.kind == "anthropic.redacted"
            self._add("model", Reasoning(segments, seal, redacted, item.text("id")))

    def _seal_last(self, seal: Seal) -> None:
        last = self._parts[-1] if self._role == "model" and self._parts else None
        if isinstance(last, Text | ToolCall) and last.seal is None:
            self._parts[-1] = replace(last, seal=seal)

    def _other(self, item: Fields, kind: str) -> None:
        _refuse_stored(item, kind)
        if kind == "tool_search_output":
            # Tools that were found earlier; a target without the search must know them all the same.
            self._found += item.objects("tools")
        if (called := call_kind(item)) is not None:
            self._add("model", self._typed_call(called, item))
        elif (answered := result_kind(item)) is not None:
            self._add("user", decode_result(answered, item, self._calls))
        else:
            role: Role = "user" if kind.endswith(("_output", "_response")) else "model"
            self._add(role, decode_step(item.raw) if kind in HOSTED_STEPS else Opaque(NAME, item.raw))

    def _typed_call(self, kind: str, item: Fields) -> ToolCall:
        call_id = item.need("call_id")
        self._calls[item.text("id") or call_id] = call_id
        return ToolCall(call_id, kind, call_arguments(kind, item), typed=typed_of(kind, item.raw))

    def _add(self, role: Role, part: Part) -> None:
        if role != self._role:
            self._flush()
            self._role = role
        self._parts.append(part)

    def _flush(self) -> None:
        if self._role is not None and self._parts:
            message = Message(self._role, tuple(self._parts), extensions=self._extensions)
            self._messages.append(message)
        self._role, self._parts, self._extensions = None, [], EMPTY


def _refuse_stored(item: Fields, kind: str) -> None:
    if not kind and "id" not in item.raw:
        raise wrong(item.at("type"), "the kind of the item")
    if kind in ("item_reference", ""):
        sentence = "An item_reference needs the provider that stored the item: send the item itself."
    else:
        return
    raise UnsupportedError(sentence, param=item.path)


def _segments(item: Fields, key: str) -> tuple[str, ...]:
    texts = (part.text("text") for part in item.objects(key))
    return tuple(text for text in texts if text)


def _call(item: Fields, freeform: bool) -> ToolCall:
    call_id, name, namespace = item.need("call_id"), item.need("name"), namespace_of(item)
    if freeform:
        return ToolCall(call_id, name, item.text("input") or "", "freeform", namespace)
    arguments = item.text("arguments") or ""
    return ToolCall(call_id, name, arguments if arguments.strip() else "{}", "json", namespace)


def _result(item: Fields, freeform: bool) -> ToolResult:
    content, as_text = decode_output(item)
    result = ToolResult(item.need("call_id"), content, item.text("name"), as_text=as_text)
    return replace(result, form="freeform") if freeform else result
