from typing import Any

import pytest

from proxy_core.dialects.openai_chat.part_decode import decode_cache, decode_part, decode_result_content
from proxy_core.dialects.openai_chat.shape import Shape
from proxy_core.errors import DecodeError
from proxy_core.ir.message import CacheMark, FileReference, Inline, Media, Opaque, Text, Url

PDF = "JVBERi0xLjQK"


def media(value: Any) -> Media:
    part = decode_part(value, "p")
    assert isinstance(part, Media)
    return part


def test_pictures_by_data_and_by_address() -> None:
    inline = media({"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk=", "detail": "low"}})
    assert (inline.source, inline.detail) == (Inline("image/png", "aGk="), "low")
    assert media({"type": "image_url", "image_url": "https://x/y.png"}).source == Url("https://x/y.png")


def test_a_pdf_in_a_picture_part_is_a_document() -> None:
    assert media({"type": "image_url", "image_url": {"url": f"data:;base64,{PDF}"}}).kind == "document"


def test_sound_gets_its_type_from_the_format() -> None:
    part = media({"type": "input_audio", "input_audio": {"data": "aGk", "format": "mp3"}})
    assert (part.kind, part.source) == ("audio", Inline("audio/mpeg", "aGk="))


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ({"file_id": "file-1"}, FileReference("file-1", "openai_chat")),
        ({"file_data": f"data:application/pdf;base64,{PDF}"}, Inline("application/pdf", PDF)),
        ({"file_data": PDF, "filename": "a.pdf"}, Inline("application/pdf", PDF)),
        ({"file_data": "aGk=", "filename": "a.TXT"}, Inline("text/plain", "aGk=")),
        ({"file_data": "https://x/a.pdf"}, Url("https://x/a.pdf")),
    ],
)
def test_files_in_all_spellings(file: Any, source: Any) -> None:
    assert media({"type": "file", "file": file}).source == source


def test_films_are_taken() -> None:
    assert media({"type": "video_url", "video_url": {"url": "https://x/y.mp4"}}).kind == "video"


def test_an_unknown_part_is_kept_as_it_is() -> None:
    raw = {"type": "hologram", "x": 1}
    assert decode_part(raw, "p") == Opaque("openai_chat", raw)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (3, "p"), ({}, "p.type"), ({"type": "text"}, "p.text"), ({"type": "text", "text": 3}, "p.text"),
        ({"type": "image_url"}, "p.image_url"),
        ({"type": "image_url", "image_url": {"url": 3}}, "p.image_url.url"),
        ({"type": "image_url", "image_url": {"url": "data:nonsense"}}, "p.image_url.url"),
        ({"type": "input_audio", "input_audio": {"data": "!!"}}, "p.input_audio.data"),
        ({"type": "file", "file": {}}, "p.file.file_data"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(value: Any, place: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_part(value, "p")
    assert caught.value.param == place


@pytest.mark.parametrize("name", ["prompt_cache_breakpoint", "cache_control"])
def test_cache_marks_in_both_spellings(name: str) -> None:
    assert decode_cache(Shape({name: {"mode": "explicit", "ttl": "12h"}}, "")) == CacheMark("12h")
    assert decode_cache(Shape({name: "odd"}, "")) is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, ((), True)), ("", ((), True)), ("x", ((Text("x"),), True)),
        ({"a": 1}, ((Text('{"a":1}'),), True)), ([1, 2], ((Text("[1,2]"),), True)), (7, ((Text("7"),), True)),
        ([{"type": "text", "text": "x"}], ((Text("x"),), False)),
    ],
)  # fmt: skip
def test_results_of_every_shape(content: Any, expected: Any) -> None:
    assert decode_result_content(Shape({"content": content}, "")) == expected
