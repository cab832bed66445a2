"""Cases 88 to 95: what tools answered, in every shape that clients send."""

import json
from typing import Any

import pytest

from tests.edge_cases.through import ANTHROPIC, CHAT, EVERY, GEMINI, RESPONSES, encoded
from tests.edge_cases.tool_shapes import responses, seen
from tests.end_to_end.client import calling
from tests.end_to_end.line import account, running
from tests.upstreams.server import FakeVendor

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
PDF = "JVBERi0xLjQKJSVFT0YK"
DOCUMENT = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}


def _responses(output: Any) -> dict[str, Any]:
    call = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
    return responses(call, {"type": "function_call_output", "call_id": "c1", "output": output})


def _anthropic(**result: Any) -> dict[str, Any]:
    turns = [
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", **result}]},
    ]
    return {"messages": turns}


def _result(client: str, body: Any, target: str) -> Any:
    _, ((_, said),) = seen(target, encoded(client, body, target).body)
    return said


@pytest.mark.parametrize(
    ("output", "text"),
    [({"a": 1, "b": [2]}, '{"a":1,"b":[2]}'), ([1, 2], "[1,2]"), (5, "5"), (True, "true")],
)
@pytest.mark.parametrize("target", [CHAT, ANTHROPIC, GEMINI])
def test_case_088_a_result_that_is_no_text_becomes_compact_json(target: str, output: Any, text: str) -> None:
    said = _result(RESPONSES, _responses(output), target)
    if target == GEMINI and isinstance(output, dict):
        assert said == output
    else:
        assert said == text


@pytest.mark.parametrize(
    ("content", "text"), [({"a": 1}, '{"a":1}'), ([1, {"b": 2}], '[1,{"b":2}]'), (5, "5"), (False, "false")]
)
@pytest.mark.parametrize("target", [CHAT, RESPONSES, GEMINI])
def test_case_088_nor_need_it_be_text_from_anthropic_s_clients(target: str, content: Any, text: str) -> None:
    said = _result(ANTHROPIC, _anthropic(content=content), target)
    assert said == (content if target == GEMINI and isinstance(content, dict) else text)


@pytest.mark.parametrize("target", EVERY)
def test_case_089_text_that_is_json_stays_text_but_for_gemini(target: str) -> None:
    text = '{"temp": 3.0, "list": [1]}'
    said = _result(ANTHROPIC, _anthropic(content=text), target)
    assert said == (json.loads(text) if target == GEMINI else text)


@pytest.mark.parametrize("result", [{}, {"content": None}, {"content": ""}, {"content": []}])
@pytest.mark.parametrize("target", EVERY)
def test_case_090_a_result_without_content_is_an_empty_one(target: str, result: Any) -> None:
    if target == ANTHROPIC:
        sent = encoded(ANTHROPIC, _anthropic(**result), ANTHROPIC).body["messages"][2]["content"][0]
        assert sent.get("content") in ("", [])
    else:
        assert _result(ANTHROPIC, _anthropic(**result), target) in ("", {})


def test_case_091_images_in_results_for_every_vendor() -> None:
    content = [{"type": "text", "text": "two:"}, IMAGE, {"type": "text", "text": "and"}, DOCUMENT]
    body = _anthropic(content=content)
    url, pdf = f"data:image/png;base64,{PIXEL}", f"data:application/pdf;base64,{PDF}"

    chat = encoded(ANTHROPIC, body, CHAT).body["messages"]
    assert [one["role"] for one in chat] == ["user", "assistant", "tool", "user"]
    assert chat[2]["content"] in ("two:and", [{"type": "text", "text": t} for t in ("two:", "and")])
    shown = chat[3]["content"]
    assert [part["image_url"]["url"] for part in shown if part["type"] == "image_url"] == [url]
    assert [part["file"]["file_data"] for part in shown if part["type"] == "file"] == [pdf]
    assert "c1" in json.dumps(shown)

    output = _result(ANTHROPIC, body, RESPONSES)
    assert [part["type"] for part in output] == ["input_text", "input_image", "input_text", "input_file"]
    assert (output[1]["image_url"], output[3]["file_data"]) == (url, pdf)

    (turn,) = [one for one in encoded(ANTHROPIC, body, GEMINI).body["contents"] if "Response" in str(one)]
    (part,) = turn["parts"]
    inner = part["functionResponse"]
    assert inner["response"] == {"output": "two:and"}
    assert [one["inlineData"]["mimeType"] for one in inner["parts"]] == ["image/png", "application/pdf"]


def test_case_091_images_of_all_results_come_after_all_results_at_chat() -> None:
    uses = [{"type": "tool_use", "id": f"c{n}", "name": "f", "input": {}} for n in range(2)]
    results = [{"type": "tool_result", "tool_use_id": f"c{n}", "content": [IMAGE]} for n in range(2)]
    turns = [
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": uses},
        {"role": "user", "content": [*results, {"type": "text", "text": "Well?"}]},
    ]
    messages = encoded(ANTHROPIC, {"messages": turns}, CHAT).body["messages"]
    assert [one["role"] for one in messages] == ["user", "assistant", "tool", "tool", "user"]
    text = json.dumps(messages[4]["content"])
    assert text.index("c0") < text.index("c1") < text.index("Well?")


def test_case_091_gemini_2_gets_the_images_in_a_turn_of_their_own() -> None:
    body = _anthropic(content=[{"type": "text", "text": "one:"}, IMAGE])
    sent = encoded(ANTHROPIC, body, GEMINI, model="gemini-2.5-pro", result_media=False).body["contents"]
    answered, shown = sent[2], sent[3]
    (part,) = answered["parts"]
    assert "parts" not in part["functionResponse"]
    assert part["functionResponse"]["response"] == {"output": "one:"}
    assert shown["role"] == "user"
    assert "c1" in shown["parts"][0]["text"] or "f" in shown["parts"][0]["text"]
    assert shown["parts"][1]["inlineData"] == {"mimeType": "image/png", "data": PIXEL}


@pytest.mark.parametrize("target", [CHAT, RESPONSES, GEMINI])
@pytest.mark.parametrize(
    "image",
    [{"type": "image"}, {"type": "image", "source": {"type": "base64", "media_type": "", "data": ""}}],
)
def test_case_092_an_image_without_data_is_said_and_not_sent(image: Any, target: str) -> None:
    sent = encoded(ANTHROPIC, _anthropic(content=[image]), target)
    text = sent.encoded.body.decode()
    assert "image without data" in text
    assert "inlineData" not in text
    assert "image_url" not in text


def test_case_093_a_stringified_list_of_parts_is_read_only_if_all_of_it_is_sound() -> None:
    parts = [
        {"type": "input_text", "text": "see"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"},
    ]
    read = _result(RESPONSES, _responses(json.dumps(parts)), ANTHROPIC)
    assert [block["type"] for block in read] == ["text", "image"]
    for broken in (
        [*parts, {"type": "surprise"}],
        [*parts, "text"],
        [{"type": "input_text", "text": "only text, which may be what the tool printed"}],
        [],
    ):
        assert _result(RESPONSES, _responses(json.dumps(broken)), ANTHROPIC) == json.dumps(broken)


def test_case_094_gemini_gets_the_name_of_the_tool_that_answered() -> None:
    (turn,) = [
        one for one in encoded(RESPONSES, _responses("ok"), GEMINI).body["contents"] if "Response" in str(one)
    ]
    assert turn["parts"][0]["functionResponse"]["name"] == "f"


def test_case_094_a_result_whose_call_is_gone_is_dropped_and_that_is_said() -> None:
    """Where the call is not in the history nobody knows the name: case 24 drops the result."""
    body = responses({"type": "function_call_output", "call_id": "gone", "output": "ok"})
    sent = encoded(RESPONSES, body, GEMINI)
    assert "functionResponse" not in json.dumps(sent.body)
    assert sent.lost


@pytest.mark.parametrize("target", EVERY)
def test_case_095_responses_without_a_name_take_those_of_the_calls_before(target: str) -> None:
    names = ("first", "second")
    calls = [{"functionCall": {"name": name, "args": {}}} for name in names]
    results = [{"functionResponse": {"name": "", "response": {"output": name}}} for name in names]
    turns = [
        {"role": "user", "parts": [{"text": "Go."}]},
        {"role": "model", "parts": calls},
        {"role": "user", "parts": results},
    ]
    sent = encoded(GEMINI, {"contents": turns}, target).body
    made, said = seen(target, sent)
    assert [call.name for call in made] == list(names)
    assert [text for _, text in said] == list(names)
    assert [one for one, _ in said] == [call.id for call in made]
    if target == GEMINI:
        answered = [part["functionResponse"]["name"] for part in sent["contents"][2]["parts"]]
        assert answered == list(names)


async def test_case_095_the_vendor_of_its_own_clients_gets_the_names_as_well() -> None:
    """A body that stays in this dialect is passed as it is, but for what the vendor would refuse."""
    names = ("first", "second")
    turns = [
        {"role": "user", "parts": [{"text": "Go."}]},
        {"role": "model", "parts": [{"functionCall": {"name": name, "args": {}}} for name in names]},
        {"role": "user", "parts": [{"functionResponse": {"name": "", "response": {"output": "x"}}}] * 2},
    ]
    async with (
        FakeVendor(GEMINI) as vendor,
        running([account("one", vendor, "gemini-2.5-flash")]) as line,
        calling(line) as caller,
    ):
        got = await caller.post("/v1beta/models/gemini-2.5-flash:generateContent", {"contents": turns})
        assert got.status == 200, got.body
        sent = vendor.requests[-1].body["contents"]
    assert [part["functionResponse"]["name"] for part in sent[2]["parts"]] == list(names)
    assert sent[:2] == turns[:2]
