import asyncio
import logging
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalSocket
from PySide6.QtWidgets import QApplication

from app.application import Session, opener
from app.instance import Instance
from app.loop import DesktopLoop
from app.paths import Paths, paths
from app.widgets.picture import preload
from proxy_core.events import Event, ServerChanged

# The offscreen platform has no window manager to hint to.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TRUNKLINE_VAULT_PASSPHRASE", "for the test")
    monkeypatch.setenv("TRUNKLINE_SERVER_PORT", "0")
    monkeypatch.setenv("TRUNKLINE_ROUTING_LOCAL_SERVERS", "false")
    before = list(logging.getLogger().handlers)
    yield
    root = logging.getLogger()
    for sink in [sink for sink in root.handlers if sink not in before]:
        root.removeHandler(sink)
        sink.close()


@pytest.fixture
def places(tmp_path: Path) -> Paths:
    return paths(str(tmp_path))


async def test_the_opener_puts_a_proxy_over_real_stores(
    environment: None, tmp_path: Path, places: Paths
) -> None:
    told: list[Event] = []
    line = await opener(places, "file")(told.append)
    assert (line.vault_kind, line.vault_status.state) == ("file", "ready")
    assert (tmp_path / "settings.toml").exists()
    url = await line.proxy.start()
    answer = await asyncio.to_thread(lambda: urllib.request.urlopen(f"{url}/health", timeout=5).status)
    assert answer == 200
    await line.proxy.close()
    states = [event.state for event in told if isinstance(event, ServerChanged)]
    assert states == ["starting", "running", "stopped"]


def test_a_session_without_a_tray_opens_the_window_and_ends_by_a_wish(
    environment: None, tmp_path: Path, places: Paths, qapp: QApplication
) -> None:
    class Application(QObject):
        quit_wanted = Signal()

    app = Application()
    preload()
    instance = Instance(tmp_path, "test")
    assert instance.claim()
    instance.listen()
    seen: list[str] = []
    visitor = QLocalSocket()

    async def run() -> None:
        session = Session(app, instance, opener(places, "file"), no_tray=True)  # type: ignore[arg-type]

        def look() -> None:
            shown = session._bridge.status
            if shown.can_stop:
                seen.append(shown.heading)
                seen.extend(w.windowTitle() for w in QApplication.topLevelWidgets() if w.isVisible())
                instance.asked.connect(lambda _message: app.quit_wanted.emit())
                visitor.connectToServer(str(tmp_path / "tray.sock"))
                visitor.write(b"show tok\n")

        session._bridge.status_changed.connect(look)
        await asyncio.wait_for(session.run(False), 30)

    with asyncio.Runner(loop_factory=lambda: DesktopLoop(qapp)) as runner:
        runner.run(run())
    instance.release()
    assert seen[0].startswith("Running · 127.0.0.1:")
    assert seen[1] == "Trunkline"
    assert os.environ.pop("XDG_ACTIVATION_TOKEN") == "tok"
    assert not any(w.isVisible() for w in QApplication.topLevelWidgets())


def test_the_whole_program_without_a_screen_or_tray(environment: None, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from PySide6.QtCore import QCoreApplication, QTimer\n"
        "from app.application import start\n"
        "from app.paths import paths\n"
        "from app import bridge\n"
        "show = bridge.Bridge._show\n"
        "def shown(self):\n"
        "    show(self)\n"
        "    if self.status.can_stop:\n"
        "        QTimer.singleShot(0, QCoreApplication.instance().quit)\n"
        "bridge.Bridge._show = shown\n"
        f"sys.exit(start(paths({str(tmp_path)!r}), vault_kind='file', no_tray=False))\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "stopping" in done.stderr


def test_a_first_one_that_does_not_answer_is_named(
    environment: None, tmp_path: Path, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung = Instance(tmp_path, paths(str(tmp_path)).instance)
    assert hung.claim()
    code = (
        "import sys\n"
        "from app import instance, application\n"
        "ask = instance.Instance.ask\n"
        "instance.Instance.ask = lambda self, message: ask(self, message, 100)\n"
        "from app.paths import paths\n"
        f"sys.exit(application.start(paths({str(tmp_path)!r}), vault_kind='file', no_tray=False))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=50, check=False
    )
    hung.release()
    assert done.returncode == 1
    assert f"process {os.getpid()} and does not answer" in done.stderr


async def test_a_terminal_is_told_the_key_only_where_nothing_keeps_it(
    environment: None,
    places: Paths,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = await opener(places, "file")(lambda event: None)
    await kept.proxy.start()
    key = kept.proxy.default_key
    await kept.proxy.close()
    assert capsys.readouterr().out == ""  # no person sits at this output
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    shown = await opener(places, "file")(lambda event: None)
    await shown.proxy.start()
    await shown.proxy.close()
    said = capsys.readouterr().out
    assert key is not None
    assert key in said
    assert f"{shown.proxy.snapshot().url or 'http://127.0.0.1'}" in said
