"""What the fake of the Gemini API refuses, and what it lets through."""

from typing import Any

import pytest
from google.genai import types

from tests.upstreams.gemini_generate import GeminiGenerate
from tests.upstreams.gemini_schema import camel
from tests.upstreams.refusing import refusal
from tests.upstreams.vendor import Memory, Options

SEAL = "EkAKPgEC"
SENTINEL = "skip_thought_signature_validator"
USER = {"role": "user", "parts": [{"text": "x"}]}
CALL = {"functionCall": {"name": "f", "args": {}, "id": "1"}, "thoughtSignature": SEAL}
OTHER = {"functionCall": {"name": "g", "args": {}, "id": "2"}}
ANSWER = {"functionResponse": {"name": "f", "response": {"output": "ok"}, "id": "1"}}
SECOND = {"functionResponse": {"name": "g", "response": {"output": "ok"}, "id": "2"}}
PRO, FLASH, NEW = "gemini-2.5-pro", "gemini-2.5-flash", "gemini-3.8-flash"


def ask(**more: Any) -> dict[str, Any]:
    return {"contents": [USER], **more}


def model(*parts: Any) -> dict[str, Any]:
    return {"role": "model", "parts": list(parts)}


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "parts": list(parts)}


def turns(*contents: Any) -> dict[str, Any]:
    return {"contents": list(contents)}


def config(**more: Any) -> dict[str, Any]:
    return ask(generationConfig=more)


def thinking(**more: Any) -> dict[str, Any]:
    return config(thinkingConfig=more)


def declared(**more: Any) -> dict[str, Any]:
    return ask(tools=[{"functionDeclarations": [{"name": "f", **more}]}])


def door1(**schema: Any) -> dict[str, Any]:
    return declared(parametersJsonSchema={"type": "object", "properties": {"a": schema}})


def door2(**schema: Any) -> dict[str, Any]:
    return declared(parameters={"type": "OBJECT", "properties": {"a": schema}})


def calling(**more: Any) -> dict[str, Any]:
    return declared() | {"toolConfig": {"functionCallingConfig": more}}


WORDS_BAD_BEHIND_DOOR_1 = (
    "const", "default", "allOf", "not", "if", "patternProperties", "propertyNames", "exclusiveMinimum",
    "multipleOf", "uniqueItems", "pattern", "minLength", "nullable", "examples", "x-order",
)  # fmt: skip
WORDS_BAD_BEHIND_DOOR_2 = (
    "$schema", "$ref", "additionalProperties", "const", "oneOf", "allOf", "exclusiveMinimum", "multipleOf",
    "uniqueItems", "propertyNames", "$defs", "examples", "readOnly",
)  # fmt: skip
REFUSED = {
    "unknown field": (NEW, ask(max_tokens=3), 'Unknown name "maxTokens": Cannot find field.'),
    "openai's messages": (NEW, {"messages": []}, 'Unknown name "messages"'),
    "unknown nested field": (NEW, config(maxTokens=3), "Unknown name \"maxTokens\" at 'generationConfig'"),
    "unknown part field": (NEW, turns(user({"text": "x", "cache": 1})), "at 'contents[0].parts[0]'"),
    "no contents": (NEW, {}, "contents is not specified"),
    "contents empty": (NEW, {"contents": []}, "contents is not specified"),
    "role": (NEW, turns({"role": "assistant", "parts": [{"text": "x"}]}), "contents[0].role"),
    "system role": (NEW, turns({"role": "system", "parts": [{"text": "x"}]}, USER), "contents[0].role"),
    "no parts": (NEW, turns({"role": "user", "parts": []}), "minimum length 1"),
    "empty part": (NEW, turns(user({})), "required oneof field 'data' must have one initialized field"),
    "empty text": (NEW, turns(user({"text": ""})), "required oneof field 'data'"),
    "two data fields": (NEW, turns(user({"text": "x", **ANSWER})), "already set"),
    "model first": (NEW, turns(model({"text": "x"}), USER), "start with a user turn"),
    "model last": (NEW, turns(USER, model({"text": "x"})), "ends with a user role"),
    "inline data": (NEW, turns(user({"inlineData": {"mimeType": "image/png", "data": "data:x;"}})), "Base64"),
    "inline data without type": (NEW, turns(user({"inlineData": {"data": "aaaa"}})), "mimeType"),
    "call without name": (NEW, turns(USER, model({"functionCall": {"args": {}}}), user(ANSWER)), "name"),
    "args a string": (
        NEW,
        turns(USER, model({"functionCall": {"name": "f", "args": "{}"}}), user(ANSWER)),
        "functionCall.args",
    ),
    "response without name": (
        NEW,
        turns(USER, model(CALL), user({"functionResponse": {"response": {}}})),
        "name",
    ),
    "response a string": (
        NEW,
        turns(USER, model(CALL), user({"functionResponse": {"name": "f", "response": "ok"}})),
        "functionResponse.response",
    ),
    "call not answered": (NEW, turns(USER, model(CALL), USER), "number of function response parts is equal"),
    "one of two answered": (
        NEW,
        turns(USER, model(CALL, OTHER), user(ANSWER)),
        "number of function response",
    ),
    "answers swapped": (
        NEW,
        turns(USER, model(CALL, OTHER), user(SECOND, ANSWER)),
        "match the function calls",
    ),
    "answers over two turns": (NEW, turns(USER, model(CALL, OTHER), user(ANSWER), user(SECOND)), "number of"),
    "answer without call": (
        NEW,
        turns(USER, model({"text": "y"}), user(ANSWER)),
        "immediately after a function call",
    ),
    "call at the end": (NEW, turns(USER, model(CALL)), "ends with a user role or a function response"),
    "call after a model turn": (
        NEW,
        turns(USER, model({"text": "y"}), model(CALL), user(ANSWER)),
        "function call turn comes immediately after a user turn",
    ),
    "call by the user": (NEW, turns(user(CALL), user(ANSWER)), "function calls are in model turns"),
    "unsigned call": (
        NEW,
        turns(USER, model({"functionCall": CALL["functionCall"]}), user(ANSWER)),
        "missing a thought_signature",
    ),
    "unsigned second step": (
        NEW,
        turns(USER, model(CALL), user(ANSWER), model(OTHER), user(SECOND)),
        "function call `default_api:g` , position 4",
    ),
    "foreign signature": (
        NEW,
        turns(USER, model({**CALL, "thoughtSignature": "Zm9v"}), user(ANSWER)),
        "Corrupted thought signature",
    ),
    "signature no base64": (
        NEW,
        turns(USER, model({**CALL, "thoughtSignature": "a.b"}), user(ANSWER)),
        "TYPE_BYTES",
    ),
    "signature on a response": (
        NEW,
        turns(USER, model(CALL), user({**ANSWER, "thoughtSignature": SEAL})),
        "not allowed on function responses",
    ),
    "function name": (
        NEW,
        ask(tools=[{"functionDeclarations": [{"name": "1f"}]}]),
        "functionDeclarations[0].name",
    ),
    "function name too long": (NEW, ask(tools=[{"functionDeclarations": [{"name": "f" * 65}]}]), "name"),
    "function twice": (
        NEW,
        ask(tools=[{"functionDeclarations": [{"name": "f"}, {"name": "f"}]}]),
        "Duplicate",
    ),
    "openai's tool": (NEW, ask(tools=[{"type": "function", "function": {}}]), 'Unknown name "type"'),
    "both doors": (NEW, declared(parameters={"type": "OBJECT"}, parametersJsonSchema={}), "Only one of"),
    "door 1 ref with siblings": (NEW, door1(**{"$ref": "#/$defs/a", "type": "string"}), "$ref"),
    "door 1 enum of booleans": (NEW, door1(enum=[True]), "enum values must be strings or numbers"),
    "door 1 upper-case type": (NEW, door1(type="STRING"), "a JSON Schema type"),
    "door 1 required unknown": (
        NEW,
        declared(parametersJsonSchema={"type": "object", "properties": {}, "required": ["a"]}),
        "property is not defined",
    ),
    "door 2 type list": (NEW, door2(type=["string", "null"]), "a Type"),
    "door 2 enum of numbers": (NEW, door2(type="INTEGER", enum=[1]), "only allowed for STRING type"),
    "door 2 array without items": (NEW, door2(type="ARRAY"), "items: missing field"),
    "door 2 format": (NEW, door2(type="STRING", format="uri"), "only 'enum' and 'date-time'"),
    "mode": (NEW, calling(mode="REQUIRED"), "functionCallingConfig.mode"),
    "names with auto": (NEW, calling(mode="AUTO", allowedFunctionNames=["f"]), "only be set when"),
    "names unknown": (NEW, calling(mode="ANY", allowedFunctionNames=["g"]), "'g' is not among"),
    "any without functions": (
        NEW,
        ask(toolConfig={"functionCallingConfig": {"mode": "ANY"}}),
        "without function_declarations",
    ),
    "search and functions": (
        FLASH,
        ask(tools=[{"functionDeclarations": [{"name": "f"}]}, {"googleSearch": {}}]),
        "Tool use with function calling is unsupported",
    ),
    "json and functions": (
        FLASH,
        declared() | {"generationConfig": {"responseMimeType": "application/json"}},
        "is unsupported",
    ),
    "schema without mime type": (NEW, config(responseJsonSchema={}), "requires response_mime_type"),
    "two schemas": (
        NEW,
        config(responseMimeType="application/json", responseSchema={}, responseJsonSchema={}),
        "Only one of",
    ),
    "schema keyword": (
        NEW,
        config(
            responseMimeType="application/json",
            responseSchema={"type": "OBJECT", "additionalProperties": False},
        ),
        'Unknown name "additionalProperties"',
    ),
    "budget and level": (NEW, thinking(thinkingBudget=5, thinkingLevel="LOW"), "only set only one"),
    "level on 2.5": (PRO, thinking(thinkingLevel="LOW"), "Thinking level LOW is not supported"),
    "level of pro": (
        "gemini-3-pro",
        thinking(thinkingLevel="MINIMAL"),
        "Thinking level MINIMAL is not supported",
    ),
    "budget off on pro": (PRO, thinking(thinkingBudget=0), "only works in thinking mode"),
    "budget too large": (PRO, thinking(thinkingBudget=40000), "between 128 and 32768"),
    "budget of lite": ("gemini-2.5-flash-lite", thinking(thinkingBudget=100), "between 512 and 24576"),
    "thoughts of no thinking": (FLASH, thinking(thinkingBudget=0, includeThoughts=True), "include_thoughts"),
    "six stops": (NEW, config(stopSequences=list("abcdef")), "maximum length 5"),
    "modality": (NEW, config(responseModalities=["text"]), "responseModalities[0]"),
    "logprobs": (NEW, config(logprobs=3), "response_logprobs"),
    "candidates": (NEW, config(candidateCount=9), "candidateCount"),
}
ACCEPTED = {
    "snake case": (NEW, {"contents": [USER], "system_instruction": {"parts": [{"text": "s"}]}}),
    "no role": (NEW, turns({"parts": [{"text": "x"}]})),
    "sentinel": (NEW, turns(USER, model({**CALL, "thoughtSignature": SENTINEL}), user(ANSWER))),
    "signature in the other alphabet": (
        NEW,
        turns(USER, model({**CALL, "thoughtSignature": "-_-_"}), user(ANSWER)),
    ),
    "unsigned call of an earlier turn": (
        NEW,
        turns(USER, model(OTHER), user(SECOND), model({"text": "y"}), USER),
    ),
    "unsigned call on 2.5": (PRO, turns(USER, model(OTHER), user(SECOND))),
    "unsigned sibling": (NEW, turns(USER, model(CALL, OTHER), user(ANSWER, SECOND))),
    "empty text that is signed": (NEW, turns(USER, model({"text": "", "thoughtSignature": SEAL}), USER)),
    "image beside a response": (
        PRO,
        turns(USER, model(OTHER), user(SECOND, {"inlineData": {"mimeType": "image/png", "data": "aaaa"}})),
    ),
    "property named like a keyword": (
        NEW,
        declared(parameters={"type": "OBJECT", "properties": {"const": {}}}),
    ),
    "search and functions on 3": (
        NEW,
        ask(
            tools=[{"functionDeclarations": [{"name": "f"}]}, {"googleSearch": {}}],
            toolConfig={"includeServerSideToolInvocations": True},
        ),
    ),
    "automatic budget": (PRO, thinking(thinkingBudget=-1)),
    "arguments keep their keys": (
        NEW,
        turns(
            USER, model({**CALL, "functionCall": {"name": "f", "args": {"a_b": 1}, "id": "1"}}), user(ANSWER)
        ),
    ),
}


def remembering() -> Memory:
    memory = Memory("gemini_generate")
    memory.keep(SEAL)
    memory.keep("+/+/")
    return memory


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name: str) -> None:
    which, body, words = REFUSED[name]
    error = refusal(GeminiGenerate(), f"/models/{which}:generateContent", body, memory=remembering())
    assert error is not None
    assert words in error["error"]["message"]
    assert (error["error"]["code"], error["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("word", WORDS_BAD_BEHIND_DOOR_1)
def test_door_1_refuses(word: str) -> None:
    error = refusal(GeminiGenerate(), f"/models/{NEW}:generateContent", door1(type="string", **{word: 1}))
    assert f'Unknown name "{word}"' in error["error"]["message"]
    assert error["error"]["message"].endswith("Cannot find field.")
    assert error["error"]["details"][0]["fieldViolations"]


@pytest.mark.parametrize("word", WORDS_BAD_BEHIND_DOOR_2)
def test_door_2_refuses(word: str) -> None:
    error = refusal(GeminiGenerate(), f"/models/{NEW}:generateContent", door2(type="STRING", **{word: 1}))
    assert f'Unknown name "{word}"' in error["error"]["message"]


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepts(name: str) -> None:
    which, body = ACCEPTED[name]
    path = f"/models/{which}:streamGenerateContent"
    assert refusal(GeminiGenerate(), path, body, memory=remembering()) is None


def test_a_sentinel_does_not_replace_a_seal_that_was_given() -> None:
    memory = remembering()
    memory.keep(SEAL, "1")
    options = Options(demands_seals=True)
    path = f"/models/{NEW}:generateContent"
    body = turns(USER, model({**CALL, "thoughtSignature": SENTINEL}), user(ANSWER))
    assert (
        "lost the thought_signature"
        in refusal(GeminiGenerate(), path, body, memory=memory, options=options)["error"]["message"]
    )
    body = turns(USER, model(CALL), user(ANSWER))
    assert refusal(GeminiGenerate(), path, body, memory=memory, options=options) is None


def test_counting_does_not_judge_the_conversation() -> None:
    path = f"/models/{NEW}:countTokens"
    assert refusal(GeminiGenerate(), path, turns(user(ANSWER))) is None
    assert refusal(GeminiGenerate(), path, {"generateContentRequest": {"model": "models/m", **ask()}}) is None
    assert 'Unknown name "tools"' in refusal(GeminiGenerate(), path, ask(tools=[]))["error"]["message"]


def test_what_the_sdk_calls_a_thinking_config_is_known() -> None:
    names = {camel(name) for name in types.ThinkingConfig.model_fields}
    assert names == {"includeThoughts", "thinkingBudget", "thinkingLevel"}
