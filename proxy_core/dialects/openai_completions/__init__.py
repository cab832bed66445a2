"""OpenAI's legacy completions: ``POST /v1/completions``, spoken by clients only."""

from proxy_core.dialect import Dialect
from proxy_core.dialects.openai_completions.dialect import CompletionsDialect

DIALECTS: tuple[Dialect, ...] = (CompletionsDialect(),)
