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
