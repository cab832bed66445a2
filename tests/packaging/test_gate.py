"""The gate itself: all steps run, a failure counts, nothing it starts stays."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import gate
from tests.desktop import Desktop

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the desktop exists on Linux only")


WHOLE_DESKTOP = """
import subprocess, sys
from tests.desktop import Desktop

desktop = Desktop()
lacking = desktop.open()
if lacking:
    print("lacking", *lacking)
    desktop.close()
    sys.exit()
store = "import keyring; keyring.set_password(*'abc'); print(keyring.get_password(*'ab'))"
subprocess.run([sys.executable, "-c", store], env=desktop.env, check=True)
subprocess.run(["sh", "-c", "setsid sleep 600 & echo $!"], env=desktop.env, check=True)
print(*(child.pid for child in desktop.children), desktop.place, flush=True)
desktop.close()
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_step_tells_how_it_ended() -> None:
    later = time.monotonic() + 60
    assert gate.perform("good", python("pass"), dict(os.environ), later).verdict == "passed"
    assert gate.perform("bad", python("raise SystemExit(5)"), dict(os.environ), later).verdict == "FAILED (5)"


def test_a_step_that_hangs_is_ended_at_the_deadline() -> None:
    result = gate.perform("slow", python("import time; time.sleep(60)"), dict(os.environ), time.monotonic())
    assert (result.verdict, result.seconds < 15) == ("TIMED OUT", True)


def test_every_step_runs_and_one_failure_is_enough(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    planted = (("first", python("raise SystemExit(1)")), ("second", python("pass")), ("last", python("pass")))
    monkeypatch.setattr(gate, "checks", lambda: planted[:1])
    monkeypatch.setattr(gate, "suites", lambda _arguments: list(planted[1:]))
    monkeypatch.setattr(Desktop, "open", lambda _self: [])
    monkeypatch.setattr(signal, "signal", lambda _number, _handler: None)
    assert gate.main([]) == 1
    table = capfd.readouterr().out.splitlines()[-3:]
    assert [line.split()[:2] for line in table] == [
        ["first", "FAILED"],
        ["second", "passed"],
        ["last", "passed"],
    ]
    monkeypatch.setattr(gate, "checks", tuple)
    assert gate.main([]) == 0


def test_pytest_arguments_go_to_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    ((_, command),) = gate.suites(["-k", "this"])
    assert command[-2:] == ["-k", "this"]


def test_no_test_is_in_neither_run_or_in_both() -> None:
    (_, beside), (_, alone) = gate.suites([])
    assert [word.removeprefix("--ignore=") for word in beside if word.startswith("--ignore=")] == list(
        gate.ALONE
    )
    assert alone[-len(gate.ALONE) :] == list(gate.ALONE)
    assert [path for path in gate.ALONE if not (gate.ROOT / path).exists()] == []


@LINUX
def test_a_desktop_is_whole_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(python(WHOLE_DESKTOP), cwd=gate.ROOT, capture_output=True, text=True, check=True)
    if done.stdout.startswith("lacking"):
        pytest.skip(done.stdout)
    words = done.stdout.split()
    pids, place = [int(word) for word in words if word.isdigit()], Path(words[-1])
    assert ("c" in words, len(pids), place.exists()) == (True, 4, False)
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_a_private_home_goes_away() -> None:
    desktop = Desktop()
    assert desktop.env["HOME"] == str(desktop.place)
    desktop.close()
    assert not desktop.place.exists()
