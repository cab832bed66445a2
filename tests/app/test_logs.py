import io
import logging
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import logs


@pytest.fixture(autouse=True)
def _root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    yield
    logs.close()
    root.setLevel(level)


def sinks() -> list[Any]:
    return [sink for sink in logging.getLogger().handlers if isinstance(sink, logs._Entrance)]


def test_records_reach_terminal_and_file_redacted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    file = tmp_path / "logs" / "trunkline.log"
    logs.set_up("info", file)
    logging.getLogger("probe").info("key %s", "sk-proj-Ab12Cd34Ef56Gh78")
    logging.getLogger("probe").debug("too quiet")
    logs.close()
    for text in (screen.getvalue(), file.read_text()):
        assert text.endswith("INFO    probe: key ***\n")
        assert "quiet" not in text
    assert os.name == "nt" or stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_tracebacks_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)  # as in a program without a console
    file = tmp_path / "trunkline.log"
    logs.set_up("error", file)
    try:
        raise ValueError("?key=abc")
    except ValueError:
        logging.getLogger("probe").info("no", exc_info=True)
        record = logging.getLogger("probe").makeRecord(
            "probe", logging.ERROR, "f", 1, "failed", (), sys.exc_info()
        )
    sinks()[0].handle(record)
    logs.close()
    assert "Traceback" in file.read_text()
    assert "ValueError: ?key=***" in file.read_text()


def test_setting_up_again_replaces_the_sinks(tmp_path: Path) -> None:
    logs.set_up("info", tmp_path / "1.log", terminal=False)
    logs.set_up("info", tmp_path / "2.log", terminal=False)
    assert len(sinks()) == 1
    logging.getLogger("probe").info("second")
    logs.close()
    assert (tmp_path / "1.log").read_text() == ""
    assert "second" in (tmp_path / "2.log").read_text()
    assert sinks() == []
    logs.close()


def test_the_level_can_change_later(tmp_path: Path) -> None:
    file = tmp_path / "trunkline.log"
    logs.set_up("info", file, terminal=False)
    logs.set_level("debug")
    logging.getLogger("probe").debug("now")
    logs.close()
    assert "now" in file.read_text()


@pytest.mark.allow_logs
def test_a_file_that_cannot_be_made_is_reported_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    logs.set_up("info", tmp_path / "file" / "trunkline.log", terminal=False)
    assert "no log file" in caplog.text


def test_a_terminal_that_is_never_read_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    if os.name == "nt":
        pytest.skip("pipes of Windows cannot be filled without blocking")
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", buffering=1) as stuck:
        monkeypatch.setattr(sys, "stderr", stuck)
        monkeypatch.setattr(logs, "_LAST_WORDS_S", 0.1)
        logs.set_up("info", None)
        (entrance,) = sinks()
        carrier = entrance._carrier._thread
        for number in range(300):
            logging.getLogger("probe").info("%d %s", number, "x" * 1000)  # more than a pipe takes
        logs.close()
        assert carrier.is_alive(), "the pipe was not full"
        while carrier.is_alive():
            os.read(reader, 65536)
            carrier.join(0.01)
    os.close(reader)


def test_a_full_disk_is_said_once_and_without_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = io.StringIO()
    monkeypatch.setattr(sys, "stderr", told)
    logs.set_up("info", tmp_path / "logs" / "x.log", terminal=False)
    entrance = next(one for one in logging.getLogger().handlers if isinstance(one, logs._Entrance))
    file = entrance._sinks[0]

    def full(record: logging.LogRecord) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file, "format", full)
    for number in range(3):
        logging.getLogger("test").info("a secret %s", number)
    logs.close()
    assert told.getvalue().count("cannot be written") == 1
    assert "secret" not in told.getvalue()
    assert "Traceback" not in told.getvalue()
