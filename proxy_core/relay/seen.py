"""What went by of a reply, as much as an estimate of its tokens needs."""

from __future__ import annotations

from proxy_core.dialect import DecodeSource, Dialect, Mode
from proxy_core.errors import ProxyError
from proxy_core.ir.message import ToolCall
from proxy_core.ir.request import EncodedRequest, Request
from proxy_core.ir.stream import PartBegin, PartDelta, StreamEvent
from proxy_core.usage import tokens

_SAMPLE = 1 << 14
_MOST_WHOLE = 1 << 22


class Seen:
    """What went by of a reply: its beginning, and how much it was in all.

    Of a stream 16 KiB are kept, of a whole reply 4 MiB: its text stands at no fixed place. What lies behind
    is taken to be like what lies before. A translated reply is noted as text, a passed one as bytes.
    """

    def __init__(self, dialect: Dialect | None = None, mode: Mode = "stream") -> None:
        self._dialect = dialect
        self._mode: Mode = mode
        self._most = _MOST_WHOLE if mode == "whole" else _SAMPLE
        self._sample = bytearray()
        self._texts: list[str] = []
        self._kept = 0
        self._size = 0

    def add(self, data: bytes) -> None:
        """Note bytes of the vendor's."""
        self._size += len(data)
        if self._kept < self._most:
            self._sample += data[: self._most - self._kept]
            self._kept = len(self._sample)

    def note(self, event: StreamEvent) -> None:
        """Note what an event says."""
        match event:
            case PartDelta():
                self._add_text(event.text)
            case PartBegin(part=ToolCall(name=name)):
                self._add_text(name)
            case _:
                pass

    def _add_text(self, text: str) -> None:
        self._size += len(text)
        if self._kept < self._most:
            self._texts.append(text)
            self._kept += len(text)

    def output_tokens(self, request: Request | None, body: bytes) -> int:
        """Return about how many tokens the reply has so far. May be slow.

        ``request`` is what it answers, decoded if it can be, and ``body`` as it came: decoders ask for both.
        """
        if not self._size:
            return 0
        text = "".join(self._texts)
        if self._dialect is not None:
            text = self._read(self._dialect, request, body)
        return tokens.count(text) * self._size // max(1, self._kept)

    def _read(self, dialect: Dialect, request: Request | None, body: bytes) -> str:
        """Return the text in the sample; the decoders take any cut."""
        if request is None:
            return ""
        source = DecodeSource("", request, EncodedRequest(body))
        try:
            decoder = dialect.reply_decoder(self._mode, source)
            events = [*decoder.feed(bytes(self._sample)), *decoder.close()]
        except (ProxyError, RecursionError):
            return ""
        inner = Seen()
        inner._most = self._most
        for event in events:
            inner.note(event)
        return "".join(inner._texts)
