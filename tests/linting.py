"""Watches what every exchange of a test tells its client, and holds it against the rules of the dialect.

The relay is the only way to a client, so its `run` is where the watch stands. A stream is checked to its end
when the relay ended it, and as far as it came when the client left or the relay gave up the connection. A
whole reply is checked by the members that it must have, an error by the shape of its dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from proxy_core.relay.exchange import Exchange
from proxy_core.relay.relay import Relay
from proxy_core.relay.sink import Sink
from tests.upstreams.lint import ending, lint
from tests.upstreams.lint_whole import lint_error, lint_whole

MOST_EXCHANGES = 300
MOST_BYTES = 4 << 20
"""Beyond these only every hundredth exchange is looked at, and no larger stream: soak tests stay fast."""

_COUNTS = frozenset({"count_tokens", "embeddings"})


@dataclass
class Told:
    """A sink that passes everything on and remembers it."""

    sink: Sink
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    is_stream: bool = False
    is_finished: bool = False
    is_aborted: bool = False
    is_too_large: bool = False

    @property
    def is_committed(self) -> bool:
        """What the real one says."""
        return self.sink.is_committed

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Pass on."""
        if not self.is_stream:
            self.status, self.headers, self.is_stream = status, dict(headers), True
        await self.sink.start(status, headers)

    async def write(self, data: bytes) -> None:
        """Pass on."""
        await self.sink.write(data)
        self.is_too_large = self.is_too_large or len(self.body) > MOST_BYTES
        if not self.is_too_large:
            self.body += data

    async def finish(self) -> None:
        """Pass on."""
        self.is_finished = True
        await self.sink.finish()

    def abort(self) -> None:
        """Pass on."""
        self.is_aborted = True
        self.sink.abort()

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Pass on."""
        self.status, self.headers, self.body = status, dict(headers), bytearray(body)
        self.is_stream = False
        await self.sink.respond(status, headers, body)

    def __getattr__(self, name: str) -> Any:
        """Whatever else a sink has."""
        return getattr(self.sink, name)


class Watch:
    """Collects what is wrong in one test; of bytes passed on only if they are not odd on purpose."""

    def __init__(self, *, passes_odd_bytes: bool = False) -> None:
        self._passes_odd_bytes = passes_odd_bytes
        self.faults: list[str] = []
        self.exchanges = 0
        self.linted = 0

    def check(self, exchange: Exchange, told: Told, *, ended: bool) -> None:
        """Look at one exchange that is over."""
        if self._passes_odd_bytes and exchange.upstream_dialect == exchange.dialect.name:
            return
        for fault in self._found(exchange, told, ended):
            upstream = exchange.upstream_dialect or "nobody"
            self.faults.append(f"{exchange.dialect.name} from {upstream}: {fault}")

    def _found(self, exchange: Exchange, told: Told, ended: bool) -> list[str]:
        if told.is_too_large or told.status is None:
            return []
        self.linted += 1
        name, body = exchange.dialect.name, bytes(told.body)
        if not told.is_stream:
            return _whole(exchange, told.status, body) if ended else []
        if not ended or told.is_aborted or not told.is_finished:
            faults = lint(name, body, ended=False)
            if ended and not told.is_aborted:
                faults.append("neither ended nor aborted")
            if told.is_aborted and ending(name, body) == "clean":
                faults.append("aborted after a clean end")
            return faults
        faults = lint(name, body)
        how = ending(name, body)
        if exchange.failure is not None and how == "clean":
            faults.append(f"a clean end after {exchange.failure.message!r}")
        if exchange.failure is None and how == "error":
            faults.append("an error that the exchange knows nothing of")
        return faults


def _whole(exchange: Exchange, status: int, body: bytes) -> list[str]:
    name = exchange.dialect.name
    if status >= 400:
        return lint_error(name, body)
    return [] if exchange.operation in _COUNTS or exchange.failure is not None else lint_whole(name, body)


def install(patch: pytest.MonkeyPatch, watch: Watch) -> None:
    """Put the watch around every relay."""
    run: Callable[[Relay, Exchange, Sink], Any] = Relay.run

    async def watched(relay: Relay, exchange: Exchange, sink: Sink) -> None:
        watch.exchanges += 1
        if watch.exchanges > MOST_EXCHANGES and watch.exchanges % 100:
            await run(relay, exchange, sink)
            return
        told = Told(sink)
        try:
            await run(relay, exchange, told)
        except BaseException:
            watch.check(exchange, told, ended=False)
            raise
        watch.check(exchange, told, ended=True)

    patch.setattr(Relay, "run", watched)
