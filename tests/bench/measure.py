"""Interleaved rounds: in each round every way gets its turn, so that a busy machine is busy for all."""

import asyncio
import statistics
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from tests.bench import callers
from tests.bench.loads import LOADS, MORE, WAYS, Load, Way
from tests.bench.replies import WORD
from tests.bench.subjects import Subject

_GAP_S = 0.05
_SLOW = 10
"""LiteLLM gets a tenth of the streams at once: it would keep everybody waiting."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure. ``fewer`` divides what runs once (streams at once)."""

    rounds: int = 5
    seconds: float = 1.5
    fewer: int = 1
    slow_rounds: int = 2


@dataclass(frozen=True, slots=True)
class Row:
    """Medians over the rounds of one way under one load. ``cpu_ratio``: to the bare relay's."""

    load: str
    way: str
    subject: str
    client: str
    upstream: str
    rounds: int
    per_s: float
    deltas_per_s: float
    cpu_ms: float
    cpu_ratio: float | None
    cpu_over_ms: float | None
    p50_ms: float
    p99_ms: float
    first_ms: float
    first_added_ms: float | None

    def plain(self) -> dict[str, object]:
        """Return it as JSON can say it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Sample:
    """One burst."""

    per_s: float
    cpu_ms: float
    p50_ms: float
    p99_ms: float
    first_ms: float


async def check(way: Way, load: Load, subject: Subject) -> None:
    """Ask once and look at the answer: what is not whole is not worth measuring. Raises RuntimeError."""
    answer = await callers.answered(subject.port, way.request(load, subject))
    seen = answer.count(WORD.encode())
    if seen < load.deltas:
        raise RuntimeError(f"{way.title}, {load.name}: {seen} of {load.deltas} deltas came")


async def rows(
    load: Load, subjects: Mapping[str, Subject], plan: Plan, tell: Callable[[str], None]
) -> list[Row]:
    """Measure one load on every way whose subject runs."""
    ways = [way for way in (*WAYS, *MORE.get(load.name, ())) if way.subject in subjects]
    found: dict[Way, list[Sample]] = {way: [] for way in ways}
    for way in ways:
        await check(way, load, subjects[way.subject])
    for number in range(plan.rounds + 1):
        for way in ways:
            if way.subject == "litellm" and number > (0 if load.once else plan.slow_rounds):
                continue
            seconds = plan.seconds if number else min(plan.seconds, 0.3)
            sample = await _sample(way, load, subjects[way.subject], seconds, plan)
            if number or load.once:
                found[way].append(sample)
            await asyncio.sleep(_GAP_S)
        tell(f"{load.name}: round {number} of {plan.rounds}")
        if load.once and number + 1 >= plan.rounds:
            break
    return [_row(way, load, samples, found) for way, samples in found.items()]


async def _sample(way: Way, load: Load, subject: Subject, seconds: float, plan: Plan) -> Sample:
    request = way.request(load, subject)
    fewer = plan.fewer * (_SLOW if way.subject == "litellm" and load.once else 1)
    at_once = max(1, load.at_once // fewer)
    before = subject.child.cpu_s()
    seen = await callers.volley(subject.port, request, at_once, 0.0 if load.once else seconds)
    cpu_s = subject.child.cpu_s() - before
    lasts = sorted(seen.lasts)
    return Sample(
        per_s=seen.count / seen.seconds,
        cpu_ms=cpu_s * 1000 / seen.count,
        p50_ms=statistics.median(lasts) * 1000,
        p99_ms=lasts[min(len(lasts) - 1, int(len(lasts) * 0.99))] * 1000,
        first_ms=statistics.median(seen.firsts) * 1000,
    )


def _row(way: Way, load: Load, samples: list[Sample], found: Mapping[Way, list[Sample]]) -> Row:
    bare = found.get(Way("bare", way.client, way.client))
    direct = next((those for one, those in found.items() if one.subject == "direct"), None)
    cpu = _median(samples, "cpu_ms")
    base = _median(bare, "cpu_ms") if bare and way.subject != "direct" else None
    first = _median(samples, "first_ms")
    return Row(
        load=load.name,
        way=way.title,
        subject=way.subject,
        client=way.client,
        upstream=way.upstream,
        rounds=len(samples),
        per_s=_median(samples, "per_s"),
        deltas_per_s=_median(samples, "per_s") * load.deltas if load.stream else 0.0,
        cpu_ms=cpu,
        cpu_ratio=cpu / base if base else None,
        cpu_over_ms=None if base is None else cpu - base,
        p50_ms=_median(samples, "p50_ms"),
        p99_ms=_median(samples, "p99_ms"),
        first_ms=first,
        first_added_ms=None if direct is None else first - _median(direct, "first_ms"),
    )


def _median(samples: list[Sample], name: str) -> float:
    return float(statistics.median(getattr(sample, name) for sample in samples))


def chosen(only: str | None) -> list[Load]:
    """Return the loads whose names begin with one of the given words (commas between); all without any."""
    words = tuple(word.strip() for word in (only or "").split(",") if word.strip())
    return [load for load in LOADS if not words or load.name.startswith(words)]
