"""The one command that decides: format, lint, types, import contracts, tests in that order.

Every step runs, even after one failed, so that all is seen at once; the exit code is 0 only when all passed.
"""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tests.desktop import Desktop, DesktopError, stop

ROOT = Path(__file__).resolve().parents[1]
TIME_LIMIT_S = 25 * 60

ALONE = (
    "tests/app",
    "tests/architecture",
    "tests/bench",
    "tests/hostile",
    "tests/packaging",
    "tests/proxy_core/stores",
    "tests/end_to_end/test_command_line.py",
    "tests/end_to_end/test_kill.py",
    "tests/end_to_end/test_readme.py",
    "tests/end_to_end/test_tray.py",
)
"""Tests that use the one screen, bus and keyring, start programs, or compare times."""


@dataclass(frozen=True, slots=True)
class Result:
    """One step: its name, how it ended in a word or two, and seconds."""

    name: str
    verdict: str
    seconds: float


def checks() -> tuple[tuple[str, list[str]], ...]:
    """Return (name, command) of what reads the source only, in the order they run."""
    scripts = sysconfig.get_path("scripts")
    tool = {name: shutil.which(name, path=scripts) or name for name in ("ruff", "lint-imports")}
    python = [sys.executable, "-m"]
    return (
        ("ruff format", [tool["ruff"], "format", "--check", "."]),
        ("ruff check", [tool["ruff"], "check", "--quiet", "."]),
        ("mypy", [*python, "mypy"]),
        ("mypy packaging", [*python, "mypy", "packaging/dev.py"]),
        ("lint-imports", [tool["lint-imports"], "--no-logo", "--no-cache"]),
    )


def suites(arguments: list[str]) -> list[tuple[str, list[str]]]:
    """Return the steps that run tests: first what shares nothing, side by side, then what shares a screen.

    Whoever names arguments means one run of exactly that.
    """
    pytest = [sys.executable, "-m", "pytest"]
    if arguments:
        return [("pytest", [*pytest, *arguments])]
    apart = [f"--ignore={path}" for path in ALONE]
    beside = ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadfile", "-q"]
    return [("pytest beside", [*pytest, *beside, *apart]), ("pytest alone", [*pytest, "-q", *ALONE])]


def perform(name: str, command: list[str], env: dict[str, str], deadline: float) -> Result:
    """Run one step in the checkout, its output as it comes; end it and all it started at the deadline."""
    print(f"\n== {name}", flush=True)
    began = time.monotonic()
    child = subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True)
    try:
        code = child.wait(max(deadline - began, 1))
        verdict = "passed" if code == 0 else f"FAILED ({code})"
    except subprocess.TimeoutExpired:
        verdict = "TIMED OUT"
    finally:
        stop(child)
    return Result(name, verdict, time.monotonic() - began)


@contextmanager
def desktop() -> Iterator[dict[str, str]]:
    """Lend the environment of a test desktop; nothing of it is left afterwards."""
    place = Desktop()
    try:
        lacking = place.open()
        if lacking:
            print(f"not installed: {', '.join(lacking)}; tests that need them are skipped", flush=True)
        yield place.env
    finally:
        place.close()


def table(results: list[Result]) -> str:
    """Return the results as aligned lines."""
    lines = [f"{one.name:<15} {one.verdict:<13} {one.seconds:8.1f} s" for one in results]
    return "\n".join(["", f"{'step':<15} {'result':<13} {'time':>8}", *lines])


def leave(number: int, _frame: FrameType | None) -> NoReturn:
    """Turn a signal into an ordinary exit, so that what was started is stopped."""
    sys.exit(128 + number)


def main(arguments: list[str]) -> int:
    """Run all steps; return 0 when all passed, 1 when one did not, 130 when interrupted."""
    arguments = arguments[1:] if arguments[:1] == ["--"] else arguments
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), leave)
    deadline = time.monotonic() + TIME_LIMIT_S
    results: list[Result] = []
    try:
        # workers must number parametrized tests alike
        plain = {**os.environ, "PYTHONHASHSEED": "0"}
        results += [perform(name, command, plain, deadline) for name, command in checks()]
        with desktop() as env:
            seeded = {**env, "PYTHONHASHSEED": "0"}
            results += [perform(name, command, seeded, deadline) for name, command in suites(arguments)]
    except DesktopError as error:
        results.append(Result("desktop", f"FAILED: {error}", 0.0))
    except KeyboardInterrupt:
        return 130
    print(table(results), flush=True)
    return 0 if all(one.verdict == "passed" for one in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
