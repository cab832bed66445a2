"""Anthropic's models as shipped data, and what is assumed of names that came later.

Names: anthropic 2.11.0 types, 2026-11-20. Sizes and thinking: catalogue of CLIProxyAPI a7e3596b, 2026-08-22
(its own claims); for names that are newer than it those of the family's last entry (unverified, 2026-11-20).
"""

from __future__ import annotations

import re

from proxy_core.profile import Level, ModelProfile, Thinking

MODELS_DATE = "2026-11-20"

_OWNER = "anthropic"
_MODALITIES = ("text", "image", "document")
_RANGE = (1024, 128_000)
_MAX: tuple[Level, ...] = ("low", "medium", "high", "max")
_XHIGH: tuple[Level, ...] = ("low", "medium", "high", "xhigh", "max")

_BUDGET = Thinking(budget=_RANGE, dynamic=False)
_BOTH = Thinking(budget=_RANGE, levels=_MAX)
_BOTH_XHIGH = Thinking(budget=_RANGE, levels=_XHIGH)
_LEVELS = Thinking(levels=_XHIGH)

# Fast mode (vendor's guide, 2026-11); it is taken away from Opus 4.8 on 2026-11-30.
_FAST = ("claude-opus-5", "claude-fable-5-2")

_MILLION, _STANDARD = 1_000_000, 200_000
_NAME = re.compile(r"claude-(?P<line>[a-z]+)-(?P<major>\d)(?:-(?P<minor>\d{1,2})(?!\d))?")
_OLD_NAME = re.compile(r"claude-(?:3-7|3|2|instant)")


def _model(name: str, title: str, context: int, output: int, thinking: Thinking | None) -> ModelProfile:
    return _profile(name, thinking, _version(name), title=title, context=context, output=output)


def _version(name: str) -> tuple[int, int]:
    match = _NAME.match(name)
    return (int(match["major"]), int(match["minor"] or 0)) if match else (0, 0)


def _profile(
    name: str,
    thinking: Thinking | None,
    version: tuple[int, int],
    title: str | None = None,
    context: int | None = None,
    output: int | None = None,
) -> ModelProfile:
    # From Opus 4.7 on, temperature, top_p and top_k are refused; from 4.6 on, a trailing assistant turn is.
    return ModelProfile(
        name,
        title,
        _OWNER,
        context,
        output,
        thinking,
        known=True,
        sampling=version < (4, 7),
        prefill=version < (4, 6),
        fast=name.startswith(_FAST),
        modalities=_MODALITIES,
    )


MODELS: tuple[ModelProfile, ...] = (
    _model("claude-opus-5-5", "Claude Opus 5.5", _MILLION, 128_000, _LEVELS),
    _model("claude-sonnet-5-5", "Claude Sonnet 5.5", _MILLION, 128_000, _LEVELS),
    _model("claude-haiku-5-5", "Claude Haiku 5.5", _STANDARD, 64_000, _LEVELS),
    _model("claude-fable-5-2", "Claude Fable 5.2", _MILLION, 128_000, _BOTH_XHIGH),
    _model("claude-opus-5", "Claude Opus 5", _MILLION, 128_000, _LEVELS),
    _model("claude-sonnet-5", "Claude Sonnet 5", _MILLION, 128_000, _LEVELS),
    _model("claude-fable-5", "Claude Fable 5", _MILLION, 128_000, _BOTH_XHIGH),
    _model("claude-opus-4-8", "Claude Opus 4.8", _MILLION, 128_000, _BOTH_XHIGH),
    _model("claude-opus-4-7", "Claude Opus 4.7", _MILLION, 128_000, _BOTH_XHIGH),
    _model("claude-opus-4-6", "Claude Opus 4.6", _MILLION, 128_000, _BOTH),
    _model("claude-sonnet-4-6", "Claude Sonnet 4.6", _STANDARD, 64_000, _BOTH),
    _model("claude-opus-4-5-20251101", "Claude Opus 4.5", _STANDARD, 64_000, _BUDGET),
    _model("claude-sonnet-4-5-20250929", "Claude Sonnet 4.5", _STANDARD, 64_000, _BUDGET),
    _model("claude-haiku-4-5-20251001", "Claude Haiku 4.5", _STANDARD, 64_000, _BUDGET),
)


def guess(name: str) -> ModelProfile | None:
    """Return what the version in a name says: its way of thinking, sampling, prefill and sizes."""
    version = _version(name)
    if version == (0, 0):
        if not _OLD_NAME.match(name):
            return None
        return _profile(name, _BUDGET if name.startswith("claude-3-7") else None, version, output=8192)
    if version >= (5, 0):
        return _profile(
            name, _BOTH_XHIGH if _takes_budget(name) else _LEVELS, version, None, _MILLION, 128_000
        )
    if version >= (4, 6):
        thinking = _BOTH if version == (4, 6) else _BOTH_XHIGH
        large = name.startswith("claude-opus")
        return _profile(
            name, thinking, version, None, _MILLION if large else _STANDARD, 128_000 if large else 64_000
        )
    short = name.startswith("claude-opus") and version < (4, 5)
    return _profile(name, _BUDGET, version, None, _STANDARD, 32_000 if short else 64_000)


def _takes_budget(name: str) -> bool:
    return name.startswith(("claude-fable", "claude-mythos"))
