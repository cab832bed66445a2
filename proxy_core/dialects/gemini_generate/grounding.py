"""Sources of an answer: ``groundingMetadata`` and ``citationMetadata``, both ways.

Offsets on the wire count UTF-8 bytes of the visible text (google-genai 3.4.0 types, 2026-11-20); ours
count code points of the part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from proxy_core.dialects.gemini_generate.steps import queries_of, sources_of
from proxy_core.ir.message import Citation, HostedStep, Json, Part, Text


def decode_citations(candidate: Mapping[str, Json], text: str, before: int = 0) -> tuple[Citation, ...]:
    """Return the citations of ``text``; ``before`` is the length in bytes of visible text before it."""
    raw = text.encode("utf-8", "replace")
    found = [*_grounded(candidate.get("groundingMetadata")), *_recited(candidate.get("citationMetadata"))]
    return tuple(_located(citation, raw, before, span) for citation, span in found)


_Span = tuple[int, int] | None


def _grounded(grounding: Json) -> Iterable[tuple[Citation, _Span]]:
    if not isinstance(grounding, dict):
        return
    sources = [_source(item) for item in _dicts(grounding.get("groundingChunks"))]
    for support in _dicts(grounding.get("groundingSupports")):
        segment = support.get("segment")
        segment = segment if isinstance(segment, dict) else {}
        quote = segment.get("text")
        indices = support.get("groundingChunkIndices")
        for index in indices if isinstance(indices, list) else ():
            if isinstance(index, int) and 0 <= index < len(sources):
                url, title = sources[index]
                yield Citation(url, title, quote if isinstance(quote, str) else None), _span(segment)


def _recited(citations: Json) -> Iterable[tuple[Citation, _Span]]:
    if not isinstance(citations, dict):
        return
    for item in _dicts(citations.get("citations") or citations.get("citationSources")):
        yield Citation(_text(item.get("uri")), _text(item.get("title"))), _span(item)


def _source(chunk: Mapping[str, Json]) -> tuple[str | None, str | None]:
    for kind in ("web", "retrievedContext", "maps"):
        found = chunk.get(kind)
        if isinstance(found, dict):
            return _text(found.get("uri")), _text(found.get("title"))
    return None, None


def _span(item: Mapping[str, Json]) -> _Span:
    start, end = item.get("startIndex", 0), item.get("endIndex")
    return (start, end) if isinstance(start, int) and isinstance(end, int) and 0 <= start <= end else None


def _located(citation: Citation, raw: bytes, before: int, span: _Span) -> Citation:
    if span is None:
        return citation
    start, end = span[0] - before, span[1] - before
    if start < 0 or end > len(raw):
        return citation
    first, last = (len(raw[:at].decode("utf-8", "ignore")) for at in (start, end))
    return Citation(citation.url, citation.title, citation.quote, first, last)


def _dicts(value: Json) -> list[dict[str, Json]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def encode_grounding(parts: Iterable[Part], steps: Sequence[HostedStep] = ()) -> dict[str, Json] | None:
    """Return ``groundingMetadata`` for searches and the citations of all texts; None where there are none."""
    chunks: list[Json] = []
    supports: list[Json] = []
    places: dict[tuple[str | None, str | None], int] = {}
    before = 0
    for part in parts:
        if not isinstance(part, Text):
            continue
        for citation in part.citations:
            if citation.url is None and citation.title is None:
                continue
            source = (citation.url, citation.title)
            if source not in places:
                places[source] = len(chunks)
                chunks.append(_chunk(citation.url, citation.title))
            segment = _segment(citation, part.text, before)
            supports.append({"segment": segment, "groundingChunkIndices": [places[source]]})
        before += _bytes(part.text)
    # What was found but not cited comes last, so that the numbers above stay.
    known = {url for url, _ in places}
    for found in sources_of(steps):
        if found.url not in known:
            known.add(found.url)
            chunks.append(_chunk(found.url, found.title or found.url))
    queries = queries_of(steps)
    grounding: dict[str, Json] = {"webSearchQueries": queries} if queries else {}
    if chunks:
        grounding |= {"groundingChunks": chunks, "groundingSupports": supports}
    return grounding or None


def _chunk(url: str | None, title: str | None) -> dict[str, Json]:
    named = {"uri": url, "title": title}
    return {"web": {key: value for key, value in named.items() if value is not None}}


def _segment(citation: Citation, text: str, before: int) -> dict[str, Json]:
    start = 0 if citation.start is None else citation.start
    end = len(text) if citation.end is None else citation.end
    return {
        "startIndex": before + _bytes(text[:start]),
        "endIndex": before + _bytes(text[:end]),
        "text": text[start:end],
    }


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
