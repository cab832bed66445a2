"""The desktop program's composition root: one loop, the proxy, the tray, the windows."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable

from PySide6.QtCore import SignalInstance

from app import garbage, logs
from app.bridge import Bridge, Line, OpenLine
from app.descriptors import raise_limit
from app.desktop import DesktopApplication, TrayWatch, screen_problem
from app.headless import announce_people
from app.instance import SHOW, Instance
from app.loop import DesktopLoop, StopSignals, install_hooks
from app.paths import Paths
from app.tray import Tray
from app.window import Window, WindowSpec
from app.wiring import Workplace, open_workplace, prune_daily
from proxy_core import Proxy
from proxy_core.clock import SystemClock
from proxy_core.events import Event, ServerChanged, SettingsChanged, VaultChanged
from proxy_core.registry import discover

log = logging.getLogger(__name__)

_TOKEN = "XDG_ACTIVATION_TOKEN"  # noqa: S105 - by which Wayland lets a window come to the front


def start(paths: Paths, *, vault_kind: str | None, no_tray: bool) -> int:
    """Run until the person quits; returns the exit code. A second start shows the first one's window."""
    logs.set_up("info", paths.log)
    raise_limit()
    undo_hooks = install_hooks(paths.log.parent)
    instance = Instance(paths.data, paths.instance)
    try:
        if not instance.claim():
            return _join(instance)
        problem = screen_problem(os.environ)
        if problem is not None:
            log.error("%s", problem)
            return 1
        app = DesktopApplication(["trunkline"])
        instance.listen()
        is_new = not paths.settings.exists()
        session = Session(app, instance, opener(paths, vault_kind), no_tray)
        try:
            with asyncio.Runner(loop_factory=lambda: DesktopLoop(app)) as runner:
                runner.run(session.run(is_new))
        except asyncio.CancelledError:
            return 1  # the display died; all was closed
        return 0
    finally:
        instance.release()
        undo_hooks()
        logs.close()


def opener(paths: Paths, vault_kind: str | None) -> OpenLine:
    """Return what opens the stores in these places and puts a proxy over them."""

    async def open_line(tell: Callable[[Event], None]) -> Line:
        await asyncio.to_thread(_import_slow_parts)
        place = await open_workplace(paths, os.environ, vault_kind=vault_kind, memory_fallback=True)
        if place.vault_kind != "memory":
            # without a vault the next start must find a new installation again, not one with a lost key
            await place.settings_store.create()
        logs.set_level(place.settings.log.level)

        def told(event: Event) -> None:
            _note(event, proxy)
            if isinstance(event, ServerChanged) and event.state == "running":
                garbage.settle()
                _greet(place, proxy)
            tell(event)

        async def prune() -> None:
            await prune_daily(proxy.usage, lambda: proxy.settings, SystemClock())

        proxy = place.proxy(told)
        return Line(proxy, place.settings_store, place.vault_kind, place.vault_status, (prune,))

    return open_line


def _import_slow_parts() -> None:
    """Read from the disk, in a thread, what would be read on the loop when it is first used.

    Import statements, because PySide looks into a module's source when a statement first imports it.
    """
    import proxy_core.stores.file_vault
    import proxy_core.stores.keyring  # noqa: F401

    discover("proxy_core.dialects", "DIALECTS", object)
    discover("proxy_core.providers", "PROVIDERS", object)


def _greet(place: Workplace, proxy: Proxy) -> None:
    """Tell a terminal what the tray tells: addresses and key.

    Without a vault always, as nothing else outside the windows can tell the key; with one only a terminal
    that a person sits at, so that no key gets into a file that a session's output is kept in.
    """
    out = sys.stdout
    if out is not None and (place.vault_kind == "memory" or out.isatty()):
        announce_people(place, proxy)


def _note(event: Event, proxy: Proxy) -> None:
    match event:
        case VaultChanged():
            log.info("the vault is %s: %s", event.state, event.message or "")
        case SettingsChanged():
            logs.set_level(proxy.settings.log.level)
            log.info("new settings are in force")
        case ServerChanged():
            log.info("the proxy is %s: %s", event.state, event.message or event.url or "")


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
