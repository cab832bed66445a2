"""``generationConfig`` and the knobs beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy_core.dialects.gemini_generate.reading import Node, wrong
from proxy_core.dialects.gemini_generate.schema_decode import decode_schema
from proxy_core.ir.message import Json
from proxy_core.ir.request import OutputFormat, ReasoningControl, ReasoningLevel, Sampling

_LEVELS: tuple[ReasoningLevel, ...] = ("minimal", "low", "medium", "high", "xhigh")
_JSON = "application/json"
_MAPPED = (
    "temperature",
    "topP",
    "topK",
    "candidateCount",
    "maxOutputTokens",
    "stopSequences",
    "seed",
    "presencePenalty",
    "frequencyPenalty",
    "responseLogprobs",
    "logprobs",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "responseModalities",
    "thinkingConfig",
)


@dataclass(frozen=True, slots=True)
class Knobs:
    """What ``generationConfig`` says; ``rest`` are members without a neutral word, by dotted path."""

    sampling: Sampling = Sampling()
    output: OutputFormat = OutputFormat()
    reasoning: ReasoningControl = ReasoningControl()
    rest: Mapping[str, Json] = field(default_factory=dict)


def decode_knobs(body: Node) -> Knobs:
    """Decode ``generationConfig``, ``serviceTier`` and ``store``. Raises DecodeError."""
    config = body.node("generationConfig") or Node({}, "generationConfig")
    rest = {f"generationConfig.{key}": value for key, value in config.rest(_MAPPED).items()}
    thinking = config.node("thinkingConfig")
    output = _output(config)
    mime = config.text("responseMimeType")
    if mime not in (None, "text/plain", _JSON) and output.kind != "schema":
        rest["generationConfig.responseMimeType"] = mime
    if thinking is not None:
        unknown = thinking.rest(("includeThoughts", "thinkingBudget", "thinkingLevel"))
        rest.update({thinking.at(key): value for key, value in unknown.items()})
    return Knobs(_sampling(body, config), output, _reasoning(thinking), rest)


def _sampling(body: Node, config: Node) -> Sampling:
    most = config.integer("maxOutputTokens")
    if most is not None and most < 1:
        wrong(config.at("maxOutputTokens"), "an integer of at least 1")
    return Sampling(
        max_output_tokens=most,
        temperature=config.number("temperature"),
        top_p=config.number("topP"),
        top_k=config.number("topK"),
        stop=config.texts("stopSequences"),
        seed=config.integer("seed"),
        candidates=config.integer("candidateCount"),
        presence_penalty=config.number("presencePenalty"),
        frequency_penalty=config.number("frequencyPenalty"),
        logprobs=config.flag("responseLogprobs"),
        top_logprobs=config.integer("logprobs"),
        modalities=tuple(word.lower() for word in config.texts("responseModalities")),
        service_tier=body.text("serviceTier"),
        store=body.flag("store"),
    )


def _output(config: Node) -> OutputFormat:
    mime = config.text("responseMimeType")
    schema: Json = config.get("responseJsonSchema")
    if schema is not None:
        if not isinstance(schema, dict):
            wrong(config.at("responseJsonSchema"), "a JSON Schema object")
        return OutputFormat("schema", schema=schema)
    if config.has("responseSchema"):
        given = config.get("responseSchema")
        if not isinstance(given, dict):
            wrong(config.at("responseSchema"), "a schema object")
        return OutputFormat("schema", schema=decode_schema(given))
    return OutputFormat("json" if mime == _JSON else "text")


def _reasoning(thinking: Node | None) -> ReasoningControl:
    if thinking is None:
        return ReasoningControl()
    show = thinking.flag("includeThoughts")
    budget, level = thinking.integer("thinkingBudget"), _level(thinking)
    if level is not None:
        return ReasoningControl("level", level=level, show=show)
    if budget is None:
        return ReasoningControl(show=show)
    if budget > 0:
        return ReasoningControl("budget", budget=budget, show=show)
    return ReasoningControl("off" if budget == 0 else "auto", show=show)


def _level(thinking: Node) -> ReasoningLevel | None:
    word = (thinking.text("thinkingLevel") or "THINKING_LEVEL_UNSPECIFIED").lower()
    if word == "thinking_level_unspecified":
        return None
    for level in _LEVELS:
        if word == level:
            return level
    return wrong(thinking.at("thinkingLevel"), f"one of {', '.join(_LEVELS).upper()}")
