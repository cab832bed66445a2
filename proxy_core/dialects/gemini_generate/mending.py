"""What clients write but the vendor refuses, put right in a body that stays in this dialect.

Signatures in both spellings, parts without any data, and results that do not name their tool.
"""

from __future__ import annotations

from typing import Any

from proxy_core import jsonbytes
from proxy_core.dialect import Mended
from proxy_core.dialects.gemini_generate.pairing import identify
from proxy_core.dialects.gemini_generate.reading import Node

_SPELLED = ("thoughtSignature", "thought_signature")
_RESULTS = ("functionResponse", "function_response")
_NAMELESS = (b'"name":""', b'"name": ""')
_EMPTY = (b"[{}", b",{}", b", {}", b'{"text":""}', b'{"text": ""}')


def mend(body: bytes) -> Mended | None:
    """Return the body put right, None where all is well.

    A part keeps one signature, and results of tools none: the vendor refuses a member that is there twice.
    Parts without data go, and turns that had no others. A result without a name gets that of its call.
    Raises DecodeError.
    """
    twice = all(f'"{name}"'.encode() in body for name in _SPELLED)
    empty = any(mark in body for mark in _EMPTY)
    if not (twice or empty or any(mark in body for mark in _NAMELESS)):
        return None
    members = jsonbytes.members(body)
    contents = jsonbytes.peek(members, ("contents",)).get("contents")
    turns = _objects(contents)
    changes = sum(_mended(part) for turn in turns for part in _objects(turn.get("parts"))) if twice else 0
    changes += _name_results(turns)
    if empty and isinstance(contents, list):
        kept = [turn for turn in contents if not _is_emptied(turn)]
        changes += sum(map(_drop_empty, kept)) + len(contents) - len(kept)
        contents = kept or contents
    if not changes:
        return None
    return Mended(jsonbytes.edit(body, {"contents": contents}, found=members))


def _is_emptied(turn: Any) -> bool:
    parts = turn.get("parts") if isinstance(turn, dict) else None
    return isinstance(parts, list) and bool(parts) and all(map(_is_empty, parts))


def _drop_empty(turn: Any) -> int:
    parts = turn.get("parts") if isinstance(turn, dict) else None
    if not isinstance(parts, list):
        return 0
    kept = [part for part in parts if not _is_empty(part)]
    turn["parts"] = kept
    return len(parts) - len(kept)


def _is_empty(part: Any) -> bool:
    return part in ({}, {"text": ""})


def _name_results(turns: list[dict[str, Any]]) -> int:
    results = [
        (place, part[key])
        for at, turn in enumerate(turns)
        for place, part in (((at, number), part) for number, part in enumerate(_objects(turn.get("parts"))))
        for key in _RESULTS
        if isinstance(part.get(key), dict) and part[key].get("name") == ""
    ]
    if not results:
        return 0
    nodes = [[Node.of(part, "contents") for part in _objects(turn.get("parts"))] for turn in turns]
    found = identify(nodes)
    for place, result in results:
        result["name"] = found[place].name
    return sum(bool(result["name"]) for _, result in results)


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
