import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response

from proxy_core.errors import Failure
from proxy_core.ir.fold import fold, unfold
from proxy_core.ir.message import (
    HostedStep,
    Inline,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
    Typed,
    Url,
)
from proxy_core.ir.seal import unwrap
from proxy_core.ir.stream import (
    Beat,
    Begin,
    End,
    Fault,
    Finish,
    PartBegin,
    PartDelta,
    PartEnd,
    StreamEvent,
    Usage,
    UsageReport,
)
from tests.proxy_core.dialects.openai_responses.material import (
    DIALECT,
    decode_input,
    events_in,
    kinds,
    lint,
    reply,
    run,
    source,
    write,
    write_reply,
)

SEAL = Seal("acme", "responses.encrypted", "blob")
GEMINI = Seal("acme", "gemini.signature", "sig")
CALL = ToolCall("c", "f", '{"a":1}')
NAME = "openai_responses"


def output(*parts: Part, **members: Any) -> Any:
    return write_reply(*parts, **members)[-1]["response"]["output"]


def test_the_exact_order_of_a_rich_answer() -> None:
    events = write_reply(Reasoning(("why",), SEAL), Text("Hi"), CALL, ToolCall("d", "g", "1+1", "freeform"))
    assert kinds(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "output_item.added",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
        "output_item.done",
        "completed",
    ]
    final = events[-1]["response"]
    assert [item["id"].split("_")[0] for item in final["output"]] == ["rs", "msg", "fc", "ctc"]
    assert final["output"][0]["encrypted_content"] == "blob"
    assert final["usage"]["total_tokens"] == 8
    assert final["created_at"] == 7
    assert final["model"] == "m", "the name that the client asked for"


def test_neighbouring_texts_are_one_message() -> None:
    (message,) = output(Text("a"), Text("b"), Refusal("c"))
    assert [part["type"] for part in message["content"]] == ["output_text", "output_text", "refusal"]


def test_empty_parts_leave_no_trace() -> None:
    assert output(Text(""), Reasoning(()), Text("x")) == output(Text("x"))
    assert output(Text("")) == []


def test_deltas_that_fell_short_are_made_up_for() -> None:
    events = lint(
        write(
            [
                Begin("resp_1", "up"),
                PartBegin(0, Text("")),
                PartDelta(0, "He"),
                PartEnd(0, Text("Hello")),
                PartBegin(1, ToolCall("c", "f", "")),
                PartEnd(1, CALL),
                End(Finish("tool")),
            ]
        )
    )
    message, call = events[-1]["response"]["output"]
    assert message["content"][0]["text"] == "Hello"
    assert call["arguments"] == '{"a":1}'


@pytest.mark.parametrize(
    "part", [Text("x", seal=GEMINI), ToolCall("c", "f", "{}", seal=GEMINI), Text("", seal=GEMINI)]
)
def test_state_without_a_field_comes_back_to_its_part(part: Part) -> None:
    items = output(part)
    carrier = items[-1]
    assert (carrier["type"], carrier["summary"]) == ("reasoning", [])
    results = [{"type": "function_call_output", "call_id": "c", "output": ""}]
    history = decode_input(*items, *(results if isinstance(part, ToolCall) else []))
    assert history.messages[0].parts == (part,)


def test_foreign_seals_travel_in_an_envelope() -> None:
    signed = Seal("acme", "anthropic.signature", "sig")
    (item,) = output(Reasoning(("why",), signed))
    assert unwrap(item["encrypted_content"], "responses.encrypted") == signed
    assert decode_input(item, {"role": "assistant", "content": "x"}).messages[0].parts[0] == Reasoning(
        ("why",), signed, id=item["id"]
    )


def test_pictures_steps_and_what_has_no_place() -> None:
    web = {
        "type": "web_search_call",
        "id": "ws_1",
        "status": "completed",
        "action": {"type": "search", "query": "q"},
    }
    items = output(
        Media("image", Inline("image/png", "AAAA")),
        HostedStep("web_search", NAME, web),
        HostedStep("file_search", "other", {}),
        Opaque("other", {}),
        Media("image", Url("https://x.test")),
        Text("x"),
    )
    assert [item["type"] for item in items] == ["image_generation_call", "web_search_call", "message"]
    assert items[0]["result"] == "AAAA"
    assert items[1] == web


@pytest.mark.parametrize(
    ("reason", "kind", "details", "status"),
    [
        ("stop_sequence", "completed", None, "completed"),
        ("pause", "completed", None, "completed"),
        ("length", "incomplete", {"reason": "max_output_tokens"}, "incomplete"),
        ("filter", "incomplete", {"reason": "content_filter"}, "incomplete"),
    ],
)
def test_ends(reason: Any, kind: str, details: Any, status: str) -> None:
    events = write_reply(Text("x"), reason=reason)
    assert kinds(events)[-1] == kind
    assert events[-1]["response"]["incomplete_details"] == details
    assert events[-1]["response"]["output"][0]["status"] == status


def test_a_cut_call_is_not_called_complete() -> None:
    events = write_reply(ToolCall("c", "f", '{"a"'), reason="length")
    assert [event["item"]["status"] for event in events if event["type"] == "response.output_item.done"] == [
        "incomplete"
    ]


def test_a_call_that_could_not_be_read_has_failed() -> None:
    events = write_reply(Text("x"), reason="malformed_call")
    assert kinds(events)[-1] == "failed"


def test_usage_may_come_after_the_end_and_the_last_one_counts() -> None:
    begin: list[StreamEvent] = [Begin("resp_1", "up"), UsageReport(Usage(1, 1)), End(Finish("stop"))]
    assert events_in(write([*begin, UsageReport(Usage(5, 6))]))[-1]["response"]["usage"]["output_tokens"] == 6
    assert events_in(write(begin))[-1]["response"]["usage"]["output_tokens"] == 1
    none = events_in(write([Begin("resp_1", "up"), End(Finish("stop"))]))[-1]["response"]["usage"]
    assert none["input_tokens_details"] == {"cached_tokens": 0, "cache_write_tokens": 0}


def test_a_fault_before_and_after_the_beginning() -> None:
    limited = Fault(Failure("rate_limit", 429, "slow", retry_after_s=4))
    early = events_in(write([limited]))
    assert kinds(early) == ["created", "in_progress", "failed"]
    error = early[-1]["response"]["error"]
    assert error == {"code": "rate_limit_exceeded", "message": "slow Please try again in 4s."}
    late = events_in(
        write([Begin("resp_1", "up"), PartBegin(0, Text("")), PartDelta(0, "x"), limited, Beat()])
    )
    assert kinds(late)[-1] == "failed"
    assert [event["sequence_number"] for event in late] == list(range(len(late)))
    assert len([kind for kind in kinds(late) if kind in ("completed", "failed", "incomplete")]) == 1


def test_an_answer_without_an_end_has_failed() -> None:
    assert kinds(events_in(write([Begin("resp_1", "up")])))[-1] == "failed"


def test_a_second_candidate_has_no_place() -> None:
    events: list[StreamEvent] = [
        Begin("resp_1", "up"),
        PartBegin(0, Text(""), 1),
        PartDelta(0, "x", 1),
        PartEnd(0, Text("x"), 1),
        End(Finish("stop"), 1),
        End(Finish("stop"), 0),
    ]
    assert lint(write(events))[-1]["response"]["output"] == []


def test_nothing_follows_the_terminal_event() -> None:
    encoder = DIALECT.reply_encoder("stream", decode_input(), 5)
    for event in unfold(reply(Text("x"))):
        encoder.encode(event)
    assert encoder.close()
    assert encoder.encode(PartBegin(0, Text(""))) == b""
    assert encoder.close() == b""


PARTS = st.lists(
    st.one_of(
        st.builds(Text, st.text(max_size=8), seal=st.sampled_from([None, GEMINI])),
        st.builds(Refusal, st.text(max_size=4)),
        st.builds(
            Reasoning,
            st.lists(st.text(max_size=4), max_size=3).map(tuple),
            st.sampled_from([None, SEAL, GEMINI]),
        ),
        st.builds(
            ToolCall,
            st.uuids().map(str),
            st.just("f"),
            st.just('{"a":1}'),
            seal=st.sampled_from([None, GEMINI]),
        ),
        st.builds(ToolCall, st.uuids().map(str), st.just("g"), st.text(max_size=6), st.just("freeform")),
    ),
    max_size=6,
)


@given(PARTS, st.sampled_from(["stop", "tool", "length", "filter"]))
def test_any_answer_is_well_formed_and_the_same_whole(parts: list[Part], reason: Any) -> None:
    request = decode_input()
    answer = reply(*parts, reason=reason)
    data = write(unfold(answer), request)
    events = lint(data)
    whole = DIALECT.reply_encoder("whole", request, 42)
    assert b"".join(whole.encode(event) for event in unfold(answer)) == b""
    body = json.loads(whole.close())
    assert body == events[-1]["response"]
    Response.model_validate(body)
    assert fold(run(DIALECT.reply_decoder("stream", source()), data, 5)) == fold(
        run(DIALECT.reply_decoder("whole", source()), json.dumps(body).encode())
    )


def test_a_whole_fault_is_left_to_the_status() -> None:
    whole = DIALECT.reply_encoder("whole", decode_input(), 42)
    whole.encode(Fault(Failure("server", 502, "m")))
    assert whole.close() == b""


SHELL = Typed("local_shell", NAME)


def test_a_typed_call_is_an_item_at_once_unless_a_limit_cut_it() -> None:
    call = ToolCall("c", "local_shell", '{"command":["ls"]}', typed=SHELL)
    (item,) = output(call)
    assert item["type"] == "local_shell_call"
    assert (item["call_id"], item["status"]) == ("c", "completed")
    odd = ToolCall("c", "local_shell", '{"command":', typed=SHELL)
    (item,) = output(odd)
    assert (item["type"], item["arguments"]) == ("function_call", '{"command":')
    events = write_reply(Text("a"), odd, reason="length")
    assert [one["type"] for one in events[-1]["response"]["output"]] == ["message"]
