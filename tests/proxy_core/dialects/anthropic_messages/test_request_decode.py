import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.dialects.anthropic_messages.request_decode import decode_request, peek
from proxy_core.errors import DecodeError
from proxy_core.ir.message import CacheMark, Opaque, Text
from proxy_core.ir.request import OutputFormat, ReasoningControl, Request
from tests.proxy_core.dialects.anthropic_messages.support import NAME, decoded
from tests.samples import load

BILLING = "x-anthropic-billing-header: cc_version=2.1.329.25c; cc_entrypoint=sdk-cli;"
MARK = {"type": "ephemeral"}


def _claude_code() -> dict[str, Any]:
    """A request like Claude Code 2.1.329's (captured 2026-11-20), cut down."""
    return {
        "model": "claude-opus-5",
        "max_tokens": 64_000,
        "stream": True,
        "system": [
            {"type": "text", "text": BILLING},
            {"type": "text", "text": "You are an agent.", "cache_control": MARK},
        ],
        "messages": [
            {
                "role": "user",
                "content": [{"type": "text", "text": "<system-reminder>\na\n</system-reminder>"}],
            },
            {"role": "system", "content": "Tools changed."},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "", "signature": "c2ln"},
                    {"type": "tool_use", "id": "toolu_1", "name": "ToolSearch", "input": {"query": "x"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "toolu_1",
                        "content": [{"type": "tool_reference", "tool_name": "WebFetch"}],
                    },
                    {"type": "text", "text": "go on", "cache_control": MARK},
                ],
            },
        ],
        "tools": [{"name": "WebFetch", "input_schema": {"type": "object"}, "defer_loading": True}],
        "metadata": {"user_id": '{"device_id":"d","session_id":"s"}'},
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    }


def test_claude_code() -> None:
    request = decode_request(json.dumps(_claude_code()).encode())
    label = Opaque(NAME, {"type": "text", "text": BILLING})
    assert request.system == (label, Text("You are an agent.", cache=CacheMark()))
    assert [message.role for message in request.messages] == ["user", "system", "model", "user"]
    assert request.reasoning == ReasoningControl("level", "high")
    assert request.sampling.user == '{"device_id":"d","session_id":"s"}'
    assert set(request.extensions["anthropic"]) == {"context_management"}
    assert (request.stream, request.want_usage, request.dialect) == (True, True, NAME)


@pytest.mark.parametrize("sample", load.samples(NAME), ids=lambda sample: sample.name)
def test_every_sample(sample: load.Sample) -> None:
    request = decode_request(sample.request_bytes)
    assert request.model == load.model(NAME)
    assert request.extensions == {}


@pytest.mark.parametrize("system", ["", [], None, [{"type": "text", "text": ""}]])
def test_no_instructions(system: Any) -> None:
    assert decoded(system=system).system == ()


def test_the_billing_line_is_a_label_for_this_vendor_alone() -> None:
    label = Opaque(NAME, {"type": "text", "text": BILLING})
    assert decoded(system=BILLING).system == (label,)
    assert decoded(system=f"{BILLING}\nYou are.").system == (label, Text("You are."))
    kept = decoded(system=[{"type": "text", "text": text} for text in ("x", BILLING)])
    assert len(kept.system) == 2


def test_output_formats() -> None:
    schema = {"type": "object"}
    wanted = {"type": "json_schema", "schema": schema}
    assert decoded(output_config={"format": wanted}).output == OutputFormat("schema", schema=schema)
    assert decoded(output_format=wanted).output == OutputFormat("schema", schema=schema)
    assert decoded(output_format={"type": "json_schema"}).output == OutputFormat("json")


def test_what_is_not_mapped_is_an_extension() -> None:
    request = decoded(
        inference_geo="us",
        output_config={"effort": "low", "task_budget": {"total": 9}},
        thinking={"type": "enabled", "budget_tokens": 2000},
        metadata={"user_id": 5},
    )
    assert request.extensions["anthropic"] == {
        "inference_geo": "us",
        "output_config": {"effort": "low", "task_budget": {"total": 9}},
    }
    assert request.sampling.user is None
    between = decoded(thinking={"type": "between_tools"})
    assert between.reasoning.mode == "auto"
    assert between.extensions["anthropic"] == {"thinking": {"type": "between_tools"}}


def test_knobs() -> None:
    request = decoded(
        temperature=0.5, top_p=0.9, top_k=4, stop_sequences=["a"], service_tier="standard_only", max_tokens=7
    )
    sampling = request.sampling
    assert (sampling.temperature, sampling.top_p, sampling.top_k) == (0.5, 0.9, 4)
    assert (sampling.stop, sampling.service_tier, sampling.max_output_tokens) == (("a",), "default", 7)


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"model": None}, "model"),
        ({"model": " "}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"stream": "yes"}, "stream"),
        ({"stop_sequences": "END"}, "stop_sequences"),
        ({"system": 4}, "system"),
        ({"output_config": {"format": {"type": "xml"}}}, "output_config.format.type"),
        ({"thinking": True}, "thinking"),
    ],
)
def test_what_is_wrong_is_named(members: dict[str, Any], param: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decoded(**members)
    assert caught.value.param == param


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"model":"\xff"}', b"null"])
def test_no_json_object(body: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_request(body)
    with pytest.raises(DecodeError):
        peek(body)


def test_peek_reads_two_members() -> None:
    assert peek(b'{"messages":3,"model":"m","stream":true}') == ("m", True)
    assert peek(b'{"model":"m"}') == ("m", False)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in ((*path, key), *_places(item, (*path, key)))]


@given(st.data())
def test_any_damage_gives_a_request_or_a_decode_error(data: st.DataObject) -> None:
    bodies = [_claude_code(), *(sample.request for sample in load.samples(NAME))]
    body = data.draw(st.sampled_from(bodies))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(_places(body) or [("model",)]))
        owner = body
        for key in place[:-1]:
            owner = owner[key]
        if data.draw(st.booleans()):
            owner[place[-1]] = data.draw(_JSON)
        else:
            del owner[place[-1]]
    _total(json.dumps(body).encode())


@given(st.dictionaries(st.sampled_from(["model", "messages", "tools", "system", "thinking", "x"]), _JSON))
def test_any_object_gives_a_request_or_a_decode_error(body: dict[str, Any]) -> None:
    _total(json.dumps(body).encode())


def _total(body: bytes) -> None:
    try:
        request = decode_request(body)
    except DecodeError:
        return
    assert isinstance(request, Request)


def test_an_output_limit_is_not_negative() -> None:
    with pytest.raises(DecodeError) as caught:
        decoded(model="m", max_tokens=-1, messages=[{"role": "user", "content": "Hi"}])
    assert caught.value.param == "max_tokens"
