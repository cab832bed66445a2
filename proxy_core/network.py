"""Facts about addresses, without a socket."""

from __future__ import annotations

from ipaddress import ip_address

_USUAL = frozenset({"127.0.0.1", "localhost", "::1"})
"""What nearly every request names; the rest is worked out."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host in _USUAL:
        return True
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def is_address(host: str) -> bool:
    """Whether ``host`` is a literal IPv4 or IPv6 address."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def split_host(value: str) -> str:
    """Return the name of a Host header without its port, in lower case; empty if it makes no sense."""
    value = value.strip().lower()
    if value.startswith("["):
        name, bracket, rest = value[1:].partition("]")
        return name if bracket and (not rest or _is_port(rest)) else ""
    name, colon, port = value.partition(":")
    return name.rstrip(".") if not colon or _is_port(colon + port) else ""


def _is_port(text: str) -> bool:
    return text.startswith(":") and text.isascii() and text[1:].isdigit()


def url_host(host: str) -> str:
    """Return the host as it stands in a URL: IPv6 in brackets, the any-address as loopback."""
    if host in ("0.0.0.0", ""):
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host
