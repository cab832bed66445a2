"""Our own work on one request of each size, without sockets: milliseconds of processor time per call."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from proxy_core import jsonbytes
from proxy_core.dialect import Call, Dialect, Edits
from proxy_core.ir.seal import has_envelope
from proxy_core.profile import ModelProfile
from proxy_core.registry import discover
from proxy_core.relay.seal_watch import marked
from tests.bench.replies import canned
from tests.bench.requests import DIALECTS, SHORT, Size, body

_SIZES: tuple[Size, ...] = ("small", "agent", "image")
_CHUNK = 16


@dataclass(frozen=True, slots=True)
class Own:
    """Milliseconds for reading what routing needs, for renaming the model, and for watching the reply."""

    dialect: str
    size: str
    kib: float
    read_ms: float
    rename_ms: float
    watch_ms: float

    @property
    def passed_ms(self) -> float:
        """What a request that is passed on untouched costs."""
        return self.read_ms + self.watch_ms

    def plain(self) -> dict[str, object]:
        """Return it as JSON can say it."""
        return {**asdict(self), "passed_ms": self.passed_ms}


def own(seconds: float) -> list[Own]:
    """Measure every dialect and size, each for about so long."""
    dialects: dict[str, Dialect] = discover("proxy_core.dialects", "DIALECTS", Dialect)
    return [_own(dialects[name], SHORT[name], name, size, seconds) for name in DIALECTS for size in _SIZES]


def _own(dialect: Dialect, short: str, name: str, size: Size, seconds: float) -> Own:
    known = next(one for one in DIALECTS if one == name)
    content = body(known, size, "gpt-bench", stream=True)
    endpoint = next(one for one in dialect.endpoints if one.operation == "chat" and one.streams is not False)
    call = Call(endpoint, "gpt-bench" if "{model}" in endpoint.path else None)
    frames = canned(known, 10).frames
    edits = Edits(model="another-model")
    profile = ModelProfile(id="another-model")

    def read() -> None:
        # what the server and the relay ask of a body before they pass it on: whose it is, which model and
        # mode, and whether there is opaque reasoning in it
        if call.path_model is not None:
            dialect.peek(content, call)
        else:
            members = jsonbytes.members(content)
            dialect.claims(frozenset(members))
            dialect.peek(members, call)
        assert not has_envelope(content)
        assert dialect.seal_fields is not None
        assert not marked(content, dialect.seal_fields)

    def watch() -> None:
        tap = dialect.tap("stream")
        for frame in frames:
            tap.feed(frame)
            assert tap.failure is None
        tap.close()
        assert tap.is_complete

    return Own(
        dialect=short,
        size=size,
        kib=len(content) / 1024,
        read_ms=_each(read, seconds),
        rename_ms=_each(lambda: dialect.edit_request(content, call, edits, profile), seconds),
        watch_ms=_each(watch, seconds),
    )


def _each(work: Callable[[], object], seconds: float) -> float:
    """Return the best of some batches: others on the machine only ever make it slower."""
    work()
    began = time.process_time()
    best = float("inf")
    while time.process_time() - began < seconds:
        at = time.process_time()
        for _ in range(_CHUNK):
            work()
        best = min(best, (time.process_time() - at) / _CHUNK)
    return best * 1000
