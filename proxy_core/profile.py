"""What is known of a model, as data, and the arithmetic of thinking levels and budgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]

LEVELS: tuple[Level, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_BUDGETS: tuple[int, ...] = (0, 512, 1024, 8192, 24576, 32768, 128000)


@dataclass(frozen=True, slots=True)
class Thinking:
    """How a model lets itself be told to think.

    ``budget`` is its (lowest, highest) token budget, None if it takes none; ``levels`` the effort words
    it takes, empty if none. ``can_disable``: thinking can be switched off. ``dynamic``: the model can
    choose itself (Gemini −1, Anthropic adaptive).
    """

    budget: tuple[int, int] | None = None
    levels: tuple[Level, ...] = ()
    can_disable: bool = True
    dynamic: bool = True


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """Facts and quirks of one upstream model; the defaults fit an unknown, modern model.

    ``thinking`` None: the model does not think, so reasoning fields are left out. ``known`` False: nothing
    is recorded of the model, values are passed as they are. ``sampling``: it takes temperature and top_p.
    ``prefill``: it takes a trailing assistant message. ``fast``: it has a faster, dearer way of answering
    that a request can ask for. ``remote_media``: its vendor fetches media from public addresses.
    ``result_media``: results of tools may hold media. ``mixed_tools``: tools that the vendor runs may be
    offered beside functions.
    """

    id: str
    title: str | None = None
    owner: str | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    thinking: Thinking | None = Thinking(levels=LEVELS, budget=(0, 128000))
    known: bool = False
    sampling: bool = True
    prefill: bool = False
    fast: bool = False
    remote_media: bool = True
    result_media: bool = True
    mixed_tools: bool = False
    modalities: tuple[str, ...] = ("text", "image")
    created: int | None = None
    hidden: bool = False


def budget_for(level: Level) -> int:
    """Return the token budget that stands for a level (table of CLIProxyAPI, 2026-08-22)."""
    return _BUDGETS[LEVELS.index(level)]


def level_for(budget: int) -> Level:
    """Return the level that a token budget stands for; the inverse of :func:`budget_for` on its values."""
    for level, most in zip(LEVELS, _BUDGETS, strict=True):
        if budget <= most:
            return level
    return "max"


def clamp_budget(budget: int, thinking: Thinking) -> int:
    """Return the budget moved into the model's range; 0 stays 0 where thinking can be switched off."""
    if thinking.budget is None or (budget == 0 and thinking.can_disable):
        return budget
    low, high = thinking.budget
    return min(max(budget, low), high)


def clamp_level(level: Level, thinking: Thinking) -> Level:
    """Return the nearest level that the model takes; ties go down. *none* only where it can be off."""
    allowed = thinking.levels or LEVELS
    if level == "none" and thinking.can_disable:
        return level
    allowed = tuple(word for word in allowed if word != "none") or allowed
    wanted = LEVELS.index(level)
    return min(allowed, key=lambda word: (abs(LEVELS.index(word) - wanted), LEVELS.index(word)))
