"""The bench itself works: every row comes, with figures in it, whatever they are."""

import json
import sys
from pathlib import Path

import pytest

from proxy_core.dialect import Dialect, Mode
from proxy_core.registry import discover
from tests.bench import __main__ as bench
from tests.bench import page, tables, targets
from tests.bench.loads import LOADS, MORE, WAYS
from tests.bench.own import own
from tests.bench.replies import WORD, canned
from tests.bench.requests import DIALECTS, body, path
from tests.bench.where import PROFILED

SPOKEN: dict[str, Dialect] = discover("proxy_core.dialects", "DIALECTS", Dialect)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the bench reads Linux's /proc")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_canned_replies_are_what_the_dialect_understands(dialect: str) -> None:
    known = next(one for one in DIALECTS if one == dialect)
    reply = canned(known, 7)
    spoken = SPOKEN[dialect]
    ways: tuple[tuple[Mode, tuple[bytes, ...]], ...] = (("whole", (reply.whole,)), ("stream", reply.frames))
    for mode, pieces in ways:
        tap = spoken.tap(mode)
        for piece in pieces:
            tap.feed(piece)
        tap.close()
        assert tap.is_complete
        assert tap.usage is not None
        assert tap.usage.output_tokens == 7
    assert sum(frame.count(WORD.encode()) for frame in reply.frames) >= 7
    assert 280_000 < len(body(known, "agent", "m", stream=True)) < 320_000
    assert len(body(known, "image", "m", stream=False)) > 4_000_000
    assert path(known, "m", stream=True).startswith("/v1")


def test_own_work_is_measured_for_every_dialect_and_size() -> None:
    found = own(0.0)
    assert len(found) == 12
    assert all(row.read_ms > 0 and row.watch_ms > 0 for row in found)


@LINUX
@pytest.mark.timeout(240)
def test_every_row_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")  # whoever has LiteLLM installed does not wait for it here
    monkeypatch.delenv("TRUNKLINE_BENCH_LITELLM", raising=False)
    monkeypatch.setattr(page, "PAGE", tmp_path / "docs" / "performance.md")
    file = tmp_path / "figures.json"
    parts = "loads,own,standing,window"
    assert bench.main(["--quick", "--only", parts, "--json", str(file), "--page"]) == 0
    report = json.loads(file.read_text("utf-8"))
    ways = [way for way in WAYS if way.subject != "litellm"]
    wanted = {(load.name, way.title) for load in LOADS for way in (*ways, *MORE.get(load.name, ()))}
    assert {(row["load"], row["way"]) for row in report["loads"]} == wanted
    assert all(row["per_s"] > 0 for row in report["loads"])
    assert report["standing"]["idle_rss_mib"] > report["standing"]["idle_pss_mib"] > 0
    assert len(report["window"]) == 1 + 2 * len(LOADS)
    assert all(row["ticks"] > 0 for row in report["window"])
    said = capsys.readouterr().out
    assert "LiteLLM is not installed" in said
    assert targets.table(targets.targets(report)) in said
    written = page.PAGE.read_text("utf-8")
    assert tables.loads(report) in written
    assert tables.window(report) in written


@LINUX
@pytest.mark.timeout(120)
def test_a_profile_names_our_modules(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    assert bench.main(["--quick", "--only", "profile", "--json", str(file)]) == 0
    (part,) = json.loads(file.read_text("utf-8"))["profile"]
    assert part["title"].endswith(PROFILED[0][1].title)
    modules = [share["module"] for share in part["shares"]]
    assert any(module.startswith("proxy_core.") for module in modules)
    assert "aiohttp" in modules


def test_figures_can_be_shown_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "figures.json"
    row = {
        "dialect": "chat",
        "size": "agent",
        "kib": 294.0,
        "read_ms": 0.2,
        "rename_ms": 0.1,
        "watch_ms": 0.1,
    }
    file.write_text(json.dumps({"about": {}, "own": [{**row, "passed_ms": 0.3}]}), "utf-8")
    assert bench.main(["--again", str(file)]) == 0
    assert "| chat, agent | " in capsys.readouterr().out
