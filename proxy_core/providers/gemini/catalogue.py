"""Google's models as shipped data, and what is assumed of names that came later.

Catalogue of CLIProxyAPI a7e3596b, 2026-08-22 (its own claims); budgets of 2.5: ai.google.dev, 2026-08.
Generation 2.5 is told a budget in tokens, 3 and later a level. 3.8 as 3.7 (unverified, 2026-11-20).
"""

from __future__ import annotations

import re
from dataclasses import replace

from proxy_core.profile import Level, ModelProfile, Thinking

MODELS_DATE = "2026-08-22"

_OWNER = "google"
_CONTEXT, _OUTPUT = 1_048_576, 65_536
_MODALITIES = ("text", "image", "audio", "video", "document")

_PRO_LEVELS: tuple[Level, ...] = ("low", "high")
_PRO_31_LEVELS: tuple[Level, ...] = ("low", "medium", "high")
_FLASH_LEVELS: tuple[Level, ...] = ("minimal", "low", "medium", "high")
_LITE_LEVELS: tuple[Level, ...] = ("minimal", "high")

_PRO_25 = Thinking(budget=(128, 32_768), can_disable=False)
_FLASH_25 = Thinking(budget=(0, 24_576))
_LITE_25 = Thinking(budget=(512, 24_576))

_VERSION = re.compile(
    r"gemini-(?:(?P<major>\d+)(?:\.(?P<minor>\d+))?-)?(?P<kind>pro|flash-lite|flash)\b(?P<rest>.*)"
)
_OLD = re.compile(r"gemini-[12]\b")
_NOT_CHAT = re.compile(
    r"(gemini-embedding|text-embedding|embedding|imagen|veo|lyria|aqa|.*-(tts|live|native-audio)\b)"
)


def _by_level(levels: tuple[Level, ...]) -> Thinking:
    return Thinking(levels=levels, can_disable=False)


def _model(name: str, title: str | None, thinking: Thinking | None) -> ModelProfile:
    return ModelProfile(
        name,
        title,
        _OWNER,
        _CONTEXT,
        _OUTPUT,
        thinking,
        known=True,
        # media inside a functionResponse came with generation 3 (dossier of public docs, 2026-11-20)
        result_media=_OLD.match(name) is None,
        mixed_tools=_OLD.match(name) is None,
        modalities=_MODALITIES,
    )


MODELS: tuple[ModelProfile, ...] = (
    _model("gemini-3.8-flash", "Gemini 3.8 Flash", _by_level(_FLASH_LEVELS)),
    _model("gemini-3.7-flash", "Gemini 3.7 Flash", _by_level(_FLASH_LEVELS)),
    _model("gemini-3.6-flash", "Gemini 3.6 Flash", _by_level(_FLASH_LEVELS)),
    _model("gemini-3.5-flash", "Gemini 3.5 Flash", _by_level(_FLASH_LEVELS)),
    _model("gemini-3.5-flash-lite", "Gemini 3.5 Flash Lite", _by_level(_FLASH_LEVELS)),
    _model("gemini-3.1-pro-preview", "Gemini 3.1 Pro Preview", _by_level(_PRO_31_LEVELS)),
    _model("gemini-3.1-flash-lite-preview", "Gemini 3.1 Flash Lite Preview", _by_level(_LITE_LEVELS)),
    _model("gemini-3-pro-preview", "Gemini 3 Pro Preview", _by_level(_PRO_LEVELS)),
    _model("gemini-3-flash-preview", "Gemini 3 Flash Preview", _by_level(_FLASH_LEVELS)),
    _model("gemini-2.5-pro", "Gemini 2.5 Pro", _PRO_25),
    _model("gemini-2.5-flash", "Gemini 2.5 Flash", _FLASH_25),
    _model("gemini-2.5-flash-lite", "Gemini 2.5 Flash Lite", _LITE_25),
)


def guess(name: str) -> ModelProfile | None:
    """Return what generation and kind of a name say of its thinking; gemini-flash-latest is new."""
    if _NOT_CHAT.match(name):
        return ModelProfile(name, owner=_OWNER, thinking=None, known=True, hidden=True)
    match = _VERSION.match(name)
    if match is None:
        return None
    version = (int(match["major"]), int(match["minor"] or 0)) if match["major"] else (3, 99)
    found = _model(name, None, _thinking(version, match["kind"], "image" in match["rest"]))
    # addresses of the web: vendor's announcement of 2026-01-12, not for generation 2.0
    return found if version >= (2, 5) else replace(found, remote_media=False)


def _thinking(version: tuple[int, int], kind: str, draws: bool) -> Thinking | None:
    if version < (2, 5):
        return None
    if version < (3, 0):
        return _PRO_25 if kind == "pro" else _LITE_25 if kind == "flash-lite" else _FLASH_25
    if kind == "pro":
        return _by_level(_PRO_LEVELS if version < (3, 1) or draws else _PRO_31_LEVELS)
    return _by_level(_LITE_LEVELS if draws or (kind == "flash-lite" and version < (3, 5)) else _FLASH_LEVELS)
