from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy_core.dialects.gemini_generate.grounding import decode_citations, encode_grounding
from proxy_core.ir.message import Citation, Reasoning, Text

SOURCE = Citation("https://a.example", "A")


def grounded(start: int, end: int) -> dict[str, Any]:
    return {
        "groundingMetadata": {
            "groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}],
            "groundingSupports": [
                {
                    "segment": {"startIndex": start, "endIndex": end, "text": "q"},
                    "groundingChunkIndices": [0, 7],
                }
            ],
        }
    }


def test_bytes_become_code_points() -> None:
    text = "👨‍👩‍👧 café ok"
    start = len("👨‍👩‍👧 ".encode())
    (found,) = decode_citations(grounded(start, start + len("café".encode())), text)
    assert text[found.start : found.end] == "café"
    assert (found.url, found.title, found.quote) == ("https://a.example", "A", "q")


def test_text_before_the_part_is_counted_off_and_what_lies_outside_has_no_place() -> None:
    (inside,) = decode_citations(grounded(5, 7), "xyz", before=4)
    (outside,) = decode_citations(grounded(1, 3), "xyz", before=4)
    assert (inside.start, inside.end) == (1, 3)
    assert (outside.start, outside.end) == (None, None)


def test_recited_sources_count_too() -> None:
    wire = {"citationMetadata": {"citations": [{"endIndex": 2, "uri": "u"}, {"uri": 3}]}}
    first, second = decode_citations(wire, "abc")
    assert (first.url, first.start, first.end) == ("u", 0, 2)
    assert second.url is None


def test_nonsense_gives_nothing() -> None:
    assert decode_citations({"groundingMetadata": [], "citationMetadata": {"citations": 3}}, "a") == ()
    assert encode_grounding([Text("a"), Reasoning(("b",))]) is None


@given(st.text(max_size=20), st.text(max_size=20), st.data())
def test_places_survive_the_way_out_and_back(first: str, second: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(second)))
    end = data.draw(st.integers(start, len(second)))
    citation = Citation("https://a.example", "A", second[start:end], start, end)
    wire = encode_grounding([Text(first), Text(second, (citation,))])
    before = len(first.encode())
    assert decode_citations({"groundingMetadata": wire}, second, before) == (citation,)
