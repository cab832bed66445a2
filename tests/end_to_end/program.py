"""The program as a person starts it: a process of its own over a home of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.architecture.tree import ROOT

PASSPHRASE = "for-the-tests-only"
PATIENCE_S = 40.0


@dataclass
class Served:
    """A running server: its process and the line it announced itself with."""

    process: subprocess.Popen[bytes]
    line: dict[str, Any]
    log: list[str] = field(default_factory=list)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def post(self, path: str, body: dict[str, Any], key: str) -> tuple[int, dict[str, Any]]:
        """Return status and body of a request."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        url = self.line["openai"] + path
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def ask(self, model: str, key: str) -> int:
        """Return the status of one chat request."""
        body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
        return self.post("/chat/completions", body, key)[0]

    def until(self, answer: int, model: str, key: str) -> None:
        """Ask again and again until the answer has that status: a new setting takes a moment."""
        deadline = time.monotonic() + PATIENCE_S
        while (status := self.ask(model, key)) != answer:
            assert time.monotonic() < deadline, f"{model}: still {status}\n{''.join(self.log)}"


class Home:
    """A folder with everything of one installation, and an empty one beside it as the person's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "trunkline"
        self.own = folder / "own"
        self.own.mkdir()
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "TRUNKLINE"))
        }
        self.env = {**kept, "HOME": str(self.own), "USERPROFILE": str(self.own), "APPDATA": str(self.own)}
        self.env |= {"LOCALAPPDATA": str(self.own), "TRUNKLINE_VAULT_PASSPHRASE": PASSPHRASE}
        self.vault: tuple[str, ...] = ("--vault", "file")
        self.env |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}

    def command(self, *arguments: str) -> list[str]:
        """Return the command line."""
        return [sys.executable, "-m", "app", "--home", str(self.folder), *self.vault, *arguments]

    def run(self, *arguments: str, stdin: str = "", code: int = 0) -> str:
        """Run a command to its end and return what it printed."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.own,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    @contextmanager
    def serve(self, *arguments: str) -> Iterator[Served]:
        """Start a server on a free port; it is gone afterwards."""
        process = subprocess.Popen(
            self.command("serve", "--port", "0", *arguments),
            cwd=self.own,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        served = Served(process, {})
        errors = process.stderr
        reader = threading.Thread(target=lambda: served.log.extend(line.decode() for line in errors))
        reader.start()
        try:
            served.line = json.loads(process.stdout.readline() or b"{}")
            yield served
        finally:
            process.kill()
            process.wait()
            reader.join()
            process.stdout.close()
            process.stderr.close()
