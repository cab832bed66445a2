"""The HTTP surface: one handler for everything, since paths are matched by meaning, not by spelling."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from proxy_core import jsonbytes
from proxy_core.accounts.catalogue import Catalogue
from proxy_core.clock import Clock
from proxy_core.dialect import Call, Dialect, ModelCard
from proxy_core.errors import ClientError, DecodeError, Failure, ProxyError, RouteError
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.relay import SETTLE_S, Relay
from proxy_core.routing.nearest import nearest
from proxy_core.routing.resolve import AliasRule
from proxy_core.server.access import CARRIERS, Identify, allowed_origin, check_host, check_key
from proxy_core.server.body import read_body
from proxy_core.server.cards import alias_cards
from proxy_core.server.paths import Match, Paths, is_health, is_root
from proxy_core.server.reply import HttpSink
from proxy_core.settings import Settings

log = logging.getLogger(__name__)

JSON = "application/json; charset=utf-8"
# names the product only: what it is built with is nobody's business
_SERVER = (("server", "Trunkline"),)
_SECRET_HEADERS = frozenset({*CARRIERS, "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class Surface:
    """What the handler needs of the proxy around it."""

    dialects: Mapping[str, Dialect]
    relay: Relay
    catalogue: Catalogue
    clock: Clock
    settings: Callable[[], Settings]
    identify: Identify
    bound_host: Callable[[], str]
    banner: Callable[[], Mapping[str, object]]
    titles: Mapping[str, str]
    aliases: Callable[[], Mapping[str, AliasRule]]
    started: Callable[[Exchange], None]
    finished: Callable[[Exchange], None]


class Handler:
    """Answers every request."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface
        self._paths = Paths(surface.dialects.values())

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; every failure is told in the dialect that the caller speaks."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        path = request.rel_url.raw_path
        extra = dict(_SERVER)
        try:
            settings = self._surface.settings().server
            check_host(headers.get("host"), settings, self._surface.bound_host())
            origin = allowed_origin(headers, settings)
            if origin is not None:
                extra["access-control-allow-origin"] = origin
                extra["access-control-expose-headers"] = "*"
                extra["vary"] = "origin"
            return await self._answer(request, path, headers, extra)
        except ProxyError as error:
            return self._error(error.failure(), path, headers, extra, request.method)
        except Exception:
            log.exception("a request failed inside Trunkline")
            failure = Failure("server", 500, "Trunkline itself failed; its log says where.")
            return self._error(failure, path, headers, extra)

    def explain(self, status: int, message: str, path: str) -> web.Response:
        """Return an error for a request that could not be parsed, beyond perhaps its path."""
        failure = Failure("invalid_request" if status < 500 else "server", status, message)
        return self._error(failure, path, {}, dict(_SERVER))

    async def _answer(
        self, request: web.BaseRequest, path: str, headers: Mapping[str, str], extra: Mapping[str, str]
    ) -> web.StreamResponse:
        method = "GET" if request.method == "HEAD" else request.method
        if method == "OPTIONS":
            return self._preflight(path, headers, extra)
        if method == "GET" and is_health(path):
            return self._json({"status": "ok"}, extra)
        if method == "GET" and is_root(path):
            return self._json(self._surface.banner(), extra)
        if "websocket" in headers.get("upgrade", "").lower():
            return self._upgrade_refused(path, headers, extra)
        match = self._paths.find(method, path, headers)
        if match is None:
            raise self._unknown(request.method, path)
        required = self._surface.settings().server.require_key
        key = await check_key(headers, request.query, self._surface.identify, required=required)
        if match.endpoint.operation == "list_models":
            return self._bytes(match.dialect.encode_models(await self._cards()), extra)
        if match.endpoint.operation == "get_model":
            return await self._get_model(match, extra)
        return await self._exchange(request, match, headers, extra, key)

    async def _exchange(
        self,
        request: web.BaseRequest,
        match: Match,
        headers: Mapping[str, str],
        extra: Mapping[str, str],
        key: str | None,
    ) -> web.StreamResponse:
        clock = self._surface.clock
        started_at, started = clock.now(), clock.monotonic()
        body = await read_body(request, self._surface.settings().server.body_limit_mib << 20)
        call = Call(
            match.endpoint,
            match.path_model,
            {name: value for name, value in request.query.items() if name != "key"},
            {name: value for name, value in headers.items() if name not in _SECRET_HEADERS},
        )
        body_dialect, call, members = self._recognised(match.dialect, call, body)
        exchange = Exchange(
            id="ex-" + secrets.token_hex(8),
            call=call,
            dialect=match.dialect,
            body_dialect=body_dialect,
            body=body,
            client_key=key,
            started_at=started_at,
            started_monotonic=started,
            members=members,
        )

        def first_byte() -> None:
            if exchange.first_byte_s is None:
                exchange.first_byte_s = clock.monotonic() - started

        sink = HttpSink(request, extra, first_byte)
        self._surface.started(exchange)
        try:
            await self._surface.relay.run(exchange, sink)
        except ConnectionError:
            # the client closed while we wrote; the same as being cancelled
            raise asyncio.CancelledError from None
        except Exception:
            log.exception("exchange %s failed inside Trunkline", exchange.id)
            exchange.failure = Failure("server", 500, "Trunkline itself failed; its log says where.")
            exchange.status = 500
            if sink.is_committed:
                sink.abort()
            else:
                error = exchange.dialect.encode_error(exchange.failure)
                await sink.respond(error.status, {"content-type": JSON, **error.headers}, error.body)
        finally:
            self._surface.finished(exchange)
        sink.close()
        return sink.response

    def _recognised(
        self, dialect: Dialect, call: Call, body: bytes
    ) -> tuple[Dialect, Call, jsonbytes.Members | None]:
        """Return the dialect of the body, the call as that would have it, and the body's members if read."""
        if call.endpoint.operation != "chat" or call.path_model is not None:
            return dialect, call, None
        try:
            members = jsonbytes.members(body)
        except DecodeError:
            # the exchange will find the same, and be recorded
            return dialect, call, None
        names = frozenset(members)
        if dialect.claims(names):
            return dialect, call, members
        other = next((one for one in self._surface.dialects.values() if one.claims(names)), None)
        if other is None or other is dialect:
            return dialect, call, members
        return *self._as_of(other, call, members, dialect), members

    @staticmethod
    def _as_of(
        other: Dialect, call: Call, members: jsonbytes.Members, dialect: Dialect
    ) -> tuple[Dialect, Call]:
        """Return the other dialect and the call as it would have it; what came where there is none."""
        said = jsonbytes.peek(members, ("model", "stream"))
        if not isinstance(said.get("model"), str):
            return dialect, call
        streams = said.get("stream") is True
        for endpoint in other.endpoints:
            if endpoint.operation == "chat" and endpoint.streams in (None, streams):
                query = {**call.query, "alt": "sse"} if streams else call.query
                return other, Call(endpoint, said["model"], query, call.headers)
        return dialect, call

    async def _get_model(self, match: Match, extra: Mapping[str, str]) -> web.StreamResponse:
        asked = match.path_model or ""
        name = asked.removeprefix("models/")
        cards = await self._cards()
        for card in cards:
            if card.id in (asked, name):
                return self._bytes(match.dialect.encode_model(card), extra)
        close = nearest(name, [card.id for card in cards])
        hint = f" Nearest: {', '.join(close)}." if close else ""
        raise RouteError(
            f"There is no model {name[:200]!r} here.{hint}", code="model_not_found", param="model"
        )

    async def _cards(self) -> list[ModelCard]:
        await self._surface.catalogue.settle(SETTLE_S)
        surface = self._surface
        cards = {card.id: card for card in surface.catalogue.cards(surface.titles)}
        # an alias hides a served name, as it does for calls
        for card in alias_cards(surface.aliases(), surface.catalogue.offers, surface.titles):
            cards[card.id] = card
        return list(cards.values())

    def _preflight(
        self, path: str, headers: Mapping[str, str], extra: Mapping[str, str]
    ) -> web.StreamResponse:
        if "access-control-allow-origin" not in extra:
            raise self._unknown("OPTIONS", path)
        wanted = headers.get("access-control-request-headers", "*")
        allowed = {
            "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
            "access-control-allow-headers": wanted if wanted.isascii() and wanted.isprintable() else "*",
            "access-control-max-age": "600",
        }
        if "access-control-request-private-network" in headers:
            allowed["access-control-allow-private-network"] = "true"
        return web.Response(status=204, headers={**extra, **allowed})

    def _upgrade_refused(
        self, path: str, headers: Mapping[str, str], extra: Mapping[str, str]
    ) -> web.StreamResponse:
        # Codex falls back to plain HTTP at once on 426, and only after 6 s on anything else (2026-11-20)
        failure = Failure("invalid_request", 426, "Trunkline speaks plain HTTP here; send a POST.")
        error = self._paths.nearest_dialect(path, headers).encode_error(failure)
        named = {"content-type": JSON, "upgrade": "HTTP/1.1"}
        return web.Response(status=426, headers={**named, **extra}, body=error.body)

    def _unknown(self, method: str, path: str) -> ClientError:
        methods = self._methods(path)
        verb = self._paths.unknown_verb(method, path)
        if verb is not None:
            known = ", ".join(self._paths.verbs)
            error = ClientError(f"There is no such method {verb[:200]!r} on {path[:200]!r}, only {known}.")
            error.kind, error.status = "not_found", 404
            return error
        if not methods:
            error = ClientError(f"There is no {path[:200]!r} here. GET / lists what there is.")
            error.kind, error.status = "not_found", 404
            return error
        error = ClientError(f"{method} is not known on {path[:200]!r}, only {', '.join(methods)}.")
        error.kind, error.status = "method_not_allowed", 405
        return error

    def _methods(self, path: str) -> tuple[str, ...]:
        methods = ("GET",) if is_root(path) or is_health(path) else self._paths.methods(path)
        # whatever can be read can be asked for without its body
        return tuple(sorted({*methods, "HEAD"})) if "GET" in methods else methods

    def _error(
        self,
        failure: Failure,
        path: str,
        headers: Mapping[str, str],
        extra: Mapping[str, str],
        method: str = "GET",
    ) -> web.Response:
        reply = self._paths.nearest_dialect(path, headers, method).encode_error(failure)
        named = {"content-type": JSON, **reply.headers, **extra}
        if failure.kind == "method_not_allowed":
            named["allow"] = ", ".join(self._methods(path))
        # a status that only HTTP knows (415, 426) has no kind of its own
        status = failure.status if failure.kind == "invalid_request" else reply.status
        response = web.Response(status=status, headers=named, body=reply.body)
        if failure.status in (401, 403, 408, 413, 415):
            # the body was not read; the connection lingers until the client has seen this
            response.force_close()
        return response

    @staticmethod
    def _json(value: object, extra: Mapping[str, str]) -> web.Response:
        return Handler._bytes(jsonbytes.encode(value), extra)

    @staticmethod
    def _bytes(body: bytes, extra: Mapping[str, str]) -> web.Response:
        return web.Response(body=body, headers={"content-type": JSON, **extra})
