"""The fields that OpenAI's responses endpoint knows.

Field lists: openai 3.52.0 types, 2026-11-20; fields that only Codex 0.169 sends are marked.
"""

from typing import Any

from tests.upstreams.openai_words import (
    CACHE_BREAKPOINT,
    CACHE_OPTIONS,
    EFFORT,
    IMAGE_DETAIL,
    JSON_SCHEMA_FIELDS,
    SERVICE_TIER,
    TOOL_NAME,
    image_url,
)
from tests.upstreams.shapes import (
    Check,
    anything,
    array,
    at_most,
    boolean,
    by_type,
    fields,
    filled,
    integer,
    mapping,
    mapping_of,
    nullable,
    number,
    one_of,
    record,
    rule,
    tagged,
    text,
)

_KIND = {"type": anything}
_MARK = {"prompt_cache_breakpoint": CACHE_BREAKPOINT}
_INPUT_PARTS = {
    "input_text": record({"text": text, **_KIND}, _MARK),
    "input_image": record(
        {"detail": IMAGE_DETAIL, **_KIND},
        {"image_url": nullable(image_url), "file_id": nullable(text), **_MARK},
    ),
    "input_file": record(_KIND, fields("file_data file_id file_url filename detail", nullable(text)) | _MARK),
}
_OUTPUT_TEXT = record({"text": text, **_KIND}, {"annotations": array(mapping), "logprobs": anything})
_OUTPUT_PARTS = {"output_text": _OUTPUT_TEXT, "refusal": record({"refusal": text, **_KIND})}


def _content(parts: dict[str, Check]) -> Check:
    return by_type(string=text, items=array(tagged(parts)), expected="one of a string or an array of objects")


def _id(prefix: str) -> Check:
    def check(value: Any, at: tuple[str | int, ...]) -> None:
        text(value, at)
        if not value.startswith(prefix):
            where = f"input[{at[1]}].id" if len(at) > 1 else "id"
            raise rule(
                at,
                f"Invalid '{where}': '{value}'. Expected an ID that begins with '{prefix}'.",
                "invalid_value",
            )
        if len(value) > 64:
            raise rule(
                at,
                "Invalid 'id': string too long. Expected a string with maximum length 64.",
                "string_above_max_length",
            )

    return nullable(check)


_STATUS = one_of("in_progress", "completed", "incomplete")
# Codex's built-in provider puts the passthrough field on every item.
_ITEM = {"status": nullable(_STATUS), "internal_chat_message_metadata_passthrough": anything}
_ROLE = {"role": anything}
_MESSAGE = {"id": _id("msg"), "phase": nullable(one_of("commentary", "final_answer")), **_KIND, **_ITEM}
_HEARD = record({"content": _content(_INPUT_PARTS), **_ROLE}, _MESSAGE)
_SAID = record({"content": _content(_OUTPUT_PARTS), **_ROLE}, _MESSAGE)
_CALL_ID = {"call_id": at_most(64), **_KIND}
_CALLER = {"caller": anything, "namespace": nullable(text), "async": anything, **_ITEM}
_OUTPUT = {"output": _content(_INPUT_PARTS)}
_SUMMARY = array(record({"text": text, "type": one_of("summary_text")}))
_REASONED = nullable(array(record({"text": text, "type": one_of("reasoning_text")})))
# Steps of hosted tools: only that they exist is checked.
_HOSTED = fields(
    "file_search_call computer_call computer_call_output web_search_call image_generation_call "
    "code_interpreter_call mcp_list_tools mcp_approval_request mcp_approval_response mcp_call program "
    "program_output",
    mapping,
)
_MAYBE = {"id": nullable(text), "caller": anything, "created_by": anything, **_ITEM}
_EXEC = record(
    {"type": one_of("exec"), "command": array(text, least=1), "env": mapping_of(text)},
    fields("timeout_ms user working_directory"),
)
_COMMANDS = record({"commands": array(text, least=1)}, fields("timeout_ms max_output_length"))
_DIFF = record({"path": filled, "diff": text, **_KIND})
_OPERATION = tagged(
    {"create_file": _DIFF, "update_file": _DIFF, "delete_file": record({"path": filled, **_KIND})}
)
_OUTCOME = tagged({"timeout": record(_KIND), "exit": record({"exit_code": integer(), **_KIND})})
_PRINTED = record({"stdout": text, "stderr": text, "outcome": _OUTCOME}, {"created_by": anything})
# Tools that the client runs.
_LOCAL: dict[str, Check] = {
    "local_shell_call": record({"id": filled, "action": _EXEC, "status": _STATUS, **_CALL_ID}),
    "local_shell_call_output": record({"output": text, **_KIND}, {"call_id": at_most(64), **_MAYBE}),
    "shell_call": record({"action": _COMMANDS, **_CALL_ID}, {"environment": anything, **_MAYBE}),
    "shell_call_output": record(
        {"output": array(_PRINTED), **_CALL_ID}, {"max_output_length": anything, **_MAYBE}
    ),
    "apply_patch_call": record({"operation": _OPERATION, "status": _STATUS, **_CALL_ID}, _MAYBE),
    "apply_patch_call_output": record(
        {"status": one_of("completed", "failed"), **_CALL_ID},
        {"output": nullable(text), "id": nullable(text), "caller": anything},
    ),
    "tool_search_call": record(
        {"arguments": anything, **_KIND}, {"call_id": nullable(at_most(64)), "execution": text, **_MAYBE}
    ),
}

_GRAMMAR = record({"type": anything, "definition": text, "syntax": one_of("lark", "regex")})
_TOOL_EXTRA = {
    "description": nullable(text),
    "defer_loading": boolean,
    "allowed_callers": anything,
    "async": anything,
}
_FUNCTION = record(
    {"name": TOOL_NAME, "parameters": nullable(mapping), "strict": nullable(boolean), **_KIND},
    {"output_schema": anything, **_TOOL_EXTRA},
)
_CUSTOM_TOOL = record(
    {"name": TOOL_NAME, **_KIND},
    {"format": tagged({"text": record(_KIND), "grammar": _GRAMMAR}), **_TOOL_EXTRA},
)
_CALLABLE: dict[str, Check] = {"function": _FUNCTION, "custom": _CUSTOM_TOOL}
_NAMESPACE = record(
    {"name": TOOL_NAME, "description": text, "tools": array(tagged(_CALLABLE), least=1), **_KIND}
)
_SIZE = one_of("low", "medium", "high")
_HOSTED_TOOLS: dict[str, str] = {
    # search_content_types: sent by Codex 0.169 on web_search.
    "web_search": "filters search_context_size user_location external_web_access search_content_types",
    "web_search_preview": "search_context_size user_location search_content_types",
    "file_search": "vector_store_ids filters max_num_results ranking_options",
    "code_interpreter": "container allowed_callers",
    "computer": "",
    "computer_use_preview": "display_height display_width environment",
    "image_generation": "action background complexity frame_count frame_duration_ms input_fidelity "
    "input_image_mask model moderation output_compression output_format partial_images quality size svg",
    "local_shell": "",
    "shell": "allowed_callers environment",
    "apply_patch": "allowed_callers",
    "mcp": "server_label allowed_callers allowed_tools authorization connector_id defer_loading headers "
    "require_approval server_description server_url tunnel_id",
    "tool_search": "description execution parameters",
    "programmatic_tool_calling": "",
}
_TOOL = tagged(
    {
        **_CALLABLE,
        "namespace": _NAMESPACE,
        **{name: record(_KIND, fields(known)) for name, known in _HOSTED_TOOLS.items()},
    }
)
_ITEMS: dict[str, Check] = {
    "message": tagged(
        {"user": _HEARD, "system": _HEARD, "developer": _HEARD, "assistant": _SAID}, tag="role"
    ),
    "function_call": record({"name": TOOL_NAME, "arguments": text, **_CALL_ID}, {"id": _id("fc"), **_CALLER}),
    "function_call_output": record({**_OUTPUT, **_CALL_ID}, {"id": _id("fc"), "name": text, **_CALLER}),
    "custom_tool_call": record({"name": TOOL_NAME, "input": text, **_CALL_ID}, {"id": _id("ctc"), **_CALLER}),
    "custom_tool_call_output": record({**_OUTPUT, **_CALL_ID}, {"id": _id("ctc"), **_CALLER}),
    "reasoning": record(
        {"summary": _SUMMARY, **_KIND},
        {"id": _id("rs"), "content": _REASONED, "encrypted_content": nullable(text), **_ITEM},
    ),
    "item_reference": record({"id": text}, _KIND),
    "compaction": record({"encrypted_content": text, **_KIND}, {"id": nullable(text), **_ITEM}),
    "compaction_trigger": record(_KIND, {"id": nullable(text), **_ITEM}),
    "additional_tools": record(
        {"role": one_of("developer"), "tools": array(_TOOL), **_KIND}, {"id": nullable(text), **_ITEM}
    ),
    "configuration_update": record(_KIND, fields("id reasoning text") | _ITEM),
    **_HOSTED,
    **_LOCAL,
    "tool_search_output": record(
        {"tools": array(_TOOL), **_KIND},
        {"call_id": nullable(at_most(64)), "execution": text, **_MAYBE},
    ),
}
_CHOICE = by_type(
    string=one_of("none", "auto", "required"),
    fields=tagged(
        {
            "function": record({"name": TOOL_NAME, **_KIND}),
            "custom": record({"name": TOOL_NAME, **_KIND}),
            "allowed_tools": record({"mode": one_of("auto", "required"), "tools": array(mapping), **_KIND}),
            "mcp": record({"server_label": text, **_KIND}, {"name": nullable(text)}),
            **{name: record(_KIND) for name in _HOSTED_TOOLS if name != "mcp"},
        }
    ),
    expected="one of 'none', 'auto', 'required' or an object",
)
_TEXT_FORMAT = tagged(
    {
        "text": record(_KIND),
        "json_object": record(_KIND),
        "json_schema": record({"name": TOOL_NAME, "schema": mapping, **_KIND}, JSON_SCHEMA_FIELDS),
    }
)
_REASONING = record(
    {},
    {
        "effort": nullable(EFFORT),
        "summary": nullable(one_of("auto", "concise", "detailed")),
        "generate_summary": nullable(text),
        "context": nullable(one_of("auto", "current_turn", "all_turns")),
        "mode": nullable(text),
    },
)
_INCLUDE = one_of(
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
    "message.input_image.image_url",
    "web_search_call.action.sources",
    "web_search_call.results",
    "file_search_call.results",
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
)
TOP_LEVEL: dict[str, Check] = {
    "access_programs": anything,
    "background": nullable(boolean),
    "context_management": nullable(array(mapping)),
    "conversation": anything,
    "image": anything,
    "include": nullable(array(_INCLUDE)),
    "input": by_type(
        string=text, items=array(tagged(_ITEMS, default="message")), expected="one of a string or an array"
    ),
    "instructions": nullable(text),
    "max_output_tokens": nullable(integer(1)),
    "max_tool_calls": nullable(integer(1)),
    "metadata": nullable(mapping_of(text)),
    "model": filled,
    "moderation": anything,
    "parallel_tool_calls": nullable(boolean),
    "previous_response_id": nullable(_id("resp")),
    "prompt": nullable(mapping),
    "prompt_cache_key": text,
    "prompt_cache_options": CACHE_OPTIONS,
    "prompt_cache_retention": nullable(text),
    "reasoning": nullable(_REASONING),
    "safety_identifier": text,
    "service_tier": nullable(SERVICE_TIER),
    "store": nullable(boolean),
    "stream": nullable(boolean),
    "stream_options": nullable(record({}, {"include_obfuscation": boolean})),
    "temperature": nullable(number(0, 2)),
    "text": record({}, {"format": _TEXT_FORMAT, "verbosity": nullable(_SIZE)}),
    "tool_choice": _CHOICE,
    "tools": array(_TOOL, most=128),
    "top_logprobs": nullable(integer(0, 20)),
    "top_p": nullable(number(0, 1)),
    "truncation": nullable(one_of("auto", "disabled")),
    "user": text,
}
# Sent by Codex 0.169 to the public endpoint as well.
CODEX = {"client_metadata": mapping_of(text)}
COUNT_FIELDS: dict[str, Check] = {
    name: TOP_LEVEL.get(name, anything)
    for name in fields(
        "conversation input instructions model parallel_tool_calls previous_response_id reasoning text "
        "tool_choice tools truncation personality"
    )
}
