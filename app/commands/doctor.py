"""``trunkline doctor``: what works and what does not."""

from __future__ import annotations

import asyncio
import platform
import sys
from collections.abc import Awaitable, Callable

import click

from app.command import Failed, Options, common
from app.terminal import emit
from app.wiring import Workplace
from proxy_core import ProxyError
from proxy_core.network import url_host

_PATIENCE_S = 3.0
_ENOUGH = 65536

Check = Callable[[Workplace], Awaitable[tuple[bool, str]]]


@click.command("doctor")
@common
async def doctor(options: Options) -> None:
    """Check settings, vault, port, ledger and accounts; exits 1 if something is wrong."""
    system = await asyncio.to_thread(platform.platform)
    found: list[tuple[str, bool, str]] = [("system", True, f"{system}, Python {sys.version.split()[0]}")]
    try:
        place = await options.workplace(probe=True)
    except ProxyError as error:
        found.append(("settings", False, error.message))
    else:
        for name, check in (
            ("settings", _settings),
            ("vault", _vault),
            ("port", _port),
            ("ledger", _ledger),
            ("accounts", _accounts),
        ):
            try:
                ok, words = await check(place)
            except ProxyError as error:
                ok, words = False, error.message
            found.append((name, ok, words))
    value = [{"check": name, "ok": ok, "message": words} for name, ok, words in found]
    text = "\n".join(f"{'ok  ' if ok else 'FAIL'}  {name}: {words}" for name, ok, words in found)
    emit(options.as_json, value, text)
    if not all(ok for _, ok, _ in found):
        raise Failed


async def _settings(place: Workplace) -> tuple[bool, str]:
    return True, str(place.paths.settings)


async def _vault(place: Workplace) -> tuple[bool, str]:
    status = place.vault_status
    return (
        status.state == "ready",
        f"{status.state}, protected by {status.protected_by}. {status.message}".strip(),
    )


async def _port(place: Workplace) -> tuple[bool, str]:
    server = place.settings.server
    where = f"{server.host}:{server.port}"
    if server.port == 0:
        return True, "a free one is picked at every start"
    answer = await _ask(url_host(server.host).strip("[]"), server.port)
    if answer is None:
        return True, f"{where} is free"
    if "trunkline" in answer.lower():
        return True, f"Trunkline is running at {where}"
    return False, f"{where} is taken by another program. Choose another with server.port."


async def _ask(host: str, port: int) -> str | None:
    """Return what a web server says on its first page, None if nobody listens."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return (await reader.read(_ENOUGH)).decode("utf-8", "replace")
            finally:
                writer.close()
    except ConnectionError:
        return None
    except (OSError, TimeoutError):
        return ""


async def _ledger(place: Workplace) -> tuple[bool, str]:
    ledger = place.ledger()
    try:
        newest = await ledger.recent(1)
    finally:
        await ledger.close()
    return True, str(place.paths.usage) + ("" if newest else " (empty)")


async def _accounts(place: Workplace) -> tuple[bool, str]:
    if any(account.enabled and account.has_key for account in place.settings.accounts):
        place.need_vault()
    proxy = place.proxy(lambda event: None)
    try:
        broken = []
        enabled = [account for account in place.settings.accounts if account.enabled]
        for account in enabled:
            report = await proxy.test_account(account.id)
            if not report.ok:
                broken.append(f"{account.name}: {report.message}")
    finally:
        await proxy.close()
    words = f"{len(enabled)} in use, all answer" if enabled else "none yet; see trunkline accounts add --help"
    return not broken, "; ".join(broken) or words


COMMANDS = (doctor,)
