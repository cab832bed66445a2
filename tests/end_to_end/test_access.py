"""Who is let in: keys in every carrier, Host, Origin, and a vault that is locked."""

import json
from typing import Any

import msgspec
import pytest

from proxy_core.errors import VaultLockedError
from proxy_core.events import VaultChanged
from proxy_core.keys import account_secret, hashed, vault_name
from proxy_core.stores.memory import MemoryVault
from tests.end_to_end.client import DIALECTS, bare, body, calling, error, events, head, model, path
from tests.end_to_end.line import account, running
from tests.proxy_core.clocks import FakeClock
from tests.upstreams.server import KEY, FakeVendor

CHAT, RESPONSES, ANTHROPIC, GEMINI = DIALECTS
DEMO = "demo-echo"
CARRIERS = [
    {"authorization": "Bearer {}"},
    {"authorization": "bearer {}"},
    {"authorization": "{}"},
    {"x-api-key": "{}"},
    {"x-goog-api-key": "{}"},
    {"api-key": "{}"},
    {"authorization": "Bearer sk-of-another-vendor", "x-api-key": "{}"},
]


@pytest.mark.parametrize("carrier", CARRIERS, ids=str)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_key_may_come_in_any_carrier(dialect: str, carrier: dict[str, str]) -> None:
    async with running([]) as line, calling(line) as caller:
        data = json.dumps(body(dialect, DEMO)).encode()
        for key, status in ((line.key, 200), (line.key + "x", 401), (line.key.upper(), 401)):
            named = {name: value.format(key) for name, value in carrier.items()}
            found = await caller.send("POST", path(dialect, DEMO), data, named)
            assert found.status == status
            if status == 401:
                error(dialect, found.body)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_key_may_come_in_the_address(dialect: str) -> None:
    async with running([]) as line, calling(line) as caller:
        data = json.dumps(body(dialect, DEMO)).encode()
        where = path(dialect, DEMO)
        assert (await caller.send("POST", f"{where}?key={line.key}", data)).status == 200
        assert (await caller.send("POST", f"{where}?key=wrong", data)).status == 401


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_missing_key_is_told_how_to_send_it(dialect: str) -> None:
    async with running([]) as line, calling(line) as caller:
        found = await caller.send("POST", path(dialect, DEMO), b"{}")
        assert found.status == 401
        assert "trunkline keys" in error(dialect, found.body)["message"]
        assert line.key not in found.body.decode()
        lists = {ANTHROPIC: {"anthropic-version": "1"}, GEMINI: {"x-goog-api-client": "1"}}
        listed = await caller.send("GET", "/v1/models", None, lists.get(dialect, {}))
        assert listed.status == 401
        error(dialect, listed.body)


async def test_named_keys_are_told_apart_in_the_ledger() -> None:
    vault = MemoryVault()
    await vault.put(vault_name("k1"), hashed("tl-first"))
    await vault.put(vault_name("k2"), "tl-second")
    keys = [{"id": "k1", "name": "codex"}, {"id": "k2", "name": "claude"}, {"id": "k3", "name": "lost"}]
    async with running([], vault=vault, client_keys=keys) as line, calling(line) as caller:
        for key in (line.key, "tl-first", "tl-second"):
            assert (await caller.ask(CHAT, DEMO, authorization=f"Bearer {key}")).status == 200
    assert [row.client_key for row in line.usage.rows] == ["default", "codex", "claude"]


async def test_without_the_need_for_a_key_any_key_is_fine_and_a_right_one_is_noted() -> None:
    async with running([], server={"require_key": False}) as line, calling(line) as caller:
        data = json.dumps(body(CHAT, DEMO)).encode()
        for named in ({}, {"authorization": "Bearer nonsense"}, {"authorization": f"Bearer {line.key}"}):
            assert (await caller.send("POST", path(CHAT, DEMO), data, named)).status == 200
    assert [row.client_key for row in line.usage.rows] == [None, None, "default"]


async def test_beyond_loopback_a_key_is_always_needed() -> None:
    server = {"require_key": False, "host": "0.0.0.0"}
    async with running([], server=server) as line, calling(line) as caller:
        data = json.dumps(body(CHAT, DEMO)).encode()
        assert (await caller.send("POST", path(CHAT, DEMO), data)).status == 401
        assert (await caller.ask(CHAT, DEMO)).status == 200
        # a name could be rebound, an address cannot
        assert (await caller.ask(CHAT, DEMO, host="192.168.1.7:8317")).status == 200
        assert (await caller.ask(CHAT, DEMO, host="evil.test")).status == 403


GOOD_HOSTS = [
    "127.0.0.1",
    "localhost",
    "LOCALHOST:1",
    "localhost.",
    "[::1]",
    "[::1]:8317",
    "127.8.9.1:80",
    "My.Box:1",
]
BAD_HOSTS = [
    *("evil.test", "evil.test:8317", "127.0.0.1.evil.test", "localhost.evil.test", "192.168.1.7", "[::2]"),
    *("localhost:x", "[::1", "", "user@localhost"),
]


@pytest.mark.parametrize("host", GOOD_HOSTS)
async def test_the_host_may_be_this_machine_or_an_allowed_name(host: str) -> None:
    server = {"allowed_hosts": ["my.box"]}
    async with running([], server=server) as line, calling(line) as caller:
        assert (await caller.ask(CHAT, DEMO, host=host)).status == 200


@pytest.mark.parametrize("host", BAD_HOSTS)
async def test_a_foreign_host_gets_403_in_its_dialect(host: str) -> None:
    async with running([]) as line, calling(line) as caller:
        for dialect in DIALECTS:
            found = await caller.ask(dialect, DEMO, host=host)
            assert found.status == 403
            assert "allowed_hosts" in error(dialect, found.body)["message"]
        assert (await caller.send("GET", "/health", None, {"host": host})).status == 403


ORIGINS = [
    "http://evil.test",
    "null",
    "https://localhost",
    "http://127.0.0.1:3000",
    "http://[",
    "file://",
    "\xfc",
]


@pytest.mark.parametrize("origin", ORIGINS)
async def test_a_foreign_origin_gets_403_and_no_permission(origin: str) -> None:
    async with running([]) as line, calling(line) as caller:
        for dialect in DIALECTS:
            found = await caller.ask(dialect, DEMO, origin=origin)
            assert found.status == 403
            error(dialect, found.body)
            assert not any(name.lower().startswith("access-control") for name in found.headers)
        named = {"origin": origin, "access-control-request-method": "POST"}
        assert (await caller.send("OPTIONS", path(CHAT, DEMO), None, named)).status == 403


async def test_a_listed_origin_may_call_and_read_errors() -> None:
    page = "http://localhost:3000"
    server = {"allowed_origins": [page + "/"]}
    async with running([], server=server) as line, calling(line) as caller:
        named = {
            "origin": page,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization, x-stainless-os",
            "access-control-request-private-network": "true",
        }
        asked = await caller.send("OPTIONS", path(CHAT, DEMO), None, named)
        assert asked.status == 204
        assert asked.headers["access-control-allow-origin"] == page
        assert asked.headers["access-control-allow-headers"] == "authorization, x-stainless-os"
        assert asked.headers["access-control-allow-private-network"] == "true"
        assert "POST" in asked.headers["access-control-allow-methods"]
        for stream in (False, True):
            found = await caller.ask(CHAT, DEMO, stream, origin=page)
            assert found.status == 200
            assert found.headers["access-control-allow-origin"] == page
            assert found.headers["vary"] == "origin"
        refused = await caller.ask(CHAT, "nothing", origin=page)
        assert (refused.status, refused.headers["access-control-allow-origin"]) == (404, page)
        assert (await caller.ask(CHAT, DEMO, origin="http://localhost:3001")).status == 403


async def test_without_an_origin_there_is_no_cors_and_its_own_pages_are_no_strangers() -> None:
    async with running([]) as line, calling(line) as caller:
        found = await caller.ask(CHAT, DEMO)
        assert "access-control-allow-origin" not in found.headers
        assert (await caller.ask(CHAT, DEMO, origin=line.url)).status == 200
        assert (await caller.send("OPTIONS", path(CHAT, DEMO))).status == 405


async def test_a_key_that_is_not_text_is_only_wrong() -> None:
    async with running([]) as line, bare(line) as raw:
        lines = head(line, "GET", "/v1/models", key=False)[:-2]
        raw.writer.write(lines + b"Authorization: Bearer \xff\xfe\r\n\r\n")
        assert (await raw.answer()).status == 401


class LockableVault(MemoryVault):
    """Locked until told otherwise; counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.is_locked = True
        self.asked = 0

    async def get(self, name: str) -> str | None:
        self.asked += 1
        if self.is_locked:
            raise VaultLockedError("The keyring is locked.")
        return await super().get(name)


async def lockable(**secrets: str) -> LockableVault:
    vault = LockableVault()
    await vault.put(vault_name("default"), "tl-mine")
    for name, secret in secrets.items():
        await vault.put(account_secret(name), secret)
    return vault


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_locked_vault_is_a_503_and_heals_without_a_restart(dialect: str) -> None:
    clock, vault = FakeClock(), await lockable(one=KEY)
    async with (
        FakeVendor(dialect) as vendor,
        running([account("one", vendor, model(dialect))], vault=vault, clock=clock) as line,
        calling(line) as caller,
    ):
        line.key = "tl-mine"
        found = await caller.ask(dialect, model(dialect))
        assert found.status in (503, 529)
        assert error(dialect, found.body)["message"] == "The keyring is locked."
        before = vault.asked
        await caller.ask(dialect, model(dialect))
        assert vault.asked == before  # a person is not asked at every request
        vault.is_locked = False
        await clock.advance(6)
        assert (await caller.ask(dialect, model(dialect))).status == 200
        assert (await caller.ask(dialect, model(dialect), authorization="Bearer wrong")).status == 401
    states = [event.state for event in line.events if isinstance(event, VaultChanged)]
    assert states == ["locked", "ready"]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_vault_that_locks_later_is_a_503_for_accounts(dialect: str) -> None:
    vault = await lockable(one=KEY)
    vault.is_locked = False
    async with (
        FakeVendor(dialect) as vendor,
        running([account("one", vendor, model(dialect))], vault=vault) as line,
        calling(line) as caller,
    ):
        vault.is_locked = True
        found = await caller.ask(dialect, model(dialect))
        assert found.status in (503, 529)
        assert "locked" in error(dialect, found.body)["message"]
        vault.is_locked = False
        assert (await caller.ask(dialect, model(dialect))).status == 200
    assert [row.status for row in line.usage.rows] == [found.status, 200]


async def test_settings_change_who_is_let_in_while_it_runs() -> None:
    async with running([]) as line, calling(line) as caller, caller.open(CHAT, "demo-echo") as under_way:
        first = await under_way.content.readany()
        assert first
        changed = _edited(line.proxy.settings, require_key=False, allowed_hosts=("my.box",))
        await line.proxy.reload(changed)
        data = json.dumps(body(CHAT, DEMO)).encode()
        assert (await caller.send("POST", path(CHAT, DEMO), data, {"host": "my.box"})).status == 200
        rest = await under_way.content.read()
        assert events(first + rest)[-1] == "[DONE]"


def _edited(settings: Any, **server: Any) -> Any:
    changed = msgspec.structs.replace(settings.server, **server)
    return msgspec.structs.replace(settings, server=changed)
