"""How Anthropic is addressed and how its refusals read (API reference, 2026-08).

A 429 carries ``retry-after`` in seconds and ``anthropic-ratelimit-…-reset`` as RFC 3339 times; one for a
spend limit carries neither. 529 means that the whole service is busy.
"""

from __future__ import annotations

from proxy_core.provider import SealBinding, Speech
from proxy_core.provider_key import ErrorRule, KeyProvider
from proxy_core.providers.anthropic.catalogue import MODELS, MODELS_DATE, guess

RULES = (
    # A 429 that asks for another kind of request; the account is well.
    ErrorRule(
        "invalid_request",
        "request",
        phrases=("fast mode", "fast request rejected", "required for long context requests"),
        statuses=frozenset({429}),
    ),
    ErrorRule(
        "billing",
        "account",
        frozenset({"enforced_spend_limit_reached", "billing_error"}),
        ("credit balance is too low", "spend limit", "usage limits"),
        frozenset({400, 402, 403, 429}),
    ),
    ErrorRule("permission", "account", phrases=("organization has been disabled",)),
    ErrorRule(
        "context_length",
        "request",
        phrases=("prompt is too long", "exceed context limit"),
        statuses=frozenset({400}),
    ),
)
_WINDOWS = ("requests", "tokens", "input-tokens", "output-tokens")

ANTHROPIC = KeyProvider(
    name="anthropic",
    title="Anthropic",
    base_url="https://api.anthropic.com",
    key_url="https://platform.claude.com/settings/keys",
    speaks=(
        Speech(
            "anthropic_messages",
            {"chat": "/v1/messages", "count_tokens": "/v1/messages/count_tokens"},
            key_headers=("x-api-key",),
        ),
    ),
    headers={"anthropic-version": "2023-06-01"},
    models=MODELS,
    models_date=MODELS_DATE,
    list_path="/v1/models?limit=1000",
    guess=guess,
    rules=RULES,
    seal_binding=SealBinding(
        "provider", "2026-11-20", "Signatures are valid across accounts and platforms (vendor's guide)."
    ),
    resets=tuple(
        (f"anthropic-ratelimit-{window}-remaining", f"anthropic-ratelimit-{window}-reset")
        for window in _WINDOWS
    ),
)
