"""Anthropic Messages: ``POST /v1/messages``, its token counter and its model list."""

from __future__ import annotations

from proxy_core.dialect import Dialect
from proxy_core.dialects.anthropic_messages.dialect import AnthropicMessages

DIALECTS: tuple[Dialect, ...] = (AnthropicMessages(),)
