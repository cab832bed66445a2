"""How late a timer of the window is while the proxy works on the same loop."""

import asyncio
import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.bench import callers
from tests.bench.loads import Load, Way
from tests.bench.measure import Plan
from tests.bench.process import Child, python
from tests.bench.subjects import Subject, environment

_WAYS: tuple[Way, ...] = (
    Way("trunkline", "openai_chat", "openai_chat"),
    Way("trunkline", "openai_chat", "anthropic_messages"),
)
_IDLE = "nothing to do"


@dataclass(frozen=True, slots=True)
class Lateness:
    """Milliseconds by which a 16 ms timer was late, over all rounds, and what was left alive afterwards.

    *own*: without the time for which the loop's thread was ready to run and had no core; a lower bound, since
    some of that time would have passed before the timer was due.
    """

    load: str
    way: str
    ticks: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    own_p50_ms: float
    own_p99_ms: float
    own_max_ms: float
    per_s: float
    cpu_ms: float
    timers: int
    waiting: int

    def plain(self) -> dict[str, object]:
        """Return it as JSON can say it."""
        return asdict(self)


def desk(home: Path) -> Subject:
    """Start the desktop program; returns when its proxy listens."""
    chosen = {**environment(home), "QT_QPA_PLATFORM": "offscreen", "TRUNKLINE_SERVER_PORT": "0"}
    child = Child(python("tests.bench.desk", str(home / "trunkline")), chosen, talks=True)
    said = json.loads(child.line())
    return Subject("window", child, said["port"], said["key"])


async def lateness(home: Path, loads: list[Load], plan: Plan, tell: Callable[[str], None]) -> list[Lateness]:
    """Measure every load under the desktop's loop."""
    subject = await asyncio.to_thread(desk, home)
    try:
        found = [await _idle(subject, plan.seconds)]
        for load in loads:
            for way in _WAYS:
                found.append(await _under(load, way, subject, plan))
                tell(f"window: {load.name}, {way.title}")
        return found
    finally:
        await asyncio.to_thread(subject.child.close)


async def _idle(subject: Subject, seconds: float) -> Lateness:
    await asyncio.to_thread(subject.child.say, "begin")
    await asyncio.sleep(seconds)
    return _read(await asyncio.to_thread(subject.child.say, "end"), _IDLE, "Trunkline", [], [])


async def _under(load: Load, way: Way, subject: Subject, plan: Plan) -> Lateness:
    request = way.request(load, subject)
    at_once = max(1, load.at_once // plan.fewer)
    late: list[float] = []
    own: list[float] = []
    speeds, costs = [], []
    answer = ""
    for _ in range(max(1, min(2, plan.rounds))):
        before = subject.child.cpu_s()
        await asyncio.to_thread(subject.child.say, "begin")
        seen = await callers.volley(subject.port, request, at_once, 0.0 if load.once else plan.seconds)
        answer = await asyncio.to_thread(subject.child.say, "end")
        late += json.loads(answer)["late_ms"]
        own += json.loads(answer)["own_ms"]
        speeds.append(seen.count / seen.seconds)
        costs.append((subject.child.cpu_s() - before) * 1000 / seen.count)
    found = _read(answer, load.name, way.title, late, own)
    return replace(found, per_s=statistics.median(speeds), cpu_ms=statistics.median(costs))


def _read(answer: str, load: str, way: str, late: list[float], own: list[float]) -> Lateness:
    said = json.loads(answer)
    late = sorted(late or said["late_ms"]) or [0.0]
    own = sorted(own or said["own_ms"]) or [0.0]
    last = min(len(late) - 1, int(len(late) * 0.99))
    return Lateness(
        load=load,
        way=way,
        ticks=len(late),
        p50_ms=statistics.median(late),
        p99_ms=late[last],
        max_ms=late[-1],
        own_p50_ms=statistics.median(own),
        own_p99_ms=own[last],
        own_max_ms=own[-1],
        per_s=0.0,
        cpu_ms=0.0,
        timers=said["timers"],
        waiting=said["waiting"],
    )
