"""A desktop for one test: the program as a child, panels that it can be seen in, and fingers to click."""

import asyncio
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dbus_fast import BusType, Message, MessageType, RequestNameReply, Variant
from dbus_fast.aio import MessageBus

ROOT = Path(__file__).resolve().parents[2]
WATCHER = "org.kde.StatusNotifierWatcher"
DEADLINE_S = 30.0


async def until(look: Callable[[], Any], what: str) -> Any:
    """Look again and again until there is something to see, and return it; fail after the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        seen = look()
        if asyncio.iscoroutine(seen):
            seen = await seen
        if seen:
            return seen
        await asyncio.sleep(0.05)
    raise AssertionError(f"{what}: not within {DEADLINE_S} s")


class Desk:
    """Starts children on one display and ends them."""

    def __init__(self, environment: dict[str, str], home: Path) -> None:
        self.environment = {**environment, "TRUNKLINE_VAULT_PASSPHRASE": "for the test"}
        self.home = home
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str, quiet: bool = True) -> subprocess.Popen[bytes]:
        """Start a child."""
        sink = subprocess.DEVNULL if quiet else None
        child = subprocess.Popen(command, env=self.environment, cwd=ROOT, stdout=sink, stderr=sink)
        self._children.append(child)
        return child

    def bus(self) -> str:
        """Start a message bus of its own, so that only this test's panel is on it; return its address."""
        daemon = subprocess.Popen(
            ("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"),
            env=self.environment,
            stdout=subprocess.PIPE,
        )
        self._children.append(daemon)
        assert daemon.stdout is not None
        address = daemon.stdout.readline().decode().strip()
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = address
        return address

    def screen(self) -> subprocess.Popen[bytes]:
        """Start a display of its own, that a test may end."""
        server = subprocess.Popen(
            ("Xvfb", "-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._children.append(server)
        assert server.stdout is not None
        self.environment["DISPLAY"] = f":{server.stdout.readline().decode().strip()}"
        return server

    def without_bus(self) -> None:
        """Give children no message bus."""
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = "disabled:"

    def panel(self) -> None:
        """Start a window manager and an X11 tray at the lower right."""
        self.manager()
        self.start(
            "trayer", "--edge", "bottom", "--align", "right", "--widthtype", "request", "--height", "28",
            "--SetPartialStrut", "true", "--transparent", "false", "--tint", "0x333333",
        )  # fmt: skip

    def manager(self) -> None:
        """Start a window manager."""
        self.start("openbox")

    def trunkline(self, *arguments: str, vault: str = "file") -> subprocess.Popen[bytes]:
        """Start the program in this test's folder; ``vault`` empty: it shall choose."""
        chosen = ("--vault", vault) if vault else ()
        return self.start(sys.executable, "-m", "app", "--home", str(self.home), *chosen, *arguments)

    def run(self, *command: str) -> str:
        """Run a tool; return what it says, nothing if it fails."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=30, check=False
        )
        return done.stdout if done.returncode == 0 else ""

    def windows(self, name: str, *options: str) -> list[str]:
        """Return the ids of the visible windows with that title."""
        return self.run("xdotool", "search", "--onlyvisible", *options, "--name", name).split()

    def icons(self) -> list[tuple[int, int, int, int]]:
        """Return (x, y, width, height) of every icon in the X11 tray."""
        found = []
        inside = 0
        for line in self.run("xwininfo", "-root", "-tree").splitlines():
            depth = len(line) - len(line.lstrip())
            if '("panel" "trayer")' in line:
                inside = depth
            elif depth <= inside:
                inside = 0
            place = re.search(r'"Trunkline"\)\s+(\d+)x(\d+)\S+\s+\+(\d+)\+(\d+)', line)
            if inside and place:
                width, height, x, y = map(int, place.groups())
                found.append((x, y, width, height))
        return found

    def place(self, window: str) -> tuple[int, int, int, int]:
        """Return (x, y, width, height) of a window on the screen."""
        words = dict(
            line.split("=", 1) for line in self.run("xdotool", "getwindowgeometry", "--shell", window).split()
        )
        return int(words["X"]), int(words["Y"]), int(words["WIDTH"]), int(words["HEIGHT"])

    def click(self, x: int, y: int, button: int) -> None:
        """Click on the screen."""
        self.run("xdotool", "mousemove", str(x), str(y), "click", str(button))

    def picture(self, file: Path) -> Path:
        """Take a picture of the screen."""
        self.run("import", "-window", "root", str(file))
        return file

    def log(self) -> str:
        """Return what the program wrote to its log."""
        file = self.home / "logs" / "trunkline.log"
        return file.read_text("utf-8") if file.exists() else ""

    def close(self) -> None:
        """End the children, the last one first."""
        for child in reversed(self._children):
            if child.poll() is None:
                child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                child.wait(10)
            if child.stdout:
                child.stdout.close()


def healthy(port: int) -> bool:
    """Return whether the proxy answers on a port."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


class Panel:
    """A panel on the message bus: takes icons in, reads their menus, clicks."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus
        self.items: list[str] = []
        bus.add_message_handler(self._serve)

    @classmethod
    async def connect(cls, address: str) -> "Panel":
        """Come to the bus, without a name yet."""
        return cls(await MessageBus(address, bus_type=BusType.SESSION).connect())

    async def open(self) -> None:
        """Be the panel from now on."""
        assert await self.bus.request_name(WATCHER) == RequestNameReply.PRIMARY_OWNER

    async def shut(self) -> None:
        """Be no panel any more, as one that crashed."""
        await self.bus.release_name(WATCHER)
        self.items.clear()

    async def item(self) -> str:
        """Return the first icon's bus name, as soon as there is one."""
        await until(lambda: self.items, "an icon on the bus")
        return self.items[0]

    async def property(self, name: str) -> Any:
        """Return a property of the first icon."""
        answer = await self.call(
            await self.item(), "/StatusNotifierItem", "org.freedesktop.DBus.Properties", "Get", "ss",
            ["org.kde.StatusNotifierItem", name],
        )  # fmt: skip
        return answer[0].value

    async def menu(self) -> dict[str, tuple[int, bool]]:
        """Return the visible entries of the menu: label → (id, enabled)."""
        answer = await self.call(
            await self.item(), await self.property("Menu"), "com.canonical.dbusmenu", "GetLayout", "iias",
            [0, -1, []],
        )  # fmt: skip
        return dict(_entries(answer[1]))

    async def choose(self, label: str) -> None:
        """Click an entry of the menu."""
        number, enabled = (await self.menu())[label]
        assert enabled, label
        await self.call(
            await self.item(), await self.property("Menu"), "com.canonical.dbusmenu", "Event", "isvu",
            [number, "clicked", Variant("s", ""), 0],
        )  # fmt: skip

    async def heading(self) -> str:
        """Return the first line of the menu."""
        return next(iter(await self.menu()))

    async def call(
        self, destination: str, path: str, interface: str, member: str, signature: str, body: list[Any]
    ) -> list[Any]:
        """Call a method on the bus; returns what it returns."""
        answer = await self.bus.call(
            Message(
                destination=destination,
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=body,
            )
        )
        assert answer is not None
        assert answer.message_type == MessageType.METHOD_RETURN, answer.body
        return list(answer.body)

    def close(self) -> None:
        """Leave the bus."""
        self.bus.disconnect()

    def _serve(self, message: Message) -> Message | None:
        if message.message_type != MessageType.METHOD_CALL or message.path != "/StatusNotifierWatcher":
            return None
        known: dict[str, Variant] = {
            "RegisteredStatusNotifierItems": Variant("as", self.items),
            "IsStatusNotifierHostRegistered": Variant("b", True),
            "ProtocolVersion": Variant("i", 0),
        }
        if message.member == "RegisterStatusNotifierItem":
            self.items.append(message.body[0])
            return Message.new_method_return(message)
        if message.member == "RegisterStatusNotifierHost":
            return Message.new_method_return(message)
        if message.member == "Get":
            return Message.new_method_return(message, "v", [known[message.body[1]]])
        if message.member == "GetAll":
            return Message.new_method_return(message, "a{sv}", [known])
        return None


def _entries(node: Any) -> list[tuple[str, tuple[int, bool]]]:
    """Return the visible labelled entries below a node of the menu's layout, those of submenus too."""
    number, properties, children = node.value if isinstance(node, Variant) else node
    found = []
    label = properties["label"].value if "label" in properties else ""
    visible = "visible" not in properties or properties["visible"].value
    if not visible:
        return []
    if label:
        found.append((label, (number, "enabled" not in properties or properties["enabled"].value)))
    for child in children:
        found += _entries(child)
    return found


def environment_of(screen: dict[str, str]) -> dict[str, str]:
    """Return a child's environment that names no keyring of the person."""
    return {key: value for key, value in screen.items() if key != "PYTHONPATH"} | {"PYTHONPATH": str(ROOT)}


def without_traceback(log: str) -> bool:
    """Return whether a log holds no traceback and no complaint of Qt."""
    return "Traceback" not in log and " qt: " not in log
