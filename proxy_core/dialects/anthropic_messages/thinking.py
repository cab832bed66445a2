"""Thinking, both ways: ``thinking`` and ``output_config.effort`` (anthropic 2.11.0 types, 2026-11-20)."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import get_args

from proxy_core.dialects.anthropic_messages.check import Fields, refuse
from proxy_core.dialects.anthropic_messages.words import LEAST_BUDGET
from proxy_core.ir.message import Json
from proxy_core.ir.reasoning import asks_for_none, fit
from proxy_core.ir.request import ReasoningControl, ReasoningLevel
from proxy_core.profile import ModelProfile, Thinking, budget_for

_SHOW = MappingProxyType({"summarized": True, "omitted": False})

FORCED = "a forced tool call and thinking exclude each other; thinking was switched off"


def decode_thinking(thinking: Fields | None, effort: str | None) -> ReasoningControl:
    """Return the neutral control.

    An effort without ``thinking`` is a level as well: it is the nearest thing that other vendors have.
    A type that is not known yet leaves the control unset.
    """
    level = _level(effort)
    if thinking is None:
        return ReasoningControl("level", level) if level else ReasoningControl()
    show = _SHOW.get(thinking.maybe_text("display") or "")
    match thinking.text("type"):
        case "disabled":
            return ReasoningControl("off")
        case "enabled":
            budget = thinking.maybe_int("budget_tokens")
            if budget is None:
                refuse(thinking.at("budget_tokens"), "this field is required when thinking is enabled.")
            return ReasoningControl("budget", None, budget, show)
        case "adaptive" | "between_tools":
            return ReasoningControl("level" if level else "auto", level, None, show)
        case _:
            return ReasoningControl()


def _level(effort: str | None) -> ReasoningLevel | None:
    return next((level for level in get_args(ReasoningLevel) if level == effort), None)


@dataclass(frozen=True, slots=True)
class ThinkingWire:
    """What is written: ``thinking`` and ``effort``, None for neither; ``lost`` says why something is gone."""

    thinking: dict[str, Json] | None = None
    effort: str | None = None
    lost: str | None = None

    @property
    def is_on(self) -> bool:
        """Whether the model will think."""
        return self.thinking is not None and self.thinking["type"] != "disabled"

    @property
    def needs_own_start(self) -> bool:
        """Whether a tool round in the history must begin with thinking (budgets only; adaptive is free)."""
        return self.thinking is not None and self.thinking["type"] == "enabled"


def encode_thinking(control: ReasoningControl, profile: ModelProfile, max_tokens: int) -> ThinkingWire:
    """Return the nearest that the model takes; a budget is kept from 1024 to below ``max_tokens``."""
    asked = control.mode != "unset" and not (profile.thinking is None and asks_for_none(control))
    control = fit(control, profile.thinking, profile.known)
    model = profile.thinking or Thinking()
    match control.mode:
        case "off":
            return ThinkingWire({"type": "disabled"})
        case "auto" if model.levels or model.budget is None:
            return ThinkingWire({"type": "adaptive", **_display(control)})
        case "auto":
            return _budget(budget_for("medium"), control, max_tokens)
        case "level":
            return _leveled(control.level or "none", control, model, max_tokens)
        case "budget" if control.budget == 0:
            return ThinkingWire({"type": "disabled"})
        case "budget":
            return _budget(control.budget or 0, control, max_tokens)
        case _:
            return ThinkingWire(lost="the model cannot be told how to think" if asked else None)


def without_thinking(profile: ModelProfile, why: str) -> ThinkingWire:
    """Return thinking switched off, or unsaid where the model cannot stop."""
    can_disable = profile.thinking is None or profile.thinking.can_disable
    return ThinkingWire({"type": "disabled"} if can_disable else None, lost=why)


def _leveled(
    level: ReasoningLevel, control: ReasoningControl, model: Thinking, max_tokens: int
) -> ThinkingWire:
    if level == "none":
        return ThinkingWire({"type": "disabled"})
    if model.levels or model.budget is None:
        return ThinkingWire({"type": "adaptive", **_display(control)}, _effort(level, model.levels))
    return _budget(budget_for(level), control, max_tokens)


def _budget(budget: int, control: ReasoningControl, max_tokens: int) -> ThinkingWire:
    fitting = min(max(budget, LEAST_BUDGET), max_tokens - 1)
    if fitting < LEAST_BUDGET:
        return ThinkingWire(lost="max_tokens leaves no room for the smallest thinking budget, 1024")
    return ThinkingWire({"type": "enabled", "budget_tokens": fitting, **_display(control)})


def _effort(level: ReasoningLevel, levels: tuple[str, ...]) -> str:
    if level == "minimal":
        return "low"
    if level in ("xhigh", "max") and levels and level not in levels:
        return "high"
    return level


def _display(control: ReasoningControl) -> dict[str, Json]:
    if control.show is None:
        return {}
    return {"display": "summarized" if control.show else "omitted"}
