import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.errors import UpstreamProtocolError
from proxy_core.ir.fold import fold
from proxy_core.ir.message import Reasoning, Text, ToolCall
from proxy_core.ir.stream import Beat, Begin, End, Fault, PartBegin, PartEnd, StreamEvent, Usage, UsageReport
from tests.proxy_core.dialects.openai_responses.material import DIALECT, frames, run, source, streamed
from tests.samples import load

SAMPLES = [one for one in load.samples("openai_responses") if one.stream is not None]
CREATED = {"type": "response.created", "response": {"id": "resp_1", "model": "up", "created_at": 9}}
USAGE = {"input_tokens": 3, "output_tokens": 2}


def completed(*output: Any, **members: Any) -> dict[str, Any]:
    response = {"id": "resp_1", "status": "completed", "output": list(output), "usage": USAGE, **members}
    return {"type": "response.completed", "response": response}


def added(index: int, **item: Any) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(index: int, **item: Any) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def message(text: str, item_id: str = "m") -> dict[str, Any]:
    return {"type": "message", "id": item_id, "content": [{"type": "output_text", "text": text}]}


def call(name: str, arguments: str = "{}") -> dict[str, Any]:
    return {
        "type": "function_call",
        "id": f"fc_{name}",
        "call_id": name,
        "name": name,
        "arguments": arguments,
    }


def whole(body: bytes) -> list[StreamEvent]:
    return run(DIALECT.reply_decoder("whole", source()), body)


def ends(events: list[StreamEvent]) -> list[Any]:
    return [event.part for event in events if isinstance(event, PartEnd)]


def fault(events: list[StreamEvent]) -> Any:
    assert isinstance(events[-1], Fault)
    return events[-1].failure


def means(sample: load.Sample, events: list[StreamEvent]) -> None:
    reply = fold(events)
    (candidate,) = reply.candidates
    expect = sample.expect
    text = "".join(part.text for part in candidate.parts if isinstance(part, Text))
    thinking = "".join(part.text for part in candidate.parts if isinstance(part, Reasoning))
    calls = [
        {
            "name": part.name,
            "args": {"input": part.arguments} if part.form == "freeform" else json.loads(part.arguments),
        }
        for part in candidate.parts
        if isinstance(part, ToolCall)
    ]
    assert (text, thinking, calls) == (expect["text"], expect["thinking"], expect["calls"])
    assert candidate.finish.reason == expect["finish"].replace("stop_sequence", "stop")
    assert reply.usage == Usage(
        input_tokens=expect["usage"]["input"],
        output_tokens=expect["usage"]["output"],
        cached_tokens=expect["usage"]["cached"],
        cache_write_tokens=expect["usage"]["write"],
        reasoning_tokens=expect["usage"]["think"],
    )


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.name)
def test_samples_mean_what_they_should_in_every_cut(sample: load.Sample) -> None:
    assert sample.stream is not None
    in_one = run(DIALECT.reply_decoder("stream", source()), sample.stream)
    means(sample, in_one)
    assert run(DIALECT.reply_decoder("stream", source()), sample.stream, 1) == in_one
    assert run(DIALECT.reply_decoder("stream", source()), sample.stream.replace(b"\n", b"\r\n"), 7) == in_one
    assert fold(whole(sample.response)) == fold(in_one)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.name)
def test_a_cut_stream_never_ends_well(sample: load.Sample) -> None:
    assert sample.stream is not None
    end = sample.stream.rindex(b"event: ")
    for cut in random.Random(sample.name).sample(range(end), 20):
        events = run(DIALECT.reply_decoder("stream", source()), sample.stream[:cut])
        assert isinstance(events[-1], Fault)
        assert not any(isinstance(event, End) for event in events)


def test_only_the_finished_items_count_when_the_end_is_empty() -> None:
    thought = {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "right"}
    events = streamed(
        CREATED,
        added(0, **{**thought, "encrypted_content": "wrong"}),
        done(0, **thought),
        added(1, **call("f", "")),
        done(1, **call("f")),
        completed(),
    )
    thinking, asked = ends(events)
    assert thinking.seal.value == "right"
    assert thinking.seal.issuer == "acme"
    assert asked == ToolCall("f", "f", "{}")
    assert isinstance(events[-1], End)
    assert events[-1].finish.reason == "tool"


def test_items_that_only_the_end_has() -> None:
    assert ends(streamed(CREATED, completed(message("a"), call("f")))) == [
        Text("a"),
        ToolCall("f", "f", "{}"),
    ]


def test_an_item_left_open_is_completed_by_the_end() -> None:
    delta = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "He"}
    events = streamed(CREATED, added(0, type="message", id="m"), delta, completed(message("Hey")))
    assert ends(events) == [Text("Hey")]


def test_interleaved_items_come_out_one_after_the_other() -> None:
    def piece(index: int, text: str) -> dict[str, Any]:
        return {"type": "response.function_call_arguments.delta", "output_index": index, "delta": text}

    events = streamed(
        CREATED,
        added(0, **call("f", "")),
        added(1, **call("g", "")),
        piece(1, '{"b":'),
        piece(0, '{"a":'),
        piece(1, "2}"),
        piece(0, "1}"),
        done(1, **call("g", '{"b":2}')),
        done(0, **call("f", '{"a":1}')),
        completed(),
    )
    assert [event.index for event in events if isinstance(event, PartBegin)] == [0, 1]
    assert [part.arguments for part in ends(events)] == ['{"a":1}', '{"b":2}']


def test_events_may_name_an_item_by_any_of_its_ids() -> None:
    by_id = {"type": "response.function_call_arguments.delta", "item_id": "fc_f", "delta": '{"a":'}
    by_call = {"type": "response.function_call_arguments.delta", "item_id": "f", "delta": "1}"}
    lost = {"type": "response.function_call_arguments.delta", "item_id": "nobody", "delta": "x"}
    bare = {"type": "response.output_item.added", "item": call("f", "")}
    events = streamed(CREATED, bare, by_id, lost, by_call, completed())
    assert ends(events) == [ToolCall("f", "f", '{"a":1}')]


def test_a_gateway_that_numbers_every_item_zero() -> None:
    first, second = message("a", "m1"), message("b", "m2")
    events = streamed(
        CREATED, added(0, **first), done(0, **first), added(0, **second), done(0, **second), completed()
    )
    assert ends(events) == [Text("a"), Text("b")]


def test_a_stream_without_a_beginning_gets_a_derived_id() -> None:
    text = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "x"}
    events = streamed(text, completed())
    assert isinstance(events[0], Begin)
    assert events[0].id.startswith("resp_")
    assert events[0].model == "m"
    assert events == streamed(text, completed())


def test_noise_is_survived() -> None:
    data = (
        b": comment\n\n"
        + frames(CREATED)
        + b"data: : keepalive\n\ndata: 5\n\nevent: odd\ndata: {}\n\n"
        + frames({"type": "keepalive"}, {"type": "response.metadata.new", "item": 5})
        + frames({"type": "response.output_item.added", "output_index": "x", "item": None})
        + frames(completed(message("x")))
        + b"data: [DONE]\n\n"
        + frames({"type": "error", "message": "late"})
    )
    events = run(DIALECT.reply_decoder("stream", source()), data)
    assert events[1] == Beat()
    assert ends(events) == [Text("x")]
    assert isinstance(events[-1], End)


def test_names_of_events_may_stand_in_the_event_line_only() -> None:
    response = json.dumps(completed(message("x"))["response"])
    data = f'event: response.completed\ndata: {{"response":{response}}}\n\n'.encode()
    assert ends(run(DIALECT.reply_decoder("stream", source()), data)) == [Text("x")]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"type": "error", "code": "rate_limit_exceeded", "message": "m", "param": None}, "rate_limit"),
        ({"type": "error", "error": {"code": "context_length_exceeded", "message": "m"}}, "context_length"),
        (
            {
                "type": "response.failed",
                "response": {"error": {"code": "insufficient_quota", "message": "m"}},
            },
            "billing",
        ),
        ({"type": "response.failed", "response": {}}, "server"),
        ({"type": "response.cancelled", "response": {}}, "cancelled"),
    ],
)
def test_in_band_errors(event: dict[str, Any], kind: str) -> None:
    assert fault(streamed(CREATED, event)).kind == kind


def test_errors_without_a_type() -> None:
    decoder = DIALECT.reply_decoder("stream", source())
    assert fault(run(decoder, b'data: {"error":{"message":"m","code":"slow_down"}}\n\n')).kind == "overloaded"
    decoder = DIALECT.reply_decoder("stream", source())
    assert fault(run(decoder, b'data: {"detail":"Not allowed"}\n\n')).message == "Not allowed"


def test_a_failed_reply_still_reports_its_usage() -> None:
    events = streamed(CREATED, {"type": "response.failed", "response": {"usage": USAGE, "error": None}})
    assert UsageReport(Usage(3, 2)) in events
    with pytest.raises(UpstreamProtocolError):
        fold(events)


def test_an_incomplete_reply() -> None:
    response = {"incomplete_details": {"reason": "max_output_tokens"}, "output": [message("x")]}
    events = streamed(CREATED, {"type": "response.incomplete", "response": response})
    assert isinstance(events[-1], End)
    assert events[-1].finish.reason == "length"


def test_log_probabilities_are_kept() -> None:
    piece = {"type": "output_text", "text": "x", "logprobs": [{"token": "x", "logprob": -1}]}
    events = streamed(CREATED, completed({"type": "message", "id": "m", "content": [piece]}))
    assert isinstance(events[-1], End)
    assert events[-1].logprobs == [{"token": "x", "logprob": -1}]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "server"),
        (b'{"id":"resp_1","out', "server"),
        (b"<html>", "server"),
        (b'{"object":"list"}', "server"),
        (b'{"object":"response","status":"queued","output":[]}', "server"),
        (b'{"error":{"message":"m","code":"rate_limit_exceeded"}}', "rate_limit"),
        (
            b'{"object":"response","status":"failed","error":{"code":"rate_limit_exceeded","message":"m"}}',
            "rate_limit",
        ),
    ],
)
def test_whole_bodies_that_are_no_answer(body: bytes, kind: str) -> None:
    assert fault(whole(body)).kind == kind


LIVELY = [
    CREATED,
    added(0, **message("")),
    done(0, **message("x")),
    added(1, **call("f")),
    completed(message("x")),
]
JUNK = (
    st.none() | st.booleans() | st.floats() | st.text(max_size=3) | st.lists(st.text(max_size=2), max_size=2)
)


@given(st.integers(0, len(LIVELY) - 1), st.data())
def test_one_broken_place_never_breaks_the_decoder(number: int, data: st.DataObject) -> None:
    events = copy.deepcopy(LIVELY)
    holder: Any = events[number]
    while True:
        key = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
        if not isinstance(holder[key], dict | list) or not holder[key] or data.draw(st.booleans()):
            break
        holder = holder[key]
    holder[key] = data.draw(JUNK)
    payload = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    decoded = run(DIALECT.reply_decoder("stream", source()), payload)
    assert isinstance(decoded[-1], End | Fault)
    tap = DIALECT.tap("stream")
    tap.feed(payload)
    tap.close()
    body = json.dumps(events[-1].get("response")).encode()
    assert isinstance(whole(body)[-1], End | Fault)


def test_a_stream_that_nobody_asked_for_is_read() -> None:
    assert ends(whole(frames(CREATED, completed(message("x"))))) == [Text("x")]
