"""What a system message inside the conversation says for one turn: its effort, and when it is cleared.

Claude Code 2.1.329 sends an effort with models that it does not know by name (beta
``per-turn-control-2026-07-01``, captured 2026-11-21); types of both: anthropic 2.11.0. No other dialect has
them, so they are applied here.
"""

from __future__ import annotations

from collections.abc import Sequence

from proxy_core.dialects.anthropic_messages.check import Fields


def shown(entries: Sequence[Fields]) -> list[Fields]:
    """Return the messages that the model is still to see, in order."""
    last_user = max((at for at, one in enumerate(entries) if one.value.get("role") == "user"), default=-1)
    return [one for at, one in enumerate(entries) if at > last_user or not _is_cleared(one)]


def turn_effort(entries: Sequence[Fields]) -> str | None:
    """Return the effort that the current turn asks for; None where it does not.

    A turn begins with what a person says; results of tools belong to the turn that called them.
    """
    effort: str | None = None
    for entry in entries:
        if entry.value.get("role") == "user" and not _is_results(entry):
            effort = None
        elif entry.value.get("role") == "system" and (config := entry.maybe_object("output_config")):
            effort = config.maybe_text("effort") or effort
    return effort


def _is_cleared(entry: Fields) -> bool:
    return entry.value.get("role") == "system" and entry.value.get("clear_at") == "next_user_message"


def _is_results(entry: Fields) -> bool:
    content = entry.value.get("content")
    if not isinstance(content, list):
        return False
    return any(isinstance(block, dict) and block.get("type") == "tool_result" for block in content)
