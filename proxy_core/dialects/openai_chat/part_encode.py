"""Content parts for an upstream: text, pictures, sound, files, and cache marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from proxy_core.dialects.openai_chat.wire import FAMILY, NAME
from proxy_core.errors import UnsupportedError
from proxy_core.ir.media import as_text, data_url
from proxy_core.ir.message import (
    CacheMark,
    FileReference,
    HostedStep,
    Inline,
    Json,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolResult,
    Url,
)
from proxy_core.ir.request import Loss

_MAX_MARKS = 4
_TTLS = frozenset({"30m", "12h"})
_FORMATS: Mapping[str, str] = MappingProxyType({
    "audio/wav": "wav", "audio/x-wav": "wav", "audio/wave": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3",
})  # fmt: skip


class CacheMarks:
    """Chooses which cache marks are written: at most four, those of the instructions first, then the latest.

    Only a strict target gets them: many compatible vendors refuse a content list where text would do
    (DeepSeek: "invalid type: sequence, expected a string", QwenLM/qwen-code#2318, 2026-03-12).
    """

    def __init__(self, strict: bool, system: Iterable[Part], messages: Iterable[Message]) -> None:
        first = _count(system)
        total = first + sum(_count(message.parts) for message in messages)
        self._first = min(first, _MAX_MARKS) if strict else 0
        self._late = total - (_MAX_MARKS - self._first) if strict else total
        self._seen = 0
        self._written = 0
        self.dropped = total > _MAX_MARKS if strict else total > 0

    def take(self, mark: CacheMark | None) -> dict[str, Json] | None:
        """Return the wire form of the next mark, None where there is none or it is not written."""
        if mark is None:
            return None
        number, self._seen = self._seen, self._seen + 1
        if self._first <= number < self._late or self._written == _MAX_MARKS:
            return None
        self._written += 1
        wire: dict[str, Json] = {"mode": "explicit"}
        if mark.ttl in _TTLS:
            wire["ttl"] = mark.ttl
        return wire


class ContentEncoder:
    """Encodes content; ``losses`` collects what had to go."""

    def __init__(self, strict: bool, extends: bool, marks: CacheMarks, losses: list[Loss]) -> None:
        self.strict = strict
        self.extends = extends
        self.marks = marks
        self.losses = losses

    def content(self, parts: Sequence[Part], glue: str = "\n\n") -> str | list[dict[str, Json]]:
        """Return parts as a string where they are one plain text, else as a list.

        For a target that is not strict all-text content is one string, its parts joined by ``glue``.
        """
        wire = [item for part in parts if (item := self.part(part)) is not None]
        wire = [item for item in wire if item != _text("")] or wire[:1]
        if all(item.keys() == {"type", "text"} for item in wire) and (len(wire) < 2 or not self.strict):
            return glue.join(item["text"] for item in wire)
        return wire

    def part(self, part: Part) -> dict[str, Json] | None:
        """Return one part, None where it is dropped. Raises UnsupportedError."""
        match part:
            case Text():
                return self._marked({"type": "text", "text": part.text}, part.cache)
            case Refusal():
                return {"type": "refusal", "refusal": part.text} if self.strict else _text(part.text)
            case Media():
                return self._marked(self._media(part), part.cache)
            case Opaque() if part.dialect == NAME:
                return dict(part.raw)
            case Opaque() | HostedStep():
                kind = part.kind if isinstance(part, HostedStep) else str(part.raw.get("type", "unknown"))
                self.losses.append(Loss(f"messages[].{kind}", "Only the vendor it came from can read it."))
                return None
            case Reasoning():
                return None  # has no place in content
            case _:
                return None

    def _marked(self, wire: dict[str, Json], cache: CacheMark | None) -> dict[str, Json]:
        mark = self.marks.take(cache)
        return wire if mark is None else {**wire, "prompt_cache_breakpoint": mark}

    def _media(self, part: Media) -> dict[str, Json]:
        if isinstance(part.source, FileReference):
            return _reference(part.source, part)
        match part.kind:
            case "image":
                image: dict[str, Json] = {"url": _address(part.source)}
                if part.detail is not None:
                    # vendors that only imitate the dialect know nothing finer than high
                    image["detail"] = part.detail if self.strict or part.detail != "original" else "high"
                return {"type": "image_url", "image_url": image}
            case "audio":
                return self._audio(part)
            case "video":
                if self.strict:
                    raise _unsupported("video", "Send pictures, or choose a model that takes films.")
                return {"type": "video_url", "video_url": {"url": _address(part.source)}}
            case _:
                return self._document(part)

    def _audio(self, part: Media) -> dict[str, Json]:
        if not isinstance(part.source, Inline):
            raise _unsupported("audio", "Send the sound itself as base64, not its address.")
        mime = part.source.mime.partition(";")[0].strip()
        form = _FORMATS.get(mime)
        if form is None and self.strict:
            raise _unsupported("audio", f"Only WAV and MP3 are taken, not {mime}.")
        return {"type": "input_audio", "input_audio": {"data": part.source.data, "format": form or mime[6:]}}

    def _document(self, part: Media) -> dict[str, Json]:
        name = part.name or "document"
        if isinstance(part.source, Inline):
            plain = None if self.strict else as_text(part)
            if plain is not None:
                return _text(f'<document name="{name}">\n{plain}\n</document>')
            if part.name is None and part.source.mime == "application/pdf":
                name = "document.pdf"
            return {"type": "file", "file": {"filename": name, "file_data": data_url(part.source)}}
        if self.strict or not isinstance(part.source, Url):
            raise _unsupported("file", "Send the document itself as base64, not its address.")
        return {"type": "file", "file": {"filename": name, "file_data": part.source.url}}


def _reference(source: FileReference, part: Media) -> dict[str, Json]:
    # All dialects of one vendor begin with its family's name and share its file ids.
    if not source.dialect.startswith(FAMILY) or part.kind == "audio":
        raise _unsupported(
            "file_id", "Uploaded files belong to the vendor that has them; send the file itself."
        )
    return {"type": "file", "file": {"file_id": source.id}}


def _address(source: Inline | Url | FileReference) -> str:
    match source:
        case Inline():
            return data_url(source)
        case Url():
            return source.url
        case FileReference():
            return source.id


def _unsupported(what: str, advice: str) -> UnsupportedError:
    return UnsupportedError(f"The chosen model cannot take this {what} part. {advice}", param="messages")


def _text(text: str) -> dict[str, Json]:
    return {"type": "text", "text": text}


def _count(parts: Iterable[Part]) -> int:
    return sum(isinstance(part, Text | Media | ToolResult) and part.cache is not None for part in parts)
