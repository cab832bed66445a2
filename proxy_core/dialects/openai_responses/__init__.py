"""OpenAI Responses (openai 3.52.0 types, 2026-11-20)."""

from proxy_core.dialects.openai_responses.dialect import OpenAIResponses

DIALECTS = (OpenAIResponses(),)
