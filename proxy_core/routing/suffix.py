"""The thinking suffix of a model name: how hard the model shall think, said in the name itself.

``name(high)``, ``name(8192)``, ``name(none)``, ``name(auto)``, ``name-high``, ``name-maxthinking``,
``name-nothinking``, ``name@think=8192``. The words are CLIProxyAPI's (2026-08-22); ``max`` has no hyphen
form, because model names end in it.
"""

from __future__ import annotations

import re

from proxy_core.ir.request import ReasoningControl
from proxy_core.profile import LEVELS

_BRACKETS = re.compile(r"(?P<stem>.+?)\s*\((?P<value>[^()]*)\)")
_THINK = re.compile(r"(?P<stem>.+)@think=(?P<value>[^@]*)")
_HYPHEN = re.compile(r"(?P<stem>.+)-(?P<value>low|medium|high|minimal|none|xhigh|maxthinking|nothinking)")
_MOST_DIGITS = 9


def split_suffix(name: str) -> tuple[str, ReasoningControl] | None:
    """Return the name without its suffix and what the suffix asks for; None when there is none."""
    for pattern in (_BRACKETS, _THINK, _HYPHEN):
        match = pattern.fullmatch(name)
        if match is None:
            continue
        reasoning = _reasoning(match["value"].strip().lower())
        if reasoning is not None:
            return match["stem"], reasoning
    return None


def _reasoning(value: str) -> ReasoningControl | None:
    if value in ("none", "nothinking", "0"):
        return ReasoningControl(mode="off")
    if value in ("auto", "-1"):
        return ReasoningControl(mode="auto")
    if value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        budget = int(value)
        return ReasoningControl(mode="budget", budget=budget) if budget else ReasoningControl(mode="off")
    wanted = "max" if value == "maxthinking" else value
    for level in LEVELS:
        if level == wanted:
            return ReasoningControl(mode="level", level=level)
    return None
