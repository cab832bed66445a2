"""A client's request body to the neutral request."""

from __future__ import annotations

from dataclasses import replace

from proxy_core.dialect import Call
from proxy_core.dialects.openai_responses import compaction
from proxy_core.dialects.openai_responses.fields import Fields, wrong
from proxy_core.dialects.openai_responses.input_decode import decode_input
from proxy_core.dialects.openai_responses.tools_decode import decode_choice, decode_tools
from proxy_core.dialects.openai_responses.wire import ENCRYPTED, FAMILY, LOGPROBS, NAME
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import EMPTY, Json, Part, Text
from proxy_core.ir.request import OutputFormat, ReasoningControl, ReasoningLevel, Request, Sampling
from proxy_core.jsonbytes import decode_object

_MAPPED = frozenset(
    {
        "background",
        "conversation",
        "include",
        "input",
        "instructions",
        "max_output_tokens",
        "metadata",
        "model",
        "parallel_tool_calls",
        "previous_response_id",
        "prompt",
        "prompt_cache_key",
        "reasoning",
        "safety_identifier",
        "service_tier",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
    }
)
_LEVELS: tuple[ReasoningLevel, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_SESSIONS = ("session_id", "session-id")
_LONGEST_KEY = 64
_STORED = "needs the provider that stores it: send the whole conversation in `input`."


def decode_request(body: bytes, call: Call) -> Request:
    """Decode a chat or count request.

    Raises DecodeError with the path of what is wrong, and UnsupportedError for what only the vendor's own
    store could answer (``previous_response_id``, ``conversation``, ``item_reference``, ``prompt``,
    ``background``, a compaction that a vendor made).
    """
    top = Fields(decode_object(body))
    _refuse_stored(top)
    conversation = decode_input(top, required=call.endpoint.operation != "count_tokens")
    toolbox = decode_tools(top, conversation.tools, conversation.found)
    extensions = {key: value for key, value in top.raw.items() if key not in _MAPPED and value is not None}
    extensions.update(toolbox.offers)
    sampling, output = _sampling(top, call), OutputFormat()
    include = [name for name in top.texts("include") if name not in (ENCRYPTED, LOGPROBS)]
    if include:
        extensions["include"] = include
    extensions.update(_unused_keys(top))
    if (text := top.inner("text")) is not None:
        output = _output(text)
        sampling = replace(sampling, verbosity=text.text("verbosity"))
    control = ReasoningControl()
    if (reasoning := top.inner("reasoning")) is not None:
        control = _reasoning(reasoning)
        extensions.update(_reasoning_extras(reasoning))
    request = Request(
        dialect=NAME,
        model=top.need("model"),
        messages=conversation.messages,
        system=(*_instructions(top), *conversation.system),
        stream=bool(top.flag("stream")),
        tools=toolbox.tools,
        tool_choice=decode_choice(top, toolbox.tools),
        reasoning=control,
        output=output,
        sampling=sampling,
        extensions={FAMILY: extensions} if extensions else EMPTY,
    )
    return compaction.summarising(request) if conversation.compacts else request


def _user(top: Fields) -> str | None:
    names = ("safety_identifier", "user")
    return next((value for name in names if isinstance(value := top.raw.get(name), str) and value), None)


def _unused_keys(top: Fields) -> dict[str, Json]:
    """Return what is not the user's key: the older name beside the newer one, and what is no text."""
    given = {name: top.raw.get(name) for name in ("safety_identifier", "user")}
    kept = {name: value for name, value in given.items() if value is not None and not isinstance(value, str)}
    newer, older = given["safety_identifier"], given["user"]
    return {**kept, "user": older} if older and newer and isinstance(newer, str) else kept


def _refuse_stored(top: Fields) -> None:
    for name in ("previous_response_id", "conversation", "prompt"):
        if top.raw.get(name) is not None:
            raise UnsupportedError(f"`{name}` {_STORED}", param=name)
    if top.flag("background"):
        raise UnsupportedError("`background` needs a provider that stores responses.", param="background")


def _instructions(top: Fields) -> tuple[Part, ...]:
    instructions = top.text("instructions")
    return (Text(instructions),) if instructions else ()


def session_of(call: Call) -> str | None:
    """Return the session that Codex names in a header: whose turns belong together, they share a cache."""
    named = (call.headers.get(name, "") for name in _SESSIONS)
    return next((name for name in named if 0 < len(name) <= _LONGEST_KEY), None)


def _sampling(top: Fields, call: Call) -> Sampling:
    metadata = top.inner("metadata")
    return Sampling(
        max_output_tokens=top.whole("max_output_tokens", 1),
        temperature=top.number("temperature"),
        top_p=top.number("top_p"),
        logprobs=True if LOGPROBS in top.texts("include") else None,
        top_logprobs=top.whole("top_logprobs"),
        parallel_tool_calls=top.flag("parallel_tool_calls"),
        service_tier=top.text("service_tier"),
        cache_key=top.text("prompt_cache_key") or session_of(call),
        user=_user(top),
        metadata=metadata.raw if metadata is not None and metadata.raw else None,
        store=top.flag("store"),
    )


def _output(text: Fields) -> OutputFormat:
    form = text.inner("format")
    if form is None:
        return OutputFormat()
    match form.need("type"):
        case "text":
            return OutputFormat()
        case "json_object":
            return OutputFormat("json")
        case "json_schema":
            schema = form.inner("schema")
            return OutputFormat(
                kind="json" if schema is None else "schema",
                name=form.text("name"),
                schema=None if schema is None else schema.raw,
                strict=form.flag("strict"),
                description=form.text("description"),
            )
        case _:
            raise wrong(form.at("type"), "text, json_object or json_schema")


def _reasoning(reasoning: Fields) -> ReasoningControl:
    summary = reasoning.text("summary") or reasoning.text("generate_summary")
    control = ReasoningControl(
        show=None if summary is None else summary != "none",
        detail=None if summary == "none" else summary,
    )
    effort = reasoning.text("effort")
    if effort is None:
        return control
    level = next((level for level in _LEVELS if level == effort), None)
    if level is None:
        raise wrong(reasoning.at("effort"), "one of " + ", ".join(_LEVELS))
    if level == "none":
        return replace(control, mode="off")
    return replace(control, mode="level", level=level)


def _reasoning_extras(reasoning: Fields) -> dict[str, Json]:
    names = ("context", "mode")
    return {f"reasoning.{name}": reasoning.raw[name] for name in names if reasoning.raw.get(name) is not None}
