import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.errors import DecodeError
from proxy_core.ir.media import (
    UNKNOWN,
    as_text,
    data_url,
    from_url,
    kind_of,
    mime_of_file,
    mime_of_name,
    normalise_base64,
    parse_data_url,
    sniff_mime,
    true_mime,
)
from proxy_core.ir.message import FileReference, Inline, Media, Url

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(24)).decode()
PDF = base64.b64encode(b"%PDF-1.7\n...").decode()


@given(st.binary())
def test_base64_is_normalised_from_every_spelling(raw: bytes) -> None:
    standard = base64.b64encode(raw).decode()
    url_safe = base64.urlsafe_b64encode(raw).decode()
    wrapped = "\r\n".join(standard[at : at + 7] for at in range(0, len(standard), 7))
    spaced = " ".join(standard)
    for spelled in (standard, standard.rstrip("="), url_safe, url_safe.rstrip("="), wrapped, spaced):
        assert normalise_base64(spelled) == standard


@pytest.mark.parametrize("data", ["A", "AAAAA", "AA*A", "ÄAAA", "\ud800", "AAAA=A=", "data:,"])
def test_what_is_no_base64_is_refused(data: str) -> None:
    with pytest.raises(DecodeError):
        normalise_base64(data)


@given(st.text())
def test_arbitrary_text_is_base64_or_refused(data: str) -> None:
    with suppress(DecodeError):
        base64.b64decode(normalise_base64(data), validate=True)


@given(st.binary(), st.sampled_from(["audio/wav", "text/plain", "application/x-thing"]))
def test_data_urls_round_trip(raw: bytes, mime: str) -> None:
    inline = Inline(mime, base64.b64encode(raw).decode())
    assert parse_data_url(data_url(inline)) == inline


@pytest.mark.parametrize(
    ("url", "mime", "raw"),
    [
        ("data:text/plain;charset=utf-8;base64,aGk=", "text/plain", b"hi"),
        ("DATA:Image/PNG;BASE64,aGk", "image/png", b"hi"),
        ("data:;base64," + PNG, "image/png", base64.b64decode(PNG)),
        ("data:application/octet-stream;base64," + PDF, "application/pdf", base64.b64decode(PDF)),
        ("data:application/octet-stream;base64,aGk=", "application/octet-stream", b"hi"),
        ("data:;base64,aGk=", "application/octet-stream", b"hi"),
        ("data:,a%20b%2Cc", "text/plain", b"a b,c"),
        ("data:image/svg+xml,<svg a='1,2'/>", "image/svg+xml", b"<svg a='1,2'/>"),
        ("data:text/plain,é", "text/plain", "é".encode()),
        ("data:image/png;base64,--__", "image/png", b"\xfb\xef\xff"),
        ("data:image/png;base64,%2B%2B%2F%2F", "image/png", b"\xfb\xef\xff"),
        ("data:text/plain;base64,", "text/plain", b""),
    ],
)
def test_data_urls_are_read_in_every_spelling(url: str, mime: str, raw: bytes) -> None:
    assert parse_data_url(url) == Inline(mime, base64.b64encode(raw).decode())


@pytest.mark.parametrize(
    "url", ["", "data:", "data:image/png;base64", "http://x/,", "data:;base64,*", "data:;base64,%ff"]
)
def test_what_is_no_data_url_is_refused(url: str) -> None:
    with pytest.raises(DecodeError):
        parse_data_url(url)


@given(st.text().map("data:".__add__))
def test_arbitrary_data_urls_are_read_or_refused(url: str) -> None:
    with suppress(DecodeError):
        base64.b64decode(parse_data_url(url).data, validate=True)


@pytest.mark.parametrize(
    ("start", "mime"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"BM\x10\0\0\0\0\0\0\0", "image/bmp"),
        (b"BMW is a car, not a picture", None),
        (b"%PDF-1.4", "application/pdf"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "audio/wav"),
        (b"RIFF\x10\0\0\0AVI LIST", None),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90", "audio/mpeg"),
        (b"OggS\0", "audio/ogg"),
        (b"fLaC\0", "audio/flac"),
        (b"\0\0\0\x18ftypmp42", "video/mp4"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"\0\0\0\x18ftypM4A ", "audio/mp4"),
        (b"\x1aE\xdf\xa3", "video/webm"),
        (b"plain words", None),
        (b"", None),
    ],
)
def test_types_are_told_from_the_first_bytes(start: bytes, mime: str | None) -> None:
    assert sniff_mime(base64.b64encode(start).decode()) == mime
    assert sniff_mime(base64.b64encode(start + bytes(99)).decode()) == mime


def test_sniffing_what_is_no_base64_finds_nothing() -> None:
    assert sniff_mime("Ä") is None
    assert sniff_mime("A") is None


def test_kinds_follow_the_type() -> None:
    assert [kind_of(mime) for mime in ("image/png", "Audio/wav", "video/mp4", "application/pdf", "")] == [
        "image",
        "audio",
        "video",
        "document",
        "document",
    ]


def test_addresses_become_remote_or_inline_media() -> None:
    remote = from_url("https://example.com/a.png", "image", "low", "a.png")
    assert remote == Media("image", Url("https://example.com/a.png"), "a.png", "low")
    assert from_url("data:image/png;base64," + PNG, "image", "high") == Media(
        "image", Inline("image/png", PNG), None, "high"
    )


def test_the_data_overrules_the_place_it_was_put_in() -> None:
    assert from_url("data:application/pdf;base64," + PDF, "image").kind == "document"
    assert from_url("data:application/octet-stream;base64," + PDF, "image").kind == "document"
    assert from_url("data:application/octet-stream;base64,aGk=", "image").kind == "image"


def test_an_empty_address_is_refused() -> None:
    with pytest.raises(DecodeError, match="image"):
        from_url(" ", "image")


def _document(mime: str, raw: bytes) -> Media:
    return Media("document", Inline(mime, base64.b64encode(raw).decode()))


def test_text_documents_are_read() -> None:
    assert as_text(_document("text/plain", "naïve".encode())) == "naïve"
    assert as_text(_document("text/markdown; charset=utf-8", b"# Hi")) == "# Hi"
    assert as_text(_document("application/json", b"{}")) == "{}"
    assert as_text(_document("image/svg+xml", b"\xef\xbb\xbf<svg/>")) == "<svg/>"


def test_other_documents_are_not_text() -> None:
    assert as_text(_document("application/pdf", b"%PDF-")) is None
    assert as_text(_document("text/plain", b"\xff\xfe")) is None
    assert as_text(Media("document", Url("https://example.com/a.txt", "text/plain"))) is None
    assert as_text(Media("document", FileReference("file-1", "some", "text/plain"))) is None


@pytest.mark.parametrize(
    ("said", "data", "mime"),
    [
        ("image/png", PDF, "application/pdf"),
        ("image/jpeg", PNG, "image/png"),
        ("image/png", "aGk=", "image/png"),
        ("image/heic", PNG, "image/png"),
        ("", PDF, "application/pdf"),
        ("application/octet-stream", PNG, "image/png"),
        ("", "aGk=", "application/octet-stream"),
        ("text/plain", PDF, "text/plain"),
        ("audio/wav", PNG, "audio/wav"),
    ],
)
def test_bytes_overrule_an_unspecific_type_and_that_of_an_image(said: str, data: str, mime: str) -> None:
    assert true_mime(said, data) == mime


@pytest.mark.parametrize(
    ("name", "mime"),
    [("a.PDF", "application/pdf"), ("b.c.csv", "text/csv"), ("x", None), ("x.exe", None), (None, None)],
)
def test_a_name_tells_a_type(name: str | None, mime: str | None) -> None:
    assert mime_of_name(name) == mime


@pytest.mark.parametrize(
    ("said", "raw", "name", "mime"),
    [
        ("text/csv", b"%PDF-1.7", "a.pdf", "text/csv"),
        ("", b"%PDF-1.7", "a.txt", "application/pdf"),
        (UNKNOWN, b"a,b", "a.csv", "text/csv"),
        ("", b"print()", "a.py", "text/plain"),
        ("", "é".encode(), None, "text/plain"),
        ("", b"\xff\xfe", "a.bin", UNKNOWN),
        ("", b"a\x00", None, UNKNOWN),
        ("", b"", None, UNKNOWN),
    ],
)
def test_a_file_is_what_is_said_or_shown_or_named(said: str, raw: bytes, name: str | None, mime: str) -> None:
    assert mime_of_file(said, base64.b64encode(raw).decode(), name) == mime
