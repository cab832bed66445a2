"""The only translator between the proxy's world and Qt's: events become a status, slots become tasks.

Events arrive as often as requests do. What they change is gathered and shown at most once a second;
changes of state at most ten times a second.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.desktop import copy
from app.status import Address, Facts, Status, describe
from proxy_core import Proxy, ProxyError, Settings
from proxy_core.events import (
    Event,
    ExchangeFinished,
    ServerChanged,
    SettingsChanged,
    SettingsRejected,
    VaultChanged,
)
from proxy_core.settings import fields
from proxy_core.store import SettingsStore, VaultStatus
from proxy_core.tasks import TaskGroup

log = logging.getLogger(__name__)

_CALM_S, _URGENT_S, _STARTING_S = 1.0, 0.1, 0.3
_CLOSE_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Line:
    """A proxy and where its settings and secrets come from. ``chores`` run beside it until it is given up."""

    proxy: Proxy
    settings_store: SettingsStore
    vault_kind: str
    vault_status: VaultStatus
    chores: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()


OpenLine = Callable[[Callable[[Event], None]], Awaitable[Line]]
"""Read the settings, open the vault, build a proxy that tells its events. Raises ProxyError."""


class Bridge(QObject):
    """The host of the windows. All of it runs on the one loop."""

    status_changed = Signal(object)
    quit_wanted = Signal()

    def __init__(self, open_line: OpenLine, sees_tray: Callable[[], bool] = lambda: False) -> None:
        super().__init__()
        self._open_line = open_line
        self._sees_tray = sees_tray
        self._line: Line | None = None
        self._facts = Facts(server="starting")
        self._status = describe(self._facts)
        self._tasks = TaskGroup()
        self._beside: list[asyncio.Task[None]] = []
        self._shown_at = 0.0
        self._due = QTimer(self)
        self._due.setSingleShot(True)
        self._due.timeout.connect(self._show)
        self._is_quitting = False

    # --- what windows ask (see app.window.Host)

    @property
    def status(self) -> Status:
        """What was shown last."""
        return self._status

    @property
    def has_tray(self) -> bool:
        """Whether there is an icon to come back by; looks."""
        return self._sees_tray()

    @property
    def is_quitting(self) -> bool:
        """Whether all ends."""
        return self._is_quitting

    def watch(self, show: Callable[[Status], None]) -> Callable[[], None]:
        """Call ``show`` with every new status; returns what ends it."""
        self.status_changed.connect(show)

        def forget() -> None:
            self.status_changed.disconnect(show)

        return forget

    def start_proxy(self) -> None:
        """Start to listen, with the settings as they are in the file now."""
        self._begin(self._start(), "start the proxy")

    def stop_proxy(self) -> None:
        """Stop listening."""
        self._begin(self._stop(), "stop the proxy")

    def unlock(self) -> None:
        """Try the vault again."""
        self._begin(self._unlock(), "open the vault")

    def copy_address(self, number: int) -> None:
        """Put one of the status's addresses on the clipboard."""
        if number < len(self._status.addresses):
            copy(self._status.addresses[number].url)

    def copy_key(self) -> None:
        """Put the local key on the clipboard, marked as a secret."""
        key = self._line.proxy.default_key if self._line else None
        if key:
            copy(key, secret=True)

    def quit(self) -> None:
        """Wish for the end."""
        self._is_quitting = True
        self.quit_wanted.emit()

    # --- what the core tells

    def tell(self, event: Event) -> None:
        """Take an event of the core; on the loop's thread."""
        match event:
            case ServerChanged(state, url, message):
                self._know(server=state, url=url, message=message)
            case VaultChanged(state, message):
                self._know(vault_state=state, vault_message=message or "")
            case SettingsRejected(message):
                self._know(rejected=message)
            case SettingsChanged():
                self._know(rejected=None)
                self._tasks.spawn(self._compare(), "compare the settings with the file")
            case ExchangeFinished():
                failed = int(event.status >= 400)
                self._facts = replace(
                    self._facts, requests=self._facts.requests + 1, failures=self._facts.failures + failed
                )
                self._schedule(_CALM_S)
            case _:
                self._schedule(_CALM_S)

    # --- work

    async def close(self) -> None:
        """Stop the proxy and give everything back, within ten seconds."""
        self._is_quitting = True
        try:
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                await self._tasks.close()
                await self._drop()
        except TimeoutError:
            log.warning("the proxy did not stop within %d s", _CLOSE_WITHIN_S)
        self._due.stop()

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        if self._facts.busy or self._is_quitting:
            work.close()
            return
        self._know(busy=True)
        self._tasks.spawn(self._guarded(work), name)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """Whatever fails becomes a sentence."""
        try:
            await work
        except ProxyError as error:
            self._fail(error.message)
        except Exception as error:
            log.exception("the proxy failed")
            self._fail(f"Something unexpected went wrong ({type(error).__name__}); the log says more.")
        finally:
            self._know(busy=False)

    def _fail(self, message: str) -> None:
        self._know(server="error", url=None, message=message)

    async def _start(self) -> None:
        self._know(server="starting", message=None, restart_pending=False)
        if self._line is not None:
            settings = await self._line.settings_store.load()
            if needs_restart(settings, self._line.proxy.settings):
                await self._drop()
        if self._line is None:
            self._line = await self._open_line(self.tell)
            self._know_vault(self._line)
            self._run_beside(self._line)
        await self._line.proxy.start()

    async def _stop(self) -> None:
        if self._line is not None:
            await self._line.proxy.stop()

    async def _unlock(self) -> None:
        if self._line is not None:
            await self._line.proxy.unlock()

    async def _compare(self) -> None:
        if self._line is not None:
            try:
                settings = await self._line.settings_store.load()
            except ProxyError:
                return  # the follower says it
            self._know(restart_pending=needs_restart(settings, self._line.proxy.settings))

    async def _drop(self) -> None:
        line, self._line = self._line, None
        beside, self._beside = self._beside, []
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        if line is not None:
            await line.proxy.close()

    def _run_beside(self, line: Line) -> None:
        self._beside = [
            self._tasks.spawn(line.proxy.follow(line.settings_store), "follow the settings"),
            *(self._tasks.spawn(chore(), "a chore") for chore in line.chores),
        ]

    # --- facts

    def _know_vault(self, line: Line) -> None:
        status = line.vault_status
        self._know(
            vault_kind=line.vault_kind,
            vault_state=status.state,
            vault_message=status.message,
            protected_by=status.protected_by,
        )

    def _know(self, **facts: Any) -> None:
        self._facts = replace(self._facts, **facts)
        self._schedule(_STARTING_S if self._facts.server == "starting" else _URGENT_S)

    def _schedule(self, pause_s: float) -> None:
        """Show within ``pause_s`` of the last time; a start that is quick is not shown at all."""
        wait_s = self._shown_at + pause_s - time.monotonic()
        if self._facts.server == "starting":
            wait_s = pause_s
        wait_ms = max(0, round(wait_s * 1000))
        if not self._due.isActive() or wait_ms < self._due.remainingTime():
            self._due.start(wait_ms)

    def _show(self) -> None:
        self._refresh()
        status = describe(self._facts)
        if status != self._status:
            self._shown_at = time.monotonic()
            self._status = status
            self.status_changed.emit(status)

    def _refresh(self) -> None:
        """Ask the proxy for what no event carries."""
        if self._line is None:
            return
        proxy = self._line.proxy
        seen = proxy.snapshot()
        addresses = tuple(
            Address(proxy.providers[family].title if family in proxy.providers else family.title(), url)
            for family, url in seen.urls.items()
        )
        self._facts = replace(
            self._facts,
            addresses=addresses or self._facts.addresses,
            accounts=seen.accounts,
            has_key=proxy.default_key is not None,
            host=proxy.settings.server.host,
        )


def needs_restart(edited: Settings, used: Settings) -> bool:
    """Whether a setting differs that is only read when the proxy is built."""
    return any(_value(edited, field.path) != _value(used, field.path) for field in fields() if field.restart)


def _value(settings: Settings, path: str) -> object:
    section, name = path.split(".")
    return getattr(getattr(settings, section), name)
