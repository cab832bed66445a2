"""OpenAI's public API, by key."""

from __future__ import annotations

from proxy_core.provider import Provider
from proxy_core.providers.openai.upstream import OPENAI

PROVIDERS: tuple[Provider, ...] = (OPENAI,)
