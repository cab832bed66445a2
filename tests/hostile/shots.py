"""One request as bytes, and where it goes."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shot:
    """What goes over one connection. ``may_be_dropped``: a close without an answer is a fair answer.

    ``half_close``: our side ends after the last piece, as of a client whose program ended.
    ``reads_meanwhile``: answers are read while the rest is sent.
    """

    name: str
    pieces: tuple[bytes, ...]
    may_be_dropped: bool = False
    half_close: bool = False
    reads_meanwhile: bool = False


@dataclass(frozen=True, slots=True)
class Aim:
    """Where the shots go."""

    port: int
    key: str
    models: Sequence[str]

    def head(self, method: str, path: str, *more: str, version: str = "1.1") -> bytes:
        """Return the head of a good request but for what is asked."""
        lines = [f"{method} {path} HTTP/{version}", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"Authorization: Bearer {self.key}", *more]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")

    def post(self, path: str, body: bytes, *more: str) -> bytes:
        """Return a whole POST."""
        kind = (
            ()
            if any(one.lower().startswith("content-type") for one in more)
            else ("Content-Type: application/json",)
        )
        return (
            self.head("POST", path, f"Content-Length: {len(body)}", "Connection: close", *kind, *more) + body
        )
