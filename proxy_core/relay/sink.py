"""Where a reply goes: the relay writes, the server knows how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Sink(Protocol):
    """One reply to one client."""

    @property
    def is_committed(self) -> bool:
        """Status and headers are out: from here on errors go in-band."""
        ...

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Commit to a streamed reply."""
        ...

    async def write(self, data: bytes) -> None:
        """Send bytes; waits while the client is slow. Raises ConnectionError when the client is gone."""
        ...

    async def finish(self) -> None:
        """End a streamed reply in good order."""
        ...

    def abort(self) -> None:
        """Break a streamed reply off: the client gets what was written, and then no end."""
        ...

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Send a whole reply, also behind the headers and blanks of one that was begun to bridge a wait."""
        ...
