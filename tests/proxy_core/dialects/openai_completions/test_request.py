import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.dialects.openai_completions.request import decode_request
from proxy_core.errors import DecodeError, UnsupportedError
from proxy_core.ir.message import Message, Text
from proxy_core.ir.request import Request, Sampling

NAMES = (
    "model",
    "prompt",
    "stream",
    "stream_options",
    "stop",
    "n",
    "best_of",
    "echo",
    "suffix",
    "max_tokens",
    "user",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def decode(**members: Any) -> Request:
    return decode_request(json.dumps({"model": "m", "prompt": "Hi", **members}).encode())


@pytest.mark.parametrize("prompt", ["Hi", ["Hi"]])
def test_a_prompt_is_one_user_message(prompt: Any) -> None:
    assert decode(prompt=prompt).messages == (Message("user", (Text("Hi"),)),)


def test_knobs_are_mapped_and_the_rest_is_kept() -> None:
    request = decode(
        max_tokens=9,
        temperature=0.5,
        top_p=1,
        n=2,
        stop="x",
        seed=3,
        presence_penalty=1,
        frequency_penalty=2,
        logit_bias={"1": 1},
        user="u",
        best_of=3,
        logprobs=2,
        stream=True,
        stream_options={"include_usage": True},
    )
    assert request.sampling == Sampling(
        max_output_tokens=9, temperature=0.5, top_p=1, candidates=2, stop=("x",), seed=3, presence_penalty=1,
        frequency_penalty=2, logit_bias={"1": 1}, user="u",
    )  # fmt: skip
    assert request.extensions == {"openai": {"best_of": 3, "logprobs": 2}}
    assert (request.stream, request.want_usage) == (True, True)


def test_best_of_what_is_given_anyway_says_nothing() -> None:
    assert decode(best_of=1).extensions == {}


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"suffix": "end"}, "suffix"), ({"echo": True}, "echo"), ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": [[1], [2]]}, "prompt"), ({"prompt": ["a", "b"]}, "prompt"),
    ],
)  # fmt: skip
def test_what_only_a_text_model_does_is_refused(members: Any, place: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        decode(**members)
    assert caught.value.param == place


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"model": ""}, "model"), ({"prompt": None}, "prompt"), ({"prompt": []}, "prompt"), ({"n": 0}, "n"),
        ({"stop": [1]}, "stop"), ({"temperature": True}, "temperature"), ({"max_tokens": 1.5}, "max_tokens"),
        ({"stream": 1}, "stream"), ({"stream_options": []}, "stream_options"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(members: Any, place: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(**members)
    assert caught.value.param == place


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_any_object_is_a_request_or_a_clear_error(members: Any) -> None:
    with contextlib.suppress(DecodeError, UnsupportedError):
        assert isinstance(decode(**members), Request)


@pytest.mark.parametrize("most", [0, -1])
@pytest.mark.parametrize("name", ["max_tokens"])
def test_an_output_limit_is_at_least_one(name: str, most: int) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(**{name: most})
    assert caught.value.param == name
