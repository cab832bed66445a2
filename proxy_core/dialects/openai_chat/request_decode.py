"""A request body of ``POST /v1/chat/completions`` (openai 3.52.0 ``CompletionCreateParams``, 2026-11-20)."""

from __future__ import annotations

from proxy_core import jsonbytes
from proxy_core.dialects.openai_chat.message_decode import decode_messages
from proxy_core.dialects.openai_chat.shape import Shape, wrong
from proxy_core.dialects.openai_chat.tools_decode import decode_tool_choice, decode_tools
from proxy_core.dialects.openai_chat.wire import FAMILY, NAME
from proxy_core.ir.message import Json
from proxy_core.ir.request import OutputFormat, ReasoningControl, Request, Sampling
from proxy_core.profile import LEVELS

MAPPED = frozenset({
    "model", "messages", "stream", "stream_options", "tools", "functions", "tool_choice", "function_call",
    "web_search_options", "reasoning_effort", "reasoning", "response_format", "max_completion_tokens",
    "max_tokens", "temperature", "top_p", "top_k", "stop", "seed", "n", "presence_penalty",
    "frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "parallel_tool_calls", "verbosity",
    "modalities", "service_tier", "prompt_cache_key", "metadata", "store",
})  # fmt: skip
"""Members with a neutral place; ``user`` and ``safety_identifier`` share one and are seen to apart."""


def decode_request(body: bytes) -> Request:
    """Decode a chat request. Raises DecodeError naming the place."""
    shape = Shape(jsonbytes.decode_object(body), "")
    model = shape.needed_text("model")
    system, messages = decode_messages(shape)
    options = shape.member("stream_options")
    tools = decode_tools(shape)
    user, extensions = _user(shape, shape.rest(MAPPED))
    if options is not None and options.rest(("include_usage",)):
        extensions["stream_options"] = options.rest(("include_usage",))
    return Request(
        dialect=NAME,
        model=model,
        messages=messages,
        system=system,
        stream=bool(shape.flag("stream")),
        want_usage=options is not None and bool(options.flag("include_usage")),
        tools=tools,
        tool_choice=decode_tool_choice(shape, tools),
        reasoning=_reasoning(shape),
        output=_output(shape),
        sampling=_sampling(shape, user),
        extensions={FAMILY: extensions} if extensions else {},
    )


def _user(shape: Shape, rest: dict[str, Json]) -> tuple[str | None, dict[str, Json]]:
    # `safety_identifier` replaces `user`; where both come, the older one is only kept.
    # What is no text is only kept as well: nobody wants it as a key.
    newer, older = _key(shape, "safety_identifier"), _key(shape, "user")
    if newer is not None:
        rest.pop("safety_identifier", None)
    elif older is not None:
        rest.pop("user", None)
    return newer or older, rest


def _key(shape: Shape, name: str) -> str | None:
    value = shape.get(name)
    return value if isinstance(value, str) else None


def _sampling(shape: Shape, user: str | None) -> Sampling:
    most, older = shape.integer("max_completion_tokens", 1), shape.integer("max_tokens", 1)
    return Sampling(
        max_output_tokens=older if most is None else most,
        temperature=shape.number("temperature"),
        top_p=shape.number("top_p"),
        top_k=shape.number("top_k"),
        stop=_stop(shape),
        seed=shape.integer("seed"),
        candidates=shape.integer("n", 1),
        presence_penalty=shape.number("presence_penalty"),
        frequency_penalty=shape.number("frequency_penalty"),
        logit_bias=shape.mapping("logit_bias"),
        logprobs=shape.flag("logprobs"),
        top_logprobs=shape.integer("top_logprobs", 0),
        parallel_tool_calls=shape.flag("parallel_tool_calls"),
        verbosity=shape.text("verbosity"),
        modalities=tuple(word.lower() for word in _words(shape, "modalities")),
        service_tier=shape.text("service_tier"),
        cache_key=shape.text("prompt_cache_key"),
        user=user,
        metadata=shape.mapping("metadata"),
        store=shape.flag("store"),
    )


def _stop(shape: Shape) -> tuple[str, ...]:
    if isinstance(shape.get("stop"), str):
        return (shape.needed_text("stop"),) if shape.get("stop") else ()
    return tuple(word for word in _words(shape, "stop") if word)


def _words(shape: Shape, name: str) -> list[str]:
    words = shape.items(name) or []
    for index, word in enumerate(words):
        if not isinstance(word, str):
            raise wrong(f"{shape.at(name)}[{index}]", "a string")
    return words


def _output(shape: Shape) -> OutputFormat:
    form = shape.member("response_format")
    if form is None:
        return OutputFormat()
    match form.text("type"):
        case "text" | None:
            return OutputFormat()
        case "json_object":
            return OutputFormat("json")
        case "json_schema":
            inner = form.member("json_schema")
            return OutputFormat("json") if inner is None else _schema(inner)
        case _:
            raise wrong(form.at("type"), "text, json_object or json_schema")


def _schema(shape: Shape) -> OutputFormat:
    schema = shape.mapping("schema")
    if schema is None:
        return OutputFormat("json")
    return OutputFormat("schema", shape.text("name"), schema, shape.flag("strict"), shape.text("description"))


def _reasoning(shape: Shape) -> ReasoningControl:
    # Chat has no switch for summaries: who asks for effort gets to see the thinking.
    asked = shape.text("reasoning_effort")
    wider = shape.get("reasoning")
    if asked is None and isinstance(wider, dict):
        return _wider(Shape(wider, "reasoning"))
    return ReasoningControl() if asked is None else _effort(asked, "reasoning_effort", None)


def _wider(shape: Shape) -> ReasoningControl:
    """Read OpenRouter's ``reasoning`` object (effort or max_tokens, exclude, enabled)."""
    show = False if shape.flag("exclude") else None
    effort, budget = shape.text("effort"), shape.integer("max_tokens", 0)
    if shape.flag("enabled") is False:
        return ReasoningControl("off", show=show)
    if effort is not None:
        return _effort(effort, shape.at("effort"), show)
    if budget is not None:
        return ReasoningControl("budget", budget=budget, show=True if show is None else show)
    if shape.flag("enabled"):
        return ReasoningControl("auto", show=True if show is None else show)
    return ReasoningControl(show=show)


def _effort(word: str, path: str, show: bool | None) -> ReasoningControl:
    if word == "none":
        return ReasoningControl("off", show=show)
    show = True if show is None else show
    if word == "auto":
        return ReasoningControl("auto", show=show)
    for level in LEVELS:
        if level == word:
            return ReasoningControl("level", level, show=show)
    raise wrong(path, f"one of {', '.join(LEVELS)}")
