import base64
from typing import Any

import pytest

from proxy_core.dialects.openai_responses.content_decode import decode_content, decode_output
from proxy_core.dialects.openai_responses.fields import Fields
from proxy_core.errors import DecodeError
from proxy_core.ir.message import (
    CacheMark,
    Citation,
    FileReference,
    Inline,
    Media,
    Opaque,
    Part,
    Refusal,
    Text,
    Url,
)

PDF = base64.b64encode(b"%PDF-1.7 x").decode()
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGO4I2IDAAL8AS3VzMq8AAAAAElFTkSuQmCC"


def content(value: Any) -> tuple[Part, ...]:
    return decode_content(Fields({"content": value}, "input[0]"))


def test_text_as_string_and_as_parts() -> None:
    assert content("hi") == (Text("hi"),)
    assert content(None) == ()
    marked = {
        "type": "input_text",
        "text": "a",
        "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"},
    }
    assert content([marked]) == (Text("a", cache=CacheMark("30m")),)


def test_what_the_model_said() -> None:
    note = {"type": "url_citation", "url": "https://x.test", "title": "X", "start_index": 0, "end_index": 2}
    said = [
        {"type": "output_text", "text": "hi", "annotations": [note]},
        {"type": "refusal", "refusal": "no"},
        {"type": "hologram"},
    ]
    cited = Text("hi", (Citation("https://x.test", "X", start=0, end=2),))
    assert content(said) == (cited, Refusal("no"), Opaque("openai_responses", {"type": "hologram"}))


def test_images() -> None:
    url = f"data:image/png;base64,{PNG}"
    parts = content(
        [
            {"type": "input_image", "detail": "low", "image_url": url},
            {"type": "input_image", "image_url": "https://x.test/a.png"},
            {"type": "input_image", "file_id": "file_1", "detail": "auto"},
            {"type": "input_image", "image_url": {"url": url, "detail": "high"}},
        ]
    )
    assert parts == (
        Media("image", Inline("image/png", PNG), detail="low"),
        Media("image", Url("https://x.test/a.png")),
        Media("image", FileReference("file_1", "openai_responses"), detail="auto"),
        Media("image", Inline("image/png", PNG), detail="high"),
    )


def test_files_and_sound() -> None:
    parts = content(
        [
            {"type": "input_file", "filename": "a.pdf", "file_data": PDF},
            {"type": "input_file", "file_data": f"data:application/pdf;base64,{PDF}"},
            {"type": "input_file", "file_url": "https://x.test/a.pdf"},
            {"type": "input_file", "file_id": "file_1"},
            {"type": "input_audio", "input_audio": {"data": PDF, "format": "mp3"}},
        ]
    )
    assert parts == (
        Media("document", Inline("application/pdf", PDF), "a.pdf"),
        Media("document", Inline("application/pdf", PDF)),
        Media("document", Url("https://x.test/a.pdf")),
        Media("document", FileReference("file_1", "openai_responses")),
        Media("audio", Inline("audio/mpeg", PDF)),
    )


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"type": "input_text"}, "input[0].content[0].text"),
        ({"text": "x"}, "input[0].content[0].type"),
        ({"type": "input_image"}, "input[0].content[0]"),
        ({"type": "input_image", "image_url": "data:;base64,***"}, "input[0].content[0].image_url"),
        ({"type": "input_file", "file_data": "***"}, "input[0].content[0].file_data"),
        ({"type": "input_file"}, "input[0].content[0]"),
        ({"type": "input_audio", "input_audio": {"data": "***"}}, "input[0].content[0].input_audio.data"),
    ],
)
def test_broken_parts_name_their_place(part: Any, param: str) -> None:
    with pytest.raises(DecodeError) as raised:
        content([part])
    assert raised.value.param == param


@pytest.mark.parametrize(
    ("output", "parts", "as_text"),
    [
        ("done", (Text("done"),), True),
        ("", (), True),
        (None, (), True),
        ([], (), True),
        ({"ok": 1}, (Text('{"ok":1}'),), True),
        (7, (Text("7"),), True),
        ([{"id": 1}], (Text('[{"id":1}]'),), True),
        (
            [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}],
            (Text("a"), Text("b")),
            False,
        ),
    ],
)
def test_tool_output(output: Any, parts: tuple[Part, ...], as_text: bool) -> None:
    assert decode_output(Fields({"output": output})) == (parts, as_text)
