"""Text and media as input parts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from proxy_core.dialects.openai_responses.wire import FAMILY
from proxy_core.errors import UnsupportedError
from proxy_core.ir.media import data_url
from proxy_core.ir.message import CacheMark, FileReference, Inline, Json, Media, Text

_DETAILS = frozenset({"auto", "low", "high", "original"})
_FILE_DETAILS = frozenset({"auto", "low", "high"})
_TTLS = frozenset({"30m", "12h"})
_SUFFIXES: Mapping[str, str] = MappingProxyType(
    {"application/pdf": "pdf", "text/plain": "txt", "text/markdown": "md", "application/json": "json"}
)


def encode_input(part: Text | Media, path: str, marks: bool) -> dict[str, Json]:
    """Write one input part; ``path`` is named if it cannot be said, ``marks`` allows cache breakpoints.

    Raises UnsupportedError for sound, film and files that another vendor stores.
    """
    if isinstance(part, Text):
        written: dict[str, Json] = {"type": "input_text", "text": part.text}
    elif part.kind == "image":
        written = _image(part, path)
    elif part.kind == "document":
        written = _file(part, path)
    else:
        raise UnsupportedError(f"This model takes no {part.kind} input.", param=path)
    if marks and part.cache is not None:
        written["prompt_cache_breakpoint"] = _breakpoint(part.cache)
    return written


def _breakpoint(mark: CacheMark) -> dict[str, Json]:
    # Another vendor's lifetime is not ours: only its presence is carried over.
    return {"mode": "explicit", "ttl": mark.ttl} if mark.ttl in _TTLS else {"mode": "explicit"}


def _image(part: Media, path: str) -> dict[str, Json]:
    detail = part.detail if part.detail in _DETAILS else "auto"
    match part.source:
        case Inline():
            return {"type": "input_image", "detail": detail, "image_url": data_url(part.source)}
        case FileReference():
            return {"type": "input_image", "detail": detail, "file_id": _own_id(part.source, path)}
        case _:
            return {"type": "input_image", "detail": detail, "image_url": part.source.url}


def _file(part: Media, path: str) -> dict[str, Json]:
    written: dict[str, Json] = {"type": "input_file"}
    match part.source:
        case Inline():
            suffix = _SUFFIXES.get(part.source.mime, "bin")
            written["filename"] = part.name or f"document.{suffix}"
            written["file_data"] = data_url(part.source)
        case FileReference():
            written["file_id"] = _own_id(part.source, path)
        case _:
            written["file_url"] = part.source.url
    if part.detail in _FILE_DETAILS:
        written["detail"] = part.detail
    return written


def _own_id(source: FileReference, path: str) -> str:
    # All dialects of one vendor begin with its family's name and share its file ids.
    if not source.dialect.startswith(FAMILY):
        raise UnsupportedError("An uploaded file exists only at the vendor it was sent to.", param=path)
    return source.id
