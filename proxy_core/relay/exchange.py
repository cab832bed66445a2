"""The state of one request: its original bytes, its decoded form if one was needed, and what happened."""

from __future__ import annotations

from dataclasses import dataclass, field

from proxy_core.dialect import Call, Dialect, Peek
from proxy_core.errors import Failure
from proxy_core.ir.request import Loss, Request
from proxy_core.ir.stream import Usage
from proxy_core.routing.resolve import Target


@dataclass(slots=True)
class Exchange:
    """One request with its reply. ``body`` is never changed.

    ``dialect`` is the client's: it gets replies and errors in it. ``body_dialect`` is the one the body is
    written in; the two differ only when a body of another dialect came to a path of this one. ``status`` is
    what the client was told, in-band errors included. ``is_complete``: the end of the reply went by, so that
    a client that leaves now has everything.
    """

    id: str
    call: Call
    dialect: Dialect
    body_dialect: Dialect
    body: bytes
    client_key: str | None
    started_at: float
    started_monotonic: float
    peek: Peek | None = None
    target: Target | None = None
    upstream_dialect: str | None = None
    attempts: int = 0
    losses: tuple[Loss, ...] = ()
    usage: Usage | None = None
    failure: Failure | None = None
    status: int = 0
    first_byte_s: float | None = None
    is_complete: bool = False
    _request: Request | None = field(default=None, repr=False)

    @property
    def operation(self) -> str:
        """What was asked for."""
        return self.call.endpoint.operation

    def request(self) -> Request:
        """Return the decoded request; it is decoded at most once. Raises DecodeError."""
        if self._request is None:
            self._request = self.body_dialect.decode_request(self.body, self.call)
        return self._request

    def dropped(self) -> str:
        """Return the lost knobs as a header value: names with commas, ASCII, at most 1,000 characters."""
        names = dict.fromkeys(loss.path for loss in self.losses)
        plain = (name.encode("ascii", "replace").decode() for name in names)
        text = ", ".join("".join(char if char.isprintable() else "?" for char in name) for name in plain)
        return text if len(text) <= 1000 else text[:997] + "..."
