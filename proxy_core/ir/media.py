"""Data URLs, base64 and MIME types of images, sounds, films and documents."""

from __future__ import annotations

import base64
import binascii
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from proxy_core.errors import DecodeError
from proxy_core.ir.message import Inline, Media, MediaKind, Url

UNKNOWN = "application/octet-stream"
_PIECE = 1 << 16

_TO_STANDARD = str.maketrans("-_", "+/", "= \t\r\n\f\v")
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\xff\xfa", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_RIFF = ((b"WEBP", "image/webp"), (b"WAVE", "audio/wav"))
_BRANDS = (
    (b"hei", "image/heic"),
    (b"mif1", "image/heif"),
    (b"avif", "image/avif"),
    (b"M4A", "audio/mp4"),
)
_SHOWN = ("image/", "application/pdf")
_SUFFIXES = MappingProxyType({
    "pdf": "application/pdf", "txt": "text/plain", "md": "text/markdown", "csv": "text/csv",
    "html": "text/html", "json": "application/json", "xml": "application/xml", "png": "image/png",
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
})  # fmt: skip
_TEXTUAL = frozenset({"application/json", "application/xml", "application/yaml"})


def parse_data_url(url: str) -> Inline:
    """Read ``data:[mime][;parameter]*[;base64],…``. Raises DecodeError.

    A missing or unspecific MIME type is sniffed from the first bytes; URL-safe and unpadded base64 is
    normalised; percent-encoded data is encoded. Parameters (a charset) are not kept.
    """
    head, comma, data = url.partition(",")
    if head[:5].lower() != "data:" or not comma:
        raise DecodeError("A data URL must look like data:<type>;base64,<data>.")
    mime, *parameters = (piece.strip().lower() for piece in head[5:].split(";"))
    if mime == "base64":  # a slip of clients: the semicolon is missing
        mime, parameters = "", [mime]
    if "base64" in parameters:
        if "%" in data:
            data = unquote_to_bytes(data).decode("ascii", "replace")
        plain, fallback = normalise_base64(data), UNKNOWN
    else:
        raw = unquote_to_bytes(data.encode("utf-8", "surrogatepass"))
        plain, fallback = base64.b64encode(raw).decode(), "text/plain"
    found = true_mime(mime, plain)
    return Inline(fallback if not mime and found == UNKNOWN else found, plain)


def true_mime(said: str, data_b64: str) -> str:
    """Return the MIME type of data that is said to be ``said``, empty where nothing was said.

    What the bytes show overrules an unspecific type, and that of an image: clients do send PDFs as images and
    JPEGs as PNGs, which vendors refuse.
    """
    if said in ("", UNKNOWN) or said.startswith("image/"):
        found = sniff_mime(data_b64)
        if found is not None and (said in ("", UNKNOWN) or found.startswith(_SHOWN)):
            return found
    return said or UNKNOWN


def mime_of_file(said: str, data_b64: str, name: str | None) -> str:
    """Return the MIME type of a file: as said, else as bytes or name tell, or text if it is."""
    if said not in ("", UNKNOWN):
        return said
    known = sniff_mime(data_b64) or mime_of_name(name)
    if known is not None:
        return known
    text = as_text(Media("document", Inline("text/plain", data_b64)))
    return "text/plain" if text and "\0" not in text else UNKNOWN


def mime_of_name(name: str | None) -> str | None:
    """Return the MIME type that a file's name tells, None where it tells nothing known."""
    return _SUFFIXES.get((name or "").rpartition(".")[2].lower())


def data_url(inline: Inline) -> str:
    """Return the data URL of inline bytes."""
    return f"data:{inline.mime};base64,{inline.data}"


def normalise_base64(data: str) -> str:
    """Return base64 in the standard alphabet, padded, without blanks. Raises DecodeError.

    Takes the URL-safe alphabet, missing padding and line breaks; a valid text is returned as it is.
    """
    if _is_standard(data):
        return data
    plain = data.translate(_TO_STANDARD)
    plain += "=" * (-len(plain) % 4)
    if not _is_standard(plain):
        raise DecodeError("The data is not valid base64.")
    return plain


def _is_standard(data: str) -> bool:
    if len(data) % 4 or 0 <= data.find("=") < len(data) - 2:
        return False
    try:
        # piece by piece: the bytes are not needed, and a film's would be many
        for start in range(0, len(data), _PIECE):
            binascii.a2b_base64(data[start : start + _PIECE], strict_mode=True)
    except (binascii.Error, ValueError):
        return False
    return True


def sniff_mime(data_b64: str) -> str | None:
    """Return the MIME type that the first bytes show, None if they show nothing known."""
    try:
        start = binascii.a2b_base64(data_b64[:64])
    except (binascii.Error, ValueError):
        return None
    for magic, mime in _MAGIC:
        if start.startswith(magic):
            return mime
    if start[:4] == b"RIFF":
        return next((mime for form, mime in _RIFF if start[8:12] == form), None)
    if start[4:8] == b"ftyp":
        return next((mime for brand, mime in _BRANDS if start[8:].startswith(brand)), "video/mp4")
    if start[:2] == b"BM" and start[6:10] == bytes(4):
        return "image/bmp"
    return None


def kind_of(mime: str) -> MediaKind:
    """Return the media kind of a MIME type; what is no image, sound or film is a document."""
    match mime.partition("/")[0].lower():
        case "image":
            return "image"
        case "audio":
            return "audio"
        case "video":
            return "video"
        case _:
            return "document"


def from_url(url: str, kind: MediaKind, detail: str | None = None, name: str | None = None) -> Media:
    """Return the media behind an address: inline for a data URL, else remote. Raises DecodeError.

    Inline data of a known type overrules ``kind``: clients do put PDFs into image parts.
    """
    url = url.strip()
    if not url:
        raise DecodeError(f"The address of the {kind} is empty.")
    if url[:5].lower() != "data:":
        return Media(kind, Url(url), name, detail)
    inline = parse_data_url(url)
    return Media(kind if inline.mime == UNKNOWN else kind_of(inline.mime), inline, name, detail)


def as_text(media: Media) -> str | None:
    """Return the text of an inline text document (``text/*``, JSON, XML, YAML), else None.

    None as well when the bytes are not UTF-8: it is better sent as a file than garbled.
    """
    if not isinstance(media.source, Inline) or not _is_textual(media.source.mime):
        return None
    try:
        return base64.b64decode(media.source.data).decode("utf-8-sig")
    except ValueError:
        return None


def _is_textual(mime: str) -> bool:
    bare = mime.partition(";")[0].strip().lower()
    return bare.startswith("text/") or bare in _TEXTUAL or bare.endswith(("+json", "+xml"))
