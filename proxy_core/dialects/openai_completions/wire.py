"""Names of the wire format that more than one module of the dialect needs."""

from __future__ import annotations

NAME = "openai_completions"
FAMILY = "openai"
