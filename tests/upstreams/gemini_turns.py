"""The order of turns and the thought signatures that the Gemini API insists on."""

from typing import Any

from tests.samples import load
from tests.upstreams.gemini_rules import folded
from tests.upstreams.shapes import rule
from tests.upstreams.vendor import Exchange

# Documented stand-ins for calls that Gemini did not make.
SENTINELS = frozenset({"skip_thought_signature_validator", "context_engineering_is_the_way_to_go"})
_DATA = frozenset(
    {
        "text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode",
        "codeExecutionResult", "toolCall", "toolResponse",
    }
)  # fmt: skip


def turns(body: Any) -> list[tuple[str, list[Any]]]:
    """Role and parts of every content; part keys in camelCase. A missing role means user."""
    found = []
    for content in folded(body)["contents"]:
        one = folded(content)
        found.append((one.get("role", "user"), [folded(part) for part in one["parts"]]))
    return found


def check(exchange: Exchange) -> None:
    """Raise Flaw for a conversation that the endpoint answers with 400."""
    conversation = turns(exchange.body)
    for place, (_role, parts) in enumerate(conversation):
        for index, part in enumerate(parts):
            _part(part, f"contents[{place}].parts[{index}]", exchange)
    if conversation[0][0] != "user":
        raise rule((), "Please ensure that multiturn requests start with a user turn.")
    if conversation[-1][0] != "user":
        raise rule((), "Please ensure that multiturn requests ends with a user role or a function response.")
    _pairing(conversation)
    if exchange.route.model.startswith("gemini-3"):
        _current_turn_is_signed(conversation)
    if exchange.options.demands_seals:
        _seals_came_back(conversation, exchange)


def _part(part: Any, where: str, exchange: Exchange) -> None:
    given = _DATA & part.keys()
    signature = part.get("thoughtSignature")
    empty = part.get("text") == "" and signature is None
    if not given or (given == {"text"} and empty):
        sentence = "required oneof field 'data' must have one initialized field"
        raise rule((), f"* GenerateContentRequest.{where}.data: {sentence}")
    if len(given) > 1:
        raise rule((), f"Invalid value at '{where}' (oneof), oneof field 'data' is already set.")
    if signature is None:
        return
    if "functionResponse" in part:
        raise rule((), f"{where}: thought_signature is not allowed on function responses.")
    if signature not in SENTINELS and not exchange.memory.knows_bytes(signature):
        raise rule((), "Corrupted thought signature.")


def _named(parts: list[Any], kind: str) -> list[tuple[str, str | None]]:
    return [(part[kind]["name"], part[kind].get("id")) for part in parts if kind in part]


def _pairing(conversation: list[tuple[str, list[Any]]]) -> None:
    for place, (role, parts) in enumerate(conversation):
        calls, responses = _named(parts, "functionCall"), _named(parts, "functionResponse")
        if (calls and role != "model") or (responses and role != "user"):
            raise rule(
                (),
                "Please ensure that function calls are in model turns and function responses in user turns.",
            )
        asked = _named(conversation[place - 1][1], "functionCall") if place else []
        if calls and conversation[place - 1][0] != "user":
            raise rule(
                (),
                "Please ensure that function call turn comes immediately after a user turn or after a "
                "function response turn.",
            )
        if responses and not asked:
            sentence = "function response turn comes immediately after a function call turn."
            raise rule((), f"Please ensure that {sentence}")
        if len(responses) != len(asked):
            raise rule(
                (),
                "Please ensure that the number of function response parts is equal to the number of function "
                "call parts of the function call turn.",
            )
        _matching(asked, responses)


def _matching(asked: list[tuple[str, str | None]], responses: list[tuple[str, str | None]]) -> None:
    for (name, call_id), (answered, answered_id) in zip(asked, responses, strict=True):
        if name != answered or call_id != answered_id:
            raise rule(
                (),
                "Please ensure that function responses match the function calls: "
                f"expected {name} ({call_id}), got {answered} ({answered_id}).",
            )


def _current_turn_is_signed(conversation: list[tuple[str, list[Any]]]) -> None:
    """Everything after the last real user text: the first call of each step must be signed."""
    start = 0
    for place, (role, parts) in enumerate(conversation):
        if role == "user" and not any("functionResponse" in part for part in parts):
            start = place
    for place, (_role, parts) in enumerate(conversation[start:], start):
        first = next((part for part in parts if "functionCall" in part), None)
        if first is not None and not first.get("thoughtSignature"):
            name = first["functionCall"]["name"]
            raise rule(
                (),
                "Function call is missing a thought_signature in functionCall parts. This is required for "
                "tools to work correctly, and missing thought_signature may lead to degraded model "
                f"performance. Additional data, function call `default_api:{name}` , position {place + 1}.",
            )


def _seals_came_back(conversation: list[tuple[str, list[Any]]], exchange: Exchange) -> None:
    """Only for demanding fakes: in every turn, on the call that it was given with, unless that was edited."""
    memory = exchange.memory
    for _role, parts in conversation:
        for part in parts:
            call = folded(part.get("functionCall", {}))
            name, given = call.get("id") or "", part.get("thoughtSignature")
            wanted = memory.by_call.get(name)
            if wanted is None:
                continue
            is_own = given is not None and load.same_bytes(given, wanted)
            if memory.is_edited(name, call.get("args", {})) == is_own:
                raise rule((), "Function call lost the thought_signature that it was given.")
