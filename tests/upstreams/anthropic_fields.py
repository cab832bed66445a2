"""The fields that Anthropic's messages endpoint knows (anthropic 2.11.0 types, 2026-11-20)."""

import base64
import binascii
from typing import Any

from tests.upstreams.shapes import (
    Check,
    Path,
    anything,
    array,
    boolean,
    by_type,
    fields,
    filled,
    integer,
    mapping,
    matching,
    nullable,
    number,
    one_of,
    record,
    rule,
    tagged,
    text,
)

_KIND = {"type": anything}
_CACHE = nullable(record({"type": one_of("ephemeral")}, {"ttl": one_of("5m", "1h")}))
_MARK = {"cache_control": _CACHE}
TOOL_NAME = matching(r"[a-zA-Z0-9_-]{1,128}")
_ID = matching(r"[a-zA-Z0-9_-]+")


def _data(value: Any, at: Path) -> None:
    text(value, at)
    try:
        ok = bool(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        ok = False
    if not ok:
        raise rule(at, "Invalid base64 data")


def _address(value: Any, at: Path) -> None:
    text(value, at)
    if not value.startswith(("https://", "http://")):
        raise rule(at, "Only HTTPS URLs are supported.")


_IMAGE_TYPE = one_of("image/jpeg", "image/png", "image/gif", "image/webp")
_URL = record({"url": _address, **_KIND})
_FILE = record({"file_id": text, **_KIND})
_IMAGE_SOURCE = tagged(
    {"base64": record({"media_type": _IMAGE_TYPE, "data": _data, **_KIND}), "url": _URL, "file": _FILE}
)
_PDF = record({"media_type": one_of("application/pdf"), "data": _data, **_KIND})
_PLAIN = record({"media_type": one_of("text/plain"), "data": text, **_KIND})
_DOCUMENT_SOURCE = tagged(
    {
        "base64": _PDF,
        "text": _PLAIN,
        "url": _URL,
        "file": _FILE,
        "content": record({"content": anything, **_KIND}),
    }
)
_TEXT = record({"text": text, **_KIND}, {"citations": nullable(array(mapping)), **_MARK})
_IMAGE = record({"source": _IMAGE_SOURCE, **_KIND}, {"transformations": anything, **_MARK})
_DOCUMENT = record(
    {"source": _DOCUMENT_SOURCE, **_KIND},
    {"title": nullable(text), "context": nullable(text), "citations": nullable(mapping), **_MARK},
)
_SEARCH_RESULT = record(
    {"content": array(mapping), "source": text, "title": text, **_KIND}, {"citations": mapping, **_MARK}
)
_RESULT_PARTS: dict[str, Check] = {
    "text": _TEXT,
    "image": _IMAGE,
    "document": _DOCUMENT,
    "search_result": _SEARCH_RESULT,
    "tool_reference": record({"tool_name": text, **_KIND}, _MARK),
    "browser_state": mapping,
}
_RESULT = record(
    {"tool_use_id": _ID, **_KIND},
    {
        "content": by_type(
            string=text, items=array(tagged(_RESULT_PARTS)), expected="a valid string or list"
        ),
        "is_error": boolean,
        "toolset_name": text,
        **_MARK,
    },
)
_USE = record(
    {"id": _ID, "name": TOOL_NAME, "input": mapping, **_KIND},
    {"caller": anything, "toolset_name": text, **_MARK},
)
_HOSTED_RESULT = record({"tool_use_id": text, "content": anything, **_KIND}, {"caller": anything, **_MARK})
_HOSTED = fields(
    "web_search_tool_result web_fetch_tool_result code_execution_tool_result bash_code_execution_tool_result "
    "text_editor_code_execution_tool_result tool_search_tool_result",
    _HOSTED_RESULT,
)
_SYSTEM_BLOCKS: dict[str, Check] = {"text": _TEXT}
_USER_BLOCKS: dict[str, Check] = {
    "text": _TEXT,
    "image": _IMAGE,
    "document": _DOCUMENT,
    "search_result": _SEARCH_RESULT,
    "tool_result": _RESULT,
    "container_upload": record({"file_id": text, **_KIND}, _MARK),
}
_ASSISTANT_BLOCKS: dict[str, Check] = {
    "text": _TEXT,
    "thinking": record({"thinking": text, "signature": text, **_KIND}),
    "redacted_thinking": record({"data": text, **_KIND}),
    "tool_use": _USE,
    "server_tool_use": record(
        {"id": text, "name": text, "input": mapping, **_KIND}, {"caller": anything, **_MARK}
    ),
    **_HOSTED,
}


def _message(blocks: dict[str, Check], more: dict[str, Check] | None = None) -> Check:
    content = by_type(string=text, items=array(tagged(blocks)), expected="a valid string or list")
    return record({"role": anything, "content": content}, more)


_TURN_CONTROL = {
    "output_config": nullable(
        record({}, {"effort": nullable(one_of("low", "medium", "high", "xhigh", "max"))})
    ),
    "clear_at": nullable(one_of("next_user_message", "never")),
}


_TOOL_REFERENCE = record({"name": text, **_KIND})
_MCP_REFERENCES = fields("mcp_tool_reference mcp_toolset_reference", mapping)


def _definition(value: Any, at: Path) -> None:
    record({"definition": _tool, **_KIND})(value, at)


_INSIDE_BLOCKS: dict[str, Check] = {
    "text": _TEXT,
    "tool_addition": record(
        {
            "tool": tagged(
                {"tool_reference": _TOOL_REFERENCE, "tool_definition": _definition, **_MCP_REFERENCES}
            ),
            **_KIND,
        },
        _MARK,
    ),
    "tool_removal": record(
        {"tool": tagged({"tool_reference": _TOOL_REFERENCE, **_MCP_REFERENCES}), **_KIND}, _MARK
    ),
}


_MESSAGES = array(
    tagged(
        {
            "user": _message(_USER_BLOCKS),
            "assistant": _message(_ASSISTANT_BLOCKS),
            "system": _message(_INSIDE_BLOCKS, _TURN_CONTROL),
        },
        tag="role",
    ),
    least=1,
)


def _schema(value: Any, at: Path) -> None:
    mapping(value, at)
    if "type" not in value:
        raise rule((*at, "type"), "Field required")
    if value["type"] != "object":
        raise rule((*at, "type"), "Input should be 'object'")
    for word in ("oneOf", "allOf", "anyOf"):
        if word in value:
            raise rule(at, "input_schema does not support oneOf, allOf, or anyOf at the top level")


_TOOL_EXTRA = {
    "strict": boolean,
    "defer_loading": boolean,
    "allowed_callers": array(text),
    "input_examples": array(mapping),
    **_MARK,
}
_CUSTOM = record(
    {"name": TOOL_NAME, "input_schema": _schema},
    {
        "description": text,
        "type": nullable(one_of("custom")),
        "eager_input_streaming": nullable(boolean),
        **_TOOL_EXTRA,
    },
)
_TYPED_PREFIXES = (
    "web_search_2", "web_fetch_2", "code_execution_2", "bash_2", "text_editor_2", "memory_2",
    "tool_search_tool_", "computer_", "browser_toolset_", "advisor_2",
)  # fmt: skip
_TYPED = record(
    {"name": TOOL_NAME, "type": text},
    {
        **fields(
            "max_uses allowed_domains blocked_domains user_location citations max_content_tokens use_cache "
            "display_width_px display_height_px display_number enable_zoom max_characters response_inclusion"
        ),
        **_TOOL_EXTRA,
    },
)


def _tool(value: Any, at: Path) -> None:
    mapping(value, at)
    kind = value.get("type") or "custom"
    if isinstance(kind, str) and kind.startswith(_TYPED_PREFIXES):
        _TYPED(value, at)
    else:
        _CUSTOM(value, (*at, "custom"))


_FLAG = {"disable_parallel_tool_use": boolean}
_CHOICE = tagged(
    {
        "auto": record(_KIND, _FLAG),
        "any": record(_KIND, _FLAG),
        "tool": record({"name": text, **_KIND}, _FLAG),
        "none": record(_KIND),
    }
)
_DISPLAY = {"display": nullable(one_of("summarized", "omitted"))}
_THINKING = tagged(
    {
        "enabled": record({"budget_tokens": integer(), **_KIND}, _DISPLAY),
        "adaptive": record(_KIND, _DISPLAY),
        "between_tools": record(_KIND, _DISPLAY),
        "disabled": record(_KIND),
    }
)
_FORMAT = record({"type": one_of("json_schema"), "schema": mapping})
_OUTPUT_CONFIG = record(
    {},
    {
        "effort": nullable(one_of("low", "medium", "high", "xhigh", "max")),
        "format": nullable(_FORMAT),
        "task_budget": anything,
    },
)
_USER_ID = record({}, {"user_id": nullable(text)})
TOP_LEVEL: dict[str, Check] = {
    "model": filled,
    "messages": _MESSAGES,
    "max_tokens": integer(0),
    "system": by_type(string=text, items=array(tagged(_SYSTEM_BLOCKS)), expected="a valid string or list"),
    "tools": array(_tool),
    "tool_choice": _CHOICE,
    "thinking": _THINKING,
    "output_config": _OUTPUT_CONFIG,
    "stop_sequences": array(text),
    "stream": boolean,
    "metadata": _USER_ID,
    "service_tier": one_of("auto", "standard_only"),
    "speed": nullable(one_of("standard", "fast")),
    "cache_control": _CACHE,
    "container": anything,
    "diagnostics": nullable(record({}, {"previous_message_id": nullable(text)})),
    "inference_geo": nullable(text),
    "user_profile_id": nullable(text),
    "workspace_id": nullable(text),
}
# No longer in the types; older models still take them in the body.
SAMPLING: dict[str, Check] = {"temperature": number(0, 1), "top_p": number(0, 1), "top_k": integer(0)}
# Only with a beta named in the header anthropic-beta that begins like this.
BETA = {
    "context_management": "context-management-",
    "mcp_servers": "mcp-client-",
    "fallbacks": "",
    "thread": "",
    "compaction": "",
    "billing_policy": "",
    "fallback_credit_token": "",
}
COUNT_FIELDS = frozenset(
    {
        "cache_control", "messages", "model", "output_config", "speed", "system", "thinking", "tool_choice",
        "tools", "user_profile_id", "workspace_id",
    }
)  # fmt: skip
