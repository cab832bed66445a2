"""Upstream calls over aiohttp: one pooled session per outgoing proxy.

No total time limit (a reply may take long) and no per-read timers (under qasync every cancelled timer
lives on until it expires); silence is watched by the relay.
"""

from __future__ import annotations

import asyncio
import codecs
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from functools import lru_cache, partial
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import _EXC_SENTINEL as _NO_CAUSE
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError

from proxy_core.errors import UpstreamError, UpstreamProtocolError, UpstreamTimeout, UpstreamUnavailable
from proxy_core.network import is_loopback
from proxy_core.transport import UpstreamReply, UpstreamRequest

# The first row that fits wins, so the special ones stand first.
_ERRORS: tuple[tuple[type[BaseException], type[UpstreamError], str], ...] = (
    (aiohttp.ConnectionTimeoutError, UpstreamTimeout, "could not be reached in time"),
    (aiohttp.ServerTimeoutError, UpstreamTimeout, "did not answer in time"),
    (TimeoutError, UpstreamTimeout, "did not answer in time"),
    (aiohttp.ClientProxyConnectionError, UpstreamUnavailable, "is behind a proxy that cannot be reached"),
    (aiohttp.ClientHttpProxyError, UpstreamUnavailable, "is behind a proxy that refused the connection"),
    (ProxyTimeoutError, UpstreamTimeout, "is behind a proxy that did not answer in time"),
    (ProxyConnectionError, UpstreamUnavailable, "is behind a proxy that cannot be reached"),
    (ProxyError, UpstreamUnavailable, "is behind a proxy that refused the connection"),
    (aiohttp.ClientConnectorDNSError, UpstreamUnavailable, "has an address that cannot be found"),
    (aiohttp.ClientSSLError, UpstreamUnavailable, "has a certificate that does not verify"),
    (ssl.SSLError, UpstreamUnavailable, "has a certificate that does not verify"),
    (aiohttp.ClientConnectorError, UpstreamUnavailable, "cannot be reached"),
    (aiohttp.NonHttpUrlClientError, UpstreamUnavailable, "has an address that makes no sense"),
    (aiohttp.InvalidURL, UpstreamUnavailable, "has an address that makes no sense"),
    (aiohttp.ClientPayloadError, UpstreamProtocolError, "broke off its reply"),
    (aiohttp.ServerDisconnectedError, UpstreamProtocolError, "closed the connection without an answer"),
    (aiohttp.ClientConnectionError, UpstreamProtocolError, "broke the connection"),
    (aiohttp.ClientError, UpstreamProtocolError, "sent something that is not HTTP"),
    (OSError, UpstreamUnavailable, "cannot be reached"),
)
_CAUGHT: tuple[type[BaseException], ...] = tuple(row[0] for row in _ERRORS)
_WEB = "web"
_LARGE = 1 << 16
_NAMES = codecs.lookup("idna")
"""Loaded here, or the first name that is written for a proxy would load it, and loading reads files."""


def _converted(error: BaseException, host: str) -> UpstreamError:
    for kind, ours, words in _ERRORS:
        if isinstance(error, kind):
            return ours(f"The provider at {host} {words}.")
    raise error


class _Wire(ResponseHandler):
    """A connection whose error also reaches whoever reads the body.

    aiohttp 3.14.5 forgets that reader where a chunk is malformed: it waits for ever (measured 2026-11-21).
    """

    def set_exception(self, exc: BaseException, exc_cause: BaseException = _NO_CAUSE) -> None:
        """Tell of a broken reply."""
        super().set_exception(exc, exc_cause)
        body = self._payload
        if body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(aiohttp.ClientPayloadError("The reply cannot be parsed."), exc)
            # a reader that is just being woken looks for an end, not for an error
            body.feed_eof()


class AiohttpReply:
    """A vendor's answer on a pooled connection."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._host = response.url.host or "?"
        self.status: int = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises UpstreamError when it breaks."""
        content = self._response.content
        try:
            async for chunk in content.iter_any():
                yield chunk
            if (broken := content.exception()) is not None:
                raise broken
        except _CAUGHT as error:
            raise _converted(error, self._host) from error

    async def read(self, limit: int) -> bytes:
        """At most ``limit`` bytes of the body."""
        body = bytearray()
        async for chunk in self.chunks():
            body += chunk
            if len(body) >= limit:
                break
        return bytes(body[:limit])

    async def close(self) -> None:
        """Keep the connection if the body was read to its end, else drop it."""
        content = self._response.content
        if content.at_eof() and content.exception() is None:
            self._response.release()
        else:
            self._response.close()


class AiohttpTransport:
    """Sends over HTTP/1.1 with pooled connections; sessions are made on first use, on the running loop."""

    def __init__(self, connect_timeout_s: Callable[[], float]) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def send(self, request: UpstreamRequest) -> UpstreamReply:
        """Send; returns when status and headers are there. Raises UpstreamError."""
        headers = dict(request.headers)
        headers["Accept-Encoding"] = "identity" if request.stream else "gzip, deflate"
        if len(request.body) > _LARGE:
            headers["Content-Length"] = str(len(request.body))
        limit = _limit(self._connect_timeout_s())
        host = _host_of(request.url)
        try:
            proxy = _way_out(request)
            is_socks = proxy is not None and proxy.startswith("socks")
            session = self._session(proxy if proxy is not None and is_socks else _WEB)
            response = await session.request(
                request.method,
                request.url,
                data=_pieces(request.body) if len(request.body) > _LARGE else request.body or None,
                headers=headers,
                timeout=limit,
                allow_redirects=False,
                proxy=None if is_socks else proxy,
            )
        except _CAUGHT as error:
            raise _converted(error, host) from error
        except ValueError:
            # its words may hold the header that does not fit, and with it the key
            raise UpstreamUnavailable(
                f"The request to {host} cannot be written: its address or a header makes no sense."
            ) from None
        return AiohttpReply(response)

    def _session(self, key: str) -> aiohttp.ClientSession:
        session = self._sessions.get(key)
        if session is None:
            session = self._sessions[key] = _opened(key)
        return session

    async def close(self) -> None:
        """Close every session."""
        sessions = list(self._sessions.values())
        self._sessions.clear()
        for session in sessions:
            await session.close()


@lru_cache(4)
def _limit(seconds: float) -> aiohttp.ClientTimeout:
    # connect also covers names that nobody resolves
    return aiohttp.ClientTimeout(total=None, connect=seconds, sock_connect=seconds)


def _opened(key: str) -> aiohttp.ClientSession:
    connector: aiohttp.BaseConnector
    if key == _WEB:
        connector = aiohttp.TCPConnector(limit=0, limit_per_host=0, ttl_dns_cache=60)
    else:
        # the library knows socks5 with or without remote names, not the h spelling
        remote = key.startswith("socks5h:")
        connector = ProxyConnector.from_url(key.replace("socks5h:", "socks5:", 1), rdns=remote, limit=0)
    connector._factory = partial(_Wire, loop=asyncio.get_running_loop())  # type: ignore[assignment]
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        # it would also read ~/.netrc and send what is in there
        trust_env=False,
        read_bufsize=2**16,
        max_line_size=2**16,
        max_field_size=2**16,
    )


async def _pieces(body: bytes) -> AsyncIterator[memoryview]:
    """Yield a large body in pieces, each when the one before has left: no buffer needs a copy of it."""
    whole = memoryview(body)
    for start in range(0, len(body), _LARGE):
        yield whole[start : start + _LARGE]


def _way_out(request: UpstreamRequest) -> str | None:
    """Return the proxy to use, None for none: the request's own, else the environment's."""
    if request.proxy is not None:
        return None if request.proxy == "direct" else request.proxy
    parts = urlsplit(request.url)
    if parts.hostname is None or is_loopback(parts.hostname):
        return None
    known = getproxies_environment()
    found = known.get(parts.scheme) or known.get("all")
    if not found or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return found if "://" in found else f"http://{found}"


def _host_of(url: str) -> str:
    rest = url.partition("://")[2] or url
    return rest.partition("/")[0].rpartition("@")[2] or url[:40]
