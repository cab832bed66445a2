from proxy_core.dialects.openai_responses.citations import decode_citations, encode_citations
from proxy_core.ir.message import Citation


def test_round_trip() -> None:
    web = {"type": "url_citation", "start_index": 1, "end_index": 3, "title": "T", "url": "https://x.test"}
    file = {"type": "file_citation", "file_id": "f", "filename": "n", "index": 0}
    assert encode_citations(decode_citations([web, file]), "text") == [web, file]


def test_missing_offsets_mean_the_whole_text() -> None:
    written = encode_citations([Citation(url="https://x.test")], "four")
    assert written == [
        {"type": "url_citation", "start_index": 0, "end_index": 4, "title": "", "url": "https://x.test"}
    ]


def test_what_another_vendor_cites_is_not_invented() -> None:
    assert encode_citations([Citation(quote="q", native={"type": "page_location"})], "x") == []


def test_broken_annotations_cost_nothing_else() -> None:
    assert decode_citations("x") == ()
    assert decode_citations([1, {"type": "url_citation", "url": 5, "start_index": "a"}]) == (Citation(),)
