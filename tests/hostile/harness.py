"""The codecs behind one door: any bytes go in, and only errors of our own tree may come out.

The first byte chooses the codec, the second the dialect and mode, the rest is what it is fed. The fuzzer
drives it; the samples and what the fuzzer once found are fed to it in every test run.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from proxy_core import jsonbytes, registry
from proxy_core.dialect import Call, DecodeSource, Dialect, Edits, EncodeTarget, Mode
from proxy_core.errors import ProxyError
from proxy_core.ir.request import EncodedRequest, ReasoningControl, Request
from proxy_core.ir.stream import ReplyDecoder
from proxy_core.profile import ModelProfile
from proxy_core.settings import parse
from proxy_core.sse import SseParser
from tests.end_to_end.client import DIALECTS, body
from tests.samples import load

CORPUS = Path(__file__).parent / "corpus"
ALLOWED: tuple[type[BaseException], ...] = (ProxyError, RecursionError)
"""What may come out; the relay turns both into an answer."""

_MODES: tuple[Mode, ...] = ("whole", "stream", "array")


@cache
def dialects() -> tuple[Dialect, ...]:
    """Every dialect on the shelf, in a fixed order."""
    found = registry.discover("proxy_core.dialects", "DIALECTS", Dialect)
    return tuple(found[name] for name in sorted(found))


def _call(dialect: Dialect) -> Call:
    endpoint = next(one for one in dialect.endpoints if one.operation == "chat")
    return Call(endpoint, "m" if "{model}" in endpoint.path else None)


def _small(dialect: Dialect) -> Request:
    name = dialect.name if dialect.name in DIALECTS else ""
    wire: Mapping[str, Any] = body(name, "m") if name else {"model": "m", "prompt": "x"}
    return dialect.decode_request(jsonbytes.encode(wire), _call(dialect))


def _request(choice: int, data: bytes) -> None:
    dialect = dialects()[choice % len(dialects())]
    request = dialect.decode_request(data, _call(dialect))
    for other in dialects():
        if other.name in DIALECTS:
            try:
                other.encode_request(
                    request, EncodeTarget("m", "vendor", ModelProfile("m"), stream=bool(choice & 1))
                )
            except ALLOWED:
                continue


def _peek(choice: int, data: bytes) -> None:
    dialect = dialects()[choice % len(dialects())]
    dialect.peek(data, _call(dialect))
    dialect.claims(frozenset(jsonbytes.members(data)))


def _edit(choice: int, data: bytes) -> None:
    dialect = dialects()[choice % len(dialects())]
    edits = Edits(model="other", reasoning=ReasoningControl("level", "high") if choice & 16 else None)
    asked = (data, _call(dialect), edits, ModelProfile("m"))
    dialect.edit_losses(*asked)
    dialect.edit_request(*asked)


def _reply(choice: int, data: bytes) -> None:
    speakers = [one for one in dialects() if one.name in DIALECTS]
    dialect = speakers[choice % len(speakers)]
    mode = _MODES[choice // 8 % 2]
    source = DecodeSource("vendor", _small(dialect), EncodedRequest(b"{}"))
    decoder = dialect.reply_decoder(mode, source)
    events = [*_fed(decoder, data), *decoder.close()]
    for other in dialects():
        encoder = other.reply_encoder(mode, _small(other), 1)
        try:
            for event in events:
                encoder.encode(event)
            encoder.close()
        except ALLOWED:
            continue


def _fed(decoder: ReplyDecoder, data: bytes) -> Iterator[Any]:
    middle = len(data) // 2
    yield from decoder.feed(data[:middle])
    yield from decoder.feed(data[middle:])


def _tap(choice: int, data: bytes) -> None:
    dialect = dialects()[choice % len(dialects())]
    tap = dialect.tap(_MODES[choice // 8 % 3])
    for start in range(0, len(data), 1 + len(data) // 3):
        tap.feed(data[start : start + 1 + len(data) // 3])
    tap.close()


def _error(choice: int, data: bytes) -> None:
    dialects()[choice % len(dialects())].decode_error((400, 401, 429, 500, 529)[choice % 5], data)


def _sse(choice: int, data: bytes) -> None:
    whole, bitwise = SseParser(), SseParser()
    events = [*whole.feed(data), *whole.close()]
    pieces = [event for byte in data for event in bitwise.feed(bytes([byte]))]
    assert events == [*pieces, *bitwise.close()], "the cut changes what is read"


def _json(choice: int, data: bytes) -> None:
    jsonbytes.members(data)
    value = jsonbytes.decode(data)
    again = jsonbytes.decode(jsonbytes.encode(value))
    assert json.dumps(again, default=str) == json.dumps(value, default=str), (
        "what is written is not what was read"
    )
    if isinstance(value, dict):
        jsonbytes.edit(data, {"model": "x"}, ("stream",))


def _settings(choice: int, data: bytes) -> None:
    value = jsonbytes.decode(data)
    if isinstance(value, dict):
        parse(value, {})


def _schema(choice: int, data: bytes) -> None:
    """A schema as a tool's parameters and as an answer's format, into every dialect."""
    schema = jsonbytes.decode(data)
    tool = {"type": "function", "function": {"name": "t", "parameters": schema}}
    form = {"type": "json_schema", "json_schema": {"name": "f", "schema": schema}}
    wire = {**body("openai_chat", "m"), "tools": [tool], "response_format": form}
    _request([one.name for one in dialects()].index("openai_chat"), jsonbytes.encode(wire))


TARGETS: tuple[Callable[[int, bytes], None], ...] = (
    _request, _peek, _edit, _reply, _tap, _error, _sse, _json, _settings, _schema,
)  # fmt: skip


def exercise(data: bytes) -> None:
    """Feed one input to its codec; whatever is no error of ours comes out."""
    if len(data) < 2:
        return
    try:
        TARGETS[data[0] % len(TARGETS)](data[1], data[2:])
    except ALLOWED:
        return


def inputs() -> Iterator[bytes]:
    """Yield the samples as inputs of every codec that reads such things."""
    names = [one.name for one in dialects()]
    replies = [name for name in names if name in DIALECTS]
    for dialect in load.dialects():
        place, speaker = names.index(dialect), replies.index(dialect)
        for name in load.names(dialect):
            sample = load.sample(dialect, name)
            for target in (_request, _peek, _edit):
                yield bytes([TARGETS.index(target), place]) + sample.request_bytes
            yield bytes([TARGETS.index(_reply), speaker]) + sample.response
            yield bytes([TARGETS.index(_error), place]) + sample.response
            if sample.stream is not None:
                yield bytes([TARGETS.index(_reply), speaker + 8]) + sample.stream
                yield bytes([TARGETS.index(_tap), place + 8 * ((8 - place) % 3)]) + sample.stream
                yield bytes([TARGETS.index(_sse), 0]) + sample.stream


def found() -> Iterator[tuple[str, bytes]]:
    """Yield what was found before, by name of file."""
    for path in sorted(CORPUS.iterdir()):
        if path.suffix == ".bin":
            yield path.name, path.read_bytes()
