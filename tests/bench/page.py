"""The documentation page: the latest figures, what they mean, and where the time goes."""

from pathlib import Path

from tests.bench import tables, targets
from tests.bench.process import ROOT
from tests.bench.tables import Report

PAGE = ROOT / "resources" / "docs" / "performance.md"
_NOTES = Path(__file__).with_name("notes.md")


def text(report: Report) -> str:
    """Return the page."""
    about = report["about"]
    parts = [
        "# Performance",
        f"Made by `python -m tests.bench --page` on {about['date']}: {about['machine']}, {about['python']}, "
        f"{about['aiohttp']}, medians of {about['rounds']} interleaved rounds. Do not edit by hand.",
        _INTRODUCTION,
        "## Aims",
        targets.table(targets.targets(report)),
        _NOTES.read_text("utf-8").strip(),
        "## Loads",
        *([_LITELLM] if any(row["subject"] == "litellm" for row in report["loads"]) else []),
        tables.loads(report),
    ]
    if "own" in report:
        parts += ["## Our own work, without sockets", _OWN, tables.own(report)]
    if "standing" in report:
        parts += ["## At rest", tables.standing(report)]
    if "window" in report:
        parts += ["## Under the window's loop", _WINDOW, tables.window(report)]
    if "profile" in report:
        parts += ["## Where the time goes", _PROFILE, tables.profile(report)]
    return "\n\n".join(parts) + "\n"


_INTRODUCTION = """\
Everything is compared within one run. The *bare relay* is the least that a relay in aiohttp can be: it
reads the body, sends it on, and passes the bytes back as they come; what Trunkline costs beyond it is
Trunkline's own. The fake upstream and every proxy are processes of their own on the same machine, and
answers are canned. *CPU ms* is the processor time of the proxy's process, user's and system's, per answer;
*first byte added* is the median time to the first byte of the body beyond asking the upstream directly.
Absolute figures depend on the machine; ratios less."""
_LITELLM = """\
LiteLLM's proxy runs without database and log, with one worker, and gets a tenth of the streams where 200
run at once."""
_OWN = """\
*Read* is what routing and the search for opaque reasoning ask of a body that is passed on, *watch* what the
tap costs on a short streamed reply, *rename* what another name for the model adds (an alias). Best of many
batches, milliseconds."""
_WINDOW = """\
The desktop program with Qt drawing on no screen; a 16 ms timer stands for an animation. *Own* leaves out
the time for which the loop's thread was ready to run and other programs had the cores (a lower bound: some
of it would have passed before the timer was due). *Timers left* are Qt timers alive after the load,
*waiting* the callbacks that wait for their time (a connection that is kept has one)."""
_PROFILE = """\
The standard library's profiler, own time by module. It slows Python down and compiled code not, so the
shares of pure Python are too large; what matters is their order."""
