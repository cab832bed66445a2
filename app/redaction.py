"""Keeps secrets out of logs: by their look, and by their value once it is known."""

from __future__ import annotations

import logging
import re

_LOOKS = re.compile(
    r"(?P<before>(?i:bearer\s+|[?&](?:key|auth_token|access_token)=|"
    r"(?:x-api-key|x-goog-api-key|api-key|authorization)[\"']?\s*[:=]\s*[\"']?(?:bearer\s+)?))"
    r"(?P<secret>[^\s\"'&,;}]{6,})"
    r"|(?P<bare>\b(?:sk-|tl-|AIza|gsk_|xai-|nvapi-|r8_|ghp_|gho_|ya29\.|sk_)[A-Za-z0-9_\-.]{12,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*)?)"
)
_HIDDEN = "***"


def redact(text: str) -> str:
    """Return the text with everything hidden that looks like a secret."""
    return _LOOKS.sub(lambda hit: (hit.group("before") or "") + _HIDDEN, text)


class Redacted(logging.Formatter):
    """A formatter whose whole output, tracebacks too, is redacted."""

    def format(self, record: logging.LogRecord) -> str:
        """Format and redact."""
        return redact(super().format(record))
