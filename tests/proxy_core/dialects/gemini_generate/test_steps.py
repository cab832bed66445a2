from typing import Any

import pytest

from proxy_core.dialects.gemini_generate.steps import (
    decode_step,
    pages_of,
    queries_of,
    sources_of,
    step_parts,
    told_steps,
)
from proxy_core.ir.message import HostedStep, Source, Work

NAME = "gemini_generate"


@pytest.mark.parametrize(
    ("part", "stage", "work"),
    [
        ({"executableCode": {"language": "PYTHON", "code": "1"}}, "call", Work(code="1")),
        ({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}}, "result", Work(output="2")),
        ({"codeExecutionResult": {"outcome": "OUTCOME_FAILED"}}, "result", Work(output="", failed=True)),
    ],
)
def test_code_and_its_output(part: Any, stage: Any, work: Work) -> None:
    assert decode_step(part) == HostedStep("code_execution", NAME, part, None, stage, work)


def test_other_parts_are_no_steps() -> None:
    assert decode_step({"text": "x"}) is None
    server = decode_step({"toolCall": {"id": "t1"}})
    assert server is not None
    assert (server.kind, server.id, server.stage) == ("hosted", "t1", "both")


def test_metadata_tells_of_searches_and_pages() -> None:
    web = {"web": {"uri": "https://a.test", "title": "A"}}
    candidate = {
        "groundingMetadata": {"webSearchQueries": ["q", 1], "groundingChunks": [web, {"maps": {}}, 5]},
        "urlContextMetadata": {
            "urlMetadata": [
                {"retrievedUrl": "https://b.test", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"},
                {"retrievedUrl": "https://c.test", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_ERROR"},
                {},
            ]
        },
    }
    search, read, unread = told_steps(candidate)
    assert (search.kind, search.work) == ("web_search", Work(("q",), (Source("https://a.test", "A"),)))
    assert search.raw == {}
    assert (read.kind, read.work) == ("web_fetch", Work(("https://b.test",)))
    assert unread.work.failed
    assert told_steps({"groundingMetadata": {"retrievalMetadata": {}}}) == []
    assert told_steps({"groundingMetadata": 5, "urlContextMetadata": 5}) == []


def test_another_vendors_code_is_two_parts_that_are_read_again() -> None:
    parts = step_parts(
        HostedStep("code_execution", "other", {}, work=Work(code="1", output="2", failed=True))
    )
    call, result = (decode_step(part) for part in parts)
    assert call is not None
    assert result is not None
    assert (call.work.code, result.work) == ("1", Work(output="2", failed=True))
    assert step_parts(HostedStep("web_search", "other", {}, work=Work(("q",)))) == []


def test_what_searches_and_pages_leave_in_the_metadata() -> None:
    first = HostedStep("web_search", "other", {}, work=Work(("q", "p"), (Source("u"),)))
    again = HostedStep("web_search", "other", {}, work=Work(("q",)))
    page = HostedStep("web_fetch", "other", {}, work=Work(("https://x.test",), failed=True))
    assert queries_of([first, again, page]) == ["q", "p"]
    assert sources_of([first, again, page]) == [Source("u")]
    assert pages_of([first, page]) == {
        "urlMetadata": [
            {"retrievedUrl": "https://x.test", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_ERROR"}
        ]
    }
    assert pages_of([first]) is None
