"""Thinking text and seals in Chat's de-facto members.

No official member carries thinking (openai 3.52.0, 2026-11-20). Clients and vendors use
``reasoning_content`` or ``reasoning`` (text), ``reasoning_details`` (OpenRouter: text, summary, encrypted,
with signatures) and ``thinking_blocks`` (LiteLLM: Anthropic's blocks). Seals of other dialects ride in
``reasoning_details`` inside our envelope.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from proxy_core import jsonbytes
from proxy_core.dialects.openai_chat.wire import BLOCKS, DETAILS, SIGNATURE, TEXT_SEAL
from proxy_core.errors import DecodeError
from proxy_core.ir import seal as seals
from proxy_core.ir.message import Json, Message, Reasoning, Seal, Text, ToolCall

SENTINEL = "skip_thought_signature_validator"
"""Google's documented word for a call that did not come from its models (2026-11-20)."""

_LISTS = (("reasoning_details", DETAILS), ("thinking_blocks", BLOCKS))
_TEXTS = ("text", "summary", "thinking")
_OPAQUE = ("signature", "data")


def thinking_text(message: dict[str, Json]) -> str:
    """Return the thinking text of a message or delta, whichever member has it."""
    for name in ("reasoning_content", "reasoning"):
        text = message.get(name)
        if isinstance(text, str) and text:
            return text
    return ""


def thinking_entries(message: dict[str, Json]) -> tuple[str, list[dict[str, Json]]]:
    """Return the structured thinking of a message or delta with the seal kind of its list."""
    for name, kind in _LISTS:
        entries = message.get(name)
        if isinstance(entries, list) and entries:
            return kind, [entry for entry in entries if isinstance(entry, dict)]
    return DETAILS, []


def entries_text(entries: Iterable[dict[str, Json]]) -> str:
    """Return the readable text of structured thinking."""
    return "".join(text for entry in entries for name in _TEXTS if isinstance(text := entry.get(name), str))


def merge_entries(entries: list[dict[str, Json]], more: Iterable[dict[str, Json]]) -> None:
    """Add streamed fragments: those with the index and type of an entry continue it."""
    for fragment in more:
        same = (entry for entry in entries if _is_same(entry, fragment))
        entry = next(same, None)
        if entry is None:
            entries.append(dict(fragment))
            continue
        for name, value in fragment.items():
            grows = name in (*_TEXTS, "data") and isinstance(value, str)
            before = entry.get(name) if grows else None
            entry[name] = (
                before + value if isinstance(before, str) else value if value is not None else entry.get(name)
            )


def decode_history(message: dict[str, Json]) -> tuple[list[Reasoning], Seal | None]:
    """Read the thinking that a client sends back, and the seal of its visible text if one came along.

    Entries with our envelope become parts of their own; the others stay one list, as they came.
    """
    kind, entries = thinking_entries(message)
    parts: list[Reasoning] = []
    native: list[dict[str, Json]] = []
    text_seal: Seal | None = None
    for entry in entries:
        opaque = next((value for name in _OPAQUE if isinstance(value := entry.get(name), str) and value), "")
        if not opaque:
            native.append(entry)
            continue
        seal = seals.unwrap(opaque, kind)
        if seal is None:
            continue  # a broken envelope: of use to nobody
        if seal.issuer is None:
            native.append(entry)
        elif entry.get("id") == TEXT_SEAL:
            text_seal = seal
        else:
            parts.append(_own_part(entry, seal))
    if native or not parts:
        text = thinking_text(message) if not parts else ""
        text = text or entries_text(native)
        seal = Seal(None, kind, jsonbytes.text(native)) if native else None
        if text or seal:
            parts.append(Reasoning((text,) if text else (), seal))
    return parts, text_seal


def encode_details(part: Reasoning, index: int) -> list[dict[str, Json]]:
    """Return what a reply says of a thinking part's seal; ``index`` counts entries and must not repeat.

    The SDK's accumulator joins entries of one index, so every part is one whole entry.
    """
    seal = part.seal
    if seal is None:
        return []
    if seal.kind == DETAILS:
        return [{**entry, "index": index + number} for number, entry in enumerate(decode_entries(seal.value))]
    if seal.issuer is None:
        return []
    entry: dict[str, Json] = {"type": "reasoning.text", "index": index}
    if part.text and not part.redacted:
        entry |= {"text": part.text, "signature": seals.wrap(seal)}
    else:
        entry |= {"type": "reasoning.encrypted", "data": seals.wrap(seal)}
    if part.id is not None:
        entry["id"] = part.id
    return [entry]


def encode_text_seal(seal: Seal | None, index: int) -> list[dict[str, Json]]:
    """Return the entry that carries the seal of visible text (Gemini signs text as well)."""
    if seal is None or seal.issuer is None:
        return []
    return [{"type": "reasoning.encrypted", "index": index, "id": TEXT_SEAL, "data": seals.wrap(seal)}]


def encode_call_seal(seal: Seal | None) -> dict[str, Json] | None:
    """Return ``extra_content`` for a call's seal, None without one."""
    if seal is None or (seal.issuer is None and seal.kind != SIGNATURE):
        return None
    return {"google": {"thought_signature": seals.carried(seal, SIGNATURE)}}


def encode_history(message: Message, issuer: str) -> dict[str, Json]:
    """Return the thinking members for an upstream that takes the extensions; own seals only."""
    parts = [part for part in message.parts if isinstance(part, Reasoning)]
    members: dict[str, Json] = {}
    text = "\n\n".join(part.text for part in parts if part.text)
    if text:
        members["reasoning_content"] = text
    for name, kind in _LISTS:
        sent = [seals.sendable(part.seal, issuer, kind) for part in parts]
        entries = [entry for value in sent if value is not None for entry in decode_entries(value)]
        if entries:
            members[name] = entries
    return members


def stand_in(messages: Iterable[dict[str, Json]]) -> None:
    """Put in what vendors take for lost reasoning, beside the calls of each message.

    Google's endpoint takes its documented word on the first call; DeepSeek and Moonshot want
    ``reasoning_content`` to be there, whatever it says (issues of their users, 2026-11-21).
    """
    for message in messages:
        calls = message.get("tool_calls")
        if calls:
            calls[0].setdefault("extra_content", {"google": {"thought_signature": SENTINEL}})
            message.setdefault("reasoning_content", " ")


def encode_history_call_seal(call: ToolCall, issuer: str) -> dict[str, Json] | None:
    """Return ``extra_content`` for a call in history, if its seal came from this vendor."""
    value = seals.sendable(call.seal, issuer, SIGNATURE)
    return None if value is None else {"google": {"thought_signature": value}}


def decode_entries(value: str) -> list[dict[str, Json]]:
    """Return the list inside a seal; one that was tampered with is empty."""
    try:
        entries = jsonbytes.decode(value)
    except DecodeError:
        return []
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def attach_seal(parts: Sequence[Text], seal: Seal | None) -> list[Text]:
    """Put the seal of visible text back on the last of its parts."""
    if seal is None:
        return list(parts)
    if not parts:
        return [Text("", seal=seal)]
    last = parts[-1]
    return [*parts[:-1], Text(last.text, last.citations, last.cache, seal)]


def _own_part(entry: dict[str, Json], seal: Seal) -> Reasoning:
    text = entries_text([entry])
    identity = entry.get("id")
    return Reasoning(
        segments=(text,) if text else (),
        seal=seal,
        redacted=seal.kind.endswith(".redacted"),
        id=identity if isinstance(identity, str) else None,
    )


def _is_same(entry: dict[str, Json], fragment: dict[str, Json]) -> bool:
    index = fragment.get("index")
    return index is not None and entry.get("index") == index and entry.get("type") == fragment.get("type")
