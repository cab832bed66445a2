import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.errors import DecodeError
from proxy_core.ir.request import OutputFormat, ReasoningControl, Request
from tests.proxy_core.dialects.openai_chat.exchange import CALL, DIALECT, NAME, decode
from tests.samples import load

NAMES = (
    "messages",
    "model",
    "tools",
    "tool_choice",
    "stop",
    "stream_options",
    "response_format",
    "reasoning",
    "role",
    "content",
    "type",
    "text",
    "image_url",
    "function",
    "name",
    "tool_calls",
    "id",
    "metadata",
    "n",
    "audio",
    "reasoning_details",
    "refusal",
    "max_tokens",
    "modalities",
    "web_search_options",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.sampled_from(("user", "assistant", "tool", "system", "text", "function", "json_schema")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def test_every_sample_is_read_without_anything_left_over() -> None:
    samples = load.samples(NAME)
    assert samples
    for sample in samples:
        request = DIALECT.decode_request(sample.request_bytes, CALL)
        assert request.model == load.model(NAME)
        assert request.extensions == {}


def test_the_newer_length_wins() -> None:
    assert decode(max_tokens=5, max_completion_tokens=9).sampling.max_output_tokens == 9
    assert decode(max_tokens=5).sampling.max_output_tokens == 5


def test_stop_is_a_string_or_a_list() -> None:
    assert decode(stop="END").sampling.stop == ("END",)
    assert decode(stop=["a", "", "b"]).sampling.stop == ("a", "b")
    assert decode(stop="").sampling.stop == ()


def test_usage_is_wanted_only_when_asked_for() -> None:
    assert decode(stream=True).want_usage is False
    request = decode(stream=True, stream_options={"include_usage": True, "include_obfuscation": False})
    assert request.want_usage is True
    assert request.extensions == {"openai": {"stream_options": {"include_obfuscation": False}}}


@pytest.mark.parametrize(
    ("members", "control"),
    [
        ({}, ReasoningControl()),
        ({"reasoning_effort": None}, ReasoningControl()),
        ({"reasoning_effort": "none"}, ReasoningControl("off")),
        ({"reasoning_effort": "high"}, ReasoningControl("level", "high", show=True)),
        ({"reasoning": {"effort": "low", "exclude": True}}, ReasoningControl("level", "low", show=False)),
        ({"reasoning": {"max_tokens": 2000}}, ReasoningControl("budget", budget=2000, show=True)),
        ({"reasoning": {"enabled": True}}, ReasoningControl("auto", show=True)),
        ({"reasoning": {"enabled": False}}, ReasoningControl("off")),
    ],
)
def test_reasoning(members: Any, control: ReasoningControl) -> None:
    assert decode(**members).reasoning == control


@pytest.mark.parametrize(
    ("form", "output"),
    [
        ({"type": "text"}, OutputFormat()),
        ({"type": "json_object"}, OutputFormat("json")),
        ({"type": "json_schema", "json_schema": {"name": "x"}}, OutputFormat("json")),
        (
            {
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": {"type": "object"}, "strict": True},
            },
            OutputFormat("schema", "x", {"type": "object"}, True),
        ),
    ],
)
def test_output_formats(form: Any, output: OutputFormat) -> None:
    assert decode(response_format=form).output == output


def test_the_user_key_has_two_names() -> None:
    assert decode(user="old").sampling.user == "old"
    both = decode(user="old", safety_identifier="new")
    assert both.sampling.user == "new"
    assert both.extensions == {"openai": {"user": "old"}}


def test_unknown_members_are_kept_for_the_family() -> None:
    assert decode(chat_template_kwargs={"a": 1}).extensions == {"openai": {"chat_template_kwargs": {"a": 1}}}


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"model": ""}, "model"),
        ({"model": 3}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"stream": "yes"}, "stream"),
        ({"temperature": "hot"}, "temperature"),
        ({"n": 0}, "n"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"stop": [1]}, "stop[0]"),
        ({"stop": 3}, "stop"),
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema", "json_schema": 1}}, "response_format.json_schema"),
        ({"modalities": "text"}, "modalities"),
        ({"stream_options": 1}, "stream_options"),
    ],
)
def test_what_is_wrong_is_named(members: Any, place: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(**members)
    assert caught.value.param == place


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"3", b"null"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        DIALECT.decode_request(body, CALL)


@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6), st.lists(JSON, min_size=1, max_size=2))
def test_any_object_is_a_request_or_a_clear_error(members: Any, messages: Any) -> None:
    for body in (members, {"model": "m", **members}, {"model": "m", "messages": messages}):
        _is_total(body)


@given(st.sampled_from(load.names(NAME)), st.data())
def test_a_damaged_sample_is_a_request_or_a_clear_error(name: str, data: st.DataObject) -> None:
    body = load.sample(NAME, name).request
    spots: list[tuple[Any, Any]] = []

    def visit(value: Any) -> None:
        keys: Any = (
            value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        )
        for key in list(keys):
            spots.append((value, key))
            visit(value[key])

    visit(body)
    holder, key = data.draw(st.sampled_from(spots))
    if isinstance(holder, dict) and data.draw(st.booleans()):
        del holder[key]
    else:
        holder[key] = data.draw(JSON)
    _is_total(body)


def _is_total(body: Any) -> None:
    with contextlib.suppress(DecodeError):
        assert isinstance(DIALECT.decode_request(json.dumps(body).encode(), CALL), Request)


@pytest.mark.parametrize("most", [0, -1])
@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_an_output_limit_is_at_least_one(name: str, most: int) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(**{"max_completion_tokens": 5, name: most})
    assert caught.value.param == name
