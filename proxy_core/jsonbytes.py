"""JSON on bytes: decode, encode, and shallow edits that keep every nested byte.

The one place that knows the JSON library. A shallow edit swaps top-level members only; the values that
it does not name are spliced back as they came (number spelling, order and escapes survive; blanks
between the members do not).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

import msgspec

from proxy_core.errors import DecodeError

_BOM = b"\xef\xbb\xbf"
_TOO_DEEP = "The JSON is nested too deeply."


def _unknown(value: Any) -> Any:
    # Read-only mappings are what the neutral representation holds.
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any = msgspec.json.Decoder()
_stepper = json.JSONDecoder()
_encoder = msgspec.json.Encoder(enc_hook=_unknown)


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
    """Decode any JSON. Raises DecodeError with the place."""
    try:
        return _any.decode(body)
    except (msgspec.DecodeError, UnicodeError) as error:
        return _decode_slowly(body, error)
    except RecursionError:
        raise DecodeError(_TOO_DEEP) from None


def _decode_slowly(body: bytes | str, error: Exception) -> Any:
    # The standard library takes what the fast decoder refuses but people do send: lone surrogates.
    plain = body if isinstance(body, str) else _utf8(body.removeprefix(_BOM))
    try:
        return json.loads(plain, parse_constant=_refuse)
    except RecursionError:
        raise DecodeError(_TOO_DEEP) from None
    except ValueError:
        raise DecodeError(f"The body is not valid JSON: {error}.") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise DecodeError(f"The body is not UTF-8: {error.reason} at byte {error.start}.") from None


def decode_object(body: bytes | str) -> dict[str, Any]:
    """Decode a JSON object. Raises DecodeError if the body is anything else."""
    if not body.strip():
        raise DecodeError("The body is empty; a JSON object is needed.")
    value = decode(body)
    if not isinstance(value, dict):
        raise DecodeError("The body must be a JSON object.")
    return value


def members(body: bytes) -> dict[str, msgspec.Raw]:
    """Return the top-level members with their values undecoded. Raises DecodeError."""
    body = body.removeprefix(_BOM)
    if not body.isascii():
        _utf8(body)
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


def peek(body: bytes, names: Collection[str]) -> dict[str, Any]:
    """Decode only the named top-level members; those that are absent are left out."""
    return {name: decode(bytes(raw)) for name, raw in members(body).items() if name in names}


def edit(body: bytes, replace: Mapping[str, Any], drop: Collection[str] = ()) -> bytes:
    """Replace, add and drop top-level members; all nested bytes of the others stay as they are.

    ``replace`` values are encoded; a member that is not there yet is appended.
    """
    found: dict[str, Any] = dict(members(body))
    for name in drop:
        found.pop(name, None)
    found.update(replace)
    return _object(found)
