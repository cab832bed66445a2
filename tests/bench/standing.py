"""What Trunkline costs when nothing moves: from start to listening, memory at rest and with open streams."""

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench import callers, subjects
from tests.bench.loads import Load, Way
from tests.bench.process import Memory
from tests.bench.subjects import Subject

_HELD = Load("held", "open streams", "small", "held", True, 500)
_WAYS: tuple[Way, ...] = (
    Way("bare", "openai_chat", "openai_chat"),
    Way("trunkline", "openai_chat", "openai_chat"),
    Way("trunkline", "openai_chat", "anthropic_messages"),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """MiB and milliseconds. ``open_mib``: with so many open streams, by way."""

    start_ms: float
    idle_rss_mib: float
    idle_pss_mib: float
    streams: int
    open_rss_mib: dict[str, float]
    open_pss_mib: dict[str, float]

    def plain(self) -> dict[str, object]:
        """Return it as JSON can say it."""
        return asdict(self)


async def standing(
    home: Path, upstream: int, streams: int, starts: int, settle_s: float, tell: Callable[[str], None]
) -> Standing:
    """Measure over processes of its own."""
    took: list[float] = []
    idle: list[Memory] = []
    for number in range(starts):
        subject = await asyncio.to_thread(subjects.trunkline, home)
        took.append(subject.started_ms)
        try:
            idle.append(await _settled(subject, settle_s))
        finally:
            await asyncio.to_thread(subject.child.close)
        tell(f"start {number + 1} of {starts}")
    rss: dict[str, float] = {}
    pss: dict[str, float] = {}
    for way in _WAYS:
        start = subjects.bare if way.subject == "bare" else None
        subject = await asyncio.to_thread(lambda: start(upstream) if start else subjects.trunkline(home))  # noqa: B023
        try:
            held = await _held(way, subject, streams)
        finally:
            await asyncio.to_thread(subject.child.close)
        rss[way.title], pss[way.title] = held.rss, held.pss
        tell(f"{streams} open streams: {way.title}")
    return Standing(
        start_ms=statistics.median(took),
        idle_rss_mib=statistics.median(one.rss for one in idle),
        idle_pss_mib=statistics.median(one.pss for one in idle),
        streams=streams,
        open_rss_mib=rss,
        open_pss_mib=pss,
    )


async def _settled(subject: Subject, longest_s: float) -> Memory:
    """Return the memory once it stays the same for a second."""
    deadline = time.monotonic() + longest_s
    before = subject.child.memory()
    while time.monotonic() < deadline:
        await asyncio.sleep(min(1.0, longest_s))
        now = subject.child.memory()
        if abs(now.rss - before.rss) < 0.1:
            return now
        before = now
    return before


async def _held(way: Way, subject: Subject, streams: int) -> Memory:
    request = way.request(_HELD, subject)
    found = [await callers.connect(subject.port) for _ in range(streams)]
    try:
        for first in range(0, streams, 50):
            await asyncio.gather(*(caller.begin(request) for caller in found[first : first + 50]))
        return await _settled(subject, 5.0)
    finally:
        for caller in found:
            caller.close()
