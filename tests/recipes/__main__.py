"""Real clients do a tool task through the proxy, in front of every vendor's dialect, with every fault once.

    python -m tests.recipes FOLDER [--clients codex claude] [--upstreams openai_chat] [--faults cut 429]

FOLDER (or the variable TRUNKLINE_RECIPES) holds one script per client that runs it against BASE_URL, API_KEY
and MODEL, and exits 0 only if the task was truly done. Clients without a script or that are not installed
(exit status 127) are left out. Takes long, so it is no part of the gate. Prints a table; --json keeps it all.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType

from tests.end_to_end.client import DIALECTS
from tests.end_to_end.line import account, running
from tests.recipes.faults import FAULTS, KEEP_ALIVE_S, Once
from tests.samples import load
from tests.upstreams.behaviours import ToolTask
from tests.upstreams.server import FakeVendor

CHAT, RESPONSES, ANTHROPIC, GEMINI = DIALECTS


@dataclass(frozen=True)
class Client:
    """A script with its variables. `gives_up` names the faults that the client itself takes for final."""

    script: str
    dialect: str
    model: str
    variables: Mapping[str, str] = field(default_factory=dict)
    gives_up: frozenset[str] = frozenset()


_FINAL = frozenset({"400", "403", "404"})
_NO_RESUME = frozenset({"cut", "clean end", "error event", "cut in arguments"})
"""A fault after the first content cannot be hidden, and an SDK by itself does not ask again then."""
_WAITS = frozenset({"429+wait", "429"})
"""All accounts rest, and the client has no retries at all."""


def _sdk(script: str, dialect: str, mode: str, model: str, more: frozenset[str] = frozenset()) -> Client:
    gives_up = _FINAL | more
    if "stream" in mode or mode == "thinking":
        gives_up |= _NO_RESUME
    return Client(script, dialect, model, {"MODES": mode}, gives_up)


CLIENTS: Mapping[str, Client] = MappingProxyType(
    {
        "codex": Client("codex.sh", RESPONSES, "gpt-5.5", gives_up=frozenset({"400", "404"})),
        "claude": Client("claude.sh", ANTHROPIC, "claude-sonnet-4-5", gives_up=frozenset({"403"})),
        "gemini": Client("gemini.sh", GEMINI, "gemini-3.8-flash", gives_up=_FINAL),
        **{
            f"sdk-openai {mode}": _sdk(
                "sdk-openai.sh", CHAT if mode.startswith("chat") else RESPONSES, mode, "gpt-5.5"
            )
            for mode in ("chat-stream", "chat", "responses-stream", "responses")
        },
        **{
            f"sdk-anthropic {mode}": _sdk("sdk-anthropic.sh", ANTHROPIC, mode, "claude-sonnet-4-5")
            for mode in ("stream", "plain", "thinking")
        },
        **{
            f"sdk-genai {mode}": _sdk("sdk-genai.sh", GEMINI, mode, "gemini-3.8-flash", _WAITS)
            for mode in ("stream", "plain")
        },
    }
)


@dataclass(frozen=True)
class Run:
    """What came of one combination. `calls` is how often the vendor was asked."""

    client: str
    upstream: str
    fault: str
    is_ok: bool
    is_expected: bool
    calls: int
    said: str


async def run(folder: Path, name: str, upstream: str, fault: str, limit_s: int) -> Run:
    """Run one client once."""
    client = CLIENTS[name]
    behaviour = Once(FAULTS[fault](), ToolTask())
    server = {"keep_alive_s": KEEP_ALIVE_S}
    async with (
        FakeVendor(upstream, behaviour=behaviour) as vendor,
        running([account("one", vendor, _served(client, upstream))], server=server) as line,
    ):
        given = {"BASE_URL": line.url, "API_KEY": line.key, "MODEL": client.model, "TIME_LIMIT": str(limit_s)}
        process = await asyncio.create_subprocess_exec(
            "bash",
            str(folder / client.script),
            env={**os.environ, **given, **client.variables},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        calls = sum(one.method == "POST" for one in vendor.requests)
    is_ok = process.returncode == 0
    words = " ".join(said.decode("utf-8", "replace").split())
    return Run(name, upstream, fault, is_ok, is_ok or fault in client.gives_up, calls, words[:1500])


def _served(client: Client, upstream: str) -> str:
    """The upstream's model under the name that the client asks for: its own, or one of the vendor's."""
    own = client.dialect == upstream
    return client.model if own else f"{load.model(upstream)}={client.model}"


def table(runs: Sequence[Run]) -> str:
    """Client and upstream by fault: ok, why not (the client itself gives up), or FAIL."""
    faults = [fault for fault in FAULTS if any(run.fault == fault for run in runs)]
    rows = sorted({(run.client, run.upstream) for run in runs})
    found = {(run.client, run.upstream, run.fault): run for run in runs}
    lines = [["client", "upstream", *faults]]
    for client, upstream in rows:
        cells = [found.get((client, upstream, fault)) for fault in faults]
        lines.append([client, upstream, *(_cell(cell) for cell in cells)])
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)) for line in lines
    )


def _cell(run: Run | None) -> str:
    if run is None:
        return ""
    return f"ok {run.calls}" if run.is_ok else "final" if run.is_expected else "FAIL"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.recipes", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "folder", nargs="?", default=os.environ.get("TRUNKLINE_RECIPES"), help="of the scripts"
    )
    parser.add_argument("--clients", nargs="*", default=list(CLIENTS), choices=list(CLIENTS))
    parser.add_argument("--upstreams", nargs="*", default=list(DIALECTS), choices=list(DIALECTS))
    parser.add_argument("--faults", nargs="*", default=list(FAULTS), choices=list(FAULTS))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--time-limit", type=int, default=120, help="seconds for one client")
    parser.add_argument("--json", type=Path, help="where to write every run")
    return parser.parse_args()


async def main(options: argparse.Namespace) -> int:
    """Run everything that was asked for; 1 if a client failed that should not."""
    if options.folder is None or not (folder := Path(options.folder)).is_dir():
        sys.stderr.write("Name the folder of the recipes, or set TRUNKLINE_RECIPES.\n")
        return 2
    here = [name for name in options.clients if (folder / CLIENTS[name].script).exists()]
    places = asyncio.Semaphore(options.jobs)

    async def one(name: str, upstream: str, fault: str) -> Run:
        async with places:
            done = await run(folder, name, upstream, fault, options.time_limit)
            sys.stdout.write(f"{_cell(done):7} {name}, {upstream}, {fault}\n")
            sys.stdout.flush()
            return done

    runs = await asyncio.gather(
        *(one(name, up, fault) for name in here for up in options.upstreams for fault in options.faults)
    )
    runs = [run for run in runs if "exit status 127" not in run.said]
    sys.stdout.write("\n" + table(runs) + "\n")
    for failed in (run for run in runs if not run.is_expected):
        sys.stdout.write(f"\n{failed.client}, {failed.upstream}, {failed.fault}: {failed.said}\n")
    if options.json is not None:
        await asyncio.to_thread(options.json.write_text, json.dumps([asdict(run) for run in runs], indent=1))
    return int(any(not run.is_expected for run in runs))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(arguments())))
