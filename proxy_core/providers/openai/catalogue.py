"""OpenAI's models as shipped data, and what is assumed of names that came later.

Names: openai 3.52.0 types, 2026-11-20. Sizes and levels: catalogue of CLIProxyAPI a7e3596b, 2026-08-22 (its
own claims); for gpt-6 they are those of gpt-5.6 (unverified, 2026-11-20).
"""

from __future__ import annotations

import re

from proxy_core.profile import Level, ModelProfile, Thinking

MODELS_DATE = "2026-11-20"

_OWNER = "openai"
_XHIGH: tuple[Level, ...] = ("low", "medium", "high", "xhigh")
_MAX: tuple[Level, ...] = (*_XHIGH, "max")
_OLD: tuple[Level, ...] = ("low", "medium", "high")
_GPT_5: tuple[Level, ...] = ("minimal", "low", "medium", "high")

# Not for chat: they are reached by name, but would only be in the way in a list of chat models.
_NOT_CHAT = re.compile(
    r"(text-embedding-|tts-|whisper-|dall-e-|gpt-image-|sora-|omni-moderation|text-moderation|babbage|davinci|"
    r"gpt-realtime|gpt-audio|.*-(transcribe|tts|realtime|audio)\b)"
)
_GPT = re.compile(r"gpt-(\d+)(?:\.(\d+))?(-chat)?")
_O_SERIES = re.compile(r"o\d")


def _think(levels: tuple[Level, ...], off: bool = True) -> Thinking:
    return Thinking(budget=None, levels=levels, can_disable=off, dynamic=True)


def _model(
    name: str, title: str, context: int, output: int, thinking: Thinking | None, sampling: bool = True
) -> ModelProfile:
    return ModelProfile(name, title, _OWNER, context, output, thinking, known=True, sampling=sampling)


MODELS: tuple[ModelProfile, ...] = (
    _model("gpt-6.1-sol", "GPT 6.1 Sol", 1_050_000, 128_000, _think(_MAX)),
    _model("gpt-6.1-terra", "GPT 6.1 Terra", 1_050_000, 128_000, _think(_MAX)),
    _model("gpt-6-astra", "GPT 6 Astra", 1_050_000, 128_000, _think(_MAX)),
    _model("gpt-6-sol", "GPT 6 Sol", 1_050_000, 128_000, _think(_MAX)),
    _model("gpt-6-luna", "GPT 6 Luna", 1_050_000, 128_000, _think(_MAX)),
    _model("gpt-5.6-sol", "GPT 5.6 Sol", 921_000, 128_000, _think(_MAX)),
    _model("gpt-5.6-terra", "GPT 5.6 Terra", 921_000, 128_000, _think(_MAX)),
    _model("gpt-5.6-luna", "GPT 5.6 Luna", 921_000, 128_000, _think(_MAX)),
    _model("gpt-5.5", "GPT 5.5", 272_000, 128_000, _think(_XHIGH)),
    _model("gpt-5.4", "GPT 5.4", 1_050_000, 128_000, _think(_XHIGH)),
    _model("gpt-5.4-mini", "GPT 5.4 Mini", 400_000, 128_000, _think(_XHIGH)),
    _model("gpt-5.4-nano", "GPT 5.4 Nano", 400_000, 128_000, _think(_XHIGH)),
    _model("gpt-4.1", "GPT 4.1", 1_047_576, 32_768, None),
    _model("gpt-4.1-mini", "GPT 4.1 Mini", 1_047_576, 32_768, None),
    _model("gpt-4o", "GPT 4o", 128_000, 16_384, None),
    _model("gpt-4o-mini", "GPT 4o Mini", 128_000, 16_384, None),
)


def guess(name: str) -> ModelProfile | None:
    """Return what the family of a name says: its thinking, and whether it takes temperature and top_p."""
    if _NOT_CHAT.match(name):
        return ModelProfile(name, owner=_OWNER, thinking=None, known=True, hidden=True)
    if _O_SERIES.match(name):
        return _family(name, _think(_OLD, off=False), sampling=False)
    match = _GPT.match(name)
    if match is None:
        return None
    version = (int(match[1]), int(match[2] or 0))
    if version < (5, 0) or match[3]:
        return _family(name, None)
    if version == (5, 0):
        # The first generation takes neither temperature nor top_p and cannot be kept from thinking.
        return _family(name, _think(_GPT_5, off=False), sampling=False)
    return _family(name, _think(_XHIGH if version < (5, 6) else _MAX))


def _family(name: str, thinking: Thinking | None, sampling: bool = True) -> ModelProfile:
    return ModelProfile(name, owner=_OWNER, thinking=thinking, known=True, sampling=sampling)
