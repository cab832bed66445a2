"""Who may call: Host and Origin (rebinding, drive-by web pages), then the local key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from urllib.parse import urlsplit

from proxy_core.errors import AccessError, CredentialError
from proxy_core.network import is_address, is_loopback, split_host
from proxy_core.settings import ServerSettings

CARRIERS = ("authorization", "x-api-key", "x-goog-api-key", "api-key")
"""Headers that may carry the local key (lower case), in the order in which they are looked at."""

Identify = Callable[[str], Awaitable[str | None]]
"""Names the owner of a key, None for a key that is not ours. Raises CredentialError without a vault."""

_HOW = (
    "Send Trunkline's local key as 'Authorization: Bearer KEY', 'x-api-key', 'x-goog-api-key' or '?key='. "
    "Copy it from the tray menu, or run: trunkline keys show"
)


def check_host(header: str | None, settings: ServerSettings, bound_host: str) -> None:
    """Raise AccessError unless the Host header names this machine or an allowed name."""
    name = split_host(header or "")
    if is_loopback(name) or name == split_host(bound_host):
        return
    if name and any(name == split_host(allowed) for allowed in settings.allowed_hosts):
        return
    if is_address(name) and not is_loopback(bound_host):
        # bound to the network on purpose: an address cannot be rebound, only a name can
        return
    raise AccessError(
        f"The Host {name[:200]!r} is not allowed. "
        "If it is yours, add it to server.allowed_hosts in the settings.",
        forbidden=True,
    )


def allowed_origin(headers: Mapping[str, str], settings: ServerSettings) -> str | None:
    """Return the Origin if there is one and it may call. Raises AccessError if it may not."""
    origin = headers.get("origin")
    if origin is None:
        return None
    listed = {allowed.rstrip("/") for allowed in settings.allowed_origins}
    if origin.isascii() and origin.isprintable() and (origin in listed or "*" in listed):
        return origin
    if _is_own(origin, headers.get("host", "")):
        return origin
    raise AccessError(
        f"Web pages of {origin[:200]!r} may not call Trunkline. "
        "If one should, add it to server.allowed_origins in the settings.",
        forbidden=True,
    )


def _is_own(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and parts.netloc == host


def presented_keys(headers: Mapping[str, str], query: Mapping[str, str]) -> Iterator[str]:
    """Yield the keys that the caller sent in any of the usual places.

    There may be several: a tool that is set up twice sends its vendor's key beside ours.
    """
    for name in CARRIERS:
        value = headers.get(name, "").strip()
        if name == "authorization" and value[:7].lower() == "bearer ":
            value = value[7:].strip()
        if value:
            yield value
    if key := query.get("key"):
        yield key


async def check_key(
    headers: Mapping[str, str], query: Mapping[str, str], identify: Identify, *, required: bool
) -> str | None:
    """Return the name of the caller's key.

    Raises AccessError when it is missing or wrong, CredentialError when the vault cannot say which.
    """
    sent = False
    for key in presented_keys(headers, query):
        sent = True
        try:
            # our keys are ASCII; other text cannot be hashed if it came as broken UTF-8
            name = await identify(key) if key.isascii() else None
        except CredentialError:
            if required:
                raise
            name = None
        if name is not None:
            return name
    if required:
        raise AccessError(f"Wrong local key. {_HOW}" if sent else f"No local key was sent. {_HOW}")
    return None
