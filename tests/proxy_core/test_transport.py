from dataclasses import FrozenInstanceError

import pytest

from proxy_core.transport import UpstreamRequest


def test_nothing_secret_shows_when_a_request_is_printed() -> None:
    request = UpstreamRequest(
        "POST",
        "https://api.example.com/v1",
        {"authorization": "Bearer sk-secret"},
        b'{"prompt":"private"}',
        "socks5://user:word@127.0.0.1:1",
    )
    shown = repr(request)
    assert "api.example.com" in shown
    assert not any(secret in shown for secret in ("sk-secret", "private", "word"))


def test_a_bare_request_has_no_headers_and_nobody_can_add_some() -> None:
    request = UpstreamRequest("GET", "https://api.example.com")
    assert (request.headers, request.body, request.proxy, request.stream) == ({}, b"", None, False)
    with pytest.raises(TypeError):
        request.headers["a"] = "b"  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        request.method = "POST"  # type: ignore[misc]
