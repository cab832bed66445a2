"""Pictures, documents and sounds on their way in, from one dialect into another."""

import base64
import json
from itertools import permutations
from typing import Any

import pytest

from tests.edge_cases.through import ANTHROPIC, CHAT, EVERY, GEMINI, RESPONSES, encoded, refused
from tests.end_to_end.client import calling, error, path
from tests.end_to_end.line import account, running
from tests.upstreams.behaviours import Say
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Reply

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(16)).decode()
PDF = base64.b64encode(b"%PDF-1.7\n%%EOF\n").decode()
WAV = base64.b64encode(b"RIFF\x24\x00\x00\x00WAVEfmt ").decode()
FAR = "https://pictures.example/cat.png"


def user(client: str, *parts: Any) -> dict[str, Any]:
    """A request with these parts in its only message."""
    match client:
        case "gemini_generate":
            return {"contents": [{"role": "user", "parts": list(parts)}]}
        case "openai_responses":
            return {"input": [{"role": "user", "content": list(parts)}]}
    return {"messages": [{"role": "user", "content": list(parts)}]}


def image(client: str, mime: str, data: str, detail: str | None = None) -> Any:
    """An inline image."""
    url = f"data:{mime};base64,{data}"
    more = {"detail": detail} if detail else {}
    return {
        CHAT: {"type": "image_url", "image_url": {"url": url, **more}},
        RESPONSES: {"type": "input_image", "image_url": url, "detail": detail or "auto"},
        ANTHROPIC: {"type": "image", "source": {"type": "base64", "media_type": mime, "data": data}},
        GEMINI: {"inlineData": {"mimeType": mime, "data": data}},
    }[client]


def remote(client: str, url: str) -> Any:
    """A remote image."""
    return {
        CHAT: {"type": "image_url", "image_url": {"url": url}},
        RESPONSES: {"type": "input_image", "image_url": url, "detail": "auto"},
        ANTHROPIC: {"type": "image", "source": {"type": "url", "url": url}},
        GEMINI: {"fileData": {"fileUri": url, "mimeType": "image/png"}},
    }[client]


def seen(target: str, body: Any) -> Any:
    """The first part of the upstream's only message."""
    match target:
        case "gemini_generate":
            return body["contents"][0]["parts"][0]
        case "openai_responses":
            return body["input"][0]["content"][0]
    part = body["messages"][0]["content"][0]
    if part.get("image_url", {}).get("detail") == "auto":
        del part["image_url"]["detail"]  # says nothing
    return part


@pytest.mark.parametrize("source", [CHAT, RESPONSES])
@pytest.mark.parametrize(
    ("detail", "resolution"), [("original", "HIGH"), ("high", "HIGH"), ("low", "LOW"), ("auto", None)]
)
def test_case_127_a_detail_is_a_resolution_for_gemini(
    source: str, detail: str, resolution: str | None
) -> None:
    sent = encoded(source, user(source, image(source, "image/png", PNG, detail)), GEMINI)
    wanted = {"mediaResolution": f"MEDIA_RESOLUTION_{resolution}"} if resolution else None
    assert sent.body.get("generationConfig") == wanted
    assert sent.lost == []


@pytest.mark.parametrize("source", [CHAT, RESPONSES])
def test_case_127_anthropic_chooses_itself_and_that_is_told(source: str) -> None:
    sent = encoded(source, user(source, image(source, "image/png", PNG, "original")), ANTHROPIC)
    assert seen(ANTHROPIC, sent.body) == image(ANTHROPIC, "image/png", PNG)
    assert sent.lost == ["messages[0].detail"]


@pytest.mark.parametrize(
    ("strict", "detail"), [(True, "original"), (False, "high")], ids=["openai", "compatible"]
)
def test_case_127_vendors_that_imitate_chat_know_nothing_finer_than_high(strict: bool, detail: str) -> None:
    body = user(RESPONSES, image(RESPONSES, "image/png", PNG, "original"))
    sent = encoded(RESPONSES, body, CHAT, strict=strict)
    assert seen(CHAT, sent.body)["image_url"]["detail"] == detail


@pytest.mark.parametrize(("source", "target"), list(permutations(EVERY, 2)))
def test_case_136_inline_images_keep_type_and_bytes(source: str, target: str) -> None:
    sent = encoded(source, user(source, image(source, "image/png", PNG)), target)
    assert seen(target, sent.body) == image(target, "image/png", PNG)


@pytest.mark.parametrize(("source", "target"), list(permutations(EVERY, 2)))
def test_case_136_and_remote_ones_their_address(source: str, target: str) -> None:
    sent = encoded(source, user(source, remote(source, FAR)), target)
    assert seen(target, sent.body) == remote(target, FAR)


@pytest.mark.parametrize("url", [
    "data:image/png;charset=utf-8;base64," + PNG,
    "data:;base64," + PNG,
    "data:base64," + PNG,
    "DATA:IMAGE/PNG;BASE64," + PNG,
    "data:image/png;base64," + PNG.replace("+", "-").replace("/", "_").rstrip("="),
])  # fmt: skip
def test_case_136_unusual_data_urls_are_read(url: str) -> None:
    part = {"type": "image_url", "image_url": {"url": url}}
    assert seen(ANTHROPIC, encoded(CHAT, user(CHAT, part), ANTHROPIC).body) == image(
        ANTHROPIC, "image/png", PNG
    )


@pytest.mark.parametrize("source", [CHAT, RESPONSES, ANTHROPIC])
async def test_case_137_an_image_by_address_is_left_to_gemini_to_fetch(source: str) -> None:
    """The vendor fetches public addresses itself since 2026-01; the proxy never fetches for a client.

    It would be a way to make this machine call addresses that only it can reach. Models that cannot (2.0)
    get a refusal that says what to do.
    """
    async with (
        FakeVendor(GEMINI, behaviour=Say(Reply(text="A cat."))) as vendor,
        running([account("one", vendor, "gemini-3.8-flash", "gemini-2.0-flash")]) as line,
        calling(line) as caller,
    ):
        answers = []
        for model in ("gemini-3.8-flash", "gemini-2.0-flash"):
            body = {"model": model, "max_tokens": 50, **user(source, remote(source, FAR))}
            if source == RESPONSES:
                body.pop("max_tokens")
            answers.append(await caller.post(path(source, model), body))
        (sent,) = [one.body for one in vendor.requests if one.method == "POST"]
    good, bad = answers
    assert good.status == 200, good.body
    assert seen(GEMINI, sent) == remote(GEMINI, FAR)
    assert bad.status == 400
    assert "send the data itself" in error(source, bad.body)["message"]


BMP = base64.b64encode(b"BM" + (50).to_bytes(4, "little") + bytes(40)).decode()
HEIC = base64.b64encode(b"\x00\x00\x00\x18ftypheic" + bytes(12)).decode()
TIFF = base64.b64encode(b"II*\x00" + bytes(12)).decode()
SVG = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()


@pytest.mark.parametrize("source", [CHAT, RESPONSES, GEMINI])
@pytest.mark.parametrize(
    ("mime", "data"),
    [("image/bmp", BMP), ("image/tiff", TIFF), ("image/svg+xml", SVG), ("image/heic", HEIC)],
)
def test_case_139_an_image_that_anthropic_cannot_read_is_refused_by_name(
    source: str, mime: str, data: str
) -> None:
    good = image(source, "image/png", PNG)
    failure = refused(source, user(source, good, image(source, mime, data)), ANTHROPIC).failure()
    assert mime in failure.message
    assert "PNG" in failure.message
    assert failure.param == "messages[0].content[1]"


def test_case_139_also_inside_the_result_of_a_tool() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}
    output = [{"type": "input_text", "text": "See."}, image(RESPONSES, "image/tiff", TIFF)]
    body = {"input": [call, {"type": "function_call_output", "call_id": "c", "output": output}]}
    assert "image/tiff" in refused(RESPONSES, body, ANTHROPIC).failure().message


def document(target: str, body: Any) -> str:
    """The data of a PDF, wherever the dialect puts one; anything else fails."""
    part = seen(target, body)
    match target:
        case "openai_chat":
            assert part["type"] == "file"
            url = part["file"]["file_data"]
        case "openai_responses":
            assert part["type"] == "input_file"
            url = part["file_data"]
        case "anthropic_messages":
            assert part["type"] == "document"
            url = f"data:{part['source']['media_type']};base64,{part['source']['data']}"
        case _:
            url = f"data:{part['inlineData']['mimeType']};base64,{part['inlineData']['data']}"
    head, _, data = url.partition(",")
    assert head == "data:application/pdf;base64"
    return str(data)


@pytest.mark.parametrize("mime", ["application/pdf", "application/octet-stream", "image/png", "image/jpeg"])
@pytest.mark.parametrize(("source", "target"), list(permutations([CHAT, RESPONSES, GEMINI, ANTHROPIC], 2)))
def test_case_140_a_pdf_is_a_document_whatever_it_was_called(source: str, target: str, mime: str) -> None:
    assert document(target, encoded(source, user(source, image(source, mime, PDF)), target).body) == PDF


def test_case_140_a_jpeg_that_was_called_png_is_sent_as_what_it_is() -> None:
    sent = encoded(CHAT, user(CHAT, image(CHAT, "image/png", JPEG)), ANTHROPIC)
    assert seen(ANTHROPIC, sent.body) == image(ANTHROPIC, "image/jpeg", JPEG)


TEXT = base64.b64encode(b"a,b\n1,2\n").decode()


@pytest.mark.parametrize("source", [CHAT, RESPONSES])
@pytest.mark.parametrize(("name", "data"), [("a.pdf", PDF), (None, PDF), ("scan.bin", PDF)])
@pytest.mark.parametrize("target", [ANTHROPIC, GEMINI])
def test_case_141_a_file_may_be_bare_base64(source: str, name: str | None, data: str, target: str) -> None:
    assert document(target, encoded(source, user(source, file(source, name, data)), target).body) == data


@pytest.mark.parametrize("source", [CHAT, RESPONSES])
def test_case_141_its_name_tells_the_type(source: str) -> None:
    part = file(source, "table.csv", TEXT)
    assert seen(ANTHROPIC, encoded(source, user(source, part), ANTHROPIC).body)["source"] == {
        "type": "text", "media_type": "text/plain", "data": "a,b\n1,2\n",
    }  # fmt: skip
    assert seen(GEMINI, encoded(source, user(source, part), GEMINI).body) == {"text": "a,b\n1,2\n"}
    other = RESPONSES if source == CHAT else CHAT
    sent = seen(other, encoded(source, user(source, part), other).body)
    inner = sent.get("file", sent)
    assert (inner["filename"], inner["file_data"]) == ("table.csv", f"data:text/csv;base64,{TEXT}")


@pytest.mark.parametrize("name", ["main.py", "notes", None])
@pytest.mark.parametrize("head", ["", "data:application/octet-stream;base64,"])
@pytest.mark.parametrize("source", [CHAT, RESPONSES])
def test_case_141_text_is_text_under_any_name(source: str, head: str, name: str | None) -> None:
    part = file(source, name, head + base64.b64encode("print('é')".encode()).decode())
    found = seen(ANTHROPIC, encoded(source, user(source, part), ANTHROPIC).body)
    assert found["source"] == {"type": "text", "media_type": "text/plain", "data": "print('é')"}


@pytest.mark.parametrize("data", [b"\x00\x01\x02\xff", b"a\x00b"])
def test_case_141_bytes_of_no_known_type_are_refused(data: bytes) -> None:
    part = file(CHAT, "tool.exe", base64.b64encode(data).decode())
    assert "application/octet-stream" in refused(CHAT, user(CHAT, part), ANTHROPIC).failure().message


def test_case_141_an_uploaded_file_belongs_to_all_dialects_of_its_vendor() -> None:
    chat, own = {"type": "file", "file": {"file_id": "f"}}, {"type": "input_file", "file_id": "f"}
    assert seen(RESPONSES, encoded(CHAT, user(CHAT, chat), RESPONSES).body) == own
    assert seen(CHAT, encoded(RESPONSES, user(RESPONSES, own), CHAT).body) == chat
    for source, part in ((CHAT, chat), (RESPONSES, own)):
        for target in (ANTHROPIC, GEMINI):
            refused(source, user(source, part), target)


def file(client: str, name: str | None, data: str) -> Any:
    """A file of OpenAI's dialects."""
    inner = {"file_data": data, **({"filename": name} if name else {})}
    return {"type": "file", "file": inner} if client == CHAT else {"type": "input_file", **inner}


SNAKE = [
    {"inline_data": {"mime_type": "image/png", "data": PNG}},
    {"inline_data": {"mimeType": "image/png", "data": PNG}},
    {"inlineData": {"mime_type": "image/png", "data": PNG}},
]


@pytest.mark.parametrize("part", SNAKE)
@pytest.mark.parametrize("target", [CHAT, RESPONSES, ANTHROPIC])
def test_case_142_gemini_bodies_may_be_in_snake_case(part: Any, target: str) -> None:
    sent = encoded(GEMINI, user(GEMINI, part), target)
    assert seen(target, sent.body) == image(target, "image/png", PNG)


def test_case_142_files_too() -> None:
    part = {"file_data": {"file_uri": FAR, "mime_type": "image/png"}}
    assert seen(ANTHROPIC, encoded(GEMINI, user(GEMINI, part), ANTHROPIC).body) == remote(ANTHROPIC, FAR)


async def test_case_142_within_the_dialect_the_spelling_passes() -> None:
    async with (
        FakeVendor(GEMINI, behaviour=Say(Reply(text="A cat."))) as vendor,
        running([account("one", vendor, "gemini-3.8-flash")]) as line,
        calling(line) as caller,
    ):
        raw = json.dumps(user(GEMINI, SNAKE[0])).encode()
        got = await caller.post(path(GEMINI, "gemini-3.8-flash"), raw)
        (sent,) = [one.raw for one in vendor.requests if one.method == "POST"]
    assert (got.status, sent) == (200, raw)


SOUNDS = {
    CHAT: {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}},
    GEMINI: {"inlineData": {"mimeType": "audio/wav", "data": WAV}},
}


@pytest.mark.parametrize(
    ("source", "target"),
    [(source, target) for source in SOUNDS for target in (ANTHROPIC, RESPONSES)],
)
async def test_case_144_sound_is_refused_where_nobody_hears_it(source: str, target: str) -> None:
    async with (
        FakeVendor(target, behaviour=Say(Reply(text="Never."))) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        body = {"model": "m", **user(source, SOUNDS[source])}
        got = await caller.post(path(source, "m"), body if source == CHAT else user(source, SOUNDS[source]))
        assert [one for one in vendor.requests if one.method == "POST"] == []
    assert got.status == 400
    assert "audio" in error(source, got.body)["message"]


def test_case_144_and_passed_on_where_somebody_does() -> None:
    there = encoded(CHAT, user(CHAT, SOUNDS[CHAT]), GEMINI)
    assert seen(GEMINI, there.body) == SOUNDS[GEMINI]
    assert seen(CHAT, encoded(GEMINI, user(GEMINI, SOUNDS[GEMINI]), CHAT).body) == SOUNDS[CHAT]
