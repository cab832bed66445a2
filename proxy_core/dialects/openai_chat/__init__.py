"""OpenAI Chat Completions: ``POST /v1/chat/completions``, embeddings and the default model lists."""

from proxy_core.dialect import Dialect
from proxy_core.dialects.openai_chat.dialect import ChatDialect

DIALECTS: tuple[Dialect, ...] = (ChatDialect(),)
