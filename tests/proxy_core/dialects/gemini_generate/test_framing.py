from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.dialects.gemini_generate.framing import ChunkCutter, ChunkFramer, ObjectCutter

values = st.recursive(
    st.none() | st.integers() | st.text(alphabet='a"\\{}[],\u2028é', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(alphabet='k"\\{', max_size=3), values, max_size=3)


def cut(cutter: ObjectCutter | ChunkCutter, body: bytes, size: int) -> list[Any]:
    found = [item for at in range(0, len(body), size) for item in cutter.feed(body[at : at + size])]
    if isinstance(cutter, ChunkCutter):
        found += cutter.close()
    return [json.loads(item) for item in found]


@given(st.lists(objects, max_size=4), st.integers(1, 9), st.sampled_from([None, 1]), st.booleans())
def test_an_array_is_cut_anywhere(items: list[Any], size: int, indent: int | None, escaped: bool) -> None:
    body = json.dumps(items, indent=indent, ensure_ascii=escaped).encode()
    assert cut(ObjectCutter(), body, size) == items


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "body",
    [
        b'data: {"a":1}\r\n\r\ndata: {"a":2}\r\n\r\n',
        b'\n\ndata: {"a":1}\n\n: beat\n\ndata:{"a":2}\n\n',
        b'[{"a":1}\n,{"a":2}\n]',
        b'\n\n {"a":1}\n{"a":2}',
        b'data: {"a":1}\n\ndata: {"a":2}',
    ],
)
def test_the_way_of_travel_is_found_out(body: bytes, size: int) -> None:
    assert cut(ChunkCutter(), body, size) == [{"a": 1}, {"a": 2}]


def test_frames() -> None:
    stream, array, empty = ChunkFramer("stream"), ChunkFramer("array"), ChunkFramer("array")
    assert stream.chunk(b"{}") + stream.close() == b"data: {}\n\n"
    assert json.loads(array.chunk(b"{}") + b"\n" + array.chunk(b"{}") + array.close()) == [{}, {}]
    assert empty.close() == b"[]"
