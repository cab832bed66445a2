import tomllib
from pathlib import Path

import pytest

from proxy_core.provider import VERSION, UpstreamCall, join

CHAT = "/v1/chat/completions"
GEMINI = "/v1beta/models/{model}:generateContent"


@pytest.mark.parametrize(
    ("base", "path", "address"),
    [
        ("https://api.example.com", CHAT, "https://api.example.com/v1/chat/completions"),
        ("https://api.example.com/", CHAT, "https://api.example.com/v1/chat/completions"),
        ("https://api.example.com//", CHAT, "https://api.example.com/v1/chat/completions"),
        ("https://api.example.com/v1", CHAT, "https://api.example.com/v1/chat/completions"),
        ("https://api.example.com/v1/", CHAT, "https://api.example.com/v1/chat/completions"),
        (
            " https://api.example.com/v1/chat/completions ",
            CHAT,
            "https://api.example.com/v1/chat/completions",
        ),
        ("https://api.example.com/v1/responses", CHAT, "https://api.example.com/v1/chat/completions"),
        (
            "https://api.example.com/v1/messages/count_tokens",
            "/v1/messages",
            "https://api.example.com/v1/messages",
        ),
        ("https://api.example.com/v1/models", CHAT, "https://api.example.com/v1/chat/completions"),
        ("https://api.example.com/chat/completions", CHAT, "https://api.example.com/chat/completions"),
        ("https://api.example.com/chat/completions", "/v1/models", "https://api.example.com/models"),
        ("https://x.example/api/paas/v4", CHAT, "https://x.example/api/paas/v4/chat/completions"),
        ("https://x.example/v1beta/openai/", CHAT, "https://x.example/v1beta/openai/chat/completions"),
        ("https://x.example/models/chat/completions", CHAT, "https://x.example/models/chat/completions"),
        ("https://models.example/inference", CHAT, "https://models.example/inference/v1/chat/completions"),
        ("https://x.example/v1?key=1#top", CHAT, "https://x.example/v1/chat/completions"),
        ("https://g.example", GEMINI, "https://g.example/v1beta/models/m:generateContent"),
        ("https://g.example/v1", GEMINI, "https://g.example/v1/models/m:generateContent"),
        (
            "https://g.example/v1beta/models/m:generateContent",
            GEMINI,
            "https://g.example/v1beta/models/m:generateContent",
        ),
        ("localhost:8000", CHAT, "http://localhost:8000/v1/chat/completions"),
        ("192.168.1.5:1234/v1", CHAT, "http://192.168.1.5:1234/v1/chat/completions"),
        ("api.example.com", CHAT, "https://api.example.com/v1/chat/completions"),
    ],
)
def test_an_address_is_found_however_it_was_pasted(base: str, path: str, address: str) -> None:
    assert join(base, path, "m") == address


def test_a_model_name_cannot_leave_its_place() -> None:
    address = join("https://g.example", GEMINI, "../a b?x#y")
    assert address == "https://g.example/v1beta/models/..%2Fa%20b%3Fx%23y:generateContent"


def test_the_query_of_a_path_stays() -> None:
    assert (
        join("https://g.example", "/v1beta/models?pageSize=9", "")
        == "https://g.example/v1beta/models?pageSize=9"
    )


def test_a_call_does_not_show_its_secrets() -> None:
    call = UpstreamCall(
        "chat", "d", "m", False, b"private", "sk-secret", headers={"x": "hidden"}, proxy="u:p@h"
    )
    shown = repr(call)
    assert all(word not in shown for word in ("private", "sk-secret", "hidden", "u:p@h"))


def test_the_version_is_the_package_s() -> None:
    pyproject = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    assert pyproject["project"]["version"] == VERSION
