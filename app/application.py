"""The desktop program's composition root: one loop, the proxy, the tray, the windows."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

from PySide6.QtCore import SignalInstance

from app import logs
from app.bridge import Bridge, Line, OpenLine
from app.desktop import DesktopApplication, TrayWatch
from app.instance import SHOW, Instance
from app.loop import DesktopLoop, StopSignals, install_hooks
from app.paths import Paths
from app.tray import Tray
from app.window import Window, WindowSpec
from app.wiring import open_workplace
from proxy_core.events import Event
from proxy_core.registry import discover

log = logging.getLogger(__name__)

_TOKEN = "XDG_ACTIVATION_TOKEN"  # noqa: S105 - by which Wayland lets a window come to the front


def start(paths: Paths, *, vault_kind: str | None, no_tray: bool) -> int:
    """Run until the person quits; returns the exit code. A second start shows the first one's window."""
    logs.set_up("info", paths.log)
    undo_hooks = install_hooks(paths.log.parent)
    instance = Instance(paths.data, paths.instance)
    try:
        if not instance.claim():
            return _join(instance)
        app = DesktopApplication(["trunkline"])
        instance.listen()
        is_new = not paths.settings.exists()
        with asyncio.Runner(loop_factory=lambda: DesktopLoop(app)) as runner:
            runner.run(Session(app, instance, opener(paths, vault_kind), no_tray).run(is_new))
        return 0
    finally:
        instance.release()
        undo_hooks()


def opener(paths: Paths, vault_kind: str | None) -> OpenLine:
    """Return what opens the stores in these places and puts a proxy over them."""

    async def open_line(tell: Callable[[Event], None]) -> Line:
        place = await open_workplace(paths, os.environ, vault_kind=vault_kind, memory_fallback=True)
        await place.settings_store.create()
        await asyncio.to_thread(logs.set_up, place.settings.log.level, paths.log)
        return Line(place.proxy(tell), place.settings_store, place.vault_kind, place.vault_status)

    return open_line


class Session:
    """From the first icon to the last."""

    def __init__(
        self, app: DesktopApplication, instance: Instance, open_line: OpenLine, no_tray: bool
    ) -> None:
        self._app = app
        self._instance = instance
        self._no_tray = no_tray
        found: dict[str, WindowSpec] = discover("app.windows", "WINDOWS", WindowSpec)
        self._specs = sorted(found.values(), key=lambda spec: spec.order)
        self._open: dict[str, Window] = {}
        self._watch = TrayWatch()
        self._bridge = Bridge(open_line, self._sees_tray)
        self._tray = Tray(self._bridge, self._specs)
        self._ended = asyncio.Event()
        self._signals = StopSignals()

    async def run(self, is_new: bool) -> None:
        """Start the proxy and stay until somebody or something wants the end.

        ``is_new``: nothing was ever set up here; the window opens, so that a newcomer sees something.
        """
        connections: tuple[tuple[SignalInstance, Callable[..., None]], ...] = (
            (self._bridge.quit_wanted, self._end),
            (self._app.quit_wanted, self._end),
            (self._signals.received, self._end),
            (self._watch.changed, self._tray_changed),
            (self._tray.window_wanted, self.show_window),
            (self._instance.asked, self._asked),
        )
        for signal, slot in connections:
            signal.connect(slot)
        try:
            if self._sees_tray():
                self._tray.appear()
            if is_new or not self._sees_tray():
                self.show_window()
            self._bridge.start_proxy()
            await self._ended.wait()
        finally:
            log.info("stopping")
            await self._bridge.close()
            for signal, slot in connections:
                signal.disconnect(slot)
            self._tray.close()
            for window in self._open.values():
                window.discard()
            self._signals.close()

    def show_window(self, name: str = "") -> None:
        """Bring a window to the front; without a name the first on the shelf."""
        spec = next((spec for spec in self._specs if spec.name == name), self._specs[0])
        if spec.name not in self._open:
            self._open[spec.name] = spec.open(self._bridge)
        self._open[spec.name].present()

    def _sees_tray(self) -> bool:
        return not self._no_tray and self._watch.look()

    def _tray_changed(self, there: bool) -> None:
        if there and not self._no_tray:
            self._tray.appear()

    def _asked(self, message: str) -> None:
        wish, _, token = message.partition(" ")
        if wish == SHOW:
            if token:
                os.environ[_TOKEN] = token
            self.show_window()

    def _end(self, *_: object) -> None:
        self._ended.set()


def _join(instance: Instance) -> int:
    message = f"{SHOW} {os.environ.get(_TOKEN, '')}".strip()
    if instance.ask(message):
        return 0
    log.error(
        "Trunkline already runs as process %s and does not answer. End that process and start again.",
        instance.owner or "?",
    )
    return 1
