"""A fake vendor on a real socket.

    async with FakeVendor("anthropic_messages", behaviour=ToolTask()) as vendor:
        ... vendor.base_url, vendor.key, vendor.requests ...

It answers only what the real vendor would accept; everything else gets the vendor's own error.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import web

from tests.samples import load
from tests.upstreams.anthropic_messages import AnthropicMessages
from tests.upstreams.behaviours import NAMED, Behaviour, ToolTask, named
from tests.upstreams.delivery import PLAIN, Delivery, Wire, deliver
from tests.upstreams.gemini_generate import GeminiGenerate
from tests.upstreams.openai_chat import OpenAIChat
from tests.upstreams.openai_responses import OpenAIResponses
from tests.upstreams.shapes import Flaw
from tests.upstreams.vendor import Answer, Exchange, Memory, Options, Refusal, Route, Vendor

KEY = "sk-fake-vendor-key"
_VENDORS: tuple[type[Vendor], ...] = (OpenAIChat, OpenAIResponses, AnthropicMessages, GeminiGenerate)
_CREDENTIALS = frozenset({"authorization", "x-api-key", "x-goog-api-key", "proxy-authorization", "cookie"})


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it arrived. Header names are lower-case; `body` is the parsed JSON, or None."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes
    body: Any


class FakeVendor:
    """One vendor, speaking one or more dialects at one address.

    `forbidden` are texts that must never arrive, such as the key of the line in front; where one does, the
    request is refused and noted in `leaks`, as are other vendors' credential headers. `prefixes` are the
    versions in the path. `models`: when given, others are unknown. `key` None accepts everybody;
    with `per_key` each key is an organisation of its own, whose seals no other knows.

    `queue` and `by_model` take precedence over `behaviour`; the queue's first entry is used up by each
    accepted request. A model called `fake-<name>` picks a named behaviour. `requests` has everything that
    arrived, `refusals` the answers to what was refused. `held` is set when a silence begins, `cancelled` when
    a client left before its answer was complete.
    """

    def __init__(
        self,
        *dialects: str,
        behaviour: Behaviour | None = None,
        key: str | None = KEY,
        compatible: bool = False,
        demands_seals: bool = False,
        reasoning: Literal["text", "details", "signature"] = "text",
        per_key: bool = False,
        forbidden: Iterable[str] = (),
        prefixes: Iterable[str] = ("/v1", "/v1beta"),
        models: Iterable[str] | None = None,
        port: int = 0,
        on_refusal: Callable[[Any], None] | None = None,
    ) -> None:
        self.dialects = dialects
        self.behaviour = behaviour or ToolTask()
        self.key = key
        self.options = Options(compatible=compatible, demands_seals=demands_seals, reasoning=reasoning)
        self.per_key = per_key
        self.forbidden = tuple(forbidden)
        self.prefixes = tuple(sorted(prefixes, key=len, reverse=True))
        self.models = None if models is None else tuple(models)
        self.by_model: dict[str, Behaviour] = {}
        self.queue: deque[Behaviour] = deque()
        self.requests: list[Recorded] = []
        self.refusals: list[Answer] = []
        self.leaks: list[str] = []
        self.cancelled, self.held = asyncio.Event(), asyncio.Event()
        self.memories = {name: Memory(name) for name in dialects}
        self.port = port
        self._on_refusal = on_refusal
        self._runner: web.AppRunner | None = None
        self._vendors = tuple(kind() for kind in _VENDORS if kind.dialect in dialects)
        if len(self._vendors) != len(dialects):
            raise ValueError(f"unknown dialect among {dialects}")

    @property
    def base_url(self) -> str:
        """The root of the address, without version and without trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=256 * 1024**2)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        seen = await self._record(request)
        wire = Wire(self.held, self.cancelled)
        try:
            vendor, exchange = self._accept(seen)
            answer, how = self._act(vendor, exchange)
        except Refusal as refusal:
            if refusal.answer.status >= 400:
                self._refused(seen, refusal.answer)
            return await deliver(request, refusal.answer, PLAIN, (), wire)
        return await deliver(request, answer, how, vendor.noise(), wire)

    def _refused(self, seen: Recorded, answer: Answer) -> None:
        self.refusals.append(answer)
        if self._on_refusal is not None:
            self._on_refusal([seen.method, seen.path, answer.status, b"".join(answer.frames).decode()])

    async def _record(self, request: web.Request) -> Recorded:
        raw = await request.read()
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = None
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Recorded(request.method, request.path, dict(request.query), headers, raw, body)
        self.requests.append(seen)
        return seen

    def _accept(self, seen: Recorded) -> tuple[Vendor, Exchange]:
        vendor, route = self._route(seen)
        self._no_leaks(seen, vendor)
        given = vendor.key(seen.headers, seen.query)
        if self.key is not None and given != self.key:
            raise Refusal(vendor.wrong_key(given))
        if route.kind == "upgrade":
            raise Refusal(vendor.trouble("invalid", "WebSocket is not offered here.", 426))
        if seen.method == "POST":
            self._is_json(seen, vendor)
        memory = self._memory(vendor.dialect, given)
        exchange = Exchange(route, seen.query, seen.headers, seen.body, self.options, memory)
        if seen.method == "POST":
            self._known_model(vendor, _model(exchange))
            try:
                vendor.check(exchange)
            except Flaw as flaw:
                raise Refusal(vendor.worded(flaw)) from flaw
        return vendor, exchange

    def _memory(self, dialect: str, key: str | None) -> Memory:
        if not self.per_key:
            return self.memories[dialect]
        return self.memories.setdefault(f"{dialect} {key}", Memory(dialect))

    def _route(self, seen: Recorded) -> tuple[Vendor, Route]:
        prefix = next((one for one in self.prefixes if seen.path.startswith(one + "/")), None)
        for vendor in self._vendors if prefix is not None else ():
            route = vendor.route(seen.method, seen.path.removeprefix(prefix or ""))
            if route is not None:
                return vendor, route
        what = f"Invalid URL ({seen.method} {seen.path})"
        raise Refusal(self._vendors[0].trouble("not_found", what, 404))

    def _no_leaks(self, seen: Recorded, vendor: Vendor) -> None:
        foreign = (_CREDENTIALS - vendor.credential_headers) & seen.headers.keys()
        found = [f"header {name}" for name in sorted(foreign)]
        places = {**seen.headers, **{f"?{name}": value for name, value in seen.query.items()}}
        places["body"] = seen.raw.decode("utf-8", "replace")
        found += [
            f"{text} in {name}" for name, value in places.items() for text in self.forbidden if text in value
        ]
        if found:
            self.leaks.extend(found)
            raise Refusal(vendor.trouble("invalid", f"Foreign credentials: {', '.join(found)}", 400))

    def _is_json(self, seen: Recorded, vendor: Vendor) -> None:
        kind = seen.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refusal(vendor.trouble("invalid", f"Unsupported content type: '{kind}'.", 415))
        if seen.headers.get("content-encoding", "identity") != "identity":
            raise Refusal(vendor.trouble("invalid", "Unsupported content encoding.", 415))
        if not isinstance(seen.body, dict):
            raise Refusal(vendor.trouble("invalid", "We could not parse the JSON body of your request.", 400))

    def _known_model(self, vendor: Vendor, name: str) -> None:
        if self.models is not None and name not in self.models:
            raise Refusal(vendor.trouble("not_found", f"The model '{name}' does not exist.", 404))

    def _act(self, vendor: Vendor, exchange: Exchange) -> tuple[Answer, Delivery]:
        if exchange.route.kind == "models":
            return vendor.models(self.models or (load.model(vendor.dialect),)), PLAIN
        if exchange.route.kind == "model":
            self._known_model(vendor, exchange.route.model)
            return vendor.model(exchange.route.model), PLAIN
        behaviour = self._behaviour(_model(exchange))
        return behaviour.answer(vendor, exchange), behaviour.delivery

    def _behaviour(self, model: str) -> Behaviour:
        if self.queue:
            return self.queue.popleft()
        if model in self.by_model:
            return self.by_model[model]
        if model.removeprefix("fake-") in NAMED and model.startswith("fake-"):
            return named(model.removeprefix("fake-"))
        return self.behaviour


def _model(exchange: Exchange) -> str:
    return exchange.route.model or str(exchange.body.get("model", ""))
