"""Bodies that nobody would send: valid ones of every endpoint, and what mutation makes of them."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.samples import load

CANARY = "the canary of a body 7Qm2xV9Lk4"
"""Stands in every body as a text; it may come back in a reply and be written down nowhere."""

DEEP = 100_000
_NUMBER = "number-that-no-parser-has:"


@dataclass(frozen=True, slots=True)
class Seed:
    """A valid request: where it goes and what it says. ``path`` may hold ``{model}``."""

    dialect: str
    path: str
    body: Any


def seeds() -> tuple[Seed, ...]:
    """One per sample and endpoint, each with the canary in its texts."""
    found = []
    for dialect in load.dialects():
        for name in load.names(dialect):
            sample = load.sample(dialect, name)
            model = load.model(dialect)
            for target, body in (
                (sample.path, sample.request),
                (sample.stream_target, sample.stream_request),
            ):
                found.append(Seed(dialect, target.replace(model, "{model}"), _marked(body)))
    return (*found, *_shapes())


def _shapes() -> Iterator[Seed]:
    said = [{"role": "user", "content": CANARY}]
    yield Seed("openai_chat", "/v1/embeddings", {"model": "", "input": [CANARY, "b"], "dimensions": 8})
    yield Seed("openai_completions", "/v1/completions", {"model": "", "prompt": CANARY, "stop": ["x"]})
    yield Seed("openai_completions", "/v1/completions", {"model": "", "prompt": CANARY, "stream": True})
    yield Seed("openai_responses", "/v1/responses/input_tokens", {"model": "", "input": said})
    yield Seed("anthropic_messages", "/v1/messages/count_tokens", {"model": "", "messages": said})
    parts = {"contents": [{"role": "user", "parts": [{"text": CANARY}]}]}
    yield Seed("gemini_generate", "/v1beta/models/{model}:countTokens", {"generateContentRequest": parts})
    yield Seed("gemini_generate", "/v1beta/models/{model}:streamGenerateContent", parts)


def _marked(value: Any) -> Any:
    """Put the canary into every text that is said."""
    if isinstance(value, dict):
        return {
            key: CANARY + one if key in ("text", "content") and isinstance(one, str) else _marked(one)
            for key, one in value.items()
        }
    return [_marked(one) for one in value] if isinstance(value, list) else value


ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**64), 10**400, 1e308, 5e-324, -0.0,
    float("nan"), float("inf"), _NUMBER + "1e400", _NUMBER + "-1e999999999", _NUMBER + "9" * 5000,
    "", " ", "\x00", "\ud800", "\udfff\ud800", "x" * 100_000, "é" * 5000, "\u2028", "true", "1", "null",
    "../../etc/passwd", "data:image/png;base64,====", "data:,", "http://[", "file:///etc/passwd",
    "trunkline.1:", "trunkline.1:x:y", [], {}, [None], [[]], [[[[[]]]]], {"": ""}, {"type": "nonesuch"},
    {"type": None}, {"$ref": "#"}, {"type": "object", "properties": {"a": {"$ref": "#/properties/a"}}},
    ["x"] * 3000,
)  # fmt: skip
"""Values of the wrong type, at the edges of the right one, or beyond both."""

Place = tuple[Any, Any]
"""A container and a key or index of it."""


def places(value: Any) -> list[Place]:
    """Every place of a tree where something may be changed."""
    found: list[Place] = []
    stack = [value]
    while stack:
        node = stack.pop()
        keys = node.keys() if isinstance(node, dict) else range(len(node))
        for key in keys:
            found.append((node, key))
            if isinstance(node[key], dict | list):
                stack.append(node[key])
    return found


def _deleted(rng: random.Random, node: Any, key: Any, others: list[Any]) -> None:
    del node[key]


def _odd(rng: random.Random, node: Any, key: Any, others: list[Any]) -> None:
    node[key] = copy.deepcopy(rng.choice(ODD))


def _wrapped(rng: random.Random, node: Any, key: Any, others: list[Any]) -> None:
    node[key] = rng.choice(([node[key]], {"type": node[key]}, {str(key): node[key]}, [node[key], node[key]]))


def _renamed(rng: random.Random, node: Any, key: Any, others: list[Any]) -> None:
    if isinstance(node, dict):
        node[rng.choice((key.upper(), key + "s", "type", "role", "content", ""))] = node.pop(key)


def _doubled(rng: random.Random, node: Any, key: Any, others: list[Any]) -> None:
    if isinstance(node, list):
        node.insert(key, node[key])
    else:
        node[key + "_"] = node[key]


def _grafted(rng: random.Random, node: Any, key: Any, others: list[Any]) -> None:
    node[key] = copy.deepcopy(rng.choice(others))


CHANGES: tuple[Callable[[random.Random, Any, Any, list[Any]], None], ...] = (
    _deleted, _odd, _odd, _odd, _wrapped, _renamed, _doubled, _grafted,
)  # fmt: skip


def mutated_value(rng: random.Random, value: Any, others: list[Any] | None = None) -> Any:
    """Return a tree after one to four changes; ``others`` are what may be grafted onto it."""
    value = json.loads(json.dumps(value))
    for _ in range(rng.choice((1, 1, 2, 4))):
        spots = places(value) if isinstance(value, dict | list) else []
        if spots:
            node, key = rng.choice(spots)
            rng.choice(CHANGES)(rng, node, key, others or [one[at] for one, at in spots])
    return value


def mutated(rng: random.Random, seed: Seed, model: str, others: list[Any]) -> bytes:
    """Return a seed's body for a model after one to four changes to its tree, written as JSON."""
    named = {} if "{model}" in seed.path else {"model": model}
    body = mutated_value(rng, {**seed.body, **named}, others)
    if CANARY in str(body.get("model")):
        body["model"] = model  # the ledger keeps names of models
    return written(body)


def written(value: Any) -> bytes:
    """Encode as JSON, with what JSON does not allow where the value has it."""
    text = json.dumps(value, ensure_ascii=True)
    while _NUMBER in text:
        before, _, after = text.partition(f'"{_NUMBER}')
        number, _, rest = after.partition('"')
        text = before + number + rest
    return text.encode("utf-8", "surrogatepass")


NOT_UTF8 = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x00")
NO_OBJECT = (b"", b"null", b"0", b'"x"', b"[]", b"{", b"}", b"\x00" * 9, b"NaN", b"--boundary")


def damaged(rng: random.Random, data: bytes) -> bytes:
    """Return a body whose bytes are damaged in one of the ways that bytes can be."""
    at = rng.randrange(len(data) + 1)
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: data[:at],
        lambda: b"\xef\xbb\xbf" + data,
        lambda: data[:at] + rng.choice(NOT_UTF8) + data[at:],
        lambda: data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :],
        lambda: data + rng.choice((b"}", b"{}", b"garbage", b"\x00", b"," + data)),
        lambda: data.replace(b"{", b'{"model":"other",', 1),
        lambda: b"[" * DEEP,
        lambda: b'{"model":"demo-echo","a":' + b"[" * DEEP + b"]" * DEEP + b"}",
        lambda: b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        lambda: data.decode("utf-8", "replace").encode("utf-16"),
        lambda: data.decode("utf-8", "replace").encode("utf-32-be"),
        lambda: b" " * 300_000 + data,
        lambda: rng.choice(NO_OBJECT),
        lambda: data.replace(b'"', b"'"),
        lambda: data.replace(b'"text"', b'"\\ud800"').replace(b"true", b"True"),
        lambda: rng.randbytes(rng.randrange(2000)),
    )  # fmt: skip
    return rng.choice(kinds)()
