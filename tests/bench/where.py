"""Where our time goes: the profile of a load, grouped by module."""

import asyncio
import pstats
import signal
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from tests.bench import callers, subjects
from tests.bench.loads import Load, Way
from tests.bench.measure import Plan
from tests.bench.process import ROOT, python

PROFILED: tuple[tuple[str, Way], ...] = (
    ("stream-64", Way("trunkline", "openai_chat", "openai_chat")),
    ("agent", Way("trunkline", "openai_chat", "openai_chat")),
    ("long", Way("trunkline", "openai_chat", "openai_chat")),
    ("long", Way("trunkline", "openai_chat", "anthropic_messages")),
    ("long", Way("trunkline", "anthropic_messages", "openai_chat")),
)
_MOST = 14
_LEAST_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Share:
    """A module's part of the time that was spent in Python and below."""

    module: str
    share: float
    calls_per_answer: float


async def shares(load: Load, way: Way, home: Path, plan: Plan) -> list[Share]:
    """Return the modules that a load spends its time in, the dearest first."""
    file = home / "profile.stats"
    launcher = python("tests.bench.profiled", str(file))
    subject = await asyncio.to_thread(subjects.trunkline, home, *launcher)
    try:
        subject.child.process.send_signal(signal.SIGUSR1)
        at_once = max(1, load.at_once // max(4, plan.fewer))
        seconds = 0.0 if load.once else plan.seconds * 2
        seen = await callers.volley(subject.port, way.request(load, subject), at_once, seconds)
    finally:
        await asyncio.to_thread(subject.child.close)
    return _grouped(pstats.Stats(str(file)), seen.count)


def _grouped(stats: pstats.Stats, answers: int) -> list[Share]:
    spent: dict[str, float] = defaultdict(float)
    calls: dict[str, int] = defaultdict(int)
    for (file, _, function), (_, count, own_s, _, _) in stats.stats.items():  # type: ignore[attr-defined]
        name = _module(file, function)
        if name is None:
            continue
        spent[name] += own_s
        calls[name] += count
    total = sum(spent.values()) or 1.0
    found = [Share(name, time / total, calls[name] / answers) for name, time in spent.items()]
    found.sort(key=lambda share: -share.share)
    return [share for share in found[:_MOST] if share.share >= _LEAST_SHARE]


def _module(file: str, function: str) -> str | None:
    """Return what a function counts for; None for what only starts the program."""
    if file == "~":
        return _built_in(function)
    path = Path(file)
    if path.is_relative_to(ROOT) and "site-packages" not in path.parts:
        return ".".join(path.relative_to(ROOT).with_suffix("").parts)
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1].removesuffix(".py")
    if file.startswith("<frozen") or path.stem in ("runners", "threading"):
        return None  # what waits, and what starts a program
    return f"{path.parent.name}/{path.stem} (standard library)"


def _built_in(function: str) -> str | None:
    if "run_until_complete" in function or "marshal" in function or "_imp" in function:
        return None
    inner = function.strip("<>").replace("built-in method ", "").replace("method ", "")
    for name in ("uvloop", "msgspec", "_sqlite3", "sqlite3", "multidict", "yarl"):
        if name in inner:
            return f"{name} (compiled)"
    return "built-ins"
