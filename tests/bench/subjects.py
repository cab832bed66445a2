"""What is measured: the bare relay, Trunkline, and LiteLLM's proxy, each in a process of its own."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.bench.process import ROOT, Child, python
from tests.bench.requests import DIALECTS, SHAPES, SHORT, Dialect, model

PROVIDER = {
    "openai_chat": "openai",
    "openai_responses": "openai",
    "anthropic_messages": "anthropic",
    "gemini_generate": "gemini",
}
_PASSPHRASE = "for the bench only"
_KEY = "sk-fake-upstream-key"
_MASTER_KEY = "sk-" + "0123456789abcdef" * 4
_LITELLM_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Subject:
    """A running process under test."""

    name: str
    child: Child
    port: int
    key: str
    started_ms: float = 0.0


def environment(home: Path) -> dict[str, str]:
    """Return the environment in which Trunkline finds its vault open, and nothing of the person's."""
    own = home / "own"
    own.mkdir(parents=True, exist_ok=True)
    return {"TRUNKLINE_VAULT_PASSPHRASE": _PASSPHRASE, "HOME": str(own)}


def command(home: Path, *arguments: str) -> list[str]:
    """Return a command line of Trunkline over a home of its own."""
    return python("app", "--home", str(home / "trunkline"), "--vault", "file", *arguments)


def furnish(home: Path, upstream: int) -> None:
    """Add an account per dialect, all of them at the fake upstream."""
    for dialect in DIALECTS:
        models = [part for shape in SHAPES for part in ("--model", model(dialect, shape))]
        address = ("--base-url", f"http://127.0.0.1:{upstream}", "--dialect", dialect, *models)
        named = ("accounts", "add", PROVIDER[dialect], "--name", SHORT[dialect], *address, "--key-stdin")
        subprocess.run(
            command(home, *named),
            cwd=ROOT,
            env={**os.environ, **environment(home)},
            input=_KEY.encode(),
            capture_output=True,
            check=True,
        )


def trunkline(home: Path, *launcher: str) -> Subject:
    """Start Trunkline without a window, by ``launcher`` if one is given; returns when it listens."""
    line = command(home, "serve", "--port", "0")
    if launcher:
        line = [*launcher, *line[line.index("app") + 1 :]]
    child = Child(line, environment(home))
    port = json.loads(child.line())["port"]
    took_s = time.perf_counter() - child.began
    return Subject("Trunkline", child, port, local_key(home), took_s * 1000)


def local_key(home: Path) -> str:
    """Return the key that callers must send."""
    shown = subprocess.run(
        command(home, "keys", "show"),
        cwd=ROOT,
        env={**os.environ, **environment(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stdout.strip()


def bare(upstream: int) -> Subject:
    """Start the bare relay."""
    child = Child(python("tests.bench.bare", f"http://127.0.0.1:{upstream}"))
    return Subject("bare relay", child, int(child.line()), _KEY)


def find_litellm(chosen: str | None) -> str | None:
    """Return LiteLLM's command: the one that was given, that of TRUNKLINE_BENCH_LITELLM, or on the path."""
    return chosen or os.environ.get("TRUNKLINE_BENCH_LITELLM") or shutil.which("litellm")


def litellm(program: str, home: Path, upstream: int) -> Subject:
    """Start LiteLLM's proxy without database and log: the least it can be."""
    listed = [_entry(dialect, upstream) for dialect in ("openai_chat", "anthropic_messages")]
    settings = {
        "model_list": [entry for entries in listed for entry in entries],
        "litellm_settings": {"telemetry": False, "set_verbose": False, "num_retries": 0},
    }
    config = home / "litellm.json"
    config.write_text(json.dumps(settings), "utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOG": "ERROR",
        "LITELLM_MODE": "PRODUCTION",
        "DISABLE_ADMIN_UI": "True",
        # it does not start without one
        "LITELLM_MASTER_KEY": _MASTER_KEY,
        "HOME": str(home),
    }
    line = [program, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    child = Child([*line, "--num_workers", "1", "--telemetry", "False"], quiet)
    _wait_for(f"http://127.0.0.1:{port}/health/liveliness", child)
    return Subject("LiteLLM", child, port, _MASTER_KEY)


def _entry(dialect: str, upstream: int) -> list[dict[str, object]]:
    known: Dialect = next(one for one in DIALECTS if one == dialect)
    base = f"http://127.0.0.1:{upstream}" + ("/v1" if PROVIDER[dialect] == "openai" else "")
    return [
        {
            "model_name": model(known, shape),
            "litellm_params": {
                "model": f"{PROVIDER[dialect]}/{model(known, shape)}",
                "api_base": base,
                "api_key": _KEY,
            },
        }
        for shape in SHAPES
    ]


def _wait_for(url: str, child: Child) -> None:
    deadline = time.monotonic() + _LITELLM_PATIENCE_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(0.2)
                raise RuntimeError("LiteLLM ended before it listened") from None
    raise RuntimeError("LiteLLM does not listen")
