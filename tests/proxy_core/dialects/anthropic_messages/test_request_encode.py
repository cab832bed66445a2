import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.dialects.anthropic_messages.request_encode import encode_count_request, encode_request
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import (
    CacheMark,
    HostedStep,
    Inline,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
    ToolResult,
)
from proxy_core.ir.request import (
    Freeform,
    Function,
    OutputFormat,
    ReasoningControl,
    Request,
    Sampling,
    ToolChoice,
)
from proxy_core.ir.seal import wrap
from proxy_core.profile import ModelProfile
from tests.proxy_core.dialects.anthropic_messages.support import (
    ADAPTIVE,
    BUDGET,
    CHAT,
    DIALECT,
    ISSUER,
    NAME,
    UNKNOWN,
    accept,
    decoded,
    encoded,
    foreign,
    lost,
    target,
)
from tests.samples import load

F = Function("f")
CALL = Message("model", (ToolCall("c1", "f", "{}"),))
RESULT = Message("user", (ToolResult("c1", (Text("r"),)),))


@pytest.mark.parametrize("sample", load.samples(NAME), ids=lambda sample: sample.name)
def test_every_sample_comes_back(sample: load.Sample) -> None:
    request = DIALECT.decode_request(sample.request_bytes, CHAT)
    encode = encode_count_request if sample.is_count else encode_request
    result = encode(request, target())
    body = json.loads(result.body)
    assert body == sample.request
    assert result.losses == ()
    accept(body, "count" if sample.is_count else "generate")


@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in a result"])
def test_media_that_cannot_be_sent_are_refused_with_their_place(inside: bool) -> None:
    sound = Media("audio", Inline("audio/wav", "UklGRg=="))
    part: Part = ToolResult("c1", (sound,), as_text=False) if inside else sound
    with pytest.raises(UnsupportedError) as caught:
        encode_request(foreign(Message("user", (Text("q"),)), CALL, Message("user", (part,))), target())
    assert caught.value.param == "messages[2].content[0]"


def test_encoding_twice_gives_the_same_bytes() -> None:
    request = foreign(CALL, RESULT, tools=(F,), reasoning=ReasoningControl("level", "high"))
    first = encode_request(request, target(stream=True)).body
    again = encode_request(DIALECT.decode_request(first, CHAT), target(stream=True)).body
    assert encode_request(request, target(stream=True)).body == first
    assert json.loads(again) == json.loads(first)
    assert json.loads(first)["stream"] is True


def test_max_tokens_is_always_there() -> None:
    assert encoded(foreign())["max_tokens"] == 32_000
    assert encoded(foreign(), ADAPTIVE)["max_tokens"] == 64_000


def test_extensions_of_the_own_family_come_back_and_others_are_lost() -> None:
    own = {"context_management": {"edits": []}, "container": "c", "betas": ["x"]}
    request = decoded(**own)
    assert {key: encoded(request).get(key) for key in own} == {**own, "betas": None}
    assert encode_request(request, target()).headers == {"anthropic-beta": "x"}
    assert set(lost(request)) == set()
    assert set(lost(decoded(betas=[1]))) == {"betas"}
    other = foreign(extensions={"openai": {"prediction": {}, "include": []}})
    assert set(lost(other)) == {"prediction", "include"}
    config = decoded(output_config={"task_budget": 3, "effort": "low"}, thinking={"type": "adaptive"})
    assert encoded(config)["output_config"] == {"task_budget": 3, "effort": "low"}


def test_json_without_a_schema_is_asked_for_in_words() -> None:
    request = foreign(output=OutputFormat("json"), system=(Text("s"),))
    assert [block["text"][:6] for block in encoded(request)["system"]] == ["s", "Answer"]
    assert set(lost(request)) == {"response_format"}


def test_a_schema_is_closed_for_others_only() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 3}}}
    body = encoded(foreign(output=OutputFormat("schema", "name", schema, strict=True)))
    assert body["output_config"]["format"]["schema"]["additionalProperties"] is False
    own = decoded(output_config={"format": {"type": "json_schema", "schema": schema}})
    assert encoded(own)["output_config"]["format"]["schema"] == schema


def test_a_forced_call_switches_thinking_off() -> None:
    request = foreign(
        tools=(F,), tool_choice=ToolChoice("required"), reasoning=ReasoningControl("level", "high")
    )
    body = encoded(request, ADAPTIVE)
    assert body["thinking"] == {"type": "disabled"}
    assert "output_config" not in body
    assert set(lost(request, ADAPTIVE)) == {"reasoning"}
    accept(body)


def test_a_round_without_own_thinking_goes_on_without_a_budget() -> None:
    request = foreign(
        Message("user", (Text("a"),)), CALL, RESULT, tools=(F,), reasoning=ReasoningControl("level", "high")
    )
    body = encoded(request, BUDGET)
    assert body["thinking"] == {"type": "disabled"}
    assert set(lost(request, BUDGET)) == {"reasoning"}
    accept(body)
    thought = Reasoning(("hm",), Seal(ISSUER, "anthropic.signature", "c2ln"))
    signed = foreign(
        Message("user", (Text("a"),)),
        Message("model", (thought, *CALL.parts)),
        RESULT,
        tools=(F,),
        reasoning=ReasoningControl("level", "high"),
    )
    body = encoded(signed, BUDGET)
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 24_576}
    accept(body, seals=["c2ln"])


def test_a_round_whose_reasoning_was_refused_goes_on_without_thinking_whatever_the_model() -> None:
    asked, wanted = Message("user", (Text("a"),)), ReasoningControl("level", "high")
    whom = replace(target(ADAPTIVE), without_reasoning=True)
    rounds = foreign(asked, CALL, RESULT, tools=(F,), reasoning=wanted)
    body = json.loads(DIALECT.encode_request(rounds, whom).body)
    assert body["thinking"] == {"type": "disabled"}
    assert encoded(rounds, ADAPTIVE)["thinking"]["type"] == "adaptive"
    # a new question starts anew
    body = json.loads(DIALECT.encode_request(foreign(asked, reasoning=wanted), whom).body)
    assert body["thinking"]["type"] == "adaptive"


def test_thinking_between_tools_comes_back() -> None:
    request = decoded(thinking={"type": "between_tools", "display": "omitted"})
    assert encoded(request)["thinking"] == {"type": "between_tools", "display": "omitted"}
    assert lost(request) == {}


def test_foreign_thinking_and_steps_are_left_out() -> None:
    parts: tuple[Part, ...] = (
        Reasoning(("hm",), Seal("vendor-b", "anthropic.signature", "c2ln")),
        HostedStep("web_search", "elsewhere", {}),
        Text("answer"),
    )
    request = foreign(Message("user", (Text("a"),)), Message("model", parts), Message("user", (Text("b"),)))
    assert encoded(request)["messages"][1] == {"role": "assistant", "content": "answer"}
    assert set(lost(request)) == {"messages[1]", "messages[].reasoning"}


def test_envelopes_open_only_for_their_issuer() -> None:
    block = {
        "type": "thinking",
        "thinking": "hm",
        "signature": wrap(Seal(ISSUER, "anthropic.signature", "s")),
    }
    history = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [block, {"type": "text", "text": "b"}]},
        {"role": "user", "content": "c"},
    ]
    request = decoded(messages=history)
    assert encoded(request)["messages"][1]["content"][0]["signature"] == "s"
    assert encoded(request, issuer="vendor-b")["messages"][1]["content"] == "b"


def test_structure_laws() -> None:
    request = foreign(
        Message("system", (Text("rule"),)),
        Message("model", (ToolCall("c 1", "f", "{}"), Text("later"), Text(" "))),
        Message("user", (Text("text"), ToolResult("c 1", (Text(""),)), ToolResult("gone"))),
        Message("user", (Text("more"),)),
        Message("model", (Text("prefill "),)),
        tools=(F,),
    )
    body = encoded(request)
    accept(body)
    roles = [message["role"] for message in body["messages"]]
    assert roles == ["user", "assistant", "user", "assistant", "user"]
    assert [block["type"] for block in body["messages"][1]["content"]] == ["text", "tool_use"]
    assert [block["type"] for block in body["messages"][2]["content"]] == ["tool_result", "text", "text"]
    assert body["messages"][-1]["content"] == "Continue."
    old = encoded(request, BUDGET)
    assert old["messages"][-1] == {"role": "assistant", "content": "prefill"}
    accept({**old, "model": "claude-sonnet-4-5"})


def test_system_messages_stay_in_place_for_callers_of_this_dialect() -> None:
    messages = [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]
    assert encoded(decoded(messages=messages))["messages"] == messages
    said = foreign(Message("user", (Text("a"),)), Message("system", (Text("b"),)))
    assert "system-reminder" in json.dumps(encoded(said)["messages"])


def test_tools_are_renamed_reversibly_and_blank_stops_remembered() -> None:
    request = foreign(
        Message("user", (Text("a"),)),
        tools=(Function("a.b"), Freeform("patch", grammar="g")),
        sampling=Sampling(stop=("\n",)),
    )
    result = encode_request(request, target())
    sent = [tool["name"] for tool in json.loads(result.body)["tools"]]
    assert {result.memory.tools[name].name for name in sent} == {"a.b", "patch"}
    assert result.memory.stop == ("\n",)


def test_a_count_has_only_what_is_counted() -> None:
    request = decoded(
        system="s",
        temperature=1,
        stop_sequences=["x"],
        metadata={"user_id": "u"},
        stream=True,
        thinking={"type": "enabled", "budget_tokens": 2000},
        max_tokens=9000,
    )
    body = json.loads(encode_count_request(request, target(stream=True)).body)
    assert set(body) == {"model", "messages", "system", "thinking"}
    accept(body, "count")


def test_marks_of_other_dialects_are_kept_to_four() -> None:
    parts = tuple(Text(f"t{number}", cache=CacheMark("30m")) for number in range(7))
    request = foreign(Message("user", parts))
    accept(encoded(request))
    assert set(lost(request)) == {"cache_control"}


_TEXTS = st.sampled_from(["", " ", "a", "b\n", "\ud83d", "é"]) | st.text(max_size=4)
_IDS = st.sampled_from(["c1", "c 1", "", "x" * 90, "é"])
_MARKS = st.sampled_from([None, None, CacheMark(), CacheMark("1h"), CacheMark("24h")])
_SEALS = st.sampled_from(
    [
        None,
        Seal(ISSUER, "anthropic.signature", "c2ln"),
        Seal(None, "responses.encrypted", "x"),
        Seal("vendor-b", "gemini.signature", "y"),
    ]
)
_TEXT = st.builds(Text, _TEXTS, cache=_MARKS, seal=_SEALS)
_PICTURE = st.just(Media("image", Inline("image/png", "aGk="), cache=CacheMark("1h")))
_NAMES = st.sampled_from(["f", "a.b", "", "n" * 80])
_ARGUMENTS = st.sampled_from(["", "{}", "[]", '{"a":1.50}', "{broken", "\ud83d"])
_MODEL_PART = st.one_of(
    _TEXT,
    st.builds(Refusal, _TEXTS),
    st.builds(Reasoning, st.lists(_TEXTS, max_size=2).map(tuple), _SEALS),
    st.builds(ToolCall, _IDS, _NAMES, _ARGUMENTS, cache=_MARKS, seal=_SEALS),
    st.just(HostedStep("web_search", "elsewhere", {})),
)
_RESULT = st.builds(
    ToolResult,
    _IDS,
    st.lists(_TEXT | _PICTURE, max_size=2).map(tuple),
    is_error=st.booleans(),
    as_text=st.booleans(),
    cache=_MARKS,
)
_USER_PART = _TEXT | _PICTURE | _RESULT
_MESSAGE = st.one_of(
    st.builds(Message, st.just("user"), st.lists(_USER_PART, max_size=4).map(tuple)),
    st.builds(Message, st.just("model"), st.lists(_MODEL_PART, max_size=4).map(tuple)),
    st.builds(Message, st.just("system"), st.lists(_TEXT, max_size=2).map(tuple)),
)
_CONTROL = st.one_of(
    st.just(ReasoningControl()),
    st.builds(ReasoningControl, st.just("level"), st.sampled_from(["none", "minimal", "high", "max"])),
    st.builds(ReasoningControl, st.just("budget"), st.none(), st.integers(0, 10**6), st.booleans()),
    st.builds(ReasoningControl, st.sampled_from(["off", "auto"])),
)
_TOOL = st.one_of(
    st.builds(
        Function, _NAMES, schema=st.sampled_from([None, {"anyOf": [{"type": "object"}]}]), cache=_MARKS
    ),
    st.builds(Freeform, _NAMES, grammar=st.just("g")),
)
_REQUEST = st.builds(
    Request,
    dialect=st.just("elsewhere"),
    model=st.just("m"),
    messages=st.lists(_MESSAGE, max_size=6).map(tuple),
    system=st.lists(_TEXT, max_size=3).map(tuple),
    tools=st.lists(_TOOL, max_size=3).map(tuple),
    tool_choice=st.sampled_from([None, ToolChoice(), ToolChoice("none"), ToolChoice("required")]),
    reasoning=_CONTROL,
    sampling=st.builds(
        Sampling,
        max_output_tokens=st.none() | st.integers(0, 10**6),
        temperature=st.none() | st.floats(0, 2),
        top_p=st.none() | st.floats(0, 1),
        top_k=st.none() | st.integers(1, 50),
        stop=st.lists(_TEXTS, max_size=2).map(tuple),
        parallel_tool_calls=st.none() | st.booleans(),
    ),
)


@given(_REQUEST, st.sampled_from([ADAPTIVE, BUDGET, UNKNOWN]))
def test_the_vendor_accepts_whatever_a_caller_of_another_dialect_did(
    request_: Request, profile: ModelProfile
) -> None:
    body: dict[str, Any] = encoded(request_, profile)
    accept(body, seals=["c2ln"])
    again = encoded(DIALECT.decode_request(json.dumps(body).encode(), CHAT), profile)
    assert again["messages"] == body["messages"]
    assert again.get("tools") == body.get("tools")


def test_the_most_thinking_that_fits_is_no_loss() -> None:
    request = foreign(reasoning=ReasoningControl("level", "max"))
    assert encoded(request, BUDGET)["thinking"]["budget_tokens"] == 63_999
    assert lost(request, BUDGET) == {}
