"""What OpenAI's chat completions endpoint refuses.

Field lists: openai 3.52.0 types, 2026-11-20. Texts follow the public API's.
"""

import re
from typing import Any

from tests.upstreams import openai_chat_reasoning
from tests.upstreams.openai_words import (
    CACHE_BREAKPOINT,
    CACHE_OPTIONS,
    EFFORT,
    IMAGE_DETAIL,
    JSON_SCHEMA_FIELDS,
    SERVICE_TIER,
    TOOL_NAME,
    function_schema,
    image_url,
    json_schema_format,
)
from tests.upstreams.shapes import (
    Check,
    Flaw,
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
from tests.upstreams.vendor import Exchange

_MARK = {"prompt_cache_breakpoint": CACHE_BREAKPOINT}
_KIND = {"type": anything}
_TEXT_PART = record({"text": text, **_KIND}, _MARK)
_IMAGE = record({"url": image_url}, {"detail": IMAGE_DETAIL})
_AUDIO = record({"data": filled, "format": one_of("wav", "mp3")})
_FILE = record({}, {"file_data": text, "file_id": text, "filename": text})
_USER_PARTS = {
    "text": _TEXT_PART,
    "image_url": record({"image_url": _IMAGE, **_KIND}, _MARK),
    "input_audio": record({"input_audio": _AUDIO, **_KIND}, _MARK),
    "file": record({"file": _FILE, **_KIND}, _MARK),
}
_ASSISTANT_PARTS = {"text": _TEXT_PART, "refusal": record({"refusal": text, **_KIND})}


def _content(parts: dict[str, Check]) -> Check:
    return by_type(
        string=text, items=array(tagged(parts), least=1), expected="one of a string or array of objects"
    )


_CALL_FUNCTION = record({"name": TOOL_NAME, "arguments": text})
_CALL_CUSTOM = record({"name": TOOL_NAME, "input": text})
_CALL_EXTRA: dict[str, Check] = {"extra_content": anything, "index": anything}
_NO_EXTRA: dict[str, Check] = {}


def _calls(extra: dict[str, Check]) -> Check:
    ids = {"id": at_most(64), **_KIND}
    variants = {
        "function": record({"function": _CALL_FUNCTION, **ids}, extra),
        "custom": record({"custom": _CALL_CUSTOM, **ids}, extra),
    }
    return array(tagged(variants), least=1)


_ROLE = {"role": anything}
_NAMED = {"name": text}
_PLAIN = {"content": _content({"text": _TEXT_PART}), **_ROLE}
_REASONING = fields("reasoning_content reasoning reasoning_details thinking_blocks images")


def _messages(compatible: bool) -> Check:
    extra: dict[str, Check] = _REASONING if compatible else {}
    assistant = {
        "content": nullable(_content(_ASSISTANT_PARTS)),
        "refusal": nullable(text),
        "audio": nullable(record({"id": text})),
        "annotations": array(anything),
        "function_call": nullable(mapping),
        "tool_calls": _calls(_CALL_EXTRA if compatible else _NO_EXTRA),
        **_NAMED,
        **extra,
    }
    roles = {
        "system": record(_PLAIN, _NAMED),
        "developer": record(_PLAIN, _NAMED),
        "user": record({"content": _content(_USER_PARTS), **_ROLE}, _NAMED),
        "assistant": record(_ROLE, assistant),
        "tool": record({"tool_call_id": at_most(64), **_PLAIN}, _NAMED if compatible else {}),
    }
    return array(tagged(roles, tag="role"), least=1)


_FUNCTION = record(
    {"name": TOOL_NAME},
    {"description": nullable(text), "parameters": nullable(mapping), "strict": nullable(boolean)},
)
_GRAMMAR = record({"definition": text, "syntax": one_of("lark", "regex")})
_FORMAT = tagged({"text": record(_KIND), "grammar": record({"grammar": _GRAMMAR, **_KIND})})
_CUSTOM = record({"name": TOOL_NAME}, {"description": text, "format": _FORMAT})
_TOOL = tagged(
    {
        "function": record({"function": _FUNCTION, **_KIND}),
        "custom": record({"custom": _CUSTOM, **_KIND}),
    }
)
_NAME = record({"name": TOOL_NAME})
_ALLOWED = record({"mode": one_of("auto", "required"), "tools": array(mapping, least=1)})
_CHOICE = by_type(
    string=one_of("none", "auto", "required"),
    fields=tagged(
        {
            "function": record({"function": _NAME, **_KIND}),
            "custom": record({"custom": _NAME, **_KIND}),
            "allowed_tools": record({"allowed_tools": _ALLOWED, **_KIND}),
        }
    ),
    expected="one of 'none', 'auto', 'required' or an object",
)
_JSON_SCHEMA = record({"name": TOOL_NAME}, JSON_SCHEMA_FIELDS)
_RESPONSE_FORMAT = tagged(
    {
        "text": record(_KIND),
        "json_object": record(_KIND),
        "json_schema": record({"json_schema": _JSON_SCHEMA, **_KIND}),
    }
)
_LOCATION = record({"type": one_of("approximate"), "approximate": mapping})
_SEARCH = record(
    {},
    {"search_context_size": one_of("low", "medium", "high"), "user_location": nullable(_LOCATION)},
)
TOP_LEVEL: dict[str, Check] = {
    "model": filled,
    "audio": nullable(mapping),
    "frequency_penalty": nullable(number(-2, 2)),
    "function_call": anything,
    "functions": array(mapping),
    "logit_bias": nullable(mapping_of(number(-100, 100))),
    "logprobs": nullable(boolean),
    "max_completion_tokens": nullable(integer(1)),
    "max_tokens": nullable(integer(1)),
    "metadata": nullable(mapping_of(text)),
    "modalities": nullable(array(one_of("text", "audio"))),
    "moderation": anything,
    "n": nullable(integer(1, 128)),
    "parallel_tool_calls": boolean,
    "prediction": nullable(mapping),
    "presence_penalty": nullable(number(-2, 2)),
    "prompt_cache_key": text,
    "prompt_cache_options": CACHE_OPTIONS,
    "prompt_cache_retention": nullable(text),
    "reasoning_effort": nullable(EFFORT),
    "response_format": _RESPONSE_FORMAT,
    "safety_identifier": text,
    "seed": nullable(integer()),
    "service_tier": nullable(SERVICE_TIER),
    "stop": nullable(
        by_type(string=text, items=array(text, least=1, most=4), expected="a string or an array of strings")
    ),
    "store": nullable(boolean),
    "stream": nullable(boolean),
    "stream_options": nullable(record({}, {"include_usage": boolean, "include_obfuscation": boolean})),
    "temperature": nullable(number(0, 2)),
    "tool_choice": _CHOICE,
    "tools": array(_TOOL, least=1, most=128),
    "top_logprobs": nullable(integer(0, 20)),
    "top_p": nullable(number(0, 1)),
    "user": text,
    "verbosity": nullable(one_of("low", "medium", "high")),
    "web_search_options": _SEARCH,
}
_COMPATIBLE_TOP_LEVEL = fields(
    "top_k min_p repetition_penalty reasoning thinking enable_thinking thinking_budget chat_template_kwargs"
)
_REASONS = re.compile(r"(o\d|gpt-[5-9])")


def check(exchange: Exchange) -> None:
    """Raise Flaw for everything that the endpoint answers with 400."""
    compatible = exchange.options.compatible
    optional = TOP_LEVEL | (_COMPATIBLE_TOP_LEVEL if compatible else {})
    record({"messages": _messages(compatible), "model": optional["model"]}, optional)(exchange.body, ())
    _settings(exchange.body, compatible)
    _tools(exchange.body)
    _turns(exchange.body["messages"])
    if compatible:
        openai_chat_reasoning.check(exchange)


def _settings(body: Any, compatible: bool) -> None:
    for name in ("tool_choice", "parallel_tool_calls"):
        if name in body and "tools" not in body:
            raise rule(
                (name,), f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified."
            )
    if body.get("stream_options") is not None and not body.get("stream"):
        raise rule(
            ("stream_options",), "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        )
    if body.get("top_logprobs") is not None and not body.get("logprobs"):
        raise rule(("top_logprobs",), "'top_logprobs' is only allowed when 'logprobs' is enabled.")
    if body.get("max_tokens") is None or compatible:
        return
    if body.get("max_completion_tokens") is not None:
        sentence = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        raise rule((), sentence, "invalid_parameter_combination")
    if _REASONS.match(body["model"]):
        sentence = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead."
        )
        raise rule(("max_tokens",), sentence, "unsupported_parameter")


def _tools(body: Any) -> None:
    names: set[str] = set()
    for place, tool in enumerate(body.get("tools", ())):
        inner = tool[tool["type"]]
        if inner["name"] in names:
            raise rule(
                ("tools", place), f"Tool names must be unique: '{inner['name']}' occurs more than once."
            )
        names.add(inner["name"])
        if inner.get("parameters") is not None:
            at = ("tools", place, "function", "parameters")
            function_schema(bool(inner.get("strict")), inner["parameters"], at, inner["name"])
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice["type"] != "allowed_tools":
        wanted = choice[choice["type"]]["name"]
        if wanted not in names:
            raise rule(("tool_choice",), f"Tool choice '{wanted}' not found in 'tools' parameter.")
    reply = body.get("response_format", {})
    if reply.get("type") == "json_schema":
        json_schema_format(reply["json_schema"], ("response_format", "json_schema"))


def _turns(messages: list[Any]) -> None:
    """Each call must be answered by tool messages that follow directly, and nothing else may be answered."""
    waiting: list[str] = []
    answerable: set[str] = set()
    for place, message in enumerate(messages):
        if message["role"] == "tool":
            _answered(message, place, waiting, answerable)
            continue
        _nothing_waits(waiting, place)
        answerable = set()
        if message["role"] == "assistant":
            waiting = [call["id"] for call in message.get("tool_calls", ())]
            answerable = set(waiting)
            if message.get("content") is None and not waiting and not message.get("refusal"):
                raise Flaw("type", ("messages", place, "content"), "one of a string or array of objects")
    _nothing_waits(waiting, len(messages))


def _answered(message: Any, place: int, waiting: list[str], answerable: set[str]) -> None:
    if not answerable:
        raise rule(
            ("messages", place, "role"),
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
            "'tool_calls'.",
        )
    if message["tool_call_id"] not in answerable:
        raise rule(
            ("messages", place, "tool_call_id"),
            f"Invalid parameter: 'tool_call_id' of '{message['tool_call_id']}' not found in 'tool_calls' of "
            "previous message.",
        )
    if message["tool_call_id"] in waiting:
        waiting.remove(message["tool_call_id"])


def _nothing_waits(waiting: list[str], place: int) -> None:
    if waiting:
        raise rule(
            ("messages", place, "role"),
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            "'tool_call_id'. The following tool_call_ids did not have response messages: "
            + ", ".join(waiting),
        )
