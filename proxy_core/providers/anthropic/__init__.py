"""Anthropic's API, by key."""

from __future__ import annotations

from proxy_core.provider import Provider
from proxy_core.providers.anthropic.upstream import ANTHROPIC

PROVIDERS: tuple[Provider, ...] = (ANTHROPIC,)
