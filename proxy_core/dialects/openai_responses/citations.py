"""``annotations`` of output text. Offsets count characters, as ours do."""

from __future__ import annotations

from collections.abc import Sequence

from proxy_core.ir.message import Citation, Json

_OWN = ("file_citation", "container_file_citation", "file_path")


def decode_citations(annotations: Json) -> tuple[Citation, ...]:
    """Read annotations; what is no known annotation is kept in ``native`` only."""
    if not isinstance(annotations, list):
        return ()
    return tuple(_decode(entry) for entry in annotations if isinstance(entry, dict))


def _decode(entry: dict[str, Json]) -> Citation:
    if entry.get("type") != "url_citation":
        return Citation(native=entry)
    return Citation(
        url=_string(entry.get("url")),
        title=_string(entry.get("title")),
        start=_offset(entry.get("start_index")),
        end=_offset(entry.get("end_index")),
    )


def _string(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _offset(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def encode_citations(citations: Sequence[Citation], text: str) -> list[Json]:
    """Write annotations; every member is required by type, so a missing offset means the whole text."""
    written: list[Json] = []
    for citation in citations:
        if citation.url is not None:
            written.append(
                {
                    "type": "url_citation",
                    "start_index": citation.start if citation.start is not None else 0,
                    "end_index": citation.end if citation.end is not None else len(text),
                    "title": citation.title or "",
                    "url": citation.url,
                }
            )
        elif citation.native.get("type") in _OWN:
            written.append(dict(citation.native))
    return written
