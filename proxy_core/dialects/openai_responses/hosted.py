"""Tools that the vendor runs, and the items that tell of their steps."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from proxy_core.dialects.openai_responses.wire import NAME
from proxy_core.ir.message import Json
from proxy_core.ir.request import Hosted

HOSTED_STEPS = frozenset(
    {
        "web_search_call",
        "file_search_call",
        "code_interpreter_call",
        "image_generation_call",
        "computer_call",
        "computer_call_output",
        "local_shell_call",
        "local_shell_call_output",
        "shell_call",
        "shell_call_output",
        "apply_patch_call",
        "apply_patch_call_output",
        "mcp_call",
        "mcp_list_tools",
        "mcp_approval_request",
        "mcp_approval_response",
        "tool_search_call",
        "tool_search_output",
        "program",
        "program_output",
    }
)

_NEUTRAL: Mapping[str, str] = MappingProxyType(
    {
        "web_search": "web_search",
        "web_search_2025_08_26": "web_search",
        "web_search_preview": "web_search",
        "web_search_preview_2025_03_11": "web_search",
        "code_interpreter": "code_execution",
    }
)
SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "web_search": "web_search_call.action.sources",
        "code_execution": "code_interpreter_call.outputs",
    }
)
"""What must be asked for with ``include``, so that a step says what it found."""
_OWN: Mapping[str, str] = MappingProxyType(
    {
        "web_search": "web_search",
        "code_execution": "code_interpreter",
        "image_generation": "image_generation",
    }
)
CHOICES = frozenset(
    {
        *_NEUTRAL,
        "apply_patch",
        "computer",
        "computer_use",
        "computer_use_preview",
        "file_search",
        "image_generation",
        "local_shell",
        "mcp",
        "shell",
    }
)
"""Types of hosted tools that ``tool_choice`` may force (openai 3.52.0 ``ToolChoiceTypes``, 2026-11-20)."""
_PLACE = ("type", "city", "country", "region", "timezone")


def tool_kind(wire_type: str) -> str:
    """Return the neutral kind of a hosted tool's ``type``; a type without one is its own kind."""
    return _NEUTRAL.get(wire_type, wire_type)


def wire_type(kind: str, tools: tuple[object, ...]) -> str | None:
    """Return the ``type`` that stands for a kind, as it was declared if it is ours; None if there is none."""
    for tool in tools:
        if isinstance(tool, Hosted) and tool.kind == kind and tool.dialect == NAME:
            return str(tool.raw.get("type", kind))
    return _OWN.get(kind)


def encode_hosted(tool: Hosted) -> tuple[dict[str, Json], tuple[str, ...]] | None:
    """Write a hosted tool and the names of its members that were lost; None where there is no equivalent."""
    if tool.dialect == NAME:
        return dict(tool.raw), ()
    own = _OWN.get(tool.kind)
    if own is None:
        return None
    if own == "code_interpreter":
        return {"type": own, "container": {"type": "auto"}}, ()
    if own == "image_generation":
        return {"type": own}, ()
    return _web_search(_options(tool))


def _options(tool: Hosted) -> Mapping[str, Json]:
    """Return the settings of a search; Gemini keeps them in the member that names the tool."""
    inner = next(iter(tool.raw.values()), None) if len(tool.raw) == 1 else None
    return inner if isinstance(inner, dict) and "type" not in tool.raw else tool.raw


def _web_search(raw: Mapping[str, Json]) -> tuple[dict[str, Json], tuple[str, ...]]:
    written: dict[str, Json] = {"type": "web_search"}
    if raw.get("search_context_size") in ("low", "medium", "high"):
        written["search_context_size"] = raw["search_context_size"]
    if isinstance(domains := raw.get("allowed_domains"), list):
        written["filters"] = {"allowed_domains": domains}
    place = raw.get("user_location")
    if isinstance(place, dict):
        inner = place.get("approximate")
        flat = {"type": "approximate", **(inner if isinstance(inner, dict) else place)}
        written["user_location"] = {key: flat[key] for key in _PLACE if isinstance(flat.get(key), str)}
    told = {"type", "name", "search_context_size", "allowed_domains", "user_location", "cache_control"}
    return written, tuple(
        key for key, value in raw.items() if key not in told and value not in (None, {}, [])
    )
