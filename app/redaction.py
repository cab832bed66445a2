"""Keeps secrets out of logs and messages, by the look of them and of what stands before them."""

from __future__ import annotations

import logging
import re

_HIDDEN = "***"
_NAMES = (
    "x-api-key|x-goog-api-key|(?:proxy-)?authorization|(?:set-)?cookie|"
    "api[-_ ]?key|client[-_]secret|(?:access|refresh|id|auth)[-_]token|password|passphrase"
)
# A secret has a digit, or is so long that no word is.
_VALUE = r"(?=[^\s\"'&,;})\]]*\d|[^\s\"'&,;})\]]{20})[^\s\"'&,;})\]]{6,}"
_LOOKS = re.compile(
    rf"(?P<before>(?i:\b(?:bearer|basic)\s+|\b(?:{_NAMES})[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic)\s+)?))"
    rf"(?P<secret>{_VALUE})"
    # a query holds nothing but values, so the shortest is hidden too
    r"|(?P<query>[?&](?i:key|api_key|apikey|token|access_token|auth_token|code|client_secret)=)[^\s\"'&#]+"
    r"|(?P<user>\b[a-z][a-z0-9+.-]*://[^\s/:@\"']*:)[^\s/@\"']+(?=@)"
    r"|\b(?:sk-|sk_|tl-|gsk_|xai-|nvapi-|r8_|hf_|ghp_|gho_|pplx-|csk-|AIza|AQ\.|ya29\.)"
    r"(?=[A-Za-z0-9_\-.]*[0-9A-Z])[A-Za-z0-9_\-.]{12,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*)?"
)


def redact(text: str) -> str:
    """Return the text with everything hidden that looks like a secret."""
    return _LOOKS.sub(_hide, text)


def _hide(hit: re.Match[str]) -> str:
    return (hit.group("before") or hit.group("query") or hit.group("user") or "") + _HIDDEN


class Redacted(logging.Formatter):
    """A formatter whose whole output, tracebacks too, is redacted."""

    def format(self, record: logging.LogRecord) -> str:
        """Format and redact."""
        return redact(super().format(record))
