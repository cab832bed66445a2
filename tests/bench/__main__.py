"""How fast and how light Trunkline is, beside a bare relay and LiteLLM: `python -m tests.bench`."""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench import page, subjects, tables, targets, where
from tests.bench.loads import LOADS, Load
from tests.bench.loops import factory
from tests.bench.measure import Plan, chosen, rows
from tests.bench.own import own
from tests.bench.process import Child, python, raise_limit
from tests.bench.standing import standing
from tests.bench.subjects import Subject
from tests.bench.window import lateness

QUICK = Plan(rounds=1, seconds=0.1, fewer=20, slow_rounds=1)
_PARTS = ("loads", "own", "standing", "window", "profile")


def arguments(line: list[str]) -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    names = ", ".join([*(load.name for load in LOADS), *_PARTS[1:]])
    parser.add_argument("--only", metavar="NAMES", help=f"parts, or loads, or both: {names}")
    parser.add_argument("--quick", action="store_true", help="a moment each: whether it works, not how fast")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds; medians are told")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--litellm", metavar="PROGRAM", help="LiteLLM's command, or TRUNKLINE_BENCH_LITELLM")
    parser.add_argument("--profile", action="store_true", help="also profile by module")
    parser.add_argument("--page", action="store_true", help=f"write {page.PAGE.name} in the documentation")
    parser.add_argument("--again", type=Path, metavar="FILE", help="take the figures of an earlier --json")
    return parser.parse_args(line)


def main(line: list[str]) -> int:
    """Measure, print, write; returns the exit code."""
    options = arguments(line)
    if not sys.platform.startswith("linux"):
        _say("The bench reads Linux's /proc and runs only there.")
        return 1
    report = _earlier(options.again)
    if options.again is None or options.only:
        raise_limit()
        try:
            with asyncio.Runner(loop_factory=factory()) as runner:
                runner.run(measure(options, report))
        finally:
            # what was measured until something failed took its time, too
            _keep(report, options.json)
    _print(report)
    if options.page:
        page.PAGE.parent.mkdir(parents=True, exist_ok=True)
        page.PAGE.write_text(page.text(report), "utf-8")
    return 0


def _earlier(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def _keep(report: dict[str, Any], file: Path | None) -> None:
    if file is not None:
        file.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


async def measure(options: argparse.Namespace, report: dict[str, Any]) -> None:
    """Run everything that was asked for and put it into the report."""
    plan = QUICK if options.quick else Plan(rounds=options.rounds)
    words = {word.strip() for word in (options.only or "").split(",") if word.strip()}
    names = words - set(_PARTS)
    parts = words & set(_PARTS) or set(_PARTS[:1] if names else _PARTS[:4])
    wanted = chosen(",".join(names))
    report["about"] = _about(plan)
    with _stage(options.quick) as (home, upstream):
        if "loads" in parts:
            report["loads"] = await _loads(wanted, home, upstream, plan, options.litellm)
        if "own" in parts:
            report["own"] = [one.plain() for one in own(0.01 if options.quick else 0.4)]
        if "standing" in parts:
            streams, starts, settle_s = (10, 1, 0.2) if options.quick else (500, 5, 8.0)
            found = await standing(home, upstream.port, streams, starts, settle_s, _tell)
            report["standing"] = found.plain()
        if "window" in parts:
            report["window"] = [one.plain() for one in await lateness(home, wanted, plan, _tell)]
        if options.profile or "profile" in parts:
            report["profile"] = await _profiles(home, plan)


async def _loads(
    wanted: list[Load], home: Path, upstream: Subject, plan: Plan, program: str | None
) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    with ExitStack() as stack:
        running = {"direct": upstream}
        running["bare"] = await asyncio.to_thread(subjects.bare, upstream.port)
        stack.enter_context(closing(running["bare"].child))
        running["trunkline"] = await asyncio.to_thread(subjects.trunkline, home)
        stack.enter_context(closing(running["trunkline"].child))
        litellm = subjects.find_litellm(program)
        if litellm is None:
            _say("LiteLLM is not installed; its rows are left out (see --litellm).")
        else:
            running["litellm"] = await asyncio.to_thread(subjects.litellm, litellm, home, upstream.port)
            stack.enter_context(closing(running["litellm"].child))
        for load in wanted:
            found += [row.plain() for row in await rows(load, running, plan, _tell)]
    return found


async def _profiles(home: Path, plan: Plan) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for name, way in where.PROFILED[: 1 if plan is QUICK else None]:
        load = next(one for one in LOADS if one.name == name)
        seen = await where.shares(load, way, home, plan)
        plain = [
            {"module": one.module, "share": one.share, "calls_per_answer": one.calls_per_answer}
            for one in seen
        ]
        found.append({"title": f"{load.title}: {way.title}", "shares": plain})
        _tell(f"profile: {load.name}, {way.title}")
    return found


@contextmanager
def _stage(quick: bool) -> Iterator[tuple[Path, Subject]]:
    """Lend a home with accounts at a fake upstream that runs."""
    # a tenth of the pace would take longer than anybody waits for a test
    pace = ("--step-ms", "4") if quick else ()
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as folder:
        home = Path(folder)
        with closing(Child(python("tests.bench.upstream", *pace))) as child:
            upstream = Subject("upstream", child, int(child.line()), "sk-none")
            subjects.furnish(home, upstream.port)
            yield home, upstream


def _about(plan: Plan) -> dict[str, object]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "python": f"Python {platform.python_version()}",
        "aiohttp": f"aiohttp {version('aiohttp')}",
        "rounds": plan.rounds,
    }


def _print(report: dict[str, Any]) -> None:
    parts = [tables.loads(report)]
    for name in ("own", "standing", "window", "profile"):
        if name in report:
            parts.append(getattr(tables, name)(report))
    parts.append(targets.table(targets.targets(report)))
    _say("\n\n".join(part for part in parts if part))


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def _tell(words: str) -> None:
    sys.stderr.write(f"  {words}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
