import pytest

from app.windows.status.presenter import StatusPresenter
from tests.app.fakes import URL, FakeHost, status


def test_running() -> None:
    view = StatusPresenter(FakeHost(status())).view(status())
    assert (view.headline, view.subline) == ("Running", "Your tools reach it at 127.0.0.1:8317")
    assert (view.main, view.main_enabled, view.key_enabled) == ("&Stop proxy", True, True)
    assert (view.rows[0].label, view.rows[0].url) == ("OpenAI address", f"{URL}/v1")
    assert view.rows[0].spoken == "Copy the OpenAI address"
    assert view.footer == "Secrets are kept in GNOME Keyring.\nNo requests yet."


@pytest.mark.parametrize(
    ("server", "headline", "main_enabled"),
    [("stopped", "Stopped", True), ("starting", "Starting", False), ("error", "Cannot start", True)],
)
def test_not_running(server: str, headline: str, main_enabled: bool) -> None:
    shown = status(server=server, url=None, message="Port 8317 is in use.")
    view = StatusPresenter(FakeHost(shown)).view(shown)
    assert (view.headline, view.main, view.main_enabled) == (headline, "&Start proxy", main_enabled)
    assert view.subline


def test_attention_says_that_it_runs() -> None:
    shown = status(vault_kind="memory")
    view = StatusPresenter(FakeHost(shown)).view(shown)
    assert (view.state, view.headline) == ("attention", "Running")


@pytest.mark.parametrize(("server", "asked"), [("running", "stop"), ("stopped", "start"), ("error", "start")])
def test_toggle(server: str, asked: str) -> None:
    host = FakeHost(status(server=server))
    StatusPresenter(host).toggle()
    assert host.asked == [asked]


@pytest.mark.parametrize(
    ("has_tray", "is_quitting", "meaning"),
    [(True, False, "hide"), (False, False, "ask"), (False, True, "close"), (True, True, "close")],
)
def test_closing(has_tray: bool, is_quitting: bool, meaning: str) -> None:
    host = FakeHost(status())
    host.has_tray, host.is_quitting = has_tray, is_quitting
    assert StatusPresenter(host).closing() == meaning
