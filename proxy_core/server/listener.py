"""Binds the port, on IPv4 and IPv6 loopback alike, and unbinds it."""

from __future__ import annotations

import errno
import logging

from aiohttp import web

from proxy_core.clock import Clock, SystemClock
from proxy_core.errors import SettingsError
from proxy_core.network import url_host
from proxy_core.server.connection import Explain, Handle, Server
from proxy_core.server.watch import watch
from proxy_core.tasks import TaskGroup

log = logging.getLogger(__name__)

_SHUTDOWN_S = 2.0
_KEPT_DESCRIPTORS = 64
_MOST_CONNECTIONS = 10_000
_FEWEST_CONNECTIONS = 64
_TWIN_OF = frozenset({"127.0.0.1", "localhost"})
_LONGEST_LINE = 1 << 16


class Listener:
    """The running server."""

    def __init__(self, runner: web.ServerRunner, host: str, port: int, tasks: TaskGroup) -> None:
        self._runner = runner
        self._tasks = tasks
        self.host = host
        self.port = port

    @property
    def url(self) -> str:
        """Where clients reach it, without a path."""
        return f"http://{url_host(self.host)}:{self.port}"

    async def close(self) -> None:
        """Stop listening; open replies get a moment, then they are cut."""
        await self._tasks.close()
        await self._runner.cleanup()


async def listen(
    handle: Handle, explain: Explain, host: str, port: int, clock: Clock | None = None
) -> Listener:
    """Start to listen; port 0 picks one. Raises SettingsError when the address cannot be had."""
    server = Server(
        handle,
        explain,
        most_connections(),
        auto_decompress=False,
        access_log=None,
        max_field_size=_LONGEST_LINE,
        max_line_size=_LONGEST_LINE,
    )
    runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise _explained(error, host, port) from error
    bound = _bound_port(runner, port)
    if host in _TWIN_OF:
        try:
            await web.TCPSite(runner, "::1", bound).start()
        except OSError as error:
            log.debug("no IPv6 loopback on port %s: %s", bound, error)
    tasks = TaskGroup()
    tasks.spawn(watch(server, clock or SystemClock()), "watch over connections")
    return Listener(runner, host, bound, tasks)


def most_connections() -> int:
    """Return how many clients may be connected: each may need a second descriptor for its upstream."""
    try:
        import resource
    except ImportError:  # Windows counts no descriptors
        return _MOST_CONNECTIONS
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return min(_MOST_CONNECTIONS, max(_FEWEST_CONNECTIONS, (most - _KEPT_DESCRIPTORS) // 2))


def _bound_port(runner: web.ServerRunner, port: int) -> int:
    for address in runner.addresses:
        return int(address[1])
    return port


def _explained(error: OSError, host: str, port: int) -> SettingsError:
    if error.errno == errno.EADDRINUSE:
        words = "is in use by another program. Choose another with --port or server.port."
    elif error.errno == errno.EACCES or getattr(error, "winerror", None) == 10013:
        words = "may not be used by this user, or the system keeps it for itself."
    elif error.errno == errno.EADDRNOTAVAIL:
        return SettingsError(f"This machine has no address {host}.", field="server.host")
    else:
        words = f"cannot be used: {error.strerror or error}."
    return SettingsError(f"Port {port} on {host} {words}", field="server.port")
