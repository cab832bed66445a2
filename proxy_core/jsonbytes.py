"""JSON on bytes: decode, encode, and shallow edits that keep every byte they do not name.

The one place that knows the JSON library. A shallow edit swaps the values of top-level members in the
source bytes: number spelling, order, escapes, blanks and members that come twice survive.
"""

from __future__ import annotations

import codecs
import dataclasses
import json
import math
import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

from proxy_core.errors import DecodeError

_BOM = b"\xef\xbb\xbf"
_STEP = 1 << 15
_TOO_DEEP = "The JSON is nested too deeply."


def _unknown(value: Any) -> Any:
    # Read-only mappings are what the neutral representation holds.
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any = msgspec.json.Decoder()
_stepper = json.JSONDecoder(parse_int=str, parse_float=str)  # it only measures
_encoder = msgspec.json.Encoder(enc_hook=_unknown, decimal_format="number")
_KEY = re.compile(rb'[ \t\r\n]*("[^"\\]*(?:\\.[^"\\]*)*")[ \t\r\n]*:[ \t\r\n]*')
_AFTER = re.compile(rb"[ \t\r\n]*([,}])")


def encode(value: Any) -> bytes:
    """Encode a value as compact UTF-8 JSON; dataclasses, read-only mappings and Raw are allowed.

    Lone surrogates become escapes. Raises DecodeError for a value that is nested too deeply.
    """
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return _encode_slowly(value)
    except RecursionError:
        raise DecodeError(_TOO_DEEP) from None


def _encode_slowly(value: Any) -> bytes:
    # Only for text that is not UTF-8; Raw is still spliced as it came.
    if isinstance(value, str):
        return json.dumps(value).encode()
    if isinstance(value, msgspec.Raw):
        return bytes(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, list | tuple):
        return b"[" + b",".join(map(encode, value)) + b"]"
    return _encoder.encode(value)


def _object(members: Mapping[Any, Any]) -> bytes:
    return b"{" + b",".join(encode(str(key)) + b":" + encode(value) for key, value in members.items()) + b"}"


def text(value: Any) -> str:
    """Encode a value as compact JSON text."""
    return encode(value).decode()


def decode(body: bytes | str) -> Any:
    """Decode any JSON. Raises DecodeError with the place.

    A number too large for a float becomes a ``Decimal``, which is encoded as the number it was.
    """
    try:
        return _any.decode(body)
    except (msgspec.DecodeError, UnicodeError) as error:
        return _decode_slowly(body, error)
    except RecursionError:
        raise DecodeError(_TOO_DEEP) from None


def _decode_slowly(body: bytes | str, error: Exception) -> Any:
    # The standard library takes what the fast decoder refuses but people do send: lone surrogates, 1e400.
    plain = body if isinstance(body, str) else _utf8(body.removeprefix(_BOM))
    try:
        return json.loads(plain, parse_constant=_refuse, parse_float=_number)
    except RecursionError:
        raise DecodeError(_TOO_DEEP) from None
    except ValueError:
        raise DecodeError(f"The body is not valid JSON: {error}.") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _number(spelling: str) -> float | Decimal:
    value = float(spelling)
    if math.isfinite(value):
        return value
    try:
        return Decimal(spelling)
    except ArithmeticError:
        raise ValueError(f"{spelling[:40]} is too large a number") from None


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise DecodeError(f"The body is not UTF-8: {error.reason} at byte {error.start}.") from None


def _check_utf8(body: bytes) -> None:
    # In steps: the text of a large body would cost more to allocate than to check.
    check = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(body), _STEP):
            check.decode(body[start : start + _STEP])
        check.decode(b"", final=True)
    except UnicodeDecodeError:
        _utf8(body)


def decode_object(body: bytes | str) -> dict[str, Any]:
    """Decode a JSON object. Raises DecodeError if the body is anything else."""
    if not body.strip():
        raise DecodeError("The body is empty; a JSON object is needed.")
    value = decode(body)
    if not isinstance(value, dict):
        raise DecodeError("The body must be a JSON object.")
    return value


Members = Mapping[str, msgspec.Raw]
"""The top-level members of a body, their values undecoded: made once, a large body need not be read again."""


def members(body: bytes) -> dict[str, msgspec.Raw]:
    """Return the top-level members with their values undecoded. Raises DecodeError."""
    body = body.removeprefix(_BOM)
    if not body.isascii():
        _check_utf8(body)
    try:
        return _members.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _members_slowly(_utf8(body))


def _members_slowly(body: str) -> dict[str, msgspec.Raw]:
    # Finds the right words for what is wrong; if all is well but for a lone surrogate, walks by hand.
    decode_object(body)
    found: dict[str, msgspec.Raw] = {}
    at = _after_blanks(body, _after_blanks(body, 0) + 1)
    while body[at] != "}":
        name, at = _stepper.raw_decode(body, at)
        start = _after_blanks(body, _after_blanks(body, at) + 1)
        _, at = _stepper.raw_decode(body, start)
        found[name] = msgspec.Raw(body[start:at].encode())
        at = _after_blanks(body, at)
        if body[at] == ",":
            at = _after_blanks(body, at + 1)
    return found


def _after_blanks(body: str, at: int) -> int:
    while body[at] in " \t\r\n":
        at += 1
    return at


def peek(body: bytes | Members, names: Collection[str]) -> dict[str, Any]:
    """Decode only the named top-level members; those that are absent are left out."""
    found = members(body) if isinstance(body, bytes) else body
    return {name: decode(bytes(raw)) for name, raw in found.items() if name in names}


@dataclasses.dataclass(frozen=True, slots=True)
class _Span:
    """Where a member stands in the source: from its key's quote to the end of its value."""

    name: str
    start: int
    value: int
    end: int


def edit(
    body: bytes, replace: Mapping[str, Any], drop: Collection[str] = (), found: Members | None = None
) -> bytes:
    """Replace, add and drop top-level members; every other byte stays as it is. Raises DecodeError.

    ``replace`` values are encoded; a member that is not there yet is appended, one that is there twice is
    replaced twice. A name in both is replaced. ``found`` are the body's members, where they are known.
    """
    if found is None:
        found = members(body)
    if not replace and found.keys().isdisjoint(drop):
        return body
    spans = _spans(body, found) or _spans_slowly(body)
    new = {name: encode(value) for name, value in replace.items()}
    kept = [(place, span) for place, span in enumerate(spans) if span.name in new or span.name not in drop]
    first, last = (spans[0].start, spans[-1].end) if spans else (body.index(b"{") + 1,) * 2
    view = memoryview(body)
    pieces: list[bytes | memoryview] = [view[:first]]
    for place, span in kept:
        if len(pieces) > 1:
            pieces.append(view[spans[place - 1].end : span.start])
        value = new.get(span.name)
        pieces.append(view[span.start : span.end if value is None else span.value])
        if value is not None:
            pieces.append(value)
    added = [encode(name) + b":" + value for name, value in new.items() if name not in found]
    if added:
        pieces.append(b"," * bool(kept) + b",".join(added))
    pieces.append(view[last:])
    return b"".join(pieces)


def _spans(body: bytes, found: Mapping[str, msgspec.Raw]) -> list[_Span] | None:
    """Return where the members stand; None when one comes twice, or its name is no UTF-8.

    Steps from key to key by the lengths of the values, which the fast decoder has found already.
    """
    spans: list[_Span] = []
    at = body.index(b"{") + 1
    for name, raw in found.items():
        key = _KEY.match(body, at)
        if key is None or not body.startswith(raw, key.end()):
            return None
        spans.append(_Span(name, key.start(1), key.end(), key.end() + len(memoryview(raw))))
        after = _AFTER.match(body, spans[-1].end)
        if after is None or (after[1] == b",") != (len(spans) < len(found)):
            return None
        at = after.end()
    return spans


def _spans_slowly(body: bytes) -> list[_Span]:
    try:
        return _walked(body.decode())
    except RecursionError:
        raise DecodeError(_TOO_DEEP) from None


def _walked(plain: str) -> list[_Span]:
    def width(at: int) -> int:
        return at if is_ascii else len(plain[:at].encode())

    is_ascii = plain.isascii()
    spans: list[_Span] = []
    at = _after_blanks(plain, plain.index("{") + 1)
    while plain[at] != "}":
        start = at
        name, at = _stepper.raw_decode(plain, start)
        value = _after_blanks(plain, _after_blanks(plain, at) + 1)
        _, at = _stepper.raw_decode(plain, value)
        spans.append(_Span(name, width(start), width(value), width(at)))
        at = _after_blanks(plain, at)
        if plain[at] == ",":
            at = _after_blanks(plain, at + 1)
    return spans
