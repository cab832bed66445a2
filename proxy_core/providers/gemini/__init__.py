"""Google's Gemini API, by key."""

from __future__ import annotations

from proxy_core.provider import Provider
from proxy_core.providers.gemini.upstream import GEMINI

PROVIDERS: tuple[Provider, ...] = (GEMINI,)
