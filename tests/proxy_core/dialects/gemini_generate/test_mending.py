import json
from typing import Any

import pytest

from proxy_core.dialects.gemini_generate.mending import mend
from proxy_core.errors import DecodeError


def _mended(*parts: Any) -> list[Any] | None:
    body = json.dumps({"contents": [{"parts": list(parts)}], "labels": {"a": "1.0"}}).encode()
    found = mend(body)
    if found is None:
        return None
    assert found.headers == {}
    whole = json.loads(found.body)
    assert whole["labels"] == {"a": "1.0"}
    (content,) = whole["contents"]
    parts_: list[Any] = content["parts"]
    return parts_


CAMEL, SNAKE = {"thoughtSignature": "c2ln"}, {"thought_signature": "c2ln"}
CALL: dict[str, Any] = {"functionCall": {"name": "f", "args": {"big": 123456789012345678901234567890}}}


def test_one_spelling_is_left() -> None:
    assert _mended({**CALL, **CAMEL, **SNAKE}) == [{**CALL, **CAMEL}]
    assert _mended({**CALL, **SNAKE, "thoughtSignature": ""}) == [{**CALL, **SNAKE}]


@pytest.mark.parametrize("name", ["functionResponse", "function_response"])
def test_results_have_none(name: str) -> None:
    result = {name: {"name": "f", "response": {}}}
    assert _mended({**result, **SNAKE}, {**CALL, **CAMEL}) == [result, {**CALL, **CAMEL}]


@pytest.mark.parametrize(
    "parts",
    [
        (),
        ({**CALL, **CAMEL},),
        ({**CALL, **CAMEL}, {**CALL, **SNAKE}),
        ({"text": "thoughtSignature thought_signature"},),
        ("odd", 1, None, CAMEL, SNAKE),
    ],
)
def test_what_is_well_is_left_alone(parts: Any) -> None:
    assert _mended(*parts) is None


@pytest.mark.parametrize("contents", ['"x"', "1", "null", '{"parts": [{}]}', "[1, {}]"])
def test_odd_bodies_are_the_vendors_matter(contents: str) -> None:
    note = '{"a": "thoughtSignature", "thoughtSignature": 1, "thought_signature": 1, "contents": %s}'
    assert mend((note % contents).encode()) is None


def test_a_broken_body_is_refused() -> None:
    with pytest.raises(DecodeError):
        mend(b'{"thoughtSignature": "thought_signature", "thought_signature"')


def _whole(*turns: Any) -> Any:
    found = mend(json.dumps({"contents": list(turns)}).encode())
    return None if found is None else json.loads(found.body)["contents"]


def _turn(role: str, *parts: Any) -> dict[str, Any]:
    return {"role": role, "parts": list(parts)}


@pytest.mark.parametrize("member", ["functionResponse", "function_response"])
def test_results_get_the_names_of_their_calls(member: str) -> None:
    calls = _turn("model", {"functionCall": {"name": "f"}}, {"functionCall": {"id": "b", "name": "g"}})
    results = _turn("user", {member: {"name": "", "id": "b"}}, {member: {"name": "", "response": {}}})
    named = _turn("user", {member: {"name": "g", "id": "b"}}, {member: {"name": "f", "response": {}}})
    assert _whole(calls, results) == [calls, named]
    assert _whole(_turn("user", {member: {"name": ""}})) is None  # no call that it could answer


def test_parts_without_data_go_and_turns_that_had_no_others() -> None:
    said, sealed = {"text": "x"}, {"text": "", "thoughtSignature": "c2ln"}
    turns = (_turn("user", {}, said, {"text": ""}), _turn("model", {"text": ""}), _turn("model", sealed))
    assert _whole(*turns) == [_turn("user", said), _turn("model", sealed)]
    assert _whole(_turn("user", {"functionCall": {"name": "f", "args": {"l": [{}, {"text": ""}]}}})) is None
    assert _whole(_turn("user", {}), "odd", {"parts": []}) == ["odd", {"parts": []}]
