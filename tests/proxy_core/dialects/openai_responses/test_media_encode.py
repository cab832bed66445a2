import pytest

from proxy_core.dialects.openai_responses.media_encode import encode_input
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import CacheMark, FileReference, Inline, Media, Text, Url

HERE = "messages[0]"


def test_text_and_marks() -> None:
    marked = Text("x", cache=CacheMark("1h"))
    assert encode_input(marked, HERE, marks=False) == {"type": "input_text", "text": "x"}
    assert encode_input(marked, HERE, marks=True)["prompt_cache_breakpoint"] == {"mode": "explicit"}
    own = encode_input(Text("x", cache=CacheMark("12h")), HERE, marks=True)
    assert own["prompt_cache_breakpoint"] == {"mode": "explicit", "ttl": "12h"}


def test_images_always_have_a_detail() -> None:
    inline = encode_input(Media("image", Inline("image/png", "AAAA"), detail="high"), HERE, marks=True)
    assert inline == {"type": "input_image", "detail": "high", "image_url": "data:image/png;base64,AAAA"}
    remote = encode_input(Media("image", Url("https://x.test"), detail="ultra"), HERE, marks=True)
    assert remote == {"type": "input_image", "detail": "auto", "image_url": "https://x.test"}
    stored = encode_input(Media("image", FileReference("file_1", "openai_responses")), HERE, marks=True)
    assert stored == {"type": "input_image", "detail": "auto", "file_id": "file_1"}


def test_files() -> None:
    pdf = Media("document", Inline("application/pdf", "AAAA"))
    assert encode_input(pdf, HERE, marks=True) == {
        "type": "input_file",
        "filename": "document.pdf",
        "file_data": "data:application/pdf;base64,AAAA",
    }
    remote = Media("document", Url("https://x.test/a"), detail="low")
    assert encode_input(remote, HERE, marks=True) == {
        "type": "input_file",
        "file_url": "https://x.test/a",
        "detail": "low",
    }
    stored = encode_input(Media("document", FileReference("file_1", "openai_responses")), HERE, marks=True)
    assert stored == {"type": "input_file", "file_id": "file_1"}


@pytest.mark.parametrize(
    "media",
    [
        Media("audio", Inline("audio/wav", "AAAA")),
        Media("video", Url("https://x.test")),
        Media("image", FileReference("files/1", "other")),
        Media("document", FileReference("files/1", "other")),
    ],
)
def test_what_cannot_be_said_is_refused_with_its_place(media: Media) -> None:
    with pytest.raises(UnsupportedError) as raised:
        encode_input(media, HERE, marks=True)
    assert raised.value.param == HERE
