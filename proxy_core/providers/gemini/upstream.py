"""How the Gemini API is addressed and how its refusals read (ai.google.dev, 2026-08).

A bad key answers 400 with the reason ``API_KEY_INVALID``. A 429 says in ``RetryInfo`` (and in its message)
when to come back; its quota counts per project and model. Daily quotas start anew at midnight Pacific time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from proxy_core.errors import Failure
from proxy_core.provider import SealBinding, Speech
from proxy_core.provider_key import ErrorRule, KeyProvider
from proxy_core.providers.gemini.catalogue import MODELS, MODELS_DATE, guess

_RETRY = re.compile(r"retry in (?:(\d+)h)?(?:(\d+)m)?(\d+(?:\.\d+)?)s", re.IGNORECASE)

RULES = (
    ErrorRule(
        "authentication",
        "account",
        frozenset({"api_key_invalid", "api_key_expired", "unauthenticated"}),
        ("api key not valid", "api key expired", "api_key_invalid"),
        frozenset({400, 401, 403}),
    ),
    ErrorRule(
        "permission",
        "account",
        frozenset({"service_disabled", "consumer_suspended"}),
        ("reported as leaked", "has not been used in project", "user location is not supported"),
        frozenset({400, 403}),
    ),
    ErrorRule("billing", "account", frozenset({"billing_disabled"}), ("prepayment credits are depleted",)),
    # "You exceeded your current quota, please check your plan" is also said of a limit per minute.
    ErrorRule("rate_limit", "model", statuses=frozenset({429})),
    ErrorRule("overloaded", "model", frozenset({"unavailable"}), statuses=frozenset({503})),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeminiProvider(KeyProvider):
    """Adds the hint that Google puts into the words of a 429."""

    def classify(self, status: int, headers: Mapping[str, str], failure: Failure) -> Failure:
        """Refine a failure as data says; a hint in the message stands in for one in the details."""
        if failure.retry_after_s is None and (hint := _RETRY.search(failure.message)):
            hours, minutes, seconds = (float(part or 0) for part in hint.groups())
            failure = failure.with_retry_after(hours * 3600 + minutes * 60 + seconds)
        return KeyProvider.classify(self, status, headers, failure)


GEMINI = GeminiProvider(
    name="gemini",
    title="Google Gemini",
    base_url="https://generativelanguage.googleapis.com",
    key_url="https://aistudio.google.com/apikey",
    speaks=(
        Speech(
            "gemini_generate",
            {
                "chat": "/v1beta/models/{model}:generateContent",
                "stream": "/v1beta/models/{model}:streamGenerateContent?alt=sse",
                "array": "/v1beta/models/{model}:streamGenerateContent",
                "count_tokens": "/v1beta/models/{model}:countTokens",
            },
            key_headers=("x-goog-api-key",),
        ),
    ),
    models=MODELS,
    models_date=MODELS_DATE,
    list_path="/v1beta/models?pageSize=1000",
    guess=guess,
    rules=RULES,
    seal_binding=SealBinding(
        "provider", "2026-11-21", "Unverified; reported as bound to the model family, not to the project."
    ),
)
