"""Puts one streamed content block together (anthropic 2.11.0 stream events, 2026-11-20)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from proxy_core import jsonbytes
from proxy_core.dialects.anthropic_messages.reply_blocks import decode_block
from proxy_core.errors import DecodeError
from proxy_core.ir.fold import skeleton
from proxy_core.ir.message import HostedStep, Json, Part, Reasoning, Text, ToolCall

_STREAMED = MappingProxyType(
    {
        "text": "text",
        "thinking": "thinking",
        "tool_use": "partial_json",
        "server_tool_use": "partial_json",
    }
)


class BlockBuilder:
    """Collects the deltas of a block that started as ``start``; ``is_closed`` once its stop was seen."""

    def __init__(self, start: Mapping[str, Json], issuer: str) -> None:
        self._start = dict(start)
        self._issuer = issuer
        self._kind = start.get("type")
        self._citations: list[Json] = []
        self._texts: list[str] = []
        self._fresh = ""
        self.is_closed = False
        first = start.get(str(self._kind))
        if self._kind in ("text", "thinking") and isinstance(first, str):
            self._grow(first)

    def skeleton(self) -> Part:
        """Return the part as it opens."""
        return skeleton(decode_block({**self._start, "input": {}}, self._issuer))

    def add(self, delta: Mapping[str, Json]) -> None:
        """Take a delta; one of an unknown type is passed over."""
        signature, citation = delta.get("signature"), delta.get("citation")
        if isinstance(signature, str) and self._kind == "thinking":
            self._start["signature"] = signature  # a second one replaces the first, as in the SDK
        elif isinstance(citation, dict):
            self._citations.append(citation)
        else:
            piece = delta.get(_STREAMED.get(str(self._kind), ""))
            if isinstance(piece, str):
                self._grow(piece)

    def take(self) -> str:
        """Return text that may be passed on now; half of a surrogate pair waits for its other half."""
        if self._kind == "server_tool_use":
            return ""
        text, self._fresh = self._fresh, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._fresh = text[:-1], text[-1]
        return _paired(text)

    def release(self) -> str:
        """Return what ``take`` held back, at the end, or arguments that the start brought."""
        if self._kind == "server_tool_use":
            return ""
        text, self._fresh = self._fresh, ""
        given = self._start.get("input")
        if self._kind == "tool_use" and not "".join(self._texts).strip() and given:
            return jsonbytes.text(given)
        return text

    def part(self) -> Part:
        """Return the whole part."""
        text = _paired("".join(self._texts))
        part = decode_block(self._start, self._issuer)
        match part:
            case Text():
                whole = {**self._start, "text": text, "citations": self._all_citations()}
                return decode_block(whole, self._issuer)
            case Reasoning() if not part.redacted:
                return Reasoning((text,) if text else (), part.seal)
            case ToolCall() if text.strip():
                return ToolCall(part.id, part.name, text)
            case HostedStep() if self._kind == "server_tool_use" and text.strip():
                return decode_block({**self._start, "input": _value(text)}, self._issuer)
            case _:
                return part

    def _grow(self, piece: str) -> None:
        self._texts.append(piece)
        self._fresh += piece

    def _all_citations(self) -> list[Json]:
        first = self._start.get("citations")
        return [*(first if isinstance(first, list) else []), *self._citations]


def _paired(text: str) -> str:
    """Return the text with surrogate pairs joined; they come apart when a vendor cuts between escapes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text


def _value(text: str) -> Json:
    try:
        return jsonbytes.decode(text)
    except DecodeError:
        return {}
