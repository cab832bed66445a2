"""Tool arguments and results between JSON text and the objects that the wire holds."""

from __future__ import annotations

import re

from msgspec import Raw

from proxy_core import jsonbytes
from proxy_core.errors import DecodeError
from proxy_core.ir.message import Json

_EMPTY = re.compile(r"\s*\{\s*\}\s*")


def object_of(text: str) -> Json:
    """Return JSON text as something to splice into a body, None if it is not an object.

    Numbers keep their spelling; text with line breaks is re-encoded, for a body may be one line.
    """
    try:
        if "\n" in text or "\r" in text:
            return jsonbytes.decode_object(text)
        plain = text.encode("utf-8", "surrogatepass")
        jsonbytes.members(plain)
        return Raw(plain)
    except DecodeError:
        pass
    try:
        return jsonbytes.decode_object(text)
    except DecodeError:
        return None


def encode_arguments(text: str, form: str = "json") -> Json:
    """Return a call's arguments: ``{"input": text}`` if freeform, ``{"_raw": text}`` if not an object."""
    if form == "freeform":
        return {"input": text}
    if not text.strip():
        return {}
    found = object_of(text)
    return {"_raw": text} if found is None else found


def decode_arguments(value: Json) -> str:
    """Return the JSON text of a call's ``args``; none at all is an empty object."""
    return "{}" if value is None else jsonbytes.text(value)


def encode_output(text: str, is_error: bool) -> Json:
    """Return a tool's answer as ``response``: an object as it is, else ``output`` or ``error`` with the text.

    An empty object goes as text too: an empty ``response`` would read as no answer at all.

    These two keys are the documented ones (google-genai 3.4.0 types, 2026-11-20).
    """
    if is_error:
        return {"error": text}
    found = None if _EMPTY.fullmatch(text) else object_of(text)
    return {"output": text} if found is None else found


def decode_output(response: Json, name: str | None) -> tuple[str, bool]:
    """Return a ``response`` as (text, is_error); a lone ``output``, ``result`` or ``error`` is unwrapped.

    The AI SDK sends ``{name, content}`` (opencode 1.18.33, measured 2026-11-20).
    """
    if not isinstance(response, dict):
        return ("" if response is None else _plain(response)), False
    if len(response) == 1:
        key, value = next(iter(response.items()))
        if key in ("output", "result", "error"):
            return _plain(value), key == "error"
    if response.keys() == {"name", "content"} and response["name"] == name:
        return _plain(response["content"]), False
    return (jsonbytes.text(response) if response else ""), False


def _plain(value: Json) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else jsonbytes.text(value)
