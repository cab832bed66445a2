"""Pictures that a model makes, shown in each client's dialect."""

import base64
from typing import Any

import pytest

from tests.edge_cases.through import ANTHROPIC, CHAT, GEMINI, RESPONSES, parsed, reply, streamed_bytes
from tests.upstreams.lint import lint

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
URL = f"data:image/png;base64,{PNG}"

GEMINI_PARTS = [{"text": "Here:"}, {"inlineData": {"mimeType": "image/png", "data": PNG}}]
VENDORS: dict[str, tuple[Any, Any]] = {
    GEMINI: (
        {
            "candidates": [
                {"content": {"role": "model", "parts": GEMINI_PARTS}, "finishReason": "STOP", "index": 0}
            ],
            "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 9, "totalTokenCount": 12},
            "modelVersion": "m", "responseId": "r1",
        },
        [
            {"candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}], "modelVersion": "m"}
            for part in GEMINI_PARTS
        ]
        + [{
            "candidates": [{"content": {"role": "model", "parts": [{"text": ""}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 9, "totalTokenCount": 12},
        }],
    ),
    CHAT: (
        {
            "id": "c1", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{
                "index": 0, "finish_reason": "stop", "logprobs": None,
                "message": {
                    "role": "assistant", "content": "Here:", "refusal": None,
                    "images": [{"type": "image_url", "image_url": {"url": URL}}],
                },
            }],
            "usage": {"prompt_tokens": 3, "completion_tokens": 9, "total_tokens": 12},
        },
        [
            {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
                {"index": 0, "delta": delta, "finish_reason": finish}
            ]}
            for delta, finish in (
                ({"role": "assistant", "content": "Here:"}, None),
                ({"images": [{"type": "image_url", "image_url": {"url": URL}, "index": 0}]}, None),
                ({}, "stop"),
            )
        ],
    ),
}  # fmt: skip


def shown(client: str, whole: Any) -> tuple[str, list[str]]:
    """The text of a whole reply, and its pictures as base64 of PNG."""
    match client:
        case "openai_chat":
            message = whole["choices"][0]["message"]
            urls = [one["image_url"]["url"] for one in message.get("images", [])]
            assert all(url.startswith("data:image/png;base64,") for url in urls)
            return message["content"], [url.partition(",")[2] for url in urls]
        case "openai_responses":
            texts = [
                part["text"] for one in whole["output"] if one["type"] == "message" for part in one["content"]
            ]
            calls = [one for one in whole["output"] if one["type"] == "image_generation_call"]
            assert all(one["status"] == "completed" for one in calls)
            return "".join(texts), [one["result"] for one in calls]
        case "anthropic_messages":
            return "".join(block["text"] for block in whole["content"]), []
    parts = whole["candidates"][0]["content"]["parts"]
    blobs = [part["inlineData"] for part in parts if "inlineData" in part]
    assert all(blob["mimeType"] == "image/png" for blob in blobs)
    return "".join(part.get("text", "") for part in parts), [blob["data"] for blob in blobs]


PAIRS = [(GEMINI, CHAT), (GEMINI, RESPONSES), (CHAT, GEMINI), (CHAT, RESPONSES)]


@pytest.mark.parametrize(("upstream", "client"), PAIRS)
@pytest.mark.parametrize("came", [False, True], ids=["whole", "stream"])
def test_case_143_a_picture_stands_where_the_clients_dialect_has_one(
    upstream: str, client: str, came: bool
) -> None:
    whole = reply(upstream, VENDORS[upstream][came], client, stream=came)
    assert shown(client, whole) == ("Here:", [PNG])


@pytest.mark.parametrize("upstream", [GEMINI, CHAT])
@pytest.mark.parametrize("came", [False, True], ids=["whole", "stream"])
def test_case_143_anthropics_clients_have_no_place_and_read_a_note(upstream: str, came: bool) -> None:
    """A reply has no losses to tell in a header, so the note itself is how the loss is told."""
    text, _ = shown(ANTHROPIC, reply(upstream, VENDORS[upstream][came], ANTHROPIC, stream=came))
    assert text == "Here:[image left out here: image/png]"


@pytest.mark.parametrize(("upstream", "client"), [*PAIRS, (GEMINI, ANTHROPIC), (CHAT, ANTHROPIC)])
def test_case_143_also_in_a_stream(upstream: str, client: str) -> None:
    data = streamed_bytes(upstream, VENDORS[upstream][1], client)
    assert lint(client, data) == []
    events = [event for event in parsed(data) if isinstance(event, dict)]
    match client:
        case "openai_chat":
            deltas = [choice["delta"] for event in events for choice in event["choices"]]
            found = [one["image_url"]["url"] for delta in deltas for one in delta.get("images", [])]
            assert found == [URL]
        case "openai_responses":
            assert shown(client, events[-1]["response"]) == ("Here:", [PNG])
            kinds = [event["type"] for event in events]
            assert "response.image_generation_call.completed" in kinds
        case "anthropic_messages":
            text = "".join(event.get("delta", {}).get("text", "") for event in events)
            assert text == "Here:[image left out here: image/png]"
        case _:
            parts = [part for event in events for part in event["candidates"][0]["content"].get("parts", [])]
            assert [part["inlineData"]["data"] for part in parts if "inlineData" in part] == [PNG]
