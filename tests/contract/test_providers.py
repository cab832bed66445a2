"""What every provider on the shelf must do, whoever adds it."""

import json
import re
from datetime import date
from typing import get_args
from urllib.parse import urlsplit

import pytest

from proxy_core.errors import Failure, FailureKind, UnsupportedError, UpstreamProtocolError
from proxy_core.profile import ModelProfile
from proxy_core.provider import Availability, Provider, Speech, UpstreamCall
from proxy_core.registry import discover

PROVIDERS: dict[str, Provider] = discover("proxy_core.providers", "PROVIDERS", Provider)
KEY = "sk-contract-secret"
SPEECHES = [
    pytest.param(provider, speech, id=f"{name}-{speech.dialect}")
    for name, provider in PROVIDERS.items()
    for speech in provider.speaks
]
OPERATIONS = frozenset({"chat", "stream", "array", "count_tokens", "embeddings"})
SCOPES = frozenset({"request", "model", "account"})

each = pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS.keys())


def call(provider: Provider, speech: Speech, operation: str = "chat", stream: bool = False) -> UpstreamCall:
    base = None if provider.base_url or speech.base_url else "http://127.0.0.1:9/v1/"
    return UpstreamCall(operation, speech.dialect, "some/model", stream, b'{"x":1}', KEY, base)


@each
def test_it_introduces_itself(provider: Provider) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", provider.name)
    assert provider.title
    assert provider.state.availability in get_args(Availability)
    date.fromisoformat(provider.state.date)
    date.fromisoformat(provider.models_date)
    date.fromisoformat(provider.seal_binding.date)
    assert provider.seal_binding.to in ("provider", "account")
    assert provider.seal_binding.note
    assert provider.speaks
    assert len({speech.dialect for speech in provider.speaks}) == len(provider.speaks)


@each
def test_its_addresses_are_addresses(provider: Provider) -> None:
    for address in (provider.base_url, provider.key_url, provider.discover_url):
        if address is not None:
            assert urlsplit(address).scheme in ("http", "https")
            assert urlsplit(address).hostname
    if provider.discover_url:
        assert urlsplit(provider.discover_url).hostname == "127.0.0.1"
    elif provider.key_use != "none" and provider.base_url:
        assert provider.base_url.startswith("https://")
        assert (provider.key_url or "").startswith("https://")


@pytest.mark.parametrize(("provider", "speech"), SPEECHES)
@pytest.mark.parametrize("stream", [False, True])
def test_every_operation_is_dressed(provider: Provider, speech: Speech, stream: bool) -> None:
    assert set(speech.paths) <= OPERATIONS
    assert "chat" in speech.paths
    assert provider.speech(speech.dialect) is speech
    for operation in set(speech.paths) - {"stream"}:
        request = provider.prepare(call(provider, speech, operation, stream))
        path = urlsplit(request.url).path
        assert request.method == "POST"
        assert request.body == b'{"x":1}'
        assert request.stream == stream
        assert "{" not in request.url
        assert "//" not in path
        assert len(re.findall(r"/v\d", path)) == 1
        assert "some/model" not in path
        assert request.headers["content-type"] == "application/json"
        assert request.headers["user-agent"].startswith("trunkline/")
        assert all(name == name.lower() for name in request.headers)
        assert request.headers["accept"] == (
            "text/event-stream" if stream and operation == "chat" else "application/json"
        )


@pytest.mark.parametrize(("provider", "speech"), SPEECHES)
def test_the_key_goes_where_it_belongs_and_is_never_shown(provider: Provider, speech: Speech) -> None:
    request = provider.prepare(call(provider, speech))
    holders = {name: value for name, value in request.headers.items() if KEY in value}
    assert set(holders) == (set() if provider.key_use == "none" else set(speech.key_headers))
    assert all(value in (KEY, f"Bearer {KEY}") for value in holders.values())
    assert KEY not in request.url
    assert KEY not in repr(request)
    assert KEY not in repr(provider)


@pytest.mark.parametrize(("provider", "speech"), SPEECHES)
def test_an_account_s_own_address_wins_however_it_was_pasted(provider: Provider, speech: Speech) -> None:
    urls = {
        provider.prepare(
            UpstreamCall("chat", speech.dialect, "m", False, b"", KEY, f"http://127.0.0.1:9{ending}")
        ).url
        for ending in ("", "/", "/v7", "/v7/", "/v7/chat/completions")
    }
    assert all(url.startswith("http://127.0.0.1:9/") for url in urls)
    assert len(urls) == 2


@each
def test_what_it_lacks_is_said(provider: Provider) -> None:
    with pytest.raises(UnsupportedError):
        provider.prepare(call(provider, Speech("no_such_dialect", {"chat": "/v1/x"}, "http://127.0.0.1:9")))
    with pytest.raises(UnsupportedError):
        provider.prepare(call(provider, provider.speaks[0], "paint"))


@each
@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_every_failure_gets_a_scope(provider: Provider, kind: FailureKind) -> None:
    for status in (400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 502, 503, 529):
        failure = Failure(kind, status, "Something.", None, "field")
        found = provider.classify(status, {"retry-after": "4"}, failure)
        assert found.scope in SCOPES
        assert (found.message, found.param) == ("Something.", "field")
        assert found.retry_after_s in (None, 4.0)
        if found.kind == "rate_limit":
            assert found.retry_after_s == 4.0
        if found.kind in ("invalid_request", "unsupported", "context_length", "too_large", "cancelled"):
            assert found.scope == "request"
        if found.kind in ("authentication", "billing"):
            assert found.scope == "account"


@each
def test_its_model_list_is_asked_for_and_read(provider: Provider) -> None:
    base = None if provider.base_url else "http://127.0.0.1:9"
    request = provider.list_request(KEY, base, "direct")
    if request is None:
        assert provider.models
        return
    assert (request.method, request.body, request.proxy) == ("GET", b"", "direct")
    assert "models" in urlsplit(request.url).path
    assert KEY not in request.url + repr(request)
    assert any(KEY in value for value in request.headers.values())
    listed = provider.read_models(json.dumps({"data": [{"id": "one"}, {"id": "two", "created": 7}]}).encode())
    assert [(model.id, model.created) for model in listed] == [("one", None), ("two", 7)]
    with pytest.raises(UpstreamProtocolError):
        provider.read_models(b"<html></html>")


@each
def test_its_models_are_sound(provider: Provider) -> None:
    assert len({model.id for model in provider.models}) == len(provider.models)
    for model in provider.models:
        assert provider.profile(model.id) == model
        thinking = model.thinking
        if model.known and thinking is not None:
            assert thinking.levels or thinking.budget
            assert "none" not in thinking.levels or thinking.can_disable
            assert thinking.budget is None or thinking.budget[0] < thinking.budget[1]
    assert provider.profile("no-such-model-at-all") == ModelProfile("no-such-model-at-all")


@each
def test_only_a_provider_without_a_key_answers_by_itself(provider: Provider) -> None:
    request = provider.prepare(call(provider, provider.speaks[0]))
    assert (provider.answer(request) is not None) == (provider.key_use == "none")
