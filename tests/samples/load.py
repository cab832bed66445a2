"""The golden conversations: the same exchanges in every dialect, with their dialect-neutral meaning.

`index.json` lists them. A sample is `<dialect>/<name>.request.json`, `.response.json` and, where the
exchange can be streamed, `.stream.sse`. Not every dialect has every sample and more may be dropped in at any
time, so ask `names()` and `dialects()` instead of counting on one being there. All contents are invented;
signatures are fake.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

FOLDER = Path(__file__).parent
_SEAL_KEYS = frozenset({"signature", "encrypted_content", "thoughtSignature", "data"})


@dataclass(frozen=True, slots=True)
class Sample:
    """One exchange in one dialect.

    `path` is the vendor's path without query; `stream_target` is where the same exchange is streamed (path
    with query), which differs from `path` only where the dialect says so in the address. `stream_fields` are
    added to the request body to ask for a stream. `stream` is None when the exchange has no streamed form
    (errors, counts).
    """

    name: str
    dialect: str
    path: str
    status: int
    headers: MappingProxyType[str, str]
    stream_target: str
    stream_fields: MappingProxyType[str, Any]
    request_bytes: bytes
    response: bytes
    stream: bytes | None
    expect: MappingProxyType[str, Any]
    cannot_express: MappingProxyType[str, tuple[str, ...]]

    @property
    def request(self) -> Any:
        """A fresh copy of the request body, safe to edit."""
        return json.loads(self.request_bytes)

    @property
    def stream_request(self) -> Any:
        """A fresh copy of the request body that asks for a stream."""
        return {**self.request, **self.stream_fields}

    @property
    def is_count(self) -> bool:
        """Whether the exchange counts tokens instead of generating."""
        return "count" in self.expect

    @property
    def is_error(self) -> bool:
        """Whether the vendor answers with an error status."""
        return self.status >= 400


@cache
def _index() -> Any:
    return json.loads((FOLDER / "index.json").read_bytes())


def names(dialect: str | None = None) -> tuple[str, ...]:
    """All sample names in order, or those that exist in one dialect."""
    samples = _index()["samples"]
    return tuple(name for name in sorted(samples) if dialect is None or dialect in samples[name]["dialects"])


def dialects() -> tuple[str, ...]:
    """The dialects that have samples."""
    return tuple(_index()["models"])


def model(dialect: str) -> str:
    """The model name that a dialect's samples use."""
    return str(_index()["models"][dialect])


def masked() -> tuple[str, ...]:
    """What to leave out when two dialects' forms of one exchange are compared."""
    return tuple(_index()["mask_when_comparing_peers"])


@cache
def sample(dialect: str, name: str) -> Sample:
    """One sample. Raises KeyError when the dialect does not have it."""
    entry = _index()["samples"][name]
    where = entry["dialects"][dialect]
    stem = FOLDER / dialect / name
    stream = stem.with_name(f"{name}.stream.sse")
    return Sample(
        name=name,
        dialect=dialect,
        path=where["path"],
        status=where["status"],
        headers=MappingProxyType(where.get("headers", {})),
        stream_target=where.get("stream_path", where["path"]),
        stream_fields=MappingProxyType(where.get("to_stream", {})),
        request_bytes=stem.with_name(f"{name}.request.json").read_bytes(),
        response=stem.with_name(f"{name}.response.json").read_bytes(),
        stream=stream.read_bytes() if stream.exists() else None,
        expect=MappingProxyType(entry["expect"]),
        cannot_express=MappingProxyType({k: tuple(v) for k, v in entry["cannot_express"].items()}),
    )


def samples(dialect: str) -> tuple[Sample, ...]:
    """All samples of one dialect."""
    return tuple(sample(dialect, name) for name in names(dialect))


@cache
def seals(dialect: str) -> frozenset[str]:
    """Every signature and encrypted reasoning that occurs in a dialect's samples, as spelled there."""
    found: set[str] = set()
    for one in samples(dialect):
        for text in (one.request_bytes, one.response):
            found.update(_seals_in(json.loads(text)))
    return frozenset(found)


def _seals_in(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _seals_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            opaque = key in _SEAL_KEYS and isinstance(item, str)
            if opaque and (key != "data" or value.get("type") == "redacted_thinking"):
                yield item
            else:
                yield from _seals_in(item)


def same_bytes(one: str, other: str) -> bool:
    """Whether two base64 texts, in either alphabet and with or without padding, mean the same bytes."""
    return _decoded(one) == _decoded(other)


def _decoded(text: str) -> bytes:
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4))
