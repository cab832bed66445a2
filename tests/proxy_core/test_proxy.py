"""The facade: life, settings, events, and what it tells a host."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

import proxy_core
from proxy_core import Proxy, Settings, SettingsError, VaultLockedError
from proxy_core.errors import StoreError
from proxy_core.events import (
    Event,
    ExchangeFinished,
    ExchangeStarted,
    ServerChanged,
    SettingsChanged,
    SettingsRejected,
    VaultChanged,
)
from proxy_core.keys import account_secret, vault_name
from proxy_core.proxy import addresses, replace_restart
from proxy_core.settings import parse
from proxy_core.store import SettingsEdit, UsageRow
from proxy_core.stores.memory import MemoryUsage, MemoryVault
from proxy_core.transports.replay import Recorded, ReplayTransport
from tests.proxy_core.clocks import HastyClock, settle

OFF = {"local_servers": False}
LIST = b'{"object": "list", "data": [{"id": "m-1", "object": "model"}]}'


def document(**more: Any) -> Settings:
    server = {"port": 0, **more.pop("server", {})}
    return parse({"server": server, "routing": {**OFF, **more.pop("routing", {})}, **more}, {})


class Made:
    """A proxy and everything around it."""

    def __init__(self, settings: Settings, *replies: Recorded, vault: MemoryVault | None = None) -> None:
        self.vault, self.usage, self.clock = vault or MemoryVault(), SlowLedger(), HastyClock()
        self.transport = ReplayTransport(replies)
        self.events: list[Event] = []
        self.proxy = Proxy(
            settings=settings, vault=self.vault, usage=self.usage, transport=self.transport, clock=self.clock,
            on_event=self.events.append,
        )  # fmt: skip

    def seen(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class SlowLedger(MemoryUsage):
    """Takes a moment for each row."""

    error: StoreError | None = None

    async def add(self, row: UsageRow) -> None:
        await settle()
        if self.error is not None:
            raise self.error
        await super().add(row)


@asynccontextmanager
async def running(made: Made) -> AsyncIterator[str]:
    url = await made.proxy.start()
    try:
        yield url
    finally:
        await made.proxy.close()


async def ask(url: str, key: str, model: str = "demo-echo") -> int:
    body = {"model": model, "messages": [{"role": "user", "content": "Hello."}]}
    named = {"authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url + "/v1/chat/completions", json=body, headers=named) as reply,
    ):
        await reply.read()
        return reply.status


async def test_it_starts_answers_and_stops() -> None:
    made = Made(document())
    assert made.proxy.snapshot().url is None
    async with running(made) as url:
        assert await made.proxy.start() == url
        key = made.proxy.default_key
        assert key is not None
        assert await made.vault.get(vault_name("default")) == key
        assert await ask(url, key) == 200
        seen = made.proxy.snapshot()
        assert (seen.state, seen.url, seen.accounts) == ("running", url, 0)
        assert seen.models > 0
        assert url.endswith(str(made.proxy.port))
    assert [event.state for event in made.seen(ServerChanged)] == ["starting", "running", "stopped"]
    assert made.proxy.port is None
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(url, key)


async def test_it_starts_again_after_a_stop() -> None:
    made = Made(document())
    for _ in range(2):
        url = await made.proxy.start()
        assert await ask(url, made.proxy.default_key or "") == 200
        await made.proxy.stop()
    await made.proxy.close()


async def test_a_port_that_is_taken_is_a_state_and_an_error() -> None:
    first = Made(document())
    async with running(first):
        second = Made(document(server={"port": first.proxy.port}))
        with pytest.raises(SettingsError, match="in use"):
            await second.proxy.start()
        assert second.proxy.snapshot().state == "error"
        assert "in use" in (second.proxy.snapshot().message or "")
        await second.proxy.close()


async def test_rows_that_are_still_being_written_are_not_lost_at_the_end() -> None:
    made = Made(document())
    async with running(made) as url:
        assert await ask(url, made.proxy.default_key or "") == 200
    assert [row.status for row in made.usage.rows] == [200]
    (started,), (finished,) = made.seen(ExchangeStarted), made.seen(ExchangeFinished)
    assert started.id == finished.id == made.usage.rows[0].id
    assert (finished.status, finished.provider, finished.model) == (200, "demo", "demo-echo")


@pytest.mark.allow_logs
async def test_a_ledger_that_fails_costs_no_reply(caplog: pytest.LogCaptureFixture) -> None:
    made = Made(document())
    made.usage.error = StoreError("The disk is full.")
    async with running(made) as url:
        assert await ask(url, made.proxy.default_key or "") == 200
    assert "The disk is full." in caplog.text


ACCOUNT = {"id": "one", "provider": "openai", "dialect": "openai_chat"}


async def test_models_come_from_the_vendor_s_list() -> None:
    vault = MemoryVault()
    await vault.put(account_secret("one"), "sk-1")
    made = Made(document(accounts=[ACCOUNT]), Recorded(body=[LIST]), vault=vault)
    cards = await made.proxy.models(5)
    assert [card.id for card in cards] == ["m-1"]
    await made.proxy.close()


async def test_an_account_can_be_tested() -> None:
    vault = MemoryVault()
    await vault.put(account_secret("one"), "sk-1")
    replies = [Recorded(body=[LIST]), Recorded(status=401)]
    made = Made(document(accounts=[ACCOUNT]), *replies, vault=vault)
    good, bad = await made.proxy.test_account("one"), await made.proxy.test_account("one")
    assert (good.ok, good.models, good.message) == (True, 1, "1 models.")
    assert (bad.ok, bad.models) == (False, 0)
    assert "refused the key" in bad.message
    with pytest.raises(SettingsError, match="two"):
        await made.proxy.test_account("two")
    await made.proxy.close()


async def test_new_settings_take_effect_but_for_what_needs_a_restart() -> None:
    made = Made(document())
    async with running(made) as url:
        key = made.proxy.default_key or ""
        await made.proxy.reload(
            document(server={"port": 1, "host": "0.0.0.0"}, aliases={"mine": {"model": "demo-echo"}})
        )
        assert made.proxy.settings.server.port == 0
        assert made.proxy.settings.server.host == "127.0.0.1"
        assert await ask(url, key, "mine") == 200
        await made.proxy.reload(document(routing={"demo": "off"}))
        assert await ask(url, key) == 404
    assert len(made.seen(SettingsChanged)) == 2


async def test_settings_that_do_not_fit_change_nothing() -> None:
    made = Made(document())
    before = made.proxy.settings
    with pytest.raises(SettingsError, match="no provider"):
        await made.proxy.reload(document(accounts=[{"id": "one", "provider": "nobody"}]))
    assert made.proxy.settings is before
    assert made.seen(SettingsChanged) == []
    await made.proxy.close()


class Editor:
    """A settings file that a test edits."""

    def __init__(self, *edits: Settings | Exception) -> None:
        self.edits = list(edits)

    async def load(self) -> Settings:
        edit = self.edits.pop(0)
        if isinstance(edit, Exception):
            raise edit
        return edit

    async def change(self, edit: SettingsEdit) -> Settings:
        raise NotImplementedError

    async def changes(self) -> AsyncGenerator[None, None]:
        for _ in list(self.edits):
            yield None


@pytest.mark.allow_logs
async def test_following_the_file_survives_a_bad_edit() -> None:
    made = Made(document())
    edits: list[Settings | Exception] = [
        SettingsError("There is no setting 'prot'.", field="server.prot", line=7),
        document(),
        document(accounts=[{"id": "one", "provider": "nobody"}]),
        StoreError("The file cannot be read."),
        document(routing={"attempts": 2}),
    ]
    await made.proxy.follow(Editor(*edits))
    rejected = made.seen(SettingsRejected)
    assert [event.line for event in rejected] == [7, None, None]
    assert "prot" in rejected[0].message
    assert made.proxy.settings.routing.attempts == 2
    assert len(made.seen(SettingsChanged)) == 1  # what is the same changes nothing
    await made.proxy.close()


class Locked(MemoryVault):
    """Locked until told otherwise."""

    is_locked = True

    async def get(self, name: str) -> str | None:
        if self.is_locked:
            raise VaultLockedError("Locked.")
        return await super().get(name)


async def test_a_locked_vault_is_a_state_and_unlocking_brings_everything_back() -> None:
    vault = Locked()
    await vault.put(vault_name("default"), "tl-mine")
    await vault.put(account_secret("one"), "sk-1")
    made = Made(document(accounts=[ACCOUNT]), Recorded(body=[LIST]), vault=vault)
    async with running(made) as url:
        assert made.proxy.default_key is None
        assert made.proxy.snapshot().state == "running"
        assert await ask(url, "tl-mine", "m-1") == 503
        vault.is_locked = False
        await made.proxy.unlock()
        assert made.proxy.default_key == "tl-mine"
        assert await ask(url, "tl-other", "m-1") == 401
        await settle()
        assert [card.id for card in await made.proxy.models(5)] == ["m-1"]
    assert [event.state for event in made.seen(VaultChanged)] == ["locked", "ready"]


async def test_cooldowns_can_be_forgotten_by_hand() -> None:
    vault = MemoryVault()
    await vault.put(account_secret("one"), "sk-1")
    limited = Recorded(
        status=429, headers={"content-type": "application/json", "retry-after": "60"}, body=[b"{}"]
    )
    account = {**ACCOUNT, "models": [{"upstream": "m-1"}]}
    made = Made(document(accounts=[account]), limited, vault=vault)
    async with running(made) as url:
        key = made.proxy.default_key or ""
        assert [await ask(url, key, "m-1") for _ in range(2)] == [429, 429]
        assert len(made.transport.requests) == 1
        made.proxy.reset("one")
        assert await ask(url, key, "m-1") == 502  # asked again; no reply is left
        assert len(made.transport.requests) == 2


def test_addresses_come_from_the_dialects() -> None:
    class One:
        name, client_base = "maker_dialect", "/v1"

        def affinity(self, headers: Any, path: str) -> int:
            return 0

    class Two:
        name, client_base = "other_dialect", ""

        def affinity(self, headers: Any, path: str) -> int:
            return 1

    dialects: Sequence[Any] = (One(), Two())
    found = addresses("http://x:1", dialects)
    assert list(found.items()) == [("other", "http://x:1"), ("maker", "http://x:1/v1")]


def test_what_needs_a_restart_is_kept() -> None:
    old, new = (
        document(),
        document(server={"host": "0.0.0.0", "port": 5, "require_key": False}, vault={"kind": "file"}),
    )
    kept = replace_restart(new, old)
    assert (kept.server.host, kept.server.port, kept.vault.kind) == ("127.0.0.1", 0, old.vault.kind)
    assert kept.server.require_key is False


def test_shelves_are_told() -> None:
    proxy = Made(document()).proxy
    assert "openai_chat" in proxy.dialects
    assert "demo" in proxy.providers


def test_the_public_face_is_what_it_says() -> None:
    assert sorted(proxy_core.__all__) == list(proxy_core.__all__)
    assert all(hasattr(proxy_core, name) for name in proxy_core.__all__)
