"""What many compatible vendors have in common: conventional paths, and refusals beside OpenAI's own."""

from __future__ import annotations

from proxy_core.provider import Speech
from proxy_core.provider_key import ErrorRule

# A code or a sentence that a vendor sends with a status that says something else (guides of the vendors and
# issues of their users, 2026-08 to 2026-11).
RULES = (
    # DeepSeek and OpenRouter use 402 alone; Moonshot, Zhipu (1113) and DashScope a 400 or 429 with words.
    ErrorRule(
        "billing",
        "account",
        frozenset({"exceeded_current_quota_error", "1113", "arrearage", "insufficient_user_quota"}),
        ("recharge", "in good standing", "usage balance exhausted", "used all available credits"),
        frozenset({400, 402, 403, 429}),
    ),
    # xAI answers a wrong key with 400 or 403, DashScope with 401 and its own code.
    ErrorRule(
        "authentication",
        "account",
        frozenset({"invalidapikey", "bad-credentials", "invalid_authentication_error"}),
        ("incorrect api key",),
        frozenset({400, 401, 403}),
    ),
    # Ollama and vLLM name the model that is not loaded.
    ErrorRule(
        "not_found", "model", phrases=("not found, try pulling", "does not exist"), statuses=frozenset({404})
    ),
    ErrorRule(
        "context_length",
        "request",
        phrases=("maximum context length", "exceeds the available context size", "context window"),
        statuses=frozenset({400, 413, 422}),
    ),
    # llama.cpp while it loads, Moonshot and SiliconFlow when they are full.
    ErrorRule("overloaded", "model", frozenset({"engine_overloaded_error"}), ("loading model",)),
)


def chat(version: str = "/v1", *, embeddings: bool = True) -> Speech:
    """Return OpenAI's chat dialect under a version, with embeddings beside it or not."""
    paths = {"chat": f"{version}/chat/completions"}
    if embeddings:
        paths["embeddings"] = f"{version}/embeddings"
    return Speech("openai_chat", paths)


def messages(base_url: str | None = None, *, counts: bool = False) -> Speech:
    """Return Anthropic's dialect below an address of its own; the key goes into both of its headers."""
    paths = {"chat": "/v1/messages"}
    if counts:
        paths["count_tokens"] = "/v1/messages/count_tokens"
    return Speech(
        "anthropic_messages",
        paths,
        base_url,
        {"anthropic-version": "2023-06-01"},
        ("x-api-key", "authorization"),
    )
