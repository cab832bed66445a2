"""Full figures: ``python -m tests.hostile``, or only some: storm vendors slow stalled disk fuzz soak.

``--shots``, ``--requests``, ``--seconds`` and ``--slow`` change how much; exits 1 if anything is wrong.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.architecture.tree import ROOT
from tests.hostile import coverage
from tests.hostile.assault import assault, every, mutants
from tests.hostile.crowd import Flood, deaf, felt, raise_limit, rss_kb, small, standstill
from tests.hostile.disk import survive
from tests.hostile.house import DEMO, besieged, entered, furnished
from tests.hostile.odd import odd_wire
from tests.hostile.soak import soak
from tests.hostile.storm import fire, storm, volley
from tests.hostile.vendors import HostileVendor

EVENT = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,'
    b'"delta":{"role":"assistant","content":"%s"},"finish_reason":null}]}\n\n' % (b"x" * 1000)
)
WARM_UP = 20_000
SLOWER_AT_MOST = 2.0
GROWTH_AT_MOST = 0.05


@dataclass
class Report:
    """The rows of the table, and what is wrong."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, what: str, figure: str, limit: str = "", wrong: list[str] | None = None) -> None:
        """Add a row and print it."""
        self.rows.append((what, figure, limit))
        print(f"{what:<44} {figure:<44} {limit}", flush=True)
        for line in (wrong or [])[:20]:
            print(f"    {line[:400]}", flush=True)
        self.wrong += wrong or []


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


async def _storm(report: Report, options: argparse.Namespace) -> None:
    with _folder() as folder:
        async with furnished(folder) as place:
            shots = [*odd_wire(place.aim), *storm(place.aim, options.shots, options.seed)]
            found = await volley(place.aim, shots, place.secrets)
            leaks = place.leaks()
    statuses = " ".join(f"{status}:{count}" for status, count in sorted(found.statuses.items()))
    report.add("malformed requests", f"{found.shots}, wrong {len(found.wrong)}", "0 wrong", found.wrong)
    report.add("  statuses", statuses)
    report.add("  canaries in log and files, tracebacks", str(len(leaks)), "0", leaks)


async def _vendors(report: Report, options: argparse.Namespace) -> None:
    with _folder() as folder:
        async with besieged(folder, options.seed) as place:
            models = [one for one in place.models if one != DEMO and ".bomb" not in one]
            found = await assault(place.aim, every(models), place.secrets)
            bombs = [one for one in place.models if ".bomb" in one]
            bombed = await assault(place.aim, every(bombs, ("anthropic_messages",)), place.secrets, width=1)
            mutated = await assault(place.aim, mutants(options.seed, options.shots // 5), place.secrets)
            leaks = place.leaks()
    report.add("hostile vendors' answers", f"{found.shots}, wrong {len(found.wrong)}", "0 wrong", found.wrong)
    report.add("vendors' bombs", f"{bombed.shots}, wrong {len(bombed.wrong)}", "0 wrong", bombed.wrong)
    report.add("mutated answers", f"{mutated.shots}, wrong {len(mutated.wrong)}", "0 wrong", mutated.wrong)
    report.add("  canaries in log and files, tracebacks", str(len(leaks)), "0", leaks)


async def _slow(report: Report, options: argparse.Namespace) -> None:
    raise_limit(2 * options.slow + 1000)
    with _folder() as folder:
        async with furnished(folder, log={"level": "info"}) as place:
            found = await felt(place.aim, options.slow, 400)
    wrong = [] if found.ratio <= SLOWER_AT_MOST else [f"{found.ratio:.2f} times slower"]
    levels = [f"{one * 1000:.1f}" for one in (*found.usual, *found.crowded)]
    report.add(
        f"latency, ms (p50, p95), beside {options.slow} slow",
        f"{levels[2]}, {levels[3]}",
        f"alone {levels[0]}, {levels[1]}",
    )
    report.add("  ratio of medians", f"{found.ratio:.2f}", f"<= {SLOWER_AT_MOST:g}", wrong)


async def _stalled(report: Report, options: argparse.Namespace) -> None:
    for client in ("openai_chat", "anthropic_messages"):
        flood = Flood(EVENT)
        with _folder() as folder:
            async with (
                HostileVendor("openai_chat", 1, {"flood": flood}) as vendor,
                entered(
                    folder, [("openai_chat", vendor.base_url, "openai_chat.flood")], log={"level": "info"}
                ) as place,
            ):
                pid, count = place.served.process.pid, 50
                await fire(place.aim, small(place.aim, model=DEMO))
                before = rss_kb(pid)
                async with deaf(place.aim, "openai_chat.flood", client, count):
                    taken = await standstill(flood, count, 60)
                    held = (rss_kb(pid) - before) / count
        how = "passed on" if client == "openai_chat" else "translated"
        report.add(
            f"a stream that nobody reads, {how}",
            f"{held:.0f} kB held, {taken / count / 1024:.0f} kB taken",
            "stops",
        )


async def _disk(report: Report, options: argparse.Namespace) -> None:
    if sys.platform != "linux":
        report.add("full disk", "not tried: only Linux changes another process's limits")
        return
    with _folder() as folder:
        async with furnished(folder, log={"level": "info"}) as place:
            found = await survive(place, 100)
    fine = found.answers == (100, 100, 100) and found.after == 300 and found.said == 1
    figure = (
        f"answers {found.answers}, rows {found.before}, {found.during}, {found.after}, said {found.said} time"
    )
    report.add("full disk: before, while, after", figure, "", [] if fine else [figure])


async def _fuzz(report: Report, options: argparse.Namespace) -> None:
    if not coverage.available():
        report.add("coverage-guided fuzzing", coverage.MISSING)
        return
    with _folder() as folder:
        command = [sys.executable, "-m", "tests.hostile.coverage", str(options.seconds), str(folder)]
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=ROOT, capture_output=True, text=True, check=False
        )
        found = [line for line in done.stdout.splitlines() if line.startswith("FOUND")]
        units = [line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
    report.add(
        "coverage-guided fuzzing of the codecs",
        f"{' '.join(units) or '?'} inputs, found {len(found)}",
        "0",
        found,
    )


async def _soak(report: Report, options: argparse.Namespace) -> None:
    levels = await soak(WARM_UP, options.requests, options.seed)
    wrong = levels.left_behind() + (
        [f"memory grew by {levels.growth:.1%}"] if levels.growth > GROWTH_AT_MOST else []
    )
    report.add(
        "soak: requests", str(levels.endings.total()), " ".join(f"{k}:{v}" for k, v in levels.endings.items())
    )
    report.add(
        "  memory after warm-up and at the end, kB",
        f"{levels.warm['rss_kb']} {levels.done['rss_kb']}",
        f"{levels.growth:+.2%}",
    )
    report.add("  objects after warm-up and at the end", f"{levels.warm['objects']} {levels.done['objects']}")
    report.add("  left behind", ", ".join(levels.left_behind()) or "nothing", "nothing", wrong)


PARTS: tuple[tuple[str, Callable[[Report, argparse.Namespace], Awaitable[None]]], ...] = (
    ("storm", _storm), ("vendors", _vendors), ("slow", _slow), ("stalled", _stalled), ("disk", _disk),
    ("fuzz", _fuzz), ("soak", _soak),
)  # fmt: skip


def main() -> int:
    """Run the chosen parts; return 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *(name for name, _ in PARTS)], default=[])
    parser.add_argument("--shots", type=int, default=20_000)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--slow", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    report = Report()
    for name, part in PARTS:
        if not options.parts or name in options.parts:
            began = time.monotonic()
            asyncio.run(part(report, options))  # type: ignore[arg-type]
            print(f"  ({name}: {time.monotonic() - began:.0f} s)", flush=True)
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
