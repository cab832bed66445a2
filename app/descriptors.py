"""How many connections the system lets this process have."""

from __future__ import annotations

_WANTED = 16_384


def raise_limit() -> None:
    """Ask for as many descriptors as may be had: by default they are few (256 on macOS, 1,024 on Linux)."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            return  # macOS allows less than it says; the server counts what there is
