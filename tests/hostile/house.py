"""A line in a process of its own over a home of its own, with a canary for every secret, and fake vendors."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from proxy_core.keys import account_secret
from proxy_core.stores.file_vault import FileVault
from tests.end_to_end.line import PROVIDER_OF
from tests.end_to_end.program import PASSPHRASE, Home, Served
from tests.hostile.bodies import CANARY
from tests.hostile.shots import Aim
from tests.hostile.vendors import HostileVendor
from tests.upstreams.server import FakeVendor, Recorded
from tests.upstreams.vendor import Vendor


class Sturdy(FakeVendor):
    """A strict vendor that refuses what its rules do not foresee, instead of failing over it.

    Numbers beyond a float are refused too: it would repeat them in its answer as what is no JSON.
    """

    def _is_json(self, seen: Recorded, vendor: Vendor) -> None:
        super()._is_json(seen, vendor)
        json.dumps(seen.body, allow_nan=False)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            return await super()._handle(request)
        except (TypeError, ValueError, AttributeError, KeyError, IndexError, RecursionError):
            answer = self._vendors[0].trouble("invalid", "This is beyond what the vendor foresees.", 400)
            return web.Response(status=400, body=b"".join(answer.frames), content_type="application/json")


UPSTREAM = "sk-canary-upstream-3Rk8wQzT5uVn1"
DEMO = "demo-echo"

Account = tuple[str, str, str]
"""Dialect, address and model."""


@dataclass
class House:
    """A running line and what to know of it."""

    home: Home
    served: Served
    key: str
    models: tuple[str, ...]

    @property
    def aim(self) -> Aim:
        """Where to fire."""
        return Aim(int(self.served.line["port"]), self.key, self.models)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no answer may hold."""
        return (self.key, UPSTREAM, PASSPHRASE)

    def leaks(self) -> list[str]:
        """Every place among log and files that holds a secret or a body, and every traceback in the log."""
        log = "".join(self.served.log)
        places = {"the log on standard error": log.encode()}
        for folder in (self.home.folder, self.home.own):
            places |= {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        wanted = [*self.secrets, CANARY]
        found = [
            f"{name} holds {one!r}" for name, data in places.items() for one in wanted if one.encode() in data
        ]
        loud = re.findall(r"^.*(?:Traceback|ERROR|never awaited|Unclosed).*$", log, re.MULTILINE)
        return found + [f"the log says {line}" for line in loud]


def settings(accounts: Sequence[Account], **sections: dict[str, object]) -> str:
    """Return a settings file with accounts (dialect, address, model), everything else as small as it goes."""
    tables: dict[str, dict[str, object]] = {
        "server": {"allowed_origins": ["*"]},
        "routing": {"local_servers": False, "demo": "on"},
        "log": {"level": "debug"},
    }
    for name, section in sections.items():
        tables[name] = {**tables.get(name, {}), **section}
    lines = ["version = 1"]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    for number, (dialect, address, model) in enumerate(accounts):
        lines += ["[[accounts]]", f'id = "{_id(number)}"', f'provider = "{PROVIDER_OF[dialect]}"']
        lines += [
            f'base_url = "{address}"',
            f'dialect = "{dialect}"',
            f'models = [{{ upstream = "{model}" }}]',
        ]
    return "\n".join(lines) + "\n"


def _id(number: int) -> str:
    return f"account-{number}"


@contextmanager
def house(folder: Path, accounts: Sequence[Account], **sections: dict[str, object]) -> Iterator[House]:
    """Serve these accounts, all with the canary as their key."""
    home = Home(folder)
    home.folder.mkdir()
    (home.folder / "settings.toml").write_text(settings(accounts, **sections))
    vault = FileVault(home.folder / "vault", PASSPHRASE)

    async def fill() -> None:
        for number in range(len(accounts)):
            await vault.put(account_secret(_id(number)), UPSTREAM)

    asyncio.run(fill())
    with home.serve() as served:
        key = home.run("keys", "show").strip()
        yield House(home, served, key, (DEMO, *(model for _, _, model in accounts)))


@asynccontextmanager
async def entered(
    folder: Path, accounts: Sequence[Account], **sections: dict[str, object]
) -> AsyncIterator[House]:
    """Serve these accounts; for coroutines."""
    place = house(folder, accounts, **sections)
    found = await asyncio.to_thread(place.__enter__)
    try:
        yield found
    finally:
        await asyncio.to_thread(place.__exit__, None, None, None)


@asynccontextmanager
async def furnished(folder: Path, **sections: dict[str, object]) -> AsyncIterator[House]:
    """Serve a strict fake vendor of every dialect."""
    async with AsyncExitStack() as stack:
        accounts = []
        for dialect in PROVIDER_OF:
            vendor = await stack.enter_async_context(Sturdy(dialect, key=UPSTREAM))
            accounts.append((dialect, vendor.base_url, f"model-of-{dialect}"))
        yield await stack.enter_async_context(entered(folder, accounts, **sections))


@asynccontextmanager
async def besieged(folder: Path, seed: int, **sections: dict[str, object]) -> AsyncIterator[House]:
    """Serve a hostile vendor of every dialect; each script has a model and an account of its own."""
    async with AsyncExitStack() as stack:
        accounts = []
        for dialect in PROVIDER_OF:
            vendor = await stack.enter_async_context(HostileVendor(dialect, seed))
            accounts += [(dialect, vendor.base_url, model) for model in vendor.models()]
        yield await stack.enter_async_context(entered(folder, accounts, **sections))
