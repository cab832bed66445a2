"""How OpenAI is addressed and how its refusals read (API reference and error guide, 2026-08).

Responses comes first: only there does reasoning come out and go back in. A 429 carries ``retry-after`` and
``x-ratelimit-reset-requests|tokens`` as durations (``1s``, ``6m0s``). Limits count per model; a used-up
budget (``insufficient_quota``) concerns the whole account.
"""

from __future__ import annotations

from proxy_core.provider import SealBinding, Speech
from proxy_core.provider_key import ErrorRule, KeyProvider
from proxy_core.providers.openai.catalogue import MODELS, MODELS_DATE, guess

_FORBIDDEN = frozenset({403})

RULES = (
    ErrorRule("billing", "account", frozenset({"billing_not_active", "insufficient_quota"})),
    # The country is refused, not the model: no other model of the account will do better.
    ErrorRule("permission", "account", frozenset({"unsupported_country_region_territory"})),
    ErrorRule("not_found", "model", phrases=("does not have access to model",), statuses=_FORBIDDEN),
    ErrorRule("invalid_request", "request", frozenset({"cyber_policy", "invalid_prompt"})),
    ErrorRule("overloaded", "model", frozenset({"server_is_overloaded", "slow_down"})),
)

OPENAI = KeyProvider(
    name="openai",
    title="OpenAI",
    base_url="https://api.openai.com",
    key_url="https://platform.openai.com/api-keys",
    speaks=(
        Speech("openai_responses", {"chat": "/v1/responses", "count_tokens": "/v1/responses/input_tokens"}),
        Speech("openai_chat", {"chat": "/v1/chat/completions", "embeddings": "/v1/embeddings"}),
    ),
    models=MODELS,
    models_date=MODELS_DATE,
    guess=guess,
    rules=RULES,
    seal_binding=SealBinding(
        "account", "2026-11-20", "encrypted_content of another organisation: 400 invalid_encrypted_content."
    ),
)
