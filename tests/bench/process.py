"""Children and what they cost, read from Linux's /proc."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_TICK_S = 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01
_PATIENCE_S = 120.0
_KIB = 1024
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """MiB: resident, and resident with shared pages shared out among those who share them."""

    rss: float
    pss: float


class Child:
    """A process that says where it listens in its first line."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None, *, talks: bool = False
    ) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**kept, "PYTHONPATH": str(ROOT), **(environment or {})},
            stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )

    @property
    def pid(self) -> int:
        """Its number."""
        return self.process.pid

    def line(self) -> str:
        """Return the next line it prints. Raises RuntimeError if it ends or says nothing for long."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], _PATIENCE_S)
        said = self.process.stdout.readline() if ready else b""
        if not said:
            raise RuntimeError(f"{self.process.args!r} said nothing")
        return said.decode().strip()

    def say(self, line: str) -> str:
        """Send a line and return the next line it prints."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return self.line()

    def cpu_s(self) -> float:
        """Return the seconds of processor time so far, user's and system's, of all its threads."""
        text = Path(f"/proc/{self.pid}/stat").read_text("ascii")
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * _TICK_S

    def memory(self) -> Memory:
        """Return what it holds now."""
        found = {}
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text("ascii").splitlines()[1:]:
            name, _, rest = line.partition(":")
            found[name] = int(rest.split()[0]) * _KIB / _MIB
        return Memory(found["Rss"], found["Pss"])

    def close(self) -> None:
        """End it in good order, and if it will not, at once."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def python(module: str, *arguments: str) -> list[str]:
    """Return the command line of one of the bench's own processes."""
    return [sys.executable, "-m", module, *arguments]


def raise_limit() -> None:
    """Allow ourselves and all children as many open files as the system lets us."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
