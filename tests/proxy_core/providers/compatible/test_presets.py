import pytest

from proxy_core.provider import UpstreamCall
from proxy_core.provider_key import KeyProvider
from proxy_core.providers.compatible.presets import PRESETS

BY_NAME = {preset.name: preset for preset in PRESETS}
CHAT = "openai_chat"
MESSAGES = "anthropic_messages"


@pytest.mark.parametrize(
    ("name", "dialect", "url"),
    [
        ("openrouter", CHAT, "https://openrouter.ai/api/v1/chat/completions"),
        ("deepseek", CHAT, "https://api.deepseek.com/v1/chat/completions"),
        ("deepseek", MESSAGES, "https://api.deepseek.com/anthropic/v1/messages"),
        ("groq", CHAT, "https://api.groq.com/openai/v1/chat/completions"),
        ("mistral", CHAT, "https://api.mistral.ai/v1/chat/completions"),
        ("together", CHAT, "https://api.together.xyz/v1/chat/completions"),
        ("fireworks", CHAT, "https://api.fireworks.ai/inference/v1/chat/completions"),
        ("dashscope", CHAT, "https://dashscope-intl.aliyuncs.com/compatible-mode/v1/chat/completions"),
        ("dashscope_cn", CHAT, "https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions"),
        ("moonshot", CHAT, "https://api.moonshot.ai/v1/chat/completions"),
        ("moonshot", MESSAGES, "https://api.moonshot.ai/anthropic/v1/messages"),
        ("zai", CHAT, "https://api.z.ai/api/paas/v4/chat/completions"),
        ("zhipu", CHAT, "https://open.bigmodel.cn/api/paas/v4/chat/completions"),
        ("zhipu", MESSAGES, "https://open.bigmodel.cn/api/anthropic/v1/messages"),
        ("xai", CHAT, "https://api.x.ai/v1/chat/completions"),
        ("xai", "openai_responses", "https://api.x.ai/v1/responses"),
        ("siliconflow", CHAT, "https://api.siliconflow.com/v1/chat/completions"),
        ("nvidia", CHAT, "https://integrate.api.nvidia.com/v1/chat/completions"),
        ("cerebras", CHAT, "https://api.cerebras.ai/v1/chat/completions"),
        ("ollama", CHAT, "http://127.0.0.1:11434/v1/chat/completions"),
        ("lm_studio", CHAT, "http://127.0.0.1:1234/v1/chat/completions"),
        ("llama_cpp", CHAT, "http://127.0.0.1:8080/v1/chat/completions"),
        ("vllm", CHAT, "http://127.0.0.1:8000/v1/chat/completions"),
    ],
)
def test_addresses(name: str, dialect: str, url: str) -> None:
    assert BY_NAME[name].prepare(UpstreamCall("chat", dialect, "m", False, b"{}", "k")).url == url


def test_the_messages_dialect_has_the_key_in_both_headers() -> None:
    headers = BY_NAME["deepseek"].prepare(UpstreamCall("chat", MESSAGES, "m", False, b"{}", "k")).headers
    assert (headers["x-api-key"], headers["authorization"]) == ("k", "Bearer k")
    assert headers["anthropic-version"] == "2023-06-01"


def test_the_messages_address_does_not_move_the_list() -> None:
    request = BY_NAME["deepseek"].list_request("k", None, None)
    assert request is not None
    assert request.url == "https://api.deepseek.com/v1/models"


LOCAL = [preset for preset in PRESETS if preset.discover_url]


@pytest.mark.parametrize("preset", LOCAL, ids=lambda preset: preset.name)
def test_local_servers_need_no_key_and_are_looked_for_on_loopback(preset: KeyProvider) -> None:
    assert preset.key_use == "optional"
    request = preset.list_request(None, None, "direct")
    assert request is not None
    assert request.url == preset.discover_url
    assert request.url.startswith("http://127.0.0.1:")


def test_there_are_the_four_local_servers() -> None:
    assert {preset.name for preset in LOCAL} == {"ollama", "lm_studio", "llama_cpp", "vllm"}


@pytest.mark.parametrize("dialect", [CHAT, "openai_responses", MESSAGES, "gemini_generate"])
@pytest.mark.parametrize("base", ["http://host:9/v1", "http://host:9", "http://host:9/v1/chat/completions"])
def test_any_address_speaks_every_dialect(dialect: str, base: str) -> None:
    request = BY_NAME["compatible"].prepare(UpstreamCall("chat", dialect, "m", False, b"{}", "k", base))
    assert request.url.startswith("http://host:9/v1")
    assert "/v1/v1" not in request.url


def test_any_address_is_asked_for_its_list_with_every_header_a_key_may_need() -> None:
    request = BY_NAME["compatible"].list_request("k", "host:9", None)
    assert request is not None
    assert request.url == "https://host:9/v1/models"
    assert {request.headers[name] for name in ("x-api-key", "x-goog-api-key")} == {"k"}
    keyless = BY_NAME["compatible"].list_request(None, "host:9", None)
    assert keyless is not None
    assert "x-api-key" not in keyless.headers
