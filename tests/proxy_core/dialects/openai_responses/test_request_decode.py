import copy
import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.errors import DecodeError, UnsupportedError
from proxy_core.ir.request import OutputFormat, ReasoningControl, Request, Sampling
from tests.proxy_core.dialects.openai_responses.material import (
    CHAT,
    COUNT,
    DIALECT,
    decode,
    decode_input,
    target,
)
from tests.samples import load

SAMPLES = load.samples("openai_responses")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def test_every_setting() -> None:
    request = decode_input(
        stream=True,
        max_output_tokens=100,
        temperature=0.3,
        top_p=1,
        top_logprobs=2,
        include=["message.output_text.logprobs", "reasoning.encrypted_content"],
        parallel_tool_calls=False,
        service_tier="flex",
        prompt_cache_key="k",
        safety_identifier="u",
        metadata={"a": "b"},
        store=False,
        text={"verbosity": "low", "format": {"type": "json_object"}},
        stream_options={"include_obfuscation": False},
        background=False,
        previous_response_id=None,
    )
    assert request.stream is True
    assert request.sampling == Sampling(
        max_output_tokens=100,
        temperature=0.3,
        top_p=1,
        logprobs=True,
        top_logprobs=2,
        parallel_tool_calls=False,
        verbosity="low",
        service_tier="flex",
        cache_key="k",
        user="u",
        metadata={"a": "b"},
        store=False,
    )
    assert request.output == OutputFormat("json")
    assert request.extensions == {}


def test_what_is_not_mapped_is_kept_for_the_family() -> None:
    request = decode_input(
        truncation="auto",
        client_metadata={"x": "y"},
        max_tool_calls=None,
        include=["web_search_call.action.sources", "reasoning.encrypted_content"],
        reasoning={"context": "all_turns", "effort": "low"},
        user="a",
        safety_identifier="b",
    )
    assert request.extensions == {
        "openai": {
            "truncation": "auto",
            "client_metadata": {"x": "y"},
            "include": ["web_search_call.action.sources"],
            "reasoning.context": "all_turns",
            "user": "a",
        }
    }
    assert request.sampling.user == "b"


@pytest.mark.parametrize(
    ("reasoning", "control"),
    [
        ({"effort": "high"}, ReasoningControl("level", "high")),
        ({"effort": "none"}, ReasoningControl("off")),
        ({"effort": None, "summary": "auto"}, ReasoningControl(show=True, detail="auto")),
        ({"effort": "low", "summary": "detailed"}, ReasoningControl("level", "low", None, True, "detailed")),
        ({"generate_summary": "concise"}, ReasoningControl(show=True, detail="concise")),
        ({}, ReasoningControl()),
    ],
)
def test_reasoning(reasoning: Any, control: ReasoningControl) -> None:
    assert decode_input(reasoning=reasoning).reasoning == control


def test_output_formats() -> None:
    schema = {"type": "object", "properties": {}}
    form = {"type": "json_schema", "name": "n", "schema": schema, "strict": True, "description": "d"}
    request = decode_input(text={"format": form})
    assert request.output == OutputFormat("schema", "n", schema, True, "d")
    assert decode_input(text={"format": {"type": "text"}}).output == OutputFormat()
    bare = {"type": "json_schema", "name": "n"}
    assert decode_input(text={"format": bare}).output.kind == "json"


@pytest.mark.parametrize(
    "members",
    [
        {"previous_response_id": "resp_1"},
        {"conversation": "c"},
        {"prompt": {"id": "p"}},
        {"background": True},
    ],
)
def test_what_the_vendor_stores_is_refused_by_name(members: Any) -> None:
    with pytest.raises(UnsupportedError) as raised:
        decode_input(**members)
    assert raised.value.param == next(iter(members))
    assert raised.value.status == 400


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"model": 1}, "model"),
        ({"stream": "yes"}, "stream"),
        ({"instructions": []}, "instructions"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_output_tokens": 1.5}, "max_output_tokens"),
        ({"include": [1]}, "include[0]"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"reasoning": {"effort": "enormous"}}, "reasoning.effort"),
        ({"metadata": []}, "metadata"),
        ({"input": 5}, "input"),
    ],
)
def test_wrong_members_are_named(members: Any, param: str) -> None:
    with pytest.raises(DecodeError) as raised:
        decode({"model": "m", "input": "x", **members})
    assert raised.value.param == param


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"\xff"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        DIALECT.decode_request(body, CHAT)


@given(
    st.dictionaries(
        st.sampled_from(["model", "input", "tools", "tool_choice", "text", "reasoning", "x"]), JSON
    )
)
def test_any_object_gives_a_request_or_a_client_error(body: dict[str, Any]) -> None:
    with suppress(DecodeError, UnsupportedError):
        assert isinstance(decode(body), Request)


RICH: dict[str, Any] = {
    "model": "m",
    "instructions": "i",
    "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]},
        {
            "role": "user",
            "content": [{"type": "input_image", "image_url": "https://x.test", "detail": "low"}],
        },
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "t"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "x"}]},
        {"type": "custom_tool_call", "call_id": "d", "name": "g", "input": "x"},
        {"type": "web_search_call", "id": "ws", "status": "completed"},
    ],
    "tools": [
        {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False},
        {"type": "custom", "name": "g", "format": {"type": "grammar", "syntax": "lark", "definition": "s"}},
        {"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "h"}]},
    ],
    "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {}}, "verbosity": "low"},
    "reasoning": {"effort": "low", "summary": "auto"},
    "metadata": {"a": "b"},
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


@given(st.sampled_from(places(RICH)[1:]), JSON | st.just(...))
def test_one_broken_place_never_breaks_the_decoder(place: tuple[Any, ...], value: Any) -> None:
    body = copy.deepcopy(RICH)
    holder: Any = body
    for key in place[:-1]:
        holder = holder[key]
    if value is ...:
        del holder[place[-1]]
    else:
        holder[place[-1]] = value
    with suppress(DecodeError, UnsupportedError):
        assert isinstance(decode(body), Request)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_samples_survive_the_round_trip(sample: load.Sample) -> None:
    request = DIALECT.decode_request(sample.request_bytes, COUNT if sample.is_count else CHAT)
    encoded = DIALECT.encode_request(request, target())
    again = DIALECT.decode_request(encoded.body, CHAT)
    assert (again.system, again.messages, again.tools) == (request.system, request.messages, request.tools)
    assert (again.output, again.tool_choice, again.reasoning) == (
        request.output,
        request.tool_choice,
        request.reasoning,
    )
    assert DIALECT.encode_request(again, target()).body == encoded.body
    assert json.loads(encoded.body)["model"] == "up-model"


@pytest.mark.parametrize("most", [0, -1])
@pytest.mark.parametrize("name", ["max_output_tokens"])
def test_an_output_limit_is_at_least_one(name: str, most: int) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_input(**{name: most})
    assert caught.value.param == name


@pytest.mark.parametrize(
    ("named", "body", "key"),
    [
        ({"session_id": "s1"}, {}, "s1"),
        ({"session-id": "s1"}, {}, "s1"),
        ({"session_id": "s1"}, {"prompt_cache_key": "k"}, "k"),
        ({"session_id": "x" * 65}, {}, None),
        ({}, {}, None),
    ],
)
def test_a_session_in_a_header_is_a_cache_key(named: Any, body: Any, key: str | None) -> None:
    call = replace(CHAT, headers=named)
    assert (
        DIALECT.decode_request(
            json.dumps({"model": "m", "input": "x", **body}).encode(), call
        ).sampling.cache_key
        == key
    )
