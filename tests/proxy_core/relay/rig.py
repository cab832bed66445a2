"""A relay without a server: real dialects, a vendor made of replies, a client that collects bytes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from proxy_core import registry
from proxy_core.accounts.account import Account
from proxy_core.accounts.catalogue import Catalogue
from proxy_core.accounts.credentials import Credentials
from proxy_core.accounts.pool import AccountPool
from proxy_core.dialect import Call, Dialect, Mode
from proxy_core.errors import UpstreamError
from proxy_core.profile import ModelProfile
from proxy_core.provider import Provider, Speech
from proxy_core.provider_key import KeyProvider
from proxy_core.relay.attempt import Attempt
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.prepare import represented
from proxy_core.relay.pulse import Pulse
from proxy_core.relay.relay import Relay
from proxy_core.routing.plan import Plan
from proxy_core.routing.resolve import Resolution, Target
from proxy_core.settings import ModelSettings, Settings, parse
from proxy_core.stores.memory import MemoryVault
from proxy_core.tasks import TaskGroup
from proxy_core.transports.replay import Recorded, ReplayTransport
from tests.proxy_core.clocks import FakeClock
from tests.samples import load

CHAT, RESPONSES, ANTHROPIC, GEMINI = (
    "openai_chat",
    "openai_responses",
    "anthropic_messages",
    "gemini_generate",
)
STREAM = MappingProxyType({"content-type": "text/event-stream"})
WHOLE = MappingProxyType({"content-type": "application/json"})


def dialects() -> Mapping[str, Dialect]:
    """The shelf."""
    return registry.discover("proxy_core.dialects", "DIALECTS", Dialect)


def provider(*speaks: str, operations: Iterable[str] = ("chat",)) -> Provider:
    """A vendor that speaks these dialects."""
    paths = {operation: f"/v1/{operation}" for operation in operations}
    speeches = tuple(Speech(one, MappingProxyType(paths), key_headers=("authorization",)) for one in speaks)
    return KeyProvider(name="vendor", title="Vendor", speaks=speeches, base_url="https://vendor.test")


@dataclass
class Client:
    """A sink that remembers."""

    written: list[bytes] = field(default_factory=list)
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_finished: bool = False
    is_aborted: bool = False
    leaves_after: int | None = None

    @property
    def is_committed(self) -> bool:
        return self.status is not None

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        self.status, self.headers = status, dict(headers)

    async def write(self, data: bytes) -> None:
        if self.leaves_after is not None and len(self.written) >= self.leaves_after:
            raise ConnectionResetError
        assert self.is_committed
        self.written.append(data)

    async def finish(self) -> None:
        self.is_finished = True

    def abort(self) -> None:
        self.is_aborted = True

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        if self.is_committed:
            self.body, self.is_finished = self.all + body, True
            return
        self.status, self.headers, self.body = status, dict(headers), body

    @property
    def all(self) -> bytes:
        return b"".join(self.written)


def exchange(dialect: str, name: str = "m", stream: bool = False, **more: Any) -> Exchange:
    """A request to say hello."""
    found = dialects()[dialect]
    value: dict[str, Any] = {"model": name, "messages": [{"role": "user", "content": "Hello."}]}
    if dialect == ANTHROPIC:
        value["max_tokens"] = 50
    if dialect == RESPONSES:
        value["input"] = value.pop("messages")
    if stream:
        value["stream"] = True
    path_model = None
    if dialect == GEMINI:
        value, path_model = {"contents": [{"role": "user", "parts": [{"text": "Hello."}]}]}, name
    endpoint = next(
        one for one in found.endpoints if one.operation == "chat" and one.streams in (None, stream)
    )
    call = Call(endpoint, path_model, {"alt": "sse"} if stream else {}, more.pop("headers", {}))
    body = more.pop("body", json.dumps(value).encode())
    return Exchange("ex-1", call, found, more.pop("body_dialect", found), body, None, 0.0, 0.0)


TARGET = Target("vendor", "one", "m", ModelProfile("m"))


def attempt(
    client: str,
    upstream: str,
    sink: Client,
    pulse: Pulse,
    mode: Mode = "stream",
    vendor: Provider | None = None,
) -> Attempt:
    """An attempt that is ready to bring a reply."""
    asked = exchange(client, stream=mode != "whole")
    asked.peek = asked.dialect.peek(asked.body, asked.call)
    vendor = vendor or provider(upstream)
    account = Account("one", vendor, "One")
    plan = Plan(vendor.speaks[0], client == upstream)
    found = Attempt(asked, sink, pulse, TARGET, account, plan, mode, dialects()[upstream], 1_800_000_000)
    return found if plan.is_passthrough else represented(found, Resolution((TARGET,), "m"))


def pulse(clock: FakeClock | None = None) -> Pulse:
    """A pulse that never beats."""
    return Pulse(clock or FakeClock(), 0, None, 1000)


def sample(dialect: str, stream: bool) -> bytes:
    """A vendor's reply."""
    found = load.sample(dialect, "01-plain-text")
    data = found.stream if stream else found.response
    assert data is not None
    return data


def recorded(dialect: str, stream: bool = True, **more: Any) -> Recorded:
    """A vendor's reply, to be replayed."""
    return Recorded(headers=STREAM if stream else WHOLE, body=[sample(dialect, stream)], **more)


@dataclass
class Rig:
    """A relay, and what it is made of."""

    relay: Relay
    transport: ReplayTransport
    pool: AccountPool
    clock: FakeClock
    rested: list[tuple[str, float | None]]


def rig(
    *replies: Recorded | UpstreamError,
    accounts: Iterable[tuple[str, Provider]] | None = None,
    **sections: Any,
) -> Rig:
    """Accounts that all serve m; each call of the transport takes the next reply."""
    clock, transport, rested = FakeClock(), ReplayTransport(replies), list[tuple[str, float | None]]()

    async def no_list(account: Account) -> None:
        return None

    catalogue = Catalogue(no_list, clock, TaskGroup())
    named = list(accounts if accounts is not None else [("one", provider(CHAT))])
    catalogue.use(
        [Account(name, vendor, name, models=(ModelSettings(upstream="m"),)) for name, vendor in named], [], []
    )
    vault = MemoryVault()
    pool = AccountPool(clock)
    settings: Settings = parse(sections, {})
    relay = Relay(
        dialects=dialects(),
        provider_names=frozenset({"vendor"}),
        catalogue=catalogue,
        pool=pool,
        credentials=_Keys(vault),
        transport=transport,
        clock=clock,
        settings=lambda: settings,
        aliases=dict,
        rested=lambda account, seconds: rested.append((account, seconds)),
    )
    return Rig(relay, transport, pool, clock, rested)


class _Keys(Credentials):
    """Every account has the same key."""

    async def key(self, account: Account) -> str | None:
        return "sk-vendor"
