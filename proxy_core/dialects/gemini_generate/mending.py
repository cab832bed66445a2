"""Signatures that a client wrote in both spellings, in a body that stays in this dialect."""

from __future__ import annotations

from typing import Any

from proxy_core import jsonbytes
from proxy_core.dialect import Mended

_SPELLED = ("thoughtSignature", "thought_signature")
_RESULTS = ("functionResponse", "function_response")


def mend(body: bytes) -> Mended | None:
    """Return the body with one signature a part, and none on results of tools; None where all is well.

    The vendor refuses a part that names the same member twice. Raises DecodeError.
    """
    if not all(f'"{name}"'.encode() in body for name in _SPELLED):
        return None
    members = jsonbytes.members(body)
    contents = jsonbytes.peek(members, ("contents",)).get("contents")
    parts = [part for content in _objects(contents) for part in _objects(content.get("parts"))]
    if not sum(map(_mended, parts)):
        return None
    return Mended(jsonbytes.edit(body, {"contents": contents}, found=members))


def _mended(part: dict[str, Any]) -> bool:
    found = [name for name in _SPELLED if name in part]
    if any(name in part for name in _RESULTS):
        surplus = found
    else:
        # an empty one stands for none
        surplus = sorted(found, key=lambda name: bool(part[name]), reverse=True)[1:]
    for name in surplus:
        del part[name]
    return bool(surplus)


def _objects(value: Any) -> list[dict[str, Any]]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, dict)]
