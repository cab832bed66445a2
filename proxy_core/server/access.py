"""Who may call: Host and Origin (rebinding, drive-by web pages), then the local key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from proxy_core.errors import AccessError
from proxy_core.network import is_address, is_loopback, split_host
from proxy_core.settings import ServerSettings

CARRIERS = ("authorization", "x-api-key", "x-goog-api-key", "api-key")
"""Headers that may carry the local key (lower case), in the order in which they are looked at."""

_HOW = (
    "Send Trunkline's local key as 'Authorization: Bearer KEY', 'x-api-key', 'x-goog-api-key' or '?key='. "
    "Copy it from the tray menu, or run: trunkline keys show"
)


def check_host(header: str | None, settings: ServerSettings, bound_host: str) -> None:
    """Raise AccessError unless the Host header names this machine or an allowed name."""
    name = split_host(header or "")
    if is_loopback(name) or name == bound_host.lower() or name in settings.allowed_hosts:
        return
    if is_address(name) and not is_loopback(bound_host):
        # bound to the network on purpose: an address cannot be rebound, only a name can
        return
    raise AccessError(
        f"The Host {name!r} is not allowed. If it is yours, add it to server.allowed_hosts in the settings.",
        forbidden=True,
    )


def allowed_origin(headers: Mapping[str, str], settings: ServerSettings) -> str | None:
    """Return the Origin if there is one and it may call. Raises AccessError if it may not."""
    origin = headers.get("origin")
    if origin is None:
        return None
    if origin in settings.allowed_origins or "*" in settings.allowed_origins:
        return origin
    parts = urlsplit(origin)
    if parts.scheme in ("http", "https") and parts.netloc and parts.netloc == headers.get("host"):
        return origin
    raise AccessError(
        f"Web pages of {origin[:200]!r} may not call Trunkline. "
        "If one should, add it to server.allowed_origins in the settings.",
        forbidden=True,
    )


def presented_key(headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """Return the key that the caller sent in any of the usual places."""
    for name in CARRIERS:
        value = headers.get(name, "").strip()
        if name == "authorization" and value.lower().startswith("bearer "):
            value = value[7:].strip()
        if value:
            return value
    return query.get("key") or None


def check_key(
    headers: Mapping[str, str],
    query: Mapping[str, str],
    identify: Callable[[str], str | None],
    *,
    required: bool,
) -> str | None:
    """Return the name of the caller's key. Raises AccessError when it is missing or wrong."""
    key = presented_key(headers, query)
    name = None if key is None else identify(key)
    if name is None and required:
        raise AccessError(f"No local key was sent. {_HOW}" if key is None else f"Wrong local key. {_HOW}")
    return name
