"""The handler's own decisions; what it does on sockets is tested end to end."""

from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from proxy_core import jsonbytes, registry
from proxy_core.accounts.catalogue import Catalogue
from proxy_core.dialect import Dialect
from proxy_core.profile import ModelProfile
from proxy_core.routing.resolve import AliasRule
from proxy_core.server.http import Handler, Surface
from proxy_core.settings import Settings
from proxy_core.tasks import TaskGroup
from tests.proxy_core.accounts.fakes import CLOUD, at
from tests.proxy_core.clocks import FakeClock


class Broken:
    """A relay that fails."""

    async def run(self, exchange: Any, sink: Any) -> None:
        raise ValueError("sk-secret")


def handler(finished: list[Any] | None = None) -> Handler:
    async def fetch(account: Any) -> list[ModelProfile]:
        return [ModelProfile("m-1")]

    async def identify(key: str) -> str | None:
        return "default" if key == "tl-key" else None

    clock = FakeClock()
    catalogue = Catalogue(fetch, clock, TaskGroup())
    catalogue.use([at("one", CLOUD)], [], [])
    done = [] if finished is None else finished
    return Handler(
        Surface(
            dialects=registry.discover("proxy_core.dialects", "DIALECTS", Dialect),
            relay=Broken(),  # type: ignore[arg-type]
            catalogue=catalogue,
            clock=clock,
            settings=Settings,
            identify=identify,
            bound_host=lambda: "127.0.0.1",
            banner=lambda: {"name": "Trunkline"},
            titles={"cloud": "Cloud"},
            aliases=lambda: {
                "fast": AliasRule("m-1"),
                "odd/models:x": AliasRule("cloud/m-1"),
                "gone": AliasRule("m-9"),
            },
            started=lambda exchange: None,
            finished=done.append,
        )
    )


async def answer(method: str, path: str, headers: Mapping[str, str] | None = None) -> web.Response:
    named = {"Host": "localhost", "Authorization": "Bearer tl-key", **(headers or {})}
    found = await handler().handle(make_mocked_request(method, path, named))
    assert isinstance(found, web.Response)
    return found


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/healthz", 200),
        ("GET", "/v1/models/m-1", 200),
        ("GET", "/v1/models/m-2", 404),
        ("GET", "/v1/models/fast", 200),
        ("GET", "/v1/models/odd/models%3Ax", 200),
        ("GET", "/v1/models/gone", 404),
        ("GET", "/v1/health", 200),
        ("GET", "/v1beta/models/m-1:embedContent", 404),
        ("POST", "/v1beta/models/m-1:embedContent", 404),
        ("POST", "/v1beta/models/m-1", 405),
        ("GET", "/v1beta/models/m-1:generateContent", 405),
        ("DELETE", "/v1/models", 405),
        ("GET", "/favicon.ico", 404),
        ("OPTIONS", "/v1/models", 405),
    ],
)
async def test_local_answers(method: str, path: str, status: int) -> None:
    assert (await answer(method, path)).status == status


@pytest.mark.parametrize("path", ["/", "/v1", "/health", "/healthz/", "//health", "/v1/health", "/v1/models"])
@pytest.mark.parametrize("method", ["POST", "OPTIONS", "DELETE"])
async def test_what_can_only_be_read_says_so(method: str, path: str) -> None:
    found = await answer(method, path)
    assert (found.status, found.headers["allow"]) == (405, "GET, HEAD")


async def test_a_list_shows_the_aliases_that_stand_for_something() -> None:
    found = await answer("GET", "/v1/models")
    assert isinstance(found.body, bytes)
    assert [one["id"] for one in jsonbytes.decode(found.body)["data"]] == ["m-1", "fast", "odd/models:x"]


async def test_every_answer_names_the_product_only() -> None:
    for path in ("/", "/nowhere", "/v1/models"):
        assert (await answer("GET", path)).headers["server"] == "Trunkline"


@pytest.mark.allow_logs
async def test_a_failure_of_ours_is_a_500_without_details(caplog: pytest.LogCaptureFixture) -> None:
    class Empty:
        async def iter_any(self) -> Any:
            yield b"{}"

        def exception(self) -> None:
            return None

    finished: list[Any] = []
    request = make_mocked_request(
        "POST",
        "/v1/messages",
        {"Host": "localhost", "x-api-key": "tl-key"},
        payload=Empty(),  # type: ignore[arg-type]
    )
    found = await handler(finished).handle(request)
    assert isinstance(found, web.Response)
    assert found.status == 500
    assert isinstance(found.body, bytes)
    assert b'"api_error"' in found.body
    assert b"secret" not in found.body
    assert [(one.status, one.failure.kind) for one in finished] == [(500, "server")]
    assert any("failed inside" in record.message for record in caplog.records)


def test_what_is_not_http_is_explained_in_the_dialect_of_its_path() -> None:
    found = handler().explain(400, "This is not HTTP.", "/v1/messages")
    assert isinstance(found.body, bytes)
    assert found.body.startswith(b'{"type":"error"')
    found = handler().explain(400, "This is not HTTP.", "/")
    assert found.status == 400
    assert isinstance(found.body, bytes)
    assert b"This is not HTTP." in found.body
    assert handler().explain(500, "Sorry.", "/").status == 500
