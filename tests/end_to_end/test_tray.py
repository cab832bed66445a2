"""The program as a person sees it: a child process on a real display, with panels of both kinds."""

import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage

from tests.end_to_end.desk import Desk, Panel, environment_of, healthy, until, without_traceback

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 and the message bus"),
    pytest.mark.timeout(150),
]

RUNNING = QColor("#22985a")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def desk(screen_environment: dict[str, str], tmp_path: Path, port: int) -> Iterator[Desk]:
    desk = Desk(environment_of(screen_environment), tmp_path / "home")
    desk.home.mkdir()
    settings = f"version = 1\n[server]\nport = {port}\n[routing]\nlocal_servers = false\n"
    (desk.home / "settings.toml").write_text(settings)
    yield desk
    desk.close()


@pytest.fixture
async def panel(desk: Desk) -> AsyncIterator[Panel]:
    panel = await Panel.connect(desk.bus())
    yield panel
    panel.close()


def has_colour(picture: Path, place: tuple[int, int, int, int], colour: QColor) -> bool:
    image = QImage(str(picture))
    left, top, width, height = place
    return any(
        image.pixelColor(x, y) == colour for x in range(left, left + width) for y in range(top, top + height)
    )


async def test_icon_menu_and_second_start_with_an_x11_tray(desk: Desk, port: int, tmp_path: Path) -> None:
    desk.without_bus()
    desk.panel()
    await until(lambda: desk.windows("^panel$"), "the tray")
    program = desk.trunkline()
    await until(lambda: healthy(port), "the proxy")
    place = await until(lambda: next(iter(desk.icons()), None), "the icon")
    assert min(place[2:]) >= 16
    await until(
        lambda: has_colour(desk.picture(tmp_path / "icon.png"), place, RUNNING), "the icon of a running proxy"
    )
    assert not big_windows(desk), "with a tray only the icon shows"
    second = desk.trunkline()
    assert await until(lambda: second.poll() is not None, "the end of the second start")
    assert second.returncode == 0
    await until(lambda: big_windows(desk), "the window that the second start asked for")
    program.send_signal(signal.SIGTERM)
    await until(lambda: program.poll() is not None, "the end")
    assert program.returncode == 0
    assert not healthy(port)
    assert without_traceback(desk.log()), desk.log()


async def test_without_a_tray_there_is_a_window_and_a_late_tray_gets_the_icon(
    desk: Desk, port: int, tmp_path: Path
) -> None:
    desk.without_bus()
    desk.manager()
    program = desk.trunkline()
    window = (await until(lambda: big_windows(desk), "the window"))[0]
    await until(lambda: healthy(port), "the proxy")
    await until(
        lambda: has_colour(desk.picture(tmp_path / "window.png"), desk.place(window), RUNNING), "the state"
    )
    height = desk.place(window)[3]

    def asks_when_closed() -> bool:
        desk.run("xdotool", "windowactivate", window, "key", "ctrl+w")
        return desk.place(window)[3] > height

    await until(asks_when_closed, "the question in the window")
    assert big_windows(desk) == [window], "closing must not leave a person with nothing"
    desk.panel()
    await until(desk.icons, "the icon in the tray that came late")

    def is_quit() -> bool:
        desk.run("xdotool", "windowactivate", window, "key", "ctrl+q")
        return program.poll() is not None

    await until(is_quit, "the end")
    assert program.returncode == 0
    assert without_traceback(desk.log()), desk.log()


async def test_menu_over_the_message_bus(desk: Desk, panel: Panel, port: int) -> None:
    await panel.open()
    program = desk.trunkline()
    await until(lambda: healthy(port), "the proxy")
    running = f"● Running · 127.0.0.1:{port}"
    assert await until(panel.heading, "a menu")
    await wait_heading(panel, running)
    menu = await panel.menu()
    assert menu[running][1] is False
    assert f"OpenAI   http://127.0.0.1:{port}/v1" in menu
    assert await panel.property("Id") == "Trunkline"
    before = {label: number for label, (number, _) in menu.items()}
    await panel.choose("Stop proxy")
    await wait_heading(panel, "○ Stopped")
    assert not healthy(port)
    await panel.choose("Start proxy")
    await wait_heading(panel, running)
    assert healthy(port)
    after = {label: number for label, (number, _) in (await panel.menu()).items()}
    assert {label: after[label] for label in before} == before, "entries were made anew"
    await panel.choose("Quit (stops the proxy)")
    await until(lambda: program.poll() is not None, "the end")
    assert program.returncode == 0
    assert without_traceback(desk.log()), desk.log()


async def test_late_and_restarted_panel(desk: Desk, panel: Panel, port: int) -> None:
    program = desk.trunkline()
    await until(lambda: healthy(port), "the proxy")
    await panel.open()
    await panel.item()
    await wait_heading(panel, f"● Running · 127.0.0.1:{port}")
    await panel.shut()
    await panel.open()
    await panel.item()
    await panel.choose("Quit (stops the proxy)")
    await until(lambda: program.poll() is not None, "the end")
    assert len(panel.items) == 1, "registered twice after the panel came back"
    assert without_traceback(desk.log()), desk.log()


async def test_a_port_in_use_is_said_and_can_be_tried_again(desk: Desk, panel: Panel, port: int) -> None:
    await panel.open()
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", port))
        occupant.listen()
        program = desk.trunkline()
        heading = f"✕ Cannot start: Port {port} on 127.0.0.1 is in use by another program"
        await wait_heading(panel, heading)
        assert program.poll() is None
    await panel.choose("Start proxy")
    await wait_heading(panel, f"● Running · 127.0.0.1:{port}")
    program.send_signal(signal.SIGINT)
    await until(lambda: program.poll() is not None, "the end")
    assert program.returncode == 0
    assert without_traceback(desk.log()), desk.log()


async def test_broken_settings_are_said_with_their_line(desk: Desk, panel: Panel, port: int) -> None:
    file = desk.home / "settings.toml"
    good = file.read_text()
    file.write_text("version = 1\n[server\n")
    await panel.open()
    desk.trunkline()
    await wait_heading(panel, "✕ Cannot start: settings.toml, line 2", whole=False)
    file.write_text(good)
    await panel.choose("Start proxy")
    await wait_heading(panel, f"● Running · 127.0.0.1:{port}")
    file.write_text(good + "[server]\nport = 1\n")
    await until(lambda: has_line(panel, "The edited settings are not used"), "the complaint")
    assert healthy(port)
    other = free_port()
    file.write_text(good.replace(str(port), str(other)))
    await until(lambda: has_line(panel, "takes effect when you stop and start the proxy"), "the hint")
    await panel.choose("Stop proxy")
    await wait_heading(panel, "○ Stopped")
    await panel.choose("Start proxy")
    await wait_heading(panel, f"● Running · 127.0.0.1:{other}")
    assert without_traceback(desk.log()), desk.log()


async def test_without_a_keyring_the_key_is_for_this_session_and_that_is_said(
    desk: Desk, panel: Panel, port: int
) -> None:
    await panel.open()
    desk.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    program = desk.trunkline(vault="")
    await wait_heading(panel, f"● Running · 127.0.0.1:{port}")
    await until(lambda: has_line(panel, "no keyring that works"), "the sentence")
    assert (await panel.menu())["Copy key"][1]
    program.terminate()
    await until(lambda: program.poll() is not None, "the end")
    assert program.returncode == 0
    assert "Traceback" not in desk.log()


async def test_a_locked_vault_is_said_and_can_be_tried_again(desk: Desk, panel: Panel, port: int) -> None:
    await panel.open()
    del desk.environment["TRUNKLINE_VAULT_PASSPHRASE"]
    desk.trunkline()
    await wait_heading(panel, f"● Running · 127.0.0.1:{port}")
    await until(lambda: has_line(panel, "The file vault is locked"), "the sentence")
    menu = await panel.menu()
    assert not menu["Copy key"][1]
    await panel.choose("Try to open the vault again")
    await until(lambda: has_line(panel, "The file vault is locked"), "the sentence again")
    assert healthy(port)
    assert without_traceback(desk.log()), desk.log()


async def test_when_the_display_dies_the_proxy_is_stopped(desk: Desk, port: int) -> None:
    screen = desk.screen()
    desk.without_bus()
    program = desk.trunkline()
    await until(lambda: healthy(port), "the proxy")
    screen.kill()
    await until(lambda: program.poll() is not None, "the end")
    assert program.returncode == 1
    assert "the proxy is stopped" in desk.log()
    assert "Traceback" not in desk.log()


def big_windows(desk: Desk) -> list[str]:
    """The program's windows that are more than an icon."""
    return [window for window in desk.windows("^Trunkline$") if desk.place(window)[2] > 100]


async def wait_heading(panel: Panel, text: str, *, whole: bool = True) -> None:
    async def matches() -> bool:
        heading = await panel.heading()
        return heading == text if whole else heading.startswith(text)

    await until(matches, text)


async def has_line(panel: Panel, text: str) -> bool:
    return any(text in label for label in await panel.menu())
