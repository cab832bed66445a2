"""``trunkline doctor``: what works and what does not."""

from __future__ import annotations

import platform
import socket
import sys
from collections.abc import Awaitable, Callable

import click

from app.command import Failed, Options, common
from app.terminal import emit
from app.wiring import Workplace, open_workplace
from proxy_core import ProxyError

Check = Callable[[Workplace], Awaitable[tuple[bool, str]]]


@click.command("doctor")
@common
async def doctor(options: Options) -> None:
    """Check settings, vault, port, ledger and accounts; exits 1 if something is wrong."""
    found: list[tuple[str, bool, str]] = [
        ("system", True, f"{platform.platform()}, Python {sys.version.split()[0]}")
    ]
    try:
        place = await open_workplace(options.paths, {}, vault_kind=options.vault)
        place = await options.workplace()
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
    with socket.socket(socket.AF_INET6 if ":" in server.host else socket.AF_INET) as probe:
        probe.settimeout(0.5)
        taken = probe.connect_ex((server.host, server.port)) == 0
    return True, f"{server.host}:{server.port} " + (
        "answers: Trunkline or another program" if taken else "is free"
    )


async def _ledger(place: Workplace) -> tuple[bool, str]:
    ledger = place.ledger()
    try:
        newest = await ledger.recent(1)
    finally:
        await ledger.close()
    return True, str(place.paths.usage) + ("" if newest else " (empty)")


async def _accounts(place: Workplace) -> tuple[bool, str]:
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
    return not broken, "; ".join(broken) or f"{len(enabled)} in use, all answer"


COMMANDS = (doctor,)
