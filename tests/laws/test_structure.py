"""Laws 9 to 11 and 13: the shape of what is sent, ids and names, schemas, seals."""

import base64
import copy
import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.dialects.anthropic_messages import schema as anthropic_schema
from proxy_core.dialects.gemini_generate import schema as gemini_schema
from proxy_core.ir import schema as shared_schema
from proxy_core.ir.message import Message, Reasoning, Seal, Text, ToolCall, ToolResult
from proxy_core.ir.request import EncodedRequest, Request
from proxy_core.ir.seal import has_envelope, sendable, unwrap, wrap, wrap_base64
from proxy_core.profile import ModelProfile
from tests.laws.codecs import ISSUER, MODEL, NAMES, PAIRS, decode, encode, encoded
from tests.laws.conversations import NATIVE, requests
from tests.laws.digest import canonical, properties
from tests.laws.profiles import LONG, examples
from tests.laws.values import odd_json
from tests.samples import load
from tests.upstreams.anthropic_messages import AnthropicMessages
from tests.upstreams.gemini_generate import GeminiGenerate
from tests.upstreams.gemini_schema import json_door, schema_door
from tests.upstreams.openai_chat import OpenAIChat
from tests.upstreams.openai_responses import OpenAIResponses
from tests.upstreams.shapes import Flaw
from tests.upstreams.vendor import Exchange, Memory, Options, Route, Vendor

pytestmark = pytest.mark.timeout(0 if LONG else 60)
VENDORS: dict[str, Vendor] = {
    one.dialect: one for one in (OpenAIChat(), OpenAIResponses(), AnthropicMessages(), GeminiGenerate())
}


def refused(name: str, sent: EncodedRequest, stream: bool) -> str | None:
    """What the strict vendor says to a body; it knows the seals that the generated conversations hold."""
    memory = Memory(name)
    for value in ("c2VhbA==", "YQ==", "RXJjQ0NrZ0lDQkFC"):
        memory.keep(value)
    headers = {"anthropic-version": "2023-06-01", **sent.headers}
    exchange = Exchange(
        Route("generate", load.model(name), stream), {}, headers, json.loads(sent.body), Options(), memory
    )
    try:
        VENDORS[name].check(exchange)
    except Flaw as flaw:
        return f"{flaw.at}: {flaw.kind} {flaw.detail}"
    return None


@pytest.mark.parametrize(("name", "other"), PAIRS)
def test_law_09_what_is_sent_keeps_the_rules_of_its_vendor(name: str, other: str) -> None:
    """Turns, results, counts, names, ids, marks, empty text: all that the strict fakes refuse."""

    @examples(24)
    @given(requests(name))
    def law(request: Request) -> None:
        one = encoded(name, request)
        if one is None:
            return
        # of a model that goes on where the assistant stopped the fakes know nothing
        there = encoded(other, decode(name, one.body, request.stream), profile=ModelProfile(MODEL))
        if there is not None:
            assert refused(other, there, request.stream) is None, there.body

    law()


def test_law_09_bites() -> None:
    body = {
        "model": MODEL,
        "max_tokens": 9,
        "messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}],
    }
    assert refused("anthropic_messages", EncodedRequest(json.dumps(body).encode()), False)


@pytest.mark.parametrize("name", NAMES)
def test_law_10_names_come_back(name: str) -> None:
    """Every call that the vendor makes with a sent name is the client's own tool again."""

    @examples(30)
    @given(requests("openai_responses"))
    def law(request: Request) -> None:
        sent = encoded(name, replace(request, messages=request.messages[-1:], tool_choice=None))
        if sent is None:
            return
        back = decode(name, sent.body, request.stream)
        sent_names = [(getattr(one, "namespace", None), one.name or "") for one in back.tools]
        assert len(set(sent_names)) == len(sent_names)
        home = {
            (known.namespace, known.name) if (known := sent.memory.tools.get(one)) else (space, one)
            for space, one in sent_names
        }
        assert home == {(getattr(one, "namespace", None), one.name) for one in request.tools}

    law()


@pytest.mark.parametrize("name", NAMES)
def test_law_10_ids_pair_calls_and_results_in_any_order(name: str) -> None:
    """The client returns results in another order: each still belongs to its call."""

    @examples(24)
    @given(requests("anthropic_messages"))
    def law(request: Request) -> None:
        sent = encoded(name, request)
        if sent is None:
            return
        back = decode(name, sent.body, request.stream)
        open_calls: list[str] = []
        for message in back.messages:
            results = [one.call_id for one in message.parts if hasattr(one, "call_id")]
            assert set(results) <= set(open_calls)
            open_calls = [one for one in open_calls if one not in results]
            calls = [one.id for one in message.parts if isinstance(one, ToolCall)]
            assert len(set(calls)) == len(calls)
            open_calls += calls
        assert open_calls == []

    law()


def test_law_10_maps_are_the_same_in_a_new_process() -> None:
    """Nothing that is sent depends on the process: names, ids and their replacements are computed."""
    script = (
        "import json, sys, tests.laws.test_structure as t\n"
        "print(json.dumps({name: t.encode(name, t.odd_request()).body.decode() for name in t.NAMES}))\n"
    )
    one, two = (
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ".", "PATH": ""},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    )
    assert one == two
    assert set(json.loads(one)) == set(NAMES)


def odd_request() -> Request:
    """Names and ids that every dialect has to replace."""
    names = ("look.up", "天气", "x" * 70, "x" * 71, "look/up")
    body = {
        "model": MODEL,
        "messages": [
            {"role": "user", "content": "Go."},
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": "call.π" * 20 + str(at),
                        "type": "function",
                        "function": {"name": one, "arguments": "{}"},
                    }
                    for at, one in enumerate(names)
                ],
            },
            *(
                {"role": "tool", "tool_call_id": "call.π" * 20 + str(at), "content": "x"}
                for at in range(len(names))
            ),
        ],
        "tools": [{"type": "function", "function": {"name": one}} for one in names],
    }
    return decode("openai_chat", json.dumps(body).encode())


KEYS = (
    "type", "properties", "items", "anyOf", "oneOf", "allOf", "$ref", "$defs", "required", "enum", "const",
    "format", "minimum", "maximum", "pattern", "additionalProperties", "description", "title", "default",
    "nullable", "not", "if", "patternProperties", "prefixItems", "minLength", "examples", "propertyNames",
    "x-custom", "",
)  # fmt: skip
schemas: st.SearchStrategy[Any] = st.recursive(
    odd_json
    | st.sampled_from(("string", "object", "array", ["string", "null"], "#/$defs/a", "#", "date-time")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=14,
)
schema_objects = st.dictionaries(st.sampled_from(KEYS), schemas, max_size=5)
CLEANERS = {
    "gemini json": gemini_schema.json_schema,
    "gemini json parameters": gemini_schema.json_parameters,
    "gemini open": gemini_schema.open_schema,
    "gemini open parameters": gemini_schema.open_parameters,
    "shared object": shared_schema.object_root,
    "anthropic strict": anthropic_schema.strict_schema,
    "shared repaired": shared_schema.repaired,
    "shared complete": shared_schema.complete,
}


@pytest.mark.parametrize("name", CLEANERS)
def test_law_11_a_schema_is_cleaned_once_and_never_in_place(name: str) -> None:
    """Whatever it is: it ends, it is JSON, the second time changes nothing, and the original is untouched."""

    @examples(24)
    @given(schema_objects)
    def law(schema: dict[str, Any]) -> None:
        before = copy.deepcopy(schema)
        once = CLEANERS[name](schema)
        assert schema == before
        assert isinstance(once, dict)
        assert CLEANERS[name](copy.deepcopy(once)) == once

    law()


@pytest.mark.parametrize(("name", "door"), [("gemini json", json_door), ("gemini open", schema_door)])
def test_law_11_only_allowed_keywords_are_left(name: str, door: Any) -> None:
    @examples(100)
    @given(schema_objects)
    def law(schema: dict[str, Any]) -> None:
        door(CLEANERS[name](schema), ())

    law()


@pytest.mark.parametrize("name", CLEANERS)
def test_law_11_property_names_are_nobodys_keywords(name: str) -> None:
    named = {key: {"type": "string"} for key in KEYS if key}
    schema = {"type": "object", "properties": {**named, "inner": {"type": "object", "properties": named}}}
    cleaned = CLEANERS[name](schema)
    assert sorted(properties(cleaned)) == sorted(properties(schema))


@pytest.mark.parametrize("name", CLEANERS)
def test_law_11_recursion_ends(name: str) -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "all": {"$ref": "#"}}}
    cleaned = CLEANERS[name]({"$ref": "#/$defs/node", "$defs": {"node": node}, **node})
    assert len(json.dumps(cleaned)) < 100_000


@pytest.mark.parametrize("other", ["gemini_generate", "anthropic_messages", "openai_responses"])
def test_law_11_nothing_but_schemas_is_cleaned(other: str) -> None:
    """Arguments that look like a schema are arguments."""
    looks = {
        "type": ["string", "null"],
        "$ref": "#/a",
        "additionalProperties": False,
        "properties": {"x": {"const": 1}},
    }
    call = ToolCall("call_1", "run", json.dumps(looks))
    result = ToolResult("call_1", (Text("Done."),))
    said = (Message("user", (Text("Go."),)), Message("model", (call,)), Message("user", (result,)))
    back = decode(other, encode(other, Request("openai_chat", MODEL, said)).body)
    found = [part for message in back.messages for part in message.parts if isinstance(part, ToolCall)]
    assert [canonical(part.arguments) for part in found] == [canonical(json.dumps(looks))]


words = st.text(st.characters(categories=("Ll", "Nd")), min_size=1, max_size=8)
seal_values = st.text(st.characters(), min_size=1, max_size=40)


@examples(100)
@given(words, st.sampled_from(("anthropic.signature", "gemini.signature", "chat.details")), seal_values)
def test_law_13_an_envelope_gives_back_its_seal(issuer: str, kind: str, value: str) -> None:
    seal = Seal(issuer, kind, value)
    assert unwrap(wrap(seal), "any") == seal
    packed = wrap_base64(seal)
    assert unwrap(packed, "any") == seal
    assert unwrap(packed.replace("+", "-").replace("/", "_"), "any") == seal
    assert has_envelope(b'{"x":"' + wrap(seal).encode() + b'"}')
    assert has_envelope(b'{"x":"' + packed.encode() + b'"}')
    for other in (issuer + "x", ISSUER):
        assert sendable(seal, other, kind) is None
    assert sendable(seal, issuer, kind) == value
    assert sendable(seal, issuer, "other.kind") is None


@examples(150)
@given(st.data())
def test_law_13_a_tampered_envelope_is_dropped_or_says_no_other_issuer(data: st.DataObject) -> None:
    """One character changed: nothing is raised, and no issuer's seal becomes a native one."""
    whole = wrap(Seal("one", "anthropic.signature", "c2VhbA=="))
    at = data.draw(st.integers(len("trunkline.1:"), len(whole) - 1))
    changed = whole[:at] + data.draw(st.sampled_from("!:\u00e9 \x00")) + whole[at + 1 :]
    found = unwrap(changed, "anthropic.signature")
    assert found is None or found.issuer is not None
    assert unwrap(whole[:at], "anthropic.signature") is None or unwrap(whole[:at], "x").issuer == "one"  # type: ignore[union-attr]


@pytest.mark.parametrize(("name", "other"), PAIRS)
def test_law_13_no_seal_crosses_to_another_issuer(name: str, other: str) -> None:
    """Neither native ones nor those of an envelope; not in the body, in no spelling."""
    secret = base64.b64encode(b"canary-seal-value").decode()
    kinds = [kind for kind in NATIVE_KINDS[name] if kind is not None]
    for issuer in (None, "someone"):
        for kind in kinds:
            seal = Seal(issuer, kind, secret)
            said = (
                Message("user", (Text("Go."),)),
                Message(
                    "model",
                    (
                        Reasoning(("Hm.",), seal),
                        Text("Yes.", seal=seal),
                        ToolCall("c", "run", "{}", seal=seal),
                    ),
                ),
                Message("user", (Text("On."),)),
            )
            sent = encoded(other, Request(name, MODEL, said))
            assert sent is not None
            assert b"canary" not in sent.body
            assert secret.encode() not in sent.body
            assert not has_envelope(sent.body)


NATIVE_KINDS = {
    name: {NATIVE[name].thinking, NATIVE[name].redacted, NATIVE[name].call, NATIVE[name].text}
    for name in NAMES
}
