import json
from typing import Any

import pytest

from proxy_core.ir.fold import unfold
from proxy_core.ir.logprobs import candidates, entries
from proxy_core.ir.message import Text
from proxy_core.ir.stream import Candidate, Finish, Reply
from tests.laws.codecs import reply_bytes, reply_events
from tests.upstreams.lint import lint

OPENAI: list[dict[str, Any]] = [
    {
        "token": "Hé",
        "logprob": -0.25,
        "bytes": [72, 195, 169],
        "top_logprobs": [{"token": "Hi", "logprob": -1.5, "bytes": [72, 105]}],
    },
    {"token": "!", "logprob": 0, "bytes": [33], "top_logprobs": []},
]
GEMINI = {
    "chosenCandidates": [{"token": "Hé", "logProbability": -0.25}, {"token": "!", "logProbability": 0}],
    "topCandidates": [{"candidates": [{"token": "Hi", "logProbability": -1.5}]}, {"candidates": []}],
}


@pytest.mark.parametrize("spelled", [OPENAI, {"content": OPENAI, "refusal": None}, GEMINI])
def test_every_spelling_says_the_same(spelled: Any) -> None:
    assert entries(spelled) == OPENAI
    assert candidates(spelled) == GEMINI


@pytest.mark.parametrize(
    "nothing",
    [None, [], {}, 5, "x", [None, {}, {"token": 1, "logprob": 2}, {"token": "a", "logprob": True}],
     {"content": None}, {"chosenCandidates": {}}, {"chosenCandidates": [None], "topCandidates": 5}],
)  # fmt: skip
def test_what_is_none_of_them_is_nothing(nothing: Any) -> None:
    assert entries(nothing) == []
    assert candidates(nothing) is None


def test_without_alternatives_there_are_no_top_candidates() -> None:
    assert candidates([{"token": "a", "logprob": -1}]) == {
        "chosenCandidates": [{"token": "a", "logProbability": -1}]
    }


SPELLED = {
    "openai_chat": {"content": OPENAI, "refusal": None},
    "openai_responses": OPENAI,
    "gemini_generate": GEMINI,
}


@pytest.mark.parametrize("client", list(SPELLED))
@pytest.mark.parametrize("vendor", list(SPELLED))
def test_a_client_gets_them_in_its_own_spelling(client: str, vendor: str) -> None:
    finish = Finish("stop", "native", vendor)
    reply = Reply("r", "m", (Candidate((Text("Hé!"),), finish, 0, SPELLED[vendor]),), None, 1)
    whole = json.loads(reply_bytes(client, unfold(reply), "whole"))
    found = {
        "openai_chat": lambda: whole["choices"][0]["logprobs"],
        "openai_responses": lambda: whole["output"][0]["content"][0]["logprobs"],
        "gemini_generate": lambda: whole["candidates"][0]["logprobsResult"],
    }[client]()
    assert found == SPELLED[client]


@pytest.mark.parametrize("client", ["openai_chat", "gemini_generate"])
def test_a_stream_has_them_too(client: str) -> None:
    """Responses would have to say them with the text, which other vendors' streams do not know yet."""
    vendor = "gemini_generate" if client == "openai_chat" else "openai_chat"
    reply = Reply(
        "r", "m", (Candidate((Text("Hé!"),), Finish("stop", "x", vendor), 0, SPELLED[vendor]),), None, 1
    )
    body = reply_bytes(client, unfold(reply), "stream")
    assert [one for one in lint(client, body) if "usage" not in one] == []
    (end,) = [one for one in reply_events(client, body, "stream") if type(one).__name__ == "End"]
    assert entries(getattr(end, "logprobs", None)) == OPENAI
