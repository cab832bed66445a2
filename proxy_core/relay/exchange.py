"""The state of one request: its original bytes, its decoded form if one was needed, and what happened."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from proxy_core.dialect import Call, Dialect, Peek, own_path
from proxy_core.errors import Failure
from proxy_core.ir.request import Loss, Request
from proxy_core.ir.seal import has_envelope
from proxy_core.ir.stream import Usage
from proxy_core.jsonbytes import Members
from proxy_core.relay.seal_watch import marked, values
from proxy_core.relay.seen import Seen
from proxy_core.routing.resolve import Target

_NAME = re.compile(r"[\w$:/@\[\]-]{1,64}", re.ASCII)
"""A part of a path. What else stands there is a text of the caller's, and the ledger keeps no texts."""


@dataclass(slots=True)
class Exchange:
    """One request with its reply. ``body`` is never changed.

    ``dialect`` is the client's: it gets replies and errors in it. ``body_dialect`` is the one the body is
    written in; the two differ only when a body of another dialect came to a path of this one. ``status`` is
    what the client was told, in-band errors included. ``is_complete``: the end of the reply went by, so that
    a client that leaves now has everything. ``usage`` is what the vendor told, ``is_usage_final`` whether it
    told so at its end; where it did not, an estimate is made from ``seen``, which is None until a vendor
    accepted the request. ``members`` are the body's, where the server needed them, until the relay has looked
    at them. ``quiet_since`` is when the client last got something (monotonic).
    """

    id: str
    call: Call
    dialect: Dialect
    body_dialect: Dialect
    body: bytes
    client_key: str | None
    started_at: float
    started_monotonic: float
    members: Members | None = None
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
    is_usage_final: bool = False
    seen: Seen | None = None
    quiet_since: float | None = None
    _request: Request | None = field(default=None, repr=False)
    _holds_envelope: bool | None = field(default=None, repr=False)
    _shows_reasoning: bool | None = field(default=None, repr=False)
    _seal_values: tuple[bytes, ...] | None = field(default=None, repr=False)

    @property
    def operation(self) -> str:
        """What was asked for."""
        return self.call.endpoint.operation

    def request(self) -> Request:
        """Return the decoded request; it is decoded at most once. Raises DecodeError."""
        if self._request is None:
            self._request = self.body_dialect.decode_request(self.body, self.call)
        return self._request

    @property
    def holds_envelope(self) -> bool:
        """Whether one of our envelopes may be in the body; looked for at most once."""
        if self._holds_envelope is None:
            self._holds_envelope = has_envelope(self.body)
        return self._holds_envelope

    @property
    def shows_reasoning(self) -> bool:
        """Whether the body has a member that carries reasoning; looked for at most once."""
        if self._shows_reasoning is None:
            fields = self.body_dialect.seal_fields
            self._shows_reasoning = fields is not None and marked(self.body, fields)
        return self._shows_reasoning

    @property
    def seal_values(self) -> tuple[bytes, ...]:
        """The opaque reasoning in the body, as it is spelled there; looked for at most once."""
        if self._seal_values is None:
            fields = self.body_dialect.seal_fields
            found = fields is not None and self.shows_reasoning
            self._seal_values = tuple(values(self.body, fields)) if fields is not None and found else ()
        return self._seal_values

    def dropped(self) -> str:
        """Return the lost knobs as a header value: names with commas, ASCII, at most 1,000 characters."""
        if not self.losses:
            return ""
        known = self.body_dialect.member_names
        names = dict.fromkeys(_plain(own_path(loss.path, known)) for loss in self.losses)
        text = ", ".join(names)
        return text if len(text) <= 1000 else text[:997] + "..."


def _plain(path: str) -> str:
    return ".".join(part if _NAME.fullmatch(part) else "?" for part in path.split("."))
