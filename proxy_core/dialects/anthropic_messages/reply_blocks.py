"""Content blocks of a reply, both ways (anthropic 2.11.0 ``ContentBlock``, 2026-11-20)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from proxy_core import jsonbytes
from proxy_core.dialects.anthropic_messages import steps
from proxy_core.dialects.anthropic_messages.blocks_decode import decode_citation
from proxy_core.dialects.anthropic_messages.blocks_encode import Block, encode_call
from proxy_core.dialects.anthropic_messages.select import media_note
from proxy_core.dialects.anthropic_messages.words import (
    LENDABLE,
    NAME,
    OF_NEXT,
    PART_SEALS,
    REDACTED,
    SIGNATURE,
    UNSIGNED,
)
from proxy_core.ir.message import (
    Citation,
    HostedStep,
    Json,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
)
from proxy_core.ir.seal import carried, wrap


def decode_block(block: Mapping[str, Json], issuer: str) -> Part:
    """Read one complete block; wrong types read as empty, unknown blocks stay as they are."""
    match block.get("type"):
        case "text":
            found = block.get("citations")
            citations = found if isinstance(found, list) else []
            return Text(
                _word(block, "text"),
                tuple(decode_citation(one) for one in citations if isinstance(one, dict)),
            )
        case "thinking":
            text = _word(block, "thinking")
            return Reasoning((text,) if text else (), _seal(block, "signature", SIGNATURE, issuer))
        case "redacted_thinking":
            return Reasoning((), _seal(block, "data", REDACTED, issuer), redacted=True)
        case "tool_use":
            given = block.get("input")
            arguments = "{}" if given is None else jsonbytes.text(given)
            return ToolCall(_word(block, "id"), _word(block, "name"), arguments)
        case "server_tool_use":
            return steps.decode_call(block)
        case str(kind) if steps.is_result(kind):
            return steps.decode_result(block)
        case _:
            return Opaque(NAME, dict(block))


def identified(block: Mapping[str, Json], reply_id: str, place: int) -> Mapping[str, Json]:
    """Return the block; a call that came without an id gets one that is the same every time."""
    if block.get("type") != "tool_use" or _word(block, "id"):
        return block
    seed = f"{reply_id}:{place}:{_word(block, 'name')}".encode("utf-8", "surrogatepass")
    return {**block, "id": "toolu_" + hashlib.sha256(seed).hexdigest()[:24]}


def _word(block: Mapping[str, Json], key: str) -> str:
    value = block.get(key)
    return value if isinstance(value, str) else ""


def _seal(block: Mapping[str, Json], key: str, kind: str, issuer: str) -> Seal | None:
    value = _word(block, key)
    # Another Trunkline upstream marks unsigned thinking as we do.
    return Seal(issuer, kind, value) if value and value != wrap(UNSIGNED) else None


def encode_content(parts: Sequence[Part], reply_id: str = "") -> list[Block]:
    """Return the blocks of a reply.

    A seal on a text or call travels in a redacted block of its own: before a call (unless unsigned thinking
    stands there, which takes it), and after a text that something follows. After the last text there is
    none: Claude Code 2.1.329 takes the last block for the answer (2026-11-20), and vendors only recommend
    that the seal of a final text comes back.
    """
    blocks: list[Block] = []
    waiting: list[Block] = []
    writer = steps.StepWriter()
    for part in _sharing(parts):
        shown = writer.take(part, reply_id) if isinstance(part, HostedStep) else encode_blocks(part)
        blocks += [*waiting, *shown]
        waiting = after(part) if isinstance(part, Text) else []
    return [*blocks, *writer.close(parts, reply_id)]


def _sharing(parts: Sequence[Part]) -> list[Part]:
    """Let unsigned thinking carry the seal of the call right after it."""
    out = list(parts)
    for at in range(len(out) - 1):
        thought, call = out[at], out[at + 1]
        if not isinstance(thought, Reasoning) or not isinstance(call, ToolCall):
            continue
        if is_unsigned(thought) and lendable(call):
            out[at] = replace(thought, seal=call.seal)
            out[at + 1] = replace(call, seal=None)
    return out


def is_unsigned(part: Part) -> bool:
    """Return whether a part is visible thinking that nobody signed."""
    return isinstance(part, Reasoning) and not part.redacted and part.seal is None and bool(part.text)


def lendable(call: ToolCall) -> str | None:
    """Return a call's seal as it may stand in the signature of the thinking right before it.

    Of the kinds that sit on calls only this one finds its way back to the call from there.
    """
    return _part_seal(call.seal) if call.seal is not None and call.seal.kind == LENDABLE else None


def encode_blocks(part: Part) -> list[Block]:
    """Return the blocks of one part, without the carrier that may follow a text.

    There are none for what only another dialect can show.
    """
    match part:
        case Text():
            return _text(part)
        case Refusal():
            return [{"type": "text", "text": part.text}] if part.text else []
        case Reasoning():
            return _reasoning(part)
        case ToolCall():
            return [*_before(part), encode_call(part)]
        case Media():
            return [{"type": "text", "text": media_note(part)}]
        case HostedStep() | Opaque() if part.dialect == NAME and isinstance(part.raw.get("type"), str):
            return [dict(part.raw)]
        case _:
            return []


def _text(part: Text) -> list[Block]:
    citations = reply_citations(part.citations)
    if not part.text and not citations:
        return []
    block: Block = {"type": "text", "text": part.text}
    if citations:
        block["citations"] = citations
    return [block]


def reply_citations(citations: tuple[Citation, ...]) -> list[Block]:
    """Return citations as the client knows them; web sources of other vendors as search results."""
    return [found for one in citations if (found := _citation(one))]


def _citation(citation: Citation) -> Block | None:
    kind = citation.native.get("type")
    if isinstance(kind, str) and kind.endswith("_location"):
        return dict(citation.native)
    if not citation.url:
        return None
    return {
        "type": "web_search_result_location",
        "url": citation.url,
        "title": citation.title,
        "cited_text": citation.quote or "",
        "encrypted_index": "",
    }


def _reasoning(part: Reasoning) -> list[Block]:
    if part.redacted and not part.segments:
        data = _carried(part.seal, REDACTED)
        return [{"type": "redacted_thinking", "data": data}] if data else []
    text = "\n\n".join(segment for segment in part.segments if segment)
    if not text and part.seal is None:
        return []
    return [{"type": "thinking", "thinking": text, "signature": signature_of(part)}]


def signature_of(part: Reasoning) -> str:
    """Return what stands in the signature of a thinking block: never empty."""
    return _carried(part.seal, SIGNATURE) or wrap(UNSIGNED)


def _carried(seal: Seal | None, kind: str) -> str | None:
    if seal is None or (seal.issuer is None and seal.kind != kind):
        return None
    return carried(seal, kind)


def _before(call: ToolCall) -> list[Block]:
    if call.seal is None or not _part_seal(call.seal):
        return []
    seal = replace(call.seal, kind=call.seal.kind + OF_NEXT)
    return [{"type": "redacted_thinking", "data": wrap(seal)}]


def after(part: Text | ToolCall) -> list[Block]:
    """Return the carrier of a seal for a part that has already been sent."""
    value = _part_seal(part.seal)
    return [{"type": "redacted_thinking", "data": value}] if value else []


def _part_seal(seal: Seal | None) -> str | None:
    if seal is None or seal.issuer is None or seal.kind not in PART_SEALS:
        return None
    return wrap(seal)
