"""Requests of all kinds, drawn at random: mutated and damaged bodies, odd addresses, odd HTTP."""

import random
from functools import cache
from typing import Any

from tests.hostile.bodies import CANARY, Seed, damaged, mutated, places, seeds, written
from tests.hostile.odd import odd_wire
from tests.hostile.shots import Aim, Shot


@cache
def _seeds() -> tuple[Seed, ...]:
    return seeds()


@cache
def _subtrees() -> list[Any]:
    return [node[key] for seed in _seeds() for node, key in places(seed.body)]


def wild(rng: random.Random, aim: Aim) -> Shot:
    """Return one of all kinds, most of them mutated bodies."""
    draw = rng.random()
    if draw < 0.62:
        return _mutated(rng, aim)
    if draw < 0.80:
        return _damaged(rng, aim)
    if draw < 0.88:
        return _addressed(rng, aim)
    odd = odd_wire(aim)
    return odd[rng.randrange(len(odd))]


def _mutated(rng: random.Random, aim: Aim) -> Shot:
    seed = rng.choice(_seeds())
    model = rng.choice(aim.models)
    body = mutated(rng, seed, model, _subtrees())
    return Shot(f"mutated {seed.path}", (aim.post(_path(rng, seed, model), body, *_extra(rng)),))


def _damaged(rng: random.Random, aim: Aim) -> Shot:
    seed = rng.choice(_seeds())
    model = rng.choice(aim.models)
    body = damaged(rng, mutated(rng, seed, model, _subtrees()))
    return Shot(f"damaged {seed.path}", (aim.post(_path(rng, seed, model), body, *_extra(rng)),))


def _path(rng: random.Random, seed: Seed, model: str) -> str:
    path = seed.path.replace("{model}", model)
    if rng.random() < 0.15:
        path = rng.choice(("/v1", "/v1/v1", "/v1beta/v1", "//", "/api", path.partition("?")[0])) + path
    return path


_HEADERS = (
    "Content-Type: text/plain",
    "Content-Type: multipart/form-data; boundary=x",
    "Content-Type: \xff",
    "Content-Type: application/json; charset=utf-16",
    "Content-Encoding: gzip",
    "Content-Encoding: br",
    "Content-Encoding: gzip, gzip, gzip, gzip",
    "Accept: text/html",
    "Accept-Encoding: br;q=nan",
    "Anthropic-Version: \x7f",
    "Anthropic-Beta: " + "x," * 3000,
    "X-Stainless-Retry-Count: -1",
    "Cookie: a=b; c",
    "Origin: http://127.0.0.1",
    "OpenAI-Beta: \u2028",
    "X-Goog-Api-Key: \xe9",
    "X-Api-Key: ",
    "Range: bytes=0-1",
    "If-None-Match: *",
    "X-Forwarded-For: ::1",
    "X-HTTP-Method-Override: DELETE",
    "TE: trailers",
    "Upgrade: h2c",
    "Date: never",
    "User-Agent: " + "a" * 8000,
    "X-Title: \udcff\udcfe",
    "Keep-Alive: timeout=1e400",
)


def _extra(rng: random.Random) -> tuple[str, ...]:
    if rng.random() < 0.7:
        return ()
    return tuple(rng.choice(_HEADERS) for _ in range(rng.choice((1, 1, 2, 3))))


_METHODS = (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "PROPFIND",
    "QUERY",
    "get",
    "M-SEARCH",
)
_PATHS = (
    "/",
    "/v1",
    "/health",
    "/healthz",
    "/v1/health",
    "/v1/models",
    "/v1beta/models",
    "/models",
    "/v1/models/demo-echo",
    "/v1beta/models/demo-echo",
    "/v1/models/%00",
    "/v1/models/%ff%fe",
    "/v1/models/%",
    "/v1/models/%zz",
    "/v1/models/..",
    "/v1/models/../../etc/passwd",
    "/v1/models/" + "x" * 3000,
    "/v1beta/models/demo-echo:nonesuch",
    "/v1/embeddings",
    "/v1beta/models/:generateContent",
    "/v1beta/models/a%2Fb:generateContent",
    "/v1beta/models/%F0%28:countTokens",
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/completions",
    "/v1/responses/input_tokens",
    "/v1/chat/completions/chat/completions",
    "/v1/v1/v1/v1/v1/v1/messages",
    "//////",
    "/v1/responses/resp_1",
    "/v1/responses/resp_1/cancel",
    "/v1/files",
    "/admin",
    "/.env",
    "/v1/models?key=x&key=y",
    "/v1/models?" + "a=b&" * 2000,
    "/v1beta/models?pageSize=-1&pageToken=%00",
    "/v1/models;a=b",
    "/v1/models#x",
    "/*",
    "/v1beta/models/demo-echo:streamGenerateContent?alt=nonesuch",
    "/v1beta/models/demo-echo:generateContent?alt=sse",
)


def _addressed(rng: random.Random, aim: Aim) -> Shot:
    method, path = rng.choice(_METHODS), rng.choice(_PATHS)
    body = rng.choice((b"", b"{}", written({"model": rng.choice(aim.models), "messages": [CANARY]})))
    head = aim.head(method, path, f"Content-Length: {len(body)}", "Connection: close", *_extra(rng))
    return Shot(f"{method} {path[:40]}", (head + body,))
