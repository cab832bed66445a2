"""What the Gemini API refuses (google-genai 3.4.0 types, 2026-11-20, and the public API's texts).

Field names count in camelCase and in snake_case. Free objects (arguments, responses, schemas) keep their
keys.
"""

import base64
import binascii
import re
from typing import Any

from tests.upstreams.gemini_schema import camel, json_door, schema_door
from tests.upstreams.shapes import (
    Check,
    Path,
    anything,
    array,
    boolean,
    fields,
    filled,
    integer,
    mapping,
    mapping_of,
    matching,
    number,
    one_of,
    record,
    rule,
    text,
)
from tests.upstreams.vendor import Exchange

NAME = matching(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")


def message(required: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    """A proto message: like `record`, in both spellings."""
    strict = record(required, optional)

    def check(value: Any, at: Path) -> None:
        mapping(value, at)
        strict({camel(key): item for key, item in value.items()}, at)

    return check


def folded(value: Any) -> Any:
    """A proto message with its keys in camelCase, one level deep."""
    return {camel(key): item for key, item in value.items()}


def _bytes(value: Any, at: Path) -> None:
    text(value, at)
    plain = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise rule(at, f"Invalid value at '{at[-1]}' (TYPE_BYTES), Base64 decoding failed") from None


_BLOB = message({"mimeType": filled, "data": _bytes}, {"displayName": text})
_FILE = message({"fileUri": filled}, {"mimeType": text, "displayName": text})
_RESPONSE_PART = message({}, {"inlineData": _BLOB, "fileData": _FILE})
_DATA: dict[str, Check] = {
    "text": text,
    "inlineData": _BLOB,
    "fileData": _FILE,
    "functionCall": message({"name": NAME}, {"args": mapping, "id": text}),
    "functionResponse": message(
        {"name": NAME, "response": mapping},
        {"id": text, "parts": array(_RESPONSE_PART), "willContinue": boolean, "scheduling": text},
    ),
    "executableCode": mapping,
    "codeExecutionResult": mapping,
    "toolCall": mapping,
    "toolResponse": mapping,
}
_PART = message(
    {},
    {
        **_DATA,
        "thought": boolean,
        "thoughtSignature": _bytes,
        "videoMetadata": mapping,
        "mediaResolution": anything,
        "partMetadata": mapping,
    },
)
_CONTENT = message({"parts": array(_PART, least=1)}, {"role": one_of("user", "model")})
_SYSTEM = message({"parts": array(_PART, least=1)}, {"role": text})
_DECLARATION = message(
    {"name": NAME},
    {
        "description": text,
        "parameters": schema_door,
        "parametersJsonSchema": json_door,
        "response": schema_door,
        "responseJsonSchema": json_door,
        "behavior": text,
    },
)
_TOOL = message(
    {},
    {
        "functionDeclarations": array(_DECLARATION),
        **fields(
            "googleSearch googleSearchRetrieval codeExecution urlContext fileSearch computerUse googleMaps",
            mapping,
        ),
        "mcpServers": array(mapping),
    },
)
_CALLING = message(
    {},
    {
        "mode": one_of("MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"),
        "allowedFunctionNames": array(NAME),
    },
)
_TOOL_CONFIG = message(
    {},
    {
        "functionCallingConfig": _CALLING,
        "includeServerSideToolInvocations": boolean,
        "retrievalConfig": mapping,
    },
)
_LEVEL = one_of("MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH", "minimal", "low", "medium", "high", "xhigh")
_THINKING = message({}, {"includeThoughts": boolean, "thinkingBudget": integer(), "thinkingLevel": _LEVEL})
_GENERATION = message(
    {},
    {
        "temperature": number(0, 2),
        "topP": number(0, 1),
        "topK": number(0),
        "candidateCount": integer(1, 8),
        "maxOutputTokens": integer(1),
        "stopSequences": array(filled, most=5),
        "seed": integer(),
        "presencePenalty": number(-2, 2),
        "frequencyPenalty": number(-2, 2),
        "responseLogprobs": boolean,
        "logprobs": integer(0, 20),
        "responseMimeType": one_of("text/plain", "application/json", "text/x.enum"),
        "responseSchema": schema_door,
        "responseJsonSchema": json_door,
        "responseModalities": array(one_of("TEXT", "IMAGE", "AUDIO")),
        "speechConfig": mapping,
        "mediaResolution": text,
        "imageConfig": mapping,
        "thinkingConfig": _THINKING,
        "enableEnhancedCivicAnswers": boolean,
    },
)
_SAFETY = message({"category": text, "threshold": text}, {"method": text})
TOP_LEVEL: dict[str, Check] = {
    "contents": array(_CONTENT),
    "systemInstruction": _SYSTEM,
    "tools": array(_TOOL),
    "toolConfig": _TOOL_CONFIG,
    "safetySettings": array(_SAFETY),
    "generationConfig": _GENERATION,
    "cachedContent": text,
    "labels": mapping_of(text),
    "serviceTier": text,
    "store": boolean,
    "continuationToken": text,
    "model": text,
}
_REQUEST = message({}, TOP_LEVEL)
_COUNT = message({}, {"contents": TOP_LEVEL["contents"], "generateContentRequest": _REQUEST})
_BUDGETS = (
    (re.compile(r"gemini-2\.5-flash-lite"), 512, 24576, True),
    (re.compile(r"gemini-2\.5-flash"), 0, 24576, True),
    (re.compile(r"gemini-2\.5-pro"), 128, 32768, False),
)
_LEVELS = (
    (re.compile(r"gemini-3-pro"), {"LOW", "HIGH"}),
    (re.compile(r"gemini-3\.\d+-pro"), {"LOW", "MEDIUM", "HIGH"}),
    (re.compile(r"gemini-3"), {"MINIMAL", "LOW", "MEDIUM", "HIGH"}),
)


def check(exchange: Exchange) -> None:
    """Raise Flaw for everything that the endpoint answers with 400."""
    if exchange.route.kind == "count":
        _COUNT(exchange.body, ())
        return
    _REQUEST(exchange.body, ())
    body = folded(exchange.body)
    if not body.get("contents"):
        raise rule((), "* GenerateContentRequest.contents: contents is not specified")
    declared = _declared(body)
    _tool_config(body, declared)
    _generation(folded(body.get("generationConfig", {})), exchange.route.model, bool(declared))
    if declared and _hosted(body):
        if old_tools(exchange.route.model):
            raise rule((), "Tool use with function calling is unsupported")
        if not folded(body.get("toolConfig", {})).get("includeServerSideToolInvocations"):
            raise rule(
                (),
                "Please enable tool_config.include_server_side_tool_invocations to use Built-in tools with "
                "Function calling.",
            )


def old_tools(model: str) -> bool:
    """Whether hosted tools and functions exclude each other."""
    return model.startswith(("gemini-1", "gemini-2"))


def declarations(body: Any) -> list[Any]:
    """All function declarations, keys in camelCase."""
    found: list[Any] = []
    for tool in folded(body).get("tools", ()):
        found += [folded(one) for one in folded(tool).get("functionDeclarations", ())]
    return found


def _hosted(body: Any) -> bool:
    return any(set(folded(tool)) - {"functionDeclarations"} for tool in body.get("tools", ()))


def _declared(body: Any) -> set[str]:
    names: set[str] = set()
    for one in declarations(body):
        if one["name"] in names:
            raise rule((), f"Duplicate function declaration found: {one['name']}")
        names.add(one["name"])
        if "parameters" in one and "parametersJsonSchema" in one:
            raise rule((), "Only one of parameters and parameters_json_schema may be set.")
    return names


def _tool_config(body: Any, declared: set[str]) -> None:
    calling = folded(folded(body.get("toolConfig", {})).get("functionCallingConfig", {}))
    mode, allowed = calling.get("mode", "AUTO"), calling.get("allowedFunctionNames", [])
    if mode == "ANY" and not declared:
        raise rule((), "Function calling config is set without function_declarations.")
    if allowed and mode not in ("ANY", "VALIDATED"):
        raise rule(
            (), "Allowed function names should only be set when function calling mode is ANY or VALIDATED."
        )
    for name in allowed:
        if name not in declared:
            raise rule((), f"Allowed function name '{name}' is not among the function declarations.")


def _generation(config: Any, model: str, has_functions: bool) -> None:
    schemas = [name for name in ("responseSchema", "responseJsonSchema") if name in config]
    if len(schemas) == 2:
        raise rule((), "Only one of response_schema and response_json_schema may be set.")
    json_reply = config.get("responseMimeType") == "application/json"
    if schemas and not json_reply and config.get("responseMimeType") != "text/x.enum":
        raise rule((), "Setting a response schema requires response_mime_type application/json.")
    if json_reply and has_functions and old_tools(model):
        raise rule((), "Function calling with a response mime type: 'application/json' is unsupported")
    if "logprobs" in config and not config.get("responseLogprobs"):
        raise rule((), "logprobs may only be set when response_logprobs is true.")
    _thinking(folded(config.get("thinkingConfig", {})), model)


def _thinking(config: Any, model: str) -> None:
    if "thinkingBudget" in config and "thinkingLevel" in config:
        raise rule((), "You can only set only one of thinking budget and thinking level.")
    if "thinkingLevel" in config:
        allowed = next((levels for pattern, levels in _LEVELS if pattern.match(model)), set())
        if config["thinkingLevel"].upper() not in allowed:
            level = config["thinkingLevel"].upper()
            raise rule((), f"Thinking level {level} is not supported for this model.")
    budget = config.get("thinkingBudget")
    if budget is None or budget == -1:
        return
    for pattern, low, high, can_be_off in _BUDGETS:
        if pattern.match(model):
            if budget == 0 and not can_be_off:
                raise rule((), "Budget 0 is invalid. This model only works in thinking mode.")
            if budget != 0 and not low <= budget <= high:
                sentence = f"The thinking budget {budget} is invalid. Please choose a value between"
                raise rule((), f"{sentence} {low} and {high}.")
            break
    if budget == 0 and config.get("includeThoughts"):
        raise rule((), "Thinking_config.include_thoughts is only enabled when thinking is enabled.")
