import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalSocket
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app import instance as module
from app.instance import Instance

# Each process claims; the one that may waits until all others have asked it to show itself.
ONE_OF_MANY = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QTimer
from app.instance import Instance
one = Instance(Path(sys.argv[1]), "test")
print("ready", flush=True)
sys.stdin.readline()
if not one.claim():
    print("asked" if one.ask("show", 20_000) else "unheard")
    sys.exit()
app = QCoreApplication([])
one.listen()
heard = []
def hear(message):
    heard.append(message)
    if len(heard) == int(sys.argv[2]):
        QTimer.singleShot(100, app.quit)
one.asked.connect(hear)
QTimer.singleShot(30_000, app.quit)
app.exec()
print("first", *heard)
"""


def start(folder: Path, others: int) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        (sys.executable, "-c", ONE_OF_MANY, str(folder), str(others)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def go(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


def test_of_eight_simultaneous_starts_one_stays(tmp_path: Path) -> None:
    children = [start(tmp_path, others=7) for _ in range(8)]
    for child in children:
        go(child)
    words = sorted(child.communicate(timeout=50)[0].strip() for child in children)
    assert words == [*["asked"] * 7, "first" + " show" * 7]


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
def test_a_crash_leaves_nothing_in_the_way(tmp_path: Path, qapp: QApplication, qtbot: QtBot) -> None:
    first = start(tmp_path, others=1)
    go(first)
    later = Instance(tmp_path, "test")
    qtbot.waitUntil(lambda: later.owner == first.pid, timeout=20_000)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate(timeout=20)
    assert later.claim()
    later.listen()
    later.release()


def test_the_owner_is_known(tmp_path: Path, qapp: QApplication) -> None:
    one = Instance(tmp_path, "test")
    assert one.claim()
    assert one.owner == os.getpid()
    one.release()
    assert one.owner == 0


def test_two_places_do_not_meet(tmp_path: Path, qapp: QApplication) -> None:
    one, other = Instance(tmp_path / "a", "a"), Instance(tmp_path / "b", "b")
    assert one.claim()
    assert other.claim()
    one.release()
    other.release()


def test_nobody_answers(tmp_path: Path, qapp: QApplication) -> None:
    assert not Instance(tmp_path, "test").ask("show", 120)


@pytest.mark.allow_logs
def test_where_no_lock_can_be_made_the_program_runs_all_the_same(tmp_path: Path, qapp: QApplication) -> None:
    (tmp_path / "file").write_text("")
    one = Instance(tmp_path / "file" / "below", "test")
    assert one.claim()
    one.listen()
    one.release()


def test_long_folders_get_another_address(tmp_path: Path) -> None:
    assert module._address(Path("/short"), "n").endswith("tray.sock")
    assert "trunkline-n" in module._address(tmp_path / ("x" * 100), "n")


def test_an_endless_message_is_cut_off(tmp_path: Path, qtbot: QtBot, qapp: QApplication) -> None:
    one = Instance(tmp_path, "test")
    assert one.claim()
    one.listen()
    visitor = QLocalSocket()
    visitor.connectToServer(module._address(tmp_path, "test"))
    with qtbot.waitSignal(visitor.disconnected, timeout=5000):
        visitor.write(b"x" * 10_000)
        visitor.flush()
    one.release()
