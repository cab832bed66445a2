"""What a model can be told about thinking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from proxy_core.ir.message import Message, Reasoning
from proxy_core.ir.request import Loss, ReasoningControl
from proxy_core.profile import (
    LEVELS,
    ModelProfile,
    Thinking,
    budget_for,
    clamp_budget,
    clamp_level,
    level_for,
)


def fit(control: ReasoningControl, thinking: Thinking | None, known: bool) -> ReasoningControl:
    """Return the nearest control that the model takes; ``show`` and ``detail`` stay.

    Levels and budgets are converted only where the model does not take the caller's kind, then moved into
    its range. *off* becomes the lowest level or budget where thinking cannot be switched off; *auto* where
    the model cannot choose becomes *unset*. ``thinking`` None: the model does not think, nothing is left to
    say. For a model that is not ``known`` the value stays as it is.
    """
    if thinking is None:
        return ReasoningControl()
    if not known:
        return control
    match control.mode:
        case "off":
            return _off(control, thinking)
        case "auto":
            return _auto(control, thinking)
        case "level":
            return _level(control, thinking)
        case "budget":
            return _budget(control, thinking)
        case _:
            return control


def asks_for_none(control: ReasoningControl) -> bool:
    """Whether the caller wants no thinking at all, however it is said."""
    if control.mode == "level":
        return control.level == "none"
    return control.mode == "off" or (control.mode == "budget" and control.budget == 0)


def lost_control(control: ReasoningControl, profile: ModelProfile) -> tuple[Loss, ...]:
    """Return the loss of a control of which :func:`fit` leaves nothing to say.

    A value that was only moved into the model's range is not lost; nor is *off* where the model does not
    think, nor *auto* where it decides itself anyway.
    """
    if profile.thinking is None:
        asked = control.mode != "unset" and not asks_for_none(control)
        return (Loss("reasoning", "The model does not think."),) if asked else ()
    fitted = fit(control, profile.thinking, profile.known)
    if _is_definite(control) and fitted.mode in ("unset", "auto"):
        return (Loss("reasoning", "The model cannot be told how much to think."),)
    return ()


def lost_thoughts(before: Iterable[Message], after: Iterable[Message] = ()) -> tuple[Loss, ...]:
    """Return the loss of earlier thinking that is in ``after`` neither as text nor as a seal."""
    kept = [part for message in after for part in message.parts]
    texts = {part.text for part in kept if isinstance(part, Reasoning)}
    values = {seal.value for part in kept if (seal := getattr(part, "seal", None)) is not None}
    for message in before:
        for part in message.parts:
            if not isinstance(part, Reasoning) or (part.seal is not None and part.seal.value in values):
                continue
            if (part.text or part.seal is not None) and part.text not in texts:
                return (Loss("messages[].reasoning", "Only the vendor whose thinking it was can read it."),)
    return ()


def _is_definite(control: ReasoningControl) -> bool:
    """Whether the caller names an amount; a negative budget means *auto*."""
    if control.mode == "level":
        return control.level is not None
    if control.mode == "budget":
        return control.budget is not None and control.budget >= 0
    return control.mode == "off"


def _off(control: ReasoningControl, thinking: Thinking) -> ReasoningControl:
    if thinking.can_disable:
        return replace(control, mode="off", level=None, budget=None)
    words = [level for level in LEVELS if level in thinking.levels and level != "none"]
    if words:
        return replace(control, mode="level", level=words[0], budget=None)
    if thinking.budget is not None:
        return replace(control, mode="budget", level=None, budget=thinking.budget[0])
    return replace(control, mode="unset", level=None, budget=None)


def _auto(control: ReasoningControl, thinking: Thinking) -> ReasoningControl:
    return replace(control, mode="auto" if thinking.dynamic else "unset", level=None, budget=None)


def _level(control: ReasoningControl, thinking: Thinking) -> ReasoningControl:
    level = control.level
    if level is None:
        return _auto(control, thinking)
    if level == "none":
        return _off(control, thinking)
    if thinking.levels:
        return replace(control, level=clamp_level(level, thinking), budget=None)
    if thinking.budget is not None:
        budget = clamp_budget(budget_for(level), thinking)
        return replace(control, mode="budget", level=None, budget=budget)
    return _auto(control, thinking)


def _budget(control: ReasoningControl, thinking: Thinking) -> ReasoningControl:
    budget = control.budget
    if budget is None or budget < 0:
        return _auto(control, thinking)
    if budget == 0:
        return _off(control, thinking)
    if thinking.budget is not None:
        return replace(control, level=None, budget=clamp_budget(budget, thinking))
    if thinking.levels:
        return replace(control, mode="level", level=clamp_level(level_for(budget), thinking), budget=None)
    return _auto(control, thinking)
