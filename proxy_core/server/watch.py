"""One watch over all connections: who sends or takes nothing for too long is told, or dropped.

It counts its own steps instead of reading a clock: a machine that slept finds nobody overdue, and nothing
is paid per request. Connections that only wait for their next request are left alone; tools keep them for
hours. The limits are far beyond what any client over loopback or a network needs.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from proxy_core.clock import Clock
from proxy_core.server.connection import Connection, Server

STEP_S = 5.0

HEAD_STEPS = 12
"""A request's line and headers come whole within a minute: they fit into a packet or two."""

BODY_STEPS = 12
"""A minute in which nothing of a body comes."""

WHOLE_BODY_STEPS = 180
"""A quarter of an hour for a body as a whole."""

REPLY_STEPS = 180
"""A quarter of an hour in which a client takes nothing of what waits for it; a tool that was suspended
for longer finds its stream cut, as the vendor would have cut it."""

_HEAD = "This request's headers did not come within a minute."


class _Seen:
    """How long a connection has been in what it is in, in steps."""

    __slots__ = ("body", "head", "received", "reply", "still", "unsent")

    def __init__(self) -> None:
        self.head = self.body = self.still = self.reply = self.received = self.unsent = 0


async def watch(server: Server, clock: Clock) -> None:
    """Look at every connection in turn, for ever."""
    known: WeakKeyDictionary[Connection, _Seen] = WeakKeyDictionary()
    while True:
        await clock.sleep(STEP_S)
        for connection in server.connections:
            if isinstance(connection, Connection) and connection.transport is not None:
                seen = known.get(connection)
                if seen is None:
                    seen = known[connection] = _Seen()
                look(connection, seen)


def look(connection: Connection, seen: _Seen) -> None:
    """Count one step for a connection, and act on what is overdue."""
    _look_at_head(connection, seen)
    _look_at_body(connection, seen)
    unsent = connection.unsent
    seen.reply = seen.reply + 1 if unsent and unsent == seen.unsent else 0
    seen.unsent = unsent
    if seen.reply >= REPLY_STEPS:
        connection.abort()


def _look_at_head(connection: Connection, seen: _Seen) -> None:
    is_waiting = bool(connection.head_size) and not connection.is_answering and not connection.is_broken
    seen.head = seen.head + 1 if is_waiting else 0
    if seen.head >= HEAD_STEPS:
        connection.refuse(408, _HEAD)


def _look_at_body(connection: Connection, seen: _Seen) -> None:
    # a body that we do not read yet, or that nobody will read, is not the client's delay
    is_coming = connection.body is not None and not connection.body.is_eof() and not connection.is_held
    seen.still = seen.still + 1 if is_coming and connection.received == seen.received else 0
    seen.body = seen.body + 1 if is_coming else 0
    seen.received = connection.received
    if seen.still >= BODY_STEPS or seen.body >= WHOLE_BODY_STEPS:
        connection.cut_body()
