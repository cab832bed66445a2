"""Stand-ins for the host's parts; plain objects, so that a test says what happens."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from app.bridge import Line
from app.status import Address, Facts, Status, describe
from proxy_core import Settings, Snapshot
from proxy_core.events import Event, ServerChanged
from proxy_core.store import VaultStatus

URL = "http://127.0.0.1:8317"
RUNNING = Facts(
    server="running",
    url=URL,
    addresses=(Address("OpenAI", f"{URL}/v1"), Address("R&D_lab", URL)),
    vault_kind="keyring",
    protected_by="GNOME Keyring",
    has_key=True,
)


def status(**facts: Any) -> Status:
    """A running proxy's status, but for the given facts."""
    return describe(replace(RUNNING, **facts))


class FakeHost:
    """Records what windows ask."""

    def __init__(self, status: Status) -> None:
        self.status = status
        self.has_tray = True
        self.is_quitting = False
        self.asked: list[str] = []
        self.watchers: list[Callable[[Status], None]] = []

    def watch(self, show: Callable[[Status], None]) -> Callable[[], None]:
        self.watchers.append(show)
        return lambda: self.watchers.remove(show)

    def tell(self, status: Status) -> None:
        """Show a new status."""
        self.status = status
        for show in self.watchers:
            show(status)

    def start_proxy(self) -> None:
        self.asked.append("start")

    def stop_proxy(self) -> None:
        self.asked.append("stop")

    def unlock(self) -> None:
        self.asked.append("unlock")

    def copy_address(self, number: int) -> None:
        self.asked.append(f"copy address {number}")

    def copy_key(self) -> None:
        self.asked.append("copy key")

    def quit(self) -> None:
        self.asked.append("quit")


def settings(port: int = 8317, **server: Any) -> Settings:
    """Settings with that port."""
    plain = Settings()
    return msgspec.structs.replace(plain, server=msgspec.structs.replace(plain.server, port=port, **server))


class FakeProxy:
    """A proxy that starts at once, or fails with what it is given."""

    def __init__(self, tell: Callable[[Event], None], settings: Settings) -> None:
        self.tell = tell
        self.settings = settings
        self.failures: list[Exception] = []
        self.done: list[str] = []
        self.default_key: str | None = "tl-the-local-key"
        self.providers = {"openai": SimpleNamespace(title="OpenAI")}
        self.runs = False

    async def start(self) -> str:
        self.done.append("start")
        if self.failures:
            raise self.failures.pop()
        self.runs = True
        self.tell(ServerChanged("running", URL))
        return URL

    async def stop(self) -> None:
        self.done.append("stop")
        self.runs = False
        self.tell(ServerChanged("stopped"))

    async def close(self) -> None:
        await self.stop()
        self.done.append("close")

    async def unlock(self) -> None:
        self.done.append("unlock")

    async def follow(self, store: "FakeSettings") -> None:
        self.done.append("follow")
        await asyncio.Event().wait()

    def snapshot(self) -> Snapshot:
        urls = {"openai": f"{URL}/v1", "other": URL} if self.runs else {}
        return Snapshot("running", URL, urls, None, 2, 3)


class FakeSettings:
    """The settings file: gives what it is given, or fails."""

    def __init__(self, settings: Settings) -> None:
        self.settings: Settings | Exception = settings

    async def load(self) -> Settings:
        if isinstance(self.settings, Exception):
            raise self.settings
        return self.settings

    async def change(self, edit: object) -> Settings:
        raise NotImplementedError

    async def changes(self) -> AsyncGenerator[None, None]:
        raise NotImplementedError
        yield None


class FakeLines:
    """Opens lines; keeps them, newest last. ``failures`` come first, the last one first."""

    def __init__(self) -> None:
        self.file = FakeSettings(settings())
        self.proxies: list[FakeProxy] = []
        self.failures: list[Exception] = []
        self.vault_kind = "keyring"
        self.vault_status = VaultStatus("ready", "GNOME Keyring")

    async def open(self, tell: Callable[[Event], None]) -> Line:
        if self.failures:
            raise self.failures.pop()
        proxy = FakeProxy(tell, await self.file.load())
        self.proxies.append(proxy)
        return Line(cast(Any, proxy), cast(Any, self.file), self.vault_kind, self.vault_status)
