"""Settings → accounts: the configured ones, the local servers to look for, and the demo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from proxy_core.accounts.account import Account, from_settings, unconfigured
from proxy_core.errors import SettingsError
from proxy_core.ir.request import ReasoningControl
from proxy_core.provider import Provider
from proxy_core.routing.resolve import AliasRule
from proxy_core.settings import AccountSettings, AliasSettings, Settings

CREDENTIAL_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie"}
)


@dataclass(frozen=True, slots=True)
class Roster:
    """Who may serve."""

    configured: tuple[Account, ...]
    local: tuple[Account, ...]
    demo: tuple[Account, ...]
    aliases: Mapping[str, AliasRule]


def roster(settings: Settings, providers: Mapping[str, Provider]) -> Roster:
    """Return who may serve. Raises SettingsError when an account names what does not exist."""
    for number, entry in enumerate(settings.accounts):
        _check(number, entry, providers)
    configured = tuple(
        from_settings(entry, providers[entry.provider], settings.network)
        for entry in settings.accounts
        if entry.enabled
    )
    free = [one for one in providers.values() if one.name not in {account.id for account in configured}]
    network = settings.network
    local = tuple(
        unconfigured(provider, _address(provider), network)
        for provider in free
        if settings.routing.local_servers and provider.discover_url
    )
    shows_demo = settings.routing.demo == "on" or (settings.routing.demo == "auto" and not configured)
    demo = tuple(
        unconfigured(provider, None, network)
        for provider in free
        if shows_demo and provider.key_use == "none" and provider.discover_url is None
    )
    return Roster(configured, local, demo, {name: _alias(rule) for name, rule in settings.aliases.items()})


def _address(provider: Provider) -> str | None:
    # the place to look at is often the model list below the address itself
    base = provider.base_url
    if base and f"{provider.discover_url}/".startswith(f"{base.rstrip('/')}/"):
        return base
    return provider.discover_url


def _check(number: int, entry: AccountSettings, providers: Mapping[str, Provider]) -> None:
    provider = providers.get(entry.provider)
    if provider is None:
        known = ", ".join(sorted(providers))
        raise SettingsError(
            f"There is no provider {entry.provider!r}. Known are {known}.",
            field=f"accounts.{number}.provider",
        )
    if entry.dialect and provider.speech(entry.dialect) is None:
        spoken = ", ".join(speech.dialect for speech in provider.speaks)
        raise SettingsError(
            f"{provider.title} does not speak {entry.dialect!r}. It speaks {spoken}.",
            field=f"accounts.{number}.dialect",
        )
    secret = next((name for name in entry.headers if name.lower() in CREDENTIAL_HEADERS), None)
    if secret is not None:
        raise SettingsError(
            f"The header {secret!r} holds a secret, and the settings are plain text. "
            "Give the key with --key-stdin.",
            field=f"accounts.{number}.headers",
        )
    if provider.base_url is None and not entry.base_url and provider.key_use != "none":
        raise SettingsError(
            f"An account of {provider.title} needs its address: base_url.",
            field=f"accounts.{number}.base_url",
        )


def _alias(rule: AliasSettings) -> AliasRule:
    if not rule.reasoning:
        return AliasRule(rule.model)
    if rule.reasoning == "auto":
        return AliasRule(rule.model, ReasoningControl("auto"))
    if rule.reasoning == "none":
        return AliasRule(rule.model, ReasoningControl("off"))
    return AliasRule(rule.model, ReasoningControl("level", rule.reasoning))
