import pytest

from proxy_core.dialects.openai_chat.part_encode import CacheMarks, ContentEncoder
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import (
    CacheMark,
    FileReference,
    HostedStep,
    Inline,
    Media,
    MediaKind,
    Message,
    Opaque,
    Part,
    Refusal,
    Text,
    Url,
)
from proxy_core.ir.request import Loss

MARK = CacheMark("1h")


def encoder(strict: bool = True) -> ContentEncoder:
    return ContentEncoder(strict, not strict, CacheMarks(strict, (), ()), [])


def test_one_plain_text_is_a_string() -> None:
    assert encoder().content([Text("a")]) == "a"
    assert encoder().content([]) == ""


def test_several_texts_are_a_list_only_for_a_strict_target() -> None:
    texts = [Text("a"), Text("b")]
    assert encoder().content(texts) == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert encoder(strict=False).content(texts) == "a\n\nb"


@pytest.mark.parametrize(
    ("kind", "source", "wire"),
    [
        (
            "image",
            Inline("image/png", "aGk="),
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        ),
        ("image", Url("https://x/y"), {"type": "image_url", "image_url": {"url": "https://x/y"}}),
        (
            "audio",
            Inline("audio/mpeg", "aGk="),
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}},
        ),
        (
            "document",
            Inline("application/pdf", "aGk="),
            {
                "type": "file",
                "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,aGk="},
            },
        ),
        ("document", FileReference("file-1", "openai_chat"), {"type": "file", "file": {"file_id": "file-1"}}),
    ],
)
def test_media(kind: MediaKind, source: Inline | Url | FileReference, wire: object) -> None:
    assert encoder().part(Media(kind, source)) == wire


@pytest.mark.parametrize(
    "part",
    [
        Media("video", Url("https://x/y")),
        Media("audio", Url("https://x/y")),
        Media("audio", Inline("audio/flac", "aGk=")),
        Media("document", Url("https://x/y")),
        Media("image", FileReference("f", "gemini_like")),
    ],
)
def test_what_a_strict_target_cannot_say_is_refused(part: Part) -> None:
    with pytest.raises(UnsupportedError) as caught:
        encoder().part(part)
    assert caught.value.param == "messages"


def test_a_lenient_target_takes_films_and_text_files() -> None:
    film = encoder(strict=False).part(Media("video", Url("https://x/y")))
    assert film == {"type": "video_url", "video_url": {"url": "https://x/y"}}
    note = encoder(strict=False).part(Media("document", Inline("text/plain", "aGk="), "a.txt"))
    assert note == {"type": "text", "text": '<document name="a.txt">\nhi\n</document>'}


def test_foreign_blocks_are_a_loss_and_own_ones_stay() -> None:
    content = encoder()
    assert content.part(Opaque("openai_chat", {"type": "new", "a": 1})) == {"type": "new", "a": 1}
    assert content.part(Opaque("foreign", {"type": "odd"})) is None
    assert content.part(HostedStep("web_search", "foreign", {})) is None
    assert [loss.path for loss in content.losses] == ["messages[].odd", "messages[].web_search"]
    assert isinstance(content.losses[0], Loss)


def test_refusals_are_text_for_lenient_targets() -> None:
    assert encoder().part(Refusal("no")) == {"type": "refusal", "refusal": "no"}
    assert encoder(strict=False).content([Refusal("no")]) == "no"


def test_at_most_four_marks_instructions_first_then_the_latest() -> None:
    system = [Text("s", cache=MARK)] * 2
    turn = Message("user", tuple(Text(str(number), cache=MARK) for number in range(4)))
    marks = CacheMarks(True, system, [turn])
    written = [marks.take(MARK) is not None for _ in range(6)]
    assert written == [True, True, False, False, True, True]
    assert marks.dropped


def test_few_marks_are_all_written_and_lenient_targets_get_none() -> None:
    marks = CacheMarks(True, [Text("s", cache=CacheMark("30m"))], ())
    assert marks.take(CacheMark("30m")) == {"mode": "explicit", "ttl": "30m"}
    assert not marks.dropped
    lenient = CacheMarks(False, [Text("s", cache=MARK)], ())
    assert lenient.take(MARK) is None
    assert lenient.dropped
