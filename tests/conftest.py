"""What every test gets: a private home, no blocking calls in our coroutines, a log without surprises."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest
from blockbuster import BlockBuster

from tests.linting import Watch, install

# Before Qt is imported anywhere. A test that needs a real screen starts a child with `screen_environment`.
os.environ["QT_QPA_PLATFORM"] = os.environ.get("TRUNKLINE_TEST_PLATFORM", "offscreen")

hypothesis.settings.register_profile("gate", deadline=None, derandomize=True, database=None, print_blob=True)
hypothesis.settings.load_profile("gate")


def _qt_loop() -> asyncio.AbstractEventLoop:
    from PySide6.QtWidgets import QApplication

    from app.loop import DesktopLoop

    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    return DesktopLoop(application)


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run a coroutine test on plain asyncio, or on Qt's loop when it is marked `qtloop`."""
    if item.get_closest_marker("qtloop"):
        return {"qt": _qt_loop}
    return {"asyncio": asyncio.new_event_loop}


@pytest.fixture(scope="session", autouse=True)
def _private_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests away from the person's own files, keys and outgoing proxy."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper().endswith(("_API_KEY", "_PROXY")) or name.startswith("TRUNKLINE_VAULT"):
                patch.delenv(name)
        patch.delenv("TRUNKLINE_HOME", raising=False)
        for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
            patch.setenv(name, str(home))
        for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
            patch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_blocking_calls() -> Iterator[None]:
    """Raise BlockingError where proxy_core or app blocks a running loop; library code by itself may."""
    packages = []
    for name in ("proxy_core", "app"):
        package = ModuleType(
            name
        )  # only tells the guard where to look; the real one loads when a test needs it
        package.__path__ = [str(Path(__file__).parents[1] / name)]
        packages.append(package)
    guard = BlockBuster(packages)
    for function in guard.functions.values():
        # importing the plug-ins reads files, once, before anything is served
        function.can_block_in("proxy_core/registry.py", "discover")
    guard.activate()
    yield
    guard.deactivate()


@pytest.fixture(autouse=True)
def _quiet_log(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test that logs WARNING or above without the marker `allow_logs`."""
    yield
    if request.node.get_closest_marker("allow_logs"):
        return
    loud = [
        f"{record.name}: {record.getMessage()}"
        for when in ("setup", "call", "teardown")
        for record in caplog.get_records(when)
        if record.levelno >= logging.WARNING
    ]
    if loud:
        pytest.fail("unexpected log records (mark the test allow_logs if it means them):\n" + "\n".join(loud))


@pytest.fixture(autouse=True)
def _linted_replies(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which the proxy told a client something that breaks the rules of its dialect.

    The marker `odd_upstream` is for tests whose vendor breaks them: what is passed on is then not ours.
    """
    watch = Watch(passes_odd_bytes=request.node.get_closest_marker("odd_upstream") is not None)
    with pytest.MonkeyPatch.context() as patch:
        install(patch, watch)
        yield
    if watch.faults:
        pytest.fail("the proxy broke a dialect's rules:\n" + "\n".join(dict.fromkeys(watch.faults)))


@pytest.fixture
def screen_environment() -> dict[str, str]:
    """Environment for a child process that draws on the real X display. Skips where there is none.

    The gate on Linux always brings a display, so there its absence is a failure and no skip.
    """
    if "DISPLAY" not in os.environ:
        if os.environ.get("TRUNKLINE_GATE_DESKTOP"):
            pytest.fail("the gate promised a display and DISPLAY is not set")
        pytest.skip("needs an X display")
    if not sys.platform.startswith("linux"):
        pytest.skip("needs an X display")
    return {**os.environ, "QT_QPA_PLATFORM": "xcb"}
