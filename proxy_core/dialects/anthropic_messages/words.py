"""Words of the dialect that several of its modules need (anthropic 2.11.0 types, 2026-11-20)."""

from __future__ import annotations

from types import MappingProxyType

from proxy_core.ir.message import Seal

NAME = "anthropic_messages"
FAMILY = "anthropic"

SIGNATURE = "anthropic.signature"
REDACTED = "anthropic.redacted"

BLOCK = "anthropic.block"
"""Members of a block that have no neutral place, as JSON; with a ``type``, the whole block."""

PART_SEALS = frozenset({"gemini.signature", "chat.signature"})
"""Kinds that sit on a call or a text; here they travel in a redacted block of their own beside the part."""

OF_NEXT = ".next"
"""Ends the kind of a seal whose part comes after its carrier; otherwise it came before."""

LENDABLE = "gemini.signature"
"""The kind that may stand on the thinking right before its call: its encoder moves it on to the call."""

UNSIGNED = Seal("local", "unsigned", "")
"""Stands in the signature of thinking that nobody signed.

The vendor refuses thinking without a valid signature. Our envelope makes such a block known as foreign
when it comes back, so that it is never sent there.
"""

HOSTED = MappingProxyType(
    {
        "web_search": "web_search",
        "web_fetch": "web_fetch",
        "code_execution": "code_execution",
        "bash_code_execution": "code_execution",
        "text_editor_code_execution": "code_execution",
        "tool_search_tool_regex": "tool_search",
        "tool_search_tool_bm25": "tool_search",
        "tool_search": "tool_search",
    }
)
"""Names of tools that the vendor runs, without their date, to the neutral kind."""

DEFAULT_MAX_TOKENS = 32_000
"""What is asked for when neither the caller nor the model's profile says (CLIProxyAPI, 2026-08-22)."""

LEAST_BUDGET = 1024
"""The smallest thinking budget that the vendor takes."""


def bare_type(name: str) -> str:
    """Return a tool type without its date: ``web_search_20250305`` gives ``web_search``."""
    head, _, date = name.rpartition("_")
    return head if head and date.isdigit() else name
